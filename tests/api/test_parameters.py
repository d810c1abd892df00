"""A parameter that a route does not have is refused, so that a misspelt filter never means all."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.caller import admin_of


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_unknown_parameter_of_a_reading_route_is_refused_by_name(app: FastAPI, client: TestClient) -> None:
    api = admin_of(app, client)
    for route in (
        "/llm/calls",
        "/metrics/summary",
        "/metrics/cost",
        "/feedback",
        "/llm/models",
        "/users",
        "/audit-log",
    ):
        api.get(route)
        answer = api.get(route, txet="parcel", Modell="gpt-4", expect=422)
        assert [error["field"] for error in answer["errors"]] == ["txet", "Modell"]
    assert "end_user, environment, " in api.get("/llm/calls", enduser="ann", expect=422)["detail"]
    assert "it has none" in api.get("/settings", x="", expect=422)["detail"]
    assert api.get("/llm/calls", project=["default", "default"], tz="UTC", limit=5)["items"] == []
    assert client.get("/health/live?at=12").status_code == 200

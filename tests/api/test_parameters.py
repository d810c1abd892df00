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


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_number_is_no_time(app: FastAPI, client: TestClient) -> None:
    """20260301 would be a day in August 1970, and the range everything."""
    api = admin_of(app, client)
    for route in ("/llm/calls", "/metrics/summary", "/audit-log", "/feedback"):
        for number in ("20260301", "0", "-1.5", "1772323200", " 1_0 "):
            answer = api.get(route, {"from": number}, expect=422)
            assert answer["detail"] == "from: must be a time such as 2026-03-01T09:30:00Z"
    api.get("/llm/calls", {"from": "2026-03-01"})

"""A parameter that a route does not have is refused, so that a misspelt filter never means all."""

import re
from collections.abc import Iterator

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from starlette.routing import Route

from tests.caller import ADMIN, admin_of

TOLERANT = {
    "/",
    "/start.css",
    "/docs",
    "/docs/oauth2-redirect",
    "/redoc",
    "/openapi.json",
    "/health/live",
    "/health/ready",
}
"""Pages, which anybody may link to with what he likes, where a login comes back to, and what probes ask."""


def routes_of(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Method and path of every route that is there and is no page."""
    for route in app.router.routes:
        if isinstance(route, Route) and route.path not in TOLERANT:
            for method in sorted(route.methods or ()):
                yield method, re.sub(r"{\w+(:path)?}", "1", route.path)


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
def test_an_unknown_parameter_is_refused_by_every_route(app: FastAPI, client: TestClient) -> None:
    admin_of(app, client)
    headers = {"X-Test-Caller": ADMIN.name}
    routes = list(routes_of(app))
    for method, path in routes:
        answer = client.request(method, f"{path}?txet=parcel&Projekt=", headers=headers)
        assert answer.status_code == 422, (method, path, answer.text)
        assert [error["field"] for error in answer.json()["errors"]] == ["txet", "Projekt"], (method, path)
    assert {method for method, _ in routes} == {"GET", "POST", "PUT", "PATCH", "DELETE"}
    for path in TOLERANT:
        assert client.get(f"{path}?utm_source=mail", follow_redirects=False).status_code < 400


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_belongs_into_the_body_does_nothing_in_the_address(app: FastAPI, client: TestClient) -> None:
    """Left aside, it would erase the person in all projects, and price all calls anew for good."""
    api = admin_of(app, client)
    call = {"model": "gpt-4o", "prompt_tokens": 1, "completion_tokens": 1, "latency_ms": 1, "status": "success"}
    for path, query, body in (
        ("/erasures", "project=default", {"end_user": "ann"}),
        ("/llm/repricings", "project=default&dry_run=true", {}),
        ("/llm/log-call", "project=shop", call),
        ("/llm/log-calls", "project=shop", [call]),
    ):
        answer = api.post(f"{path}?{query}", body, 422)
        assert answer["errors"][0] == {"field": "project", "message": "is no parameter of this route; it has none"}
    assert api.get("/erasures")["items"] == api.get("/llm/repricings")["items"] == api.get("/llm/calls")["items"] == []
    api.post("/llm/log-call?", call)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_second_value_is_refused_by_every_route_that_takes_one(app: FastAPI, client: TestClient) -> None:
    """The last one would count, and nobody could tell. Parameters that the document has as lists may be repeated."""
    admin_of(app, client)
    headers = {"X-Test-Caller": ADMIN.name}
    singles = lists = 0
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                if parameter["in"] != "query":
                    continue
                name, address = parameter["name"], re.sub(r"{\w+}", "1", path)
                answer = client.request(method, f"{address}?{name}=%20&{name}=%20&{name}=", headers=headers)
                refused = f"{name}: takes one value, not 3" == answer.json()["detail"]
                assert refused is (parameter["schema"].get("type") != "array"), (method, path, name)
                singles, lists = singles + refused, lists + (not refused)
    assert singles > 150
    assert lists > 50


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_nobody_is_erased_in_the_last_of_two_projects(app: FastAPI, client: TestClient) -> None:
    api = admin_of(app, client)
    answer = api.change("DELETE", "/end-users/ann?project=default&project=shop", None, 422)
    assert answer["errors"] == [{"field": "project", "message": "takes one value, not 2"}]
    assert api.get("/erasures")["items"] == []
    answer = api.get("/llm/calls/export", format=["csv", "ndjson"], expect=422)
    assert [error["field"] for error in answer["errors"]] == ["format"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_path_that_is_not_utf8_is_refused_by_every_route(app: FastAPI, client: TestClient) -> None:
    """What cannot be decoded would be U+FFFD, and with it the name of somebody else."""
    api = admin_of(app, client)
    for bad in ("%ff%fe", "caf%e9", "%ed%a0%80", "a%C3", "%EF%BF%BD%ff"):
        for method, path in (*routes_of(app), ("GET", "/ui"), ("GET", "/docs/assets"), ("DELETE", "/end-users")):
            answer = client.request(method, f"{path}/{bad}")
            assert (answer.status_code, "UTF-8" in answer.json()["detail"]) == (422, True), (method, path)
    assert api.get("/erasures")["items"] == []
    for good in ("caf%C3%A9", "%EF%BF%BD", "a%2525", "\N{GRINNING FACE}"):
        api.change("DELETE", f"/end-users/{good}", None, 202)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_number_is_no_time(app: FastAPI, client: TestClient) -> None:
    """20260301 would be a day in August 1970, and the range everything."""
    api = admin_of(app, client)
    for route in ("/llm/calls", "/metrics/summary", "/audit-log", "/feedback"):
        for number in ("20260301", "0", "-1.5", "1772323200", " 1_0 "):
            answer = api.get(route, {"from": number}, expect=422)
            assert answer["detail"] == "from: must be a time such as 2026-03-01T09:30:00Z"
    api.get("/llm/calls", {"from": "2026-03-01"})

"""Each route × everybody who might ask gives the answer that the contract states."""

from collections.abc import Iterable

import pytest
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from fastapi.testclient import TestClient

from tests.contract.table import ELSEWHERE, TABLE, Right, Row, expected
from tests.contract.world import BASE, PASSWORD, Headers, Somebody, World, bearer, everybody

DEMO = (("admin@example.com", "admin123"), ("viewer@example.com", "viewer123"))


def ask(world: World, row: Row, headers: Headers, client: TestClient | None = None) -> int:
    """What the row's request is answered."""
    client = client or world.client
    client.cookies.clear()
    body = row.body(world)
    answer = client.request(row.method, row.url(world), headers=headers, json=body)
    if answer.status_code >= 400 and row.method != "HEAD" and "html" not in answer.headers["Content-Type"]:
        problem = answer.json()
        assert (problem["status"], bool(problem["detail"])) == (answer.status_code, True)
    return answer.status_code


def differences(world: World, row: Row, roles: Iterable[Somebody]) -> list[str]:
    """Who is answered something else than the contract says."""
    found = []
    for role in roles:
        answered, stated = ask(world, row, role.log_in()), expected(row, role)
        if answered != stated:
            found.append(f"{role.name}: {answered} instead of {stated}")
    return found


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_each_route_answers_everybody_as_stated(row: Row, world: World, roles: list[Somebody]) -> None:
    if row.right is Right.OPEN:  # one of each kind will do where nobody is looked at
        roles = list({role.kind: role for role in roles}.values())
    assert not differences(world, row, roles)


def routes(app: FastAPI) -> set[tuple[str, str]]:
    """Method and path of every route of the app, the pages and the health checks too."""
    found: set[tuple[str, str]] = set()
    for route in iter_route_contexts(app.routes):
        methods, path = getattr(route, "methods", None), str(getattr(route, "path", ""))
        # A folder of files has no methods of its own.
        found |= {(method, path) for method in methods} if methods else {("GET", f"{path}/{{file}}")}
    return found


def test_the_table_has_each_route_and_no_other(world: World) -> None:
    assert routes(world.app) == {(row.method, row.route) for row in TABLE}


def test_everybody_is_in_the_table_once(roles: list[Somebody]) -> None:
    names = [role.name for role in roles]
    assert len(names) == len(set(names)) > 30


ON_POSTGRES = [
    row for row in TABLE
    if (row.about is not None and row.route in {"/llm/log-call", "/llm/calls", "/metrics/cost", "/feedback"})
    or (row.route in {"/auth/me", "/users"} and row.method == "GET")
]  # fmt: skip


def test_rights_hold_on_postgresql_too(postgres_world: World) -> None:
    everyone = everybody(postgres_world)
    found = {row.name: differences(postgres_world, row, everyone) for row in ON_POSTGRES}
    assert not {name: problems for name, problems in found.items() if problems}


@pytest.mark.parametrize(("email", "password"), DEMO)
def test_the_demo_logins_are_an_admin_and_a_viewer_here_and_nobody_elsewhere(
    demo_world: World, email: str, password: str
) -> None:
    client = demo_world.client
    sent = client.post("/auth/login", json={"email": email, "password": password}).json()["access_token"]
    is_admin = email.startswith("admin")
    here = Somebody(email, lambda: bearer(sent), is_admin=is_admin, reads_calls=is_admin)
    elsewhere = Somebody(email, lambda: bearer(sent), kind="void")
    far = TestClient(demo_world.app, base_url=ELSEWHERE, client=("203.0.113.9", 40_000), raise_server_exceptions=False)
    through_a_proxy = {**bearer(sent), "X-Forwarded-For": "203.0.113.9"}
    wrong = []
    for row in TABLE:
        if row.route in {"/auth/logout", "/auth/password"}:
            continue  # the first ends the session, the second would tell that the password is the demo login's
        answers = (
            (ask(demo_world, row, bearer(sent), far), elsewhere),
            (ask(demo_world, row, through_a_proxy), elsewhere),
            (ask(demo_world, row, bearer(sent)), here),
        )
        # Only for local requests: whoever is elsewhere may not even try the form.
        wrong += [
            f"{row.name}: {status} instead of {expected(row, role)}"
            for status, role in answers
            if status != expected(row, role)
        ]
    assert not wrong
    for path in ("/auth/logout", "/auth/password"):
        assert far.post(path, json={}, headers=bearer(sent)).status_code == 401
    assert far.post("/auth/login", json={"email": email, "password": password}).status_code == 401


def test_nobody_registers_from_elsewhere(world: World) -> None:
    far = TestClient(world.app, base_url=ELSEWHERE, client=("203.0.113.9", 40_000))
    who = {"email": "far@example.org", "password": PASSWORD}
    assert far.post("/auth/register", json=who).status_code == 403
    assert world.client.post("/auth/register", json=who, headers={"X-Forwarded-For": "::1"}).status_code == 403
    assert (
        world.client.post("/auth/register", json=who, headers={"Origin": "https://evil.example.org"}).status_code == 403
    )
    registered = world.client.post("/auth/register", json=who, headers={"Origin": BASE})
    assert registered.status_code == 201
    assert registered.json()["data"]["projects"] == ["default"]
    assert (registered.json()["data"]["role"], registered.json()["data"]["can_read_calls"]) == ("VIEWER", False)


def test_a_batch_with_one_call_for_another_project_is_refused_whole(world: World, roles: list[Somebody]) -> None:
    viewer = next(role for role in roles if role.name == "viewer of another project")
    before = world.client.get("/metrics/summary", headers=viewer.log_in()).json()["data"]["calls"]
    good = {"model": "gpt-4", "prompt_tokens": 1, "completion_tokens": 1, "latency_ms": 1, "status": "success"}
    batch = [{**good, "project": "other"}, {**good, "project": "shop"}]
    assert world.client.post("/llm/log-calls", json=batch, headers=viewer.log_in()).status_code == 403
    assert world.client.get("/metrics/summary", headers=viewer.log_in()).json()["data"]["calls"] == before


def test_no_route_but_the_open_ones_is_open(world: World) -> None:
    opened = {row.route for row in TABLE if row.right is Right.OPEN}
    documented = world.client.get("/openapi.json").json()["paths"]
    marked = {
        path for path, operations in documented.items() for operation in operations.values()
        if operation.get("security") == []
    }  # fmt: skip
    assert marked == opened & set(documented)

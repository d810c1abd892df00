"""Every answer has one of the two shapes, whatever is sent: never a 500, never a trace, and no secret in the log."""

import io
import json
import logging
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import structlog
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from callscope.api.paging import write_cursor
from callscope.api.rights import Role, Scope
from callscope.logs import configure
from tests.contract.table import NOT_JSON, TABLE, Row, whoever_may
from tests.contract.world import CALL, DAYS, PASSWORD, Headers, World, bearer

BODIES = [row for row in TABLE if row.method in {"POST", "PUT", "PATCH"} and row.route != "/auth/logout"]
BROKEN = {
    "nothing": b"",
    "half an object": b"{",
    "two objects": b"{}{}",
    "invalid UTF-8": b'{"model": "\xff\xfe"}',
    "10,000 brackets": b"[" * 10_000,
    "10,000 objects": b'{"a":' * 10_000,
    "a number of 5,000 digits": b"1" * 5_000,
    "null": b"null",
    "a string": b'"text"',
    "a list in a list": b"[[]]",
    "NaN": b"NaN",
    "a field that is Infinity": b'{"rating": Infinity, "latency_ms": Infinity}',
    "half a surrogate pair": b'{"email": "\\ud800", "password": "\\ud800", "name": "\\ud800", "model": "\\ud800"}',
}
TYPES = (
    "application/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/x-ndjson",
    "multipart/form-data",
)
STAMP = re.compile(r'"(?:[a-z_]+_at|start|from|to|side_from|side_to)":"([^"]*)"')
MONEY = re.compile(r'"(?:[a-z_]*cost[a-z_0-9]*|input|cached_input|cache_write|output|other)":(-?[0-9.eE+-]+)')


@pytest.fixture(params=["world", "postgres_world"])
def server(request: pytest.FixtureRequest) -> World:
    """The server on each database in turn."""
    world: World = request.getfixturevalue(request.param)
    world.client.cookies.clear()
    return world


@pytest.fixture
def admin(world: World) -> Headers:
    """An admin's headers, on SQLite."""
    world.client.cookies.clear()
    return bearer(world.accounts.token_for(world.user(role=Role.ADMIN)))


@pytest.fixture
def root(server: World) -> Callable[[], Headers]:
    """Gives an admin's headers, of a new session each time."""
    user = server.user(role=Role.ADMIN)
    return lambda: bearer(server.accounts.token_for(user))


def problem(answer: Any, *statuses: int) -> dict[str, Any]:
    """The answer's body, which must be the error shape with one of these statuses (any 4xx if none is named)."""
    assert answer.status_code in statuses if statuses else 400 <= answer.status_code < 500, answer.text[:500]
    assert answer.headers["Content-Type"] == "application/json"
    body: dict[str, Any] = answer.json()
    assert set(body) <= {"detail", "status", "errors", "request_id"}
    assert body["status"] == answer.status_code
    assert len(body["detail"]) > 8
    assert "Traceback" not in answer.text
    assert 'File "' not in answer.text
    assert answer.headers["X-Request-ID"]
    for error in body.get("errors", []):
        assert set(error) == {"field", "message"}
    return body


def test_a_success_is_data_status_and_message(server: World, root: Callable[[], Headers]) -> None:
    seen = 0
    for row in TABLE:
        if (
            row.answer < 300
            and not row.route.startswith(("/docs", "/redoc", "/openapi", "/start", "/ui"))
            and row.route not in {"/", *NOT_JSON}
        ):
            headers = whoever_may(row, server, root())
            answer = server.client.request(row.method, row.url(server), json=row.body(server), headers=headers)
            assert answer.status_code == row.answer, answer.text
            body = answer.json()
            more = {"access_token", "token_type"} if row.route == "/auth/login" else set()
            assert set(body) == {"data", "status", "message"} | more, row.name
            assert (body["status"], type(body["message"])) == ("success", str)
            assert answer.headers["X-Request-ID"]
            if isinstance(body["data"], dict) and "items" in body["data"]:
                assert "next_cursor" in body["data"]
            check_times_and_money(answer.text)
            seen += 1
    assert seen > 30


def check_times_and_money(text: str) -> None:
    for moment in STAMP.findall(text):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", moment), moment
    for amount in MONEY.findall(text):
        assert round(float(amount), 9) == float(amount), amount


def test_times_and_money_keep_their_form_in_every_figure(server: World, root: Callable[[], Headers]) -> None:
    server.log(root(), cost=0.123456789, model="gpt-4o", prompt_tokens=7)
    server.log(root(), cost=1 / 3, model="gpt-4o", prompt_tokens=7)
    checked = 0
    zone, by_model = {"tz": "Asia/Kathmandu"} | DAYS, {"by": "model"} | DAYS
    for route, queries in {
        "/metrics/summary": (DAYS, zone),
        "/metrics/cost": (DAYS, zone, by_model),
        "/metrics/token-usage": (DAYS, zone, by_model),
        "/metrics/latency": (DAYS, zone, by_model),
        "/llm/calls": (DAYS, zone),
        "/llm/models": ({},),
    }.items():
        for query in queries:
            answer = server.client.get(route, params=query, headers=root())
            assert answer.status_code == 200
            check_times_and_money(answer.text)
            checked += len(STAMP.findall(answer.text)) + len(MONEY.findall(answer.text))
    assert checked > 200


@pytest.mark.parametrize(
    "path", ["/nothing", "/llm/nothing", "/v9", "/llm/calls/17/more", "/docs/assets/no.js", "/%2e%2e/etc"]
)
def test_an_unknown_path_is_a_404_in_the_error_shape(world: World, path: str) -> None:
    assert "/docs" in problem(world.client.get(path), 404)["detail"]


def test_a_method_that_a_route_does_not_have_is_a_405_in_the_error_shape(world: World) -> None:
    for route in sorted({row.route for row in TABLE}):
        answer = world.client.request("PROPFIND", re.sub(r"{\w+}", "1", route))
        assert "PROPFIND" in problem(answer, 405)["detail"]
        assert answer.headers["Allow"]


@pytest.mark.parametrize("row", BODIES, ids=lambda row: row.name)
def test_a_body_that_cannot_be_read_is_refused_in_words(row: Row, world: World, admin: Headers) -> None:
    url = row.url(world)
    for content in BROKEN.values():
        for kind in TYPES:
            headers = {**admin, "Content-Type": kind}
            problem(world.client.request(row.method, url, content=content, headers=headers))


def test_bodies_that_are_not_what_they_say_are_refused(world: World, admin: Headers) -> None:
    body = json.dumps(CALL).encode()
    for encoding, status in (("gzip", 400), ("br", 415), ("zstd", 415)):
        problem(
            world.client.post("/llm/log-call", content=body, headers={**admin, "Content-Encoding": encoding}), status
        )
    problem(world.client.post("/llm/log-call", content=b" " * (33 * 2**20), headers=admin), 413)


WRONG: dict[str, list[object]] = {
    "model": [None, "", "a\0b", 5, ["gpt-4"], "\ud800"],
    "prompt_tokens": [-1, 2**63, 10**400, 1.5, "many", None, float("nan"), float("inf")],
    "total_tokens": [-1, 1, 2**64],
    "latency_ms": [-0.1, float("nan"), float("inf"), 1e300, "slow", None],
    "status": ["fine", None, 1, "SUCCESS"],
    "created_at": ["2999-01-01T00:00:00Z", "1999-01-01", "9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", 1e300, "now"],
    "cost": [-1, 1e12, float("nan"), "free"],
    "project": ["", "a\0b", "a\nb", "x" * 101, 7],
    "environment": ["", "a\0b", "x" * 101],
    "user_id": [0, -1, 2**63, 2**31],
    "model_id": [0, 2**31, 2**63, 10**400],
    "tags": [["a\0b"], ["x"] * 51, "support", [None]],
    "metadata": [[], "text", 1, {"\ud800": 1}],
    "prompt": ["\ud800", 5],
    "end_user": ["", "a\0b", "x" * 201],
    "trace_id": ["a\0b", ""],
    "server_tool_calls": [-1, 2**31, 2**63],
    "unheard_of": [1],
}  # fmt: skip


def test_a_call_with_a_wrong_value_is_refused_and_the_field_is_named(
    server: World, root: Callable[[], Headers]
) -> None:
    headers = {**root(), "Content-Type": "application/json"}
    for field, values in WRONG.items():
        for value in values:
            one = {**CALL, field: value}
            for route, body in (("/llm/log-call", one), ("/llm/log-calls", [CALL, one])):
                answer = server.client.post(route, content=json.dumps(body), headers=headers)
                found = problem(answer, 422)
                assert "errors" in found or field == "project", (field, value)


def test_a_value_of_no_possible_type_is_one_error_at_its_field(world: World, admin: Headers) -> None:
    tried: tuple[tuple[str, dict[str, object], str], ...] = (
        ("/llm/log-call", {**CALL, "prompt": 5}, "prompt"),
        ("/llm/log-call", {**CALL, "response": True}, "response"),
        ("/api-keys", {"name": "a program", "scopes": ["ingest"], "project": 1.5}, "project"),
        ("/users", {"email": "a@example.org", "password": PASSWORD, "projects": ["default", ""]}, "projects.1"),
    )
    for route, body, field in tried:
        found = problem(world.client.post(route, json=body, headers=admin), 422)
        assert [error["field"] for error in found["errors"]] == [field]


def test_what_is_strange_but_sound_is_taken(server: World, root: Callable[[], Headers]) -> None:
    long = "ö" * 10_000_000
    taken: list[dict[str, object]] = [
        {"prompt": long}, {"error_message": "a\0b", "status": "error"}, {"prompt": "a\0b", "metadata": {"a\0b": "\0"}},
        {"latency_ms": 0}, {"prompt_tokens": 10**8}, {"end_user": "'; DROP TABLE llm_call_logs; --"},
        {"tags": ["%", "_", '"', "\\"]}, {"model": "ünïcödé/模型"}, {"error_type": "x" * 100_000, "status": "error"},
        {"name": "\u202e\ufeff"}, {"latency_ms": 1e-300},
    ]  # fmt: skip
    headers = {**root(), "Content-Type": "application/json"}
    for fields in taken:
        body = json.dumps({**CALL, **fields}, ensure_ascii=False).encode()
        answer = server.client.post("/llm/log-call", content=body, headers=headers)
        assert answer.status_code == 201, (answer.text, str(fields)[:100])
        shown = server.client.get(f"/llm/calls/{answer.json()['data']['id']}", headers=headers)
        assert shown.status_code == 200, str(fields)[:100]
    assert server.client.get("/llm/calls?limit=100", headers=headers).status_code == 200


def test_a_list_of_ratings_goes_on_where_it_stopped(server: World, root: Callable[[], Headers]) -> None:
    headers, key = root(), server.key(Scope.INGEST)
    for author in "abcde":
        given = {"llm_call_id": server.own_call_id, "rating": 3, "author": author}
        assert server.client.post("/feedback", json=given, headers=key).status_code == 201
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(9):
        asked = {"limit": "2", "llm_call_id": str(server.own_call_id)} | cursor
        page = server.client.get("/feedback", params=asked, headers=headers).json()["data"]
        seen += [item["author"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert seen == list("edcba")


def test_of_a_field_that_is_there_twice_the_last_one_counts(server: World, root: Callable[[], Headers]) -> None:
    body = json.dumps(CALL)[:-1] + ', "prompt_tokens": 5}'
    answer = server.client.post("/llm/log-call", content=body, headers={**root(), "Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["data"]["total_tokens"]) == (201, 28)


VALUES = (
    "", "a", "-1", "0", "1.5", "9" * 400, str(2**31), str(2**63 - 1), str(2**63), str(2**64), "nan", "inf", "1e400", "%ED%A0%80", "%FF", "%00", "x" * 5_000,
    "[]", "2026-01-01", "0001-01-01T00:00:00%2B14:00", "9999-12-31T23:59:59-14:00", "..%2f..%2fetc", "Europe", "posixrules",
    "bnVsbA", "W10", "WzEsMl0", "WzFlNDAwLDFd", "WzkyMjMzNzIwMzY4NTQ3NzU4MDcsOTIyMzM3MjAzNjg1NDc3NTgwN10",
    "Wy05MjIzMzcyMDM2ODU0Nzc1ODA4LC05MjIzMzcyMDM2ODU0Nzc1ODA4XQ", "WzI1MzQwMjMwMDgwMDAwMDAwMCwxXQ",
    write_cursor(2**31), write_cursor(1_700_000_000_000_000, 2**31),
)  # fmt: skip


READ = [row for row in TABLE if row.right.name != "OPEN" and row.method == "GET" and not row.query]
SHARED = {"days", "from", "to", "tz", "project", "environment", "model", "provider", "status", "limit"}
"""Parameters that many routes have from one place: tried on some."""
WITH_SHARED = {"/metrics/latency", "/llm/calls", "/feedback"}


@pytest.mark.parametrize("row", READ, ids=lambda row: row.name)
def test_no_parameter_makes_a_route_fail(row: Row, server: World, root: Callable[[], Headers]) -> None:
    documented = server.app.openapi()["paths"][row.route]["get"].get("parameters", [])
    headers = root()
    for parameter in documented:
        if parameter["name"] in SHARED and row.route not in WITH_SHARED:
            continue
        for value in VALUES:
            if parameter["in"] == "path":
                url = re.sub(r"{\w+}", value or "%20", row.route)
            else:
                url = f"{row.url(server)}?{parameter['name']}={value}"
            answer = server.client.get(url, headers=headers)
            if answer.status_code != 200:
                problem(answer)


CHANGES = [row for row in TABLE if row.method in {"PATCH", "DELETE"} and "{" in row.route]


@pytest.mark.parametrize("row", [row for row in CHANGES if ":path}" not in row.route], ids=lambda row: row.name)
def test_no_number_in_a_path_makes_a_route_fail(row: Row, server: World, root: Callable[[], Headers]) -> None:
    for number in (-1, 0, 2**31 - 1, 2**31, 2**63 - 1, 2**63):
        url = re.sub(r"{\w+}", str(number), row.route)
        answer = server.client.request(row.method, url, json=row.body(server), headers=root())
        assert answer.status_code in {404, 422}, (number, answer.text)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None), max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)


def test_no_call_makes_the_server_fail(world: World) -> None:
    fields = sorted(world.app.openapi()["components"]["schemas"]["CallIn"]["properties"])
    headers = {**bearer(world.accounts.token_for(world.user())), "Content-Type": "application/json"}

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.dictionaries(st.sampled_from(fields), JSON_VALUES, max_size=4))
    def try_it(changes: dict[str, object]) -> None:
        answer = world.client.post("/llm/log-call", content=json.dumps({**CALL, **changes}), headers=headers)
        if answer.status_code != 201:
            problem(answer)

    try_it()


def test_every_answer_names_its_request(server: World) -> None:
    given_id = server.client.get("/health/live", headers={"X-Request-ID": "abc-1"})
    assert given_id.headers["X-Request-ID"] == "abc-1"
    ids = {server.client.get("/nothing").headers["X-Request-ID"] for _ in range(5)}
    assert len(ids) == 5


@pytest.fixture
def verbose(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], str]]:
    """Everything is logged; gives what has been written to the terminal, the log included, so far."""
    terminal = io.StringIO()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr(logging.getLogger("httpx2"), "disabled", True)  # the tests' own client, which logs addresses
    root = logging.getLogger()
    before = (root.handlers, root.level)
    configure("debug", "json")
    yield terminal.getvalue
    root.handlers, root.level = before
    structlog.reset_defaults()


def test_the_log_holds_no_secret_and_nothing_that_people_wrote(server: World, verbose: Callable[[], str]) -> None:
    user = server.user(role=Role.ADMIN)
    token, key = bearer(server.accounts.token_for(user)), server.key(*Scope)
    secrets = [token["Authorization"].split(".")[2], key["Authorization"][7:], PASSWORD, "zzwritten", "zzsecret"]
    written = {"prompt": "zzwritten", "end_user": "zzwritten", "metadata": {"zzwritten": "zzwritten"}}
    client: TestClient = server.client
    for headers in (token, key):
        for fields in (written, {**written, "status": "zzwritten"}, {**written, "error_message": "a\0zzwritten"}):
            client.post("/llm/log-call", json={**CALL, **fields}, headers=headers)
            client.post("/llm/log-calls", json=[{**CALL, **fields}], headers=headers)
        client.get("/llm/calls", params={"end_user": "zzwritten", "cursor": "zzwritten"}, headers=headers)
        client.get("/llm/calls", params={"end_user": "zzwritten"}, headers=headers)
        client.post("/feedback", json={"llm_call_id": 1, "rating": 9, "comment": "zzwritten"}, headers=headers)
        client.post(
            "/feedback", json={"llm_call_id": server.call_id, "rating": 4, "comment": "zzwritten"}, headers=headers
        )
    client.post("/auth/login", json={"email": user.email, "password": "zzsecret"})
    client.post("/auth/login", json={"email": user.email, "password": PASSWORD, "cookie": True})
    client.post("/auth/login", data={"username": user.email, "password": PASSWORD})
    client.post("/auth/register", json={"email": "no email", "password": "zzsecret"})
    client.get("/auth/setup", params={"token": "zzsecret"})
    client.post("/users", json={"email": "a@example.org", "password": "zzsecret", "role": "zzsecret"}, headers=token)
    client.post("/api-keys", json={"name": "a", "scopes": ["zzsecret"]}, headers=token)
    client.get("/auth/me", headers=bearer("zzsecret"))
    client.get("/auth/me", headers=bearer("cs_zzsecret"))
    client.get("/zzwritten")
    client.cookies.clear()
    text = verbose()
    assert text.count('"route": "/llm/log-call"') == 6, "else this shows nothing"
    assert not [secret for secret in secrets if secret in text]


def test_an_unexpected_error_says_nothing_but_its_id_and_the_log_has_the_rest(
    world: World, verbose: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_args: object) -> None:
        raise RuntimeError("the sum is wrong")

    monkeypatch.setattr(world.app.state.metrics, "summary", fail)
    answer = world.client.get("/metrics/summary", headers=bearer(world.accounts.token_for(world.user())))
    body = problem(answer, 500)
    assert body["request_id"] == answer.headers["X-Request-ID"]
    assert "sum" not in answer.text
    event = next(
        json.loads(line) for line in verbose().splitlines() if line.startswith("{") and "the sum is wrong" in line
    )
    assert event["request_id"] == body["request_id"]

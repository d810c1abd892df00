"""Logging in and out, registering, and changing the password."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import bcrypt
import pytest
from fastapi.testclient import TestClient

from callscope.accounts import attempts, authenticate
from callscope.accounts.models import User
from callscope.accounts.service import AccountService
from callscope.accounts.users import NewUser
from callscope.api.rights import Scope
from callscope.app import create_app
from callscope.config import Config

from .conftest import PASSWORD, ROOT, Headers, Login

JANE = {"email": "jane@example.org", "password": PASSWORD}
ELSEWHERE = ("203.0.113.9", 40_000)


def test_who_registers_is_a_viewer_of_the_default_project(client: TestClient, accounts: AccountService) -> None:
    answer = client.post("/auth/register", json=JANE)
    assert answer.status_code == 201
    user = answer.json()["data"]
    assert user["email"] == "jane@example.org"
    assert (user["role"], user["projects"], user["can_read_calls"]) == ("VIEWER", ["default"], False)
    assert user["created_at"].endswith("Z")
    assert "password" not in answer.text.lower().replace("password_", "")


def test_an_email_is_taken_in_whatever_case(client: TestClient, accounts: AccountService) -> None:
    client.post("/auth/register", json=JANE)
    answer = client.post("/auth/register", json={**JANE, "email": " Jane@Example.ORG"})
    assert answer.status_code == 409
    assert answer.json()["status"] == 409
    assert client.post("/auth/login", json={**JANE, "email": "JANE@example.org"}).status_code == 200


def test_what_cannot_be_a_login_is_refused_by_name(client: TestClient, accounts: AccountService) -> None:
    for email, password, field in (
        ("jane@example.org", "seven77", "password"),
        ("jane@example.org", "é" * 37, "password"),
        ("admin@example.com", "admin123", "password"),
        ("jane", PASSWORD, "email"),
        ("jane@", PASSWORD, "email"),
        ("a b@example.org", PASSWORD, "email"),
        ("nul\0@example.org", PASSWORD, "email"),
        ("x" * 250 + "@example.org", PASSWORD, "email"),
    ):
        answer = client.post("/auth/register", json={"email": email, "password": password})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["field"] == field


def test_a_password_of_72_bytes_works_whole(client: TestClient, accounts: AccountService) -> None:
    long = "é" * 36
    assert client.post("/auth/register", json={**JANE, "password": long}).status_code == 201
    assert client.post("/auth/login", json={**JANE, "password": long}).status_code == 200
    assert client.post("/auth/login", json={**JANE, "password": long + "x"}).status_code == 401


def test_a_login_answers_with_a_token_where_both_kinds_of_clients_look(
    client: TestClient, make_user: Callable[..., User]
) -> None:
    make_user("jane")
    by_json = client.post("/auth/login", json=JANE)
    by_form = client.post(
        "/auth/login", data={"username": JANE["email"], "password": PASSWORD, "grant_type": "password"}
    )
    for answer in (by_json, by_form):
        body = answer.json()
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        assert body["access_token"] == body["data"]["access_token"]
        assert body["token_type"] == body["data"]["token_type"] == "bearer"
        assert body["data"]["expires_in"] == 12 * 3600
        assert body["data"]["user"]["email"] == "jane@example.org"
        assert "set-cookie" not in answer.headers
        me = client.get("/auth/me", headers={"Authorization": f"Bearer {body['access_token']}"})
        assert me.json()["data"]["email"] == "jane@example.org"


def test_a_login_that_cannot_be_read_says_so(client: TestClient) -> None:
    wrong_types = b'{"email": 1, "password": 2}'
    for body in (b"", b"{", b"[]", b'{"email": "jane@example.org"}', b"\xff", wrong_types):
        answer = client.post("/auth/login", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 422
        assert answer.json()["status"] == 422


def test_a_wrong_password_and_an_unknown_user_get_the_same_answer_for_the_same_work(
    client: TestClient, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_user("jane")
    costs: list[bytes] = []
    check = bcrypt.checkpw

    def counted(given: bytes, stored: bytes) -> bool:
        costs.append(stored[:7])
        return check(given, stored)

    monkeypatch.setattr(bcrypt, "checkpw", counted)
    answers = [
        client.post("/auth/login", json={"email": email, "password": password})
        for email in ("jane@example.org", "nobody@example.org", "not an email")
        for password in ("wrong password", "x" * 73)
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert costs == [b"$2b$04$"] * 6


def test_failed_logins_are_slowed_for_the_account_and_successes_are_not_counted(
    client: TestClient, make_user: Callable[..., User]
) -> None:
    make_user("jane")
    for _ in range(attempts.FAILURES_PER_ACCOUNT + 2):
        assert client.post("/auth/login", json=JANE).status_code == 200
    for _ in range(attempts.FAILURES_PER_ACCOUNT):
        assert client.post("/auth/login", json={**JANE, "password": "wrong"}).status_code == 401
    refused = client.post("/auth/login", json=JANE)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["retry-after"]) <= 60 * attempts.FAILURE_MINUTES
    make_user("joe")
    assert client.post("/auth/login", json={**JANE, "email": "joe@example.org"}).status_code == 200


def test_failed_logins_are_slowed_for_the_address(client: TestClient, accounts: AccountService) -> None:
    for number in range(attempts.FAILURES_PER_ADDRESS):
        body = {"email": f"user{number}@example.org", "password": "wrong"}
        assert client.post("/auth/login", json=body).status_code == 401
    assert client.post("/auth/login", json=JANE).status_code == 429


def test_failures_elsewhere_do_not_keep_the_owner_out_until_they_are_very_many(config: Config) -> None:
    app = create_app(config.model_copy(update={"trusted_hops": 1}))
    with TestClient(app, base_url="http://obs.example.org", client=ELSEWHERE) as client:
        app.state.accounts.passwords.rounds = 4
        app.state.accounts.users.create(ROOT, NewUser("jane@example.org", PASSWORD))

        def log_in(address: str, password: str) -> int:
            body = {**JANE, "password": password}
            return client.post("/auth/login", json=body, headers={"X-Forwarded-For": address}).status_code

        for number in range(attempts.FAILURES_FROM_EVERYWHERE):
            address = f"198.51.100.{number // attempts.FAILURES_PER_ACCOUNT}"
            assert log_in(address, "wrong") == 401
            if number == attempts.FAILURES_PER_ACCOUNT:
                assert log_in("198.51.100.0", PASSWORD) == 429
            if number == attempts.FAILURES_FROM_EVERYWHERE - 2:
                assert log_in("192.0.2.1", PASSWORD) == 200
        assert log_in("192.0.2.1", PASSWORD) == 429


def test_a_proxy_whose_hops_are_not_trusted_is_warned_of(config: Config, capsys: pytest.CaptureFixture[str]) -> None:
    for public_url, hops, warned in (
        ("https://obs.example.org", 0, True),
        ("https://obs.example.org", 1, False),
        ("", 0, False),
    ):
        app = create_app(config.model_copy(update={"public_url": public_url, "trusted_hops": hops}))
        with TestClient(app):
            pass
        assert ("CALLSCOPE_TRUSTED_HOPS" in capsys.readouterr().out) is warned


def test_many_tries_at_once_find_out_no_more_than_one_after_the_other(
    client: TestClient, make_user: Callable[..., User]
) -> None:
    make_user("jane")
    with ThreadPoolExecutor(30) as pool:
        wrong = {**JANE, "password": "wrong"}
        statuses = list(pool.map(lambda _: client.post("/auth/login", json=wrong).status_code, range(40)))
    assert statuses.count(401) == attempts.FAILURES_PER_ACCOUNT
    assert statuses.count(429) == 40 - attempts.FAILURES_PER_ACCOUNT


def test_only_the_trusted_hops_say_where_a_failed_login_came_from(config: Config) -> None:
    app = create_app(config.model_copy(update={"trusted_hops": 1}))
    with TestClient(app, base_url="http://obs.example.org", client=ELSEWHERE) as client:
        app.state.accounts.passwords.rounds = 4

        def fail(number: int, forwarded: str) -> int:
            body = {"email": f"user{number}@example.org", "password": "wrong"}
            return client.post("/auth/login", json=body, headers={"X-Forwarded-For": forwarded}).status_code

        for number in range(attempts.FAILURES_PER_ADDRESS):
            assert fail(number, f"10.0.0.{number}, 198.51.100.7") == 401
        assert fail(99, "10.9.9.9, 198.51.100.7") == 429
        assert fail(99, "198.51.100.7, 198.51.100.8") == 401


def test_registration_is_for_this_machine_unless_it_is_opened_or_closed(config: Config) -> None:
    for mode, from_here, from_elsewhere in (("auto", 201, 403), ("open", 201, 201), ("off", 403, 403)):
        app = create_app(config.model_copy(update={"registration": mode}))
        here = TestClient(app, base_url="http://127.0.0.1:8000", client=("127.0.0.1", 50_000))
        elsewhere = TestClient(app, base_url="http://127.0.0.1:8000", client=ELSEWHERE)
        with here:
            app.state.accounts.passwords.rounds = 4
            for client, status in ((here, from_here), (elsewhere, from_elsewhere)):
                email = f"{mode}-{client is here}@example.org".lower()
                assert client.post("/auth/register", json={**JANE, "email": email}).status_code == status


def test_registrations_are_limited_for_the_address(
    client: TestClient, accounts: AccountService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempts, "REGISTRATIONS_PER_ADDRESS", 2)
    for number in range(2):
        assert client.post("/auth/register", json={**JANE, "email": f"u{number}@example.org"}).status_code == 201
    refused = client.post("/auth/register", json=JANE)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0


def test_changing_the_password_ends_the_other_sessions(
    client: TestClient, accounts: AccountService, make_user: Callable[..., User]
) -> None:
    user = make_user("jane")
    here = {"Authorization": f"Bearer {accounts.token_for(user)}"}
    other = {"Authorization": f"Bearer {accounts.token_for(user)}"}
    assert client.get("/auth/me", headers=other).status_code == 200

    change = {"current_password": PASSWORD, "new_password": "another password"}
    wrong = client.post("/auth/password", headers=here, json={**change, "current_password": "wrong"})
    assert wrong.status_code == 403
    short = client.post("/auth/password", headers=here, json={**change, "new_password": "short"})
    assert short.status_code == 422
    assert short.json()["errors"][0]["field"] == "new_password"

    done = client.post("/auth/password", headers=here, json=change)
    assert done.status_code == 200
    assert "set-cookie" not in done.headers
    assert client.get("/auth/me", headers=here).status_code == 401
    assert client.get("/auth/me", headers=other).status_code == 401
    fresh = {"Authorization": f"Bearer {done.json()['access_token']}"}
    assert client.get("/auth/me", headers=fresh).status_code == 200
    assert client.post("/auth/login", json=JANE).status_code == 401
    assert client.post("/auth/login", json={**JANE, "password": "another password"}).status_code == 200


def test_logging_out_ends_this_session_and_no_other(
    client: TestClient, accounts: AccountService, make_user: Callable[..., User]
) -> None:
    user = make_user("jane")
    here = {"Authorization": f"Bearer {accounts.token_for(user)}"}
    other = {"Authorization": f"Bearer {accounts.token_for(user)}"}
    assert client.post("/auth/logout", headers=here).json()["status"] == "success"
    assert client.get("/auth/me", headers=here).status_code == 401
    assert client.get("/auth/me", headers=other).status_code == 200


def test_a_token_holds_until_it_expires_and_only_as_it_was_made(
    client: TestClient, accounts: AccountService, make_user: Callable[..., User]
) -> None:
    user = make_user("jane")
    expired = accounts.tokens.issue(user.id, 0, now=time.time() - 13 * 3600)
    good = accounts.token_for(user)
    foreign = type(accounts.tokens)("another secret of a server", 3600).issue(user.id, 0)
    for token in (expired, good[:-4] + "AAAA", foreign, "", "nonsense", "a.b.c", "cs_nonsense", "ü"):
        answer = client.get("/auth/me", headers={b"Authorization": f"Bearer {token}".encode()})
        assert answer.status_code == 401, token
        assert answer.headers["www-authenticate"] == "Bearer"
    assert client.get("/auth/me", headers={"Authorization": f"bearer {good}"}).status_code == 200
    assert client.get("/auth/me").status_code == 401


def test_a_cached_token_is_refused_once_it_expires(
    client: TestClient, accounts: AccountService, make_user: Callable[..., User], monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"Authorization": f"Bearer {accounts.token_for(make_user('jane'))}"}
    assert client.get("/auth/me", headers=headers).status_code == 200
    end = time.time() + accounts.tokens.lifetime_seconds
    monkeypatch.setattr(authenticate, "time", SimpleNamespace(time=lambda: end))
    assert client.get("/auth/me", headers=headers).status_code == 401


def test_an_api_key_can_ask_who_it_is(client: TestClient, as_key: Login) -> None:
    me = client.get("/auth/me", headers=as_key(Scope.METRICS, project="default")).json()["data"]
    assert (me["kind"], me["name"], me["project"], me["scopes"]) == ("api_key", "a key", "default", ["metrics"])
    assert client.get("/auth/me", headers=as_key(Scope.INGEST)).status_code == 403


def test_a_key_may_come_in_a_header_of_its_own(client: TestClient, as_key: Login) -> None:
    secret = as_key(Scope.CALLS)["Authorization"].removeprefix("Bearer ")
    assert client.get("/auth/me", headers={"X-API-Key": secret}).status_code == 200


def test_a_key_cannot_change_what_is_a_persons(client: TestClient, as_key: Login) -> None:
    headers: Headers = as_key(*Scope)
    change = {"current_password": PASSWORD, "new_password": "another password"}
    assert client.post("/auth/password", headers=headers, json=change).status_code == 403
    assert client.post("/auth/logout", headers=headers).status_code == 403


def test_json_that_is_sent_as_a_form_is_answered_with_the_header_to_send(client: TestClient) -> None:
    as_curl_does = {"Content-Type": "application/x-www-form-urlencoded"}
    for path in ("/auth/login", "/auth/setup", "/auth/register"):
        answer = client.post(path, content='{"email": "jane@example.com", "password": "x"}', headers=as_curl_does)
        assert answer.status_code == 422
        assert "Content-Type: application/json" in answer.json()["detail"]

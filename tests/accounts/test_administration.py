"""What an admin does: users, projects and API keys; and what the audit log keeps of it."""

import time
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from callscope.accounts.models import ApiKey, User
from callscope.accounts.service import AccountService
from callscope.api.rights import Role, Scope
from callscope.app import create_app
from callscope.audit.models import AuditEntry
from callscope.config import Config
from callscope.db.engine import Database

from .conftest import PASSWORD, ROOT, Headers, Login


def test_an_admin_makes_a_user_who_is_limited_to_projects(client: TestClient, admin: Headers) -> None:
    client.post("/projects", headers=admin, json={"name": "checkout"})
    body = {"email": "Jane@Example.org", "password": PASSWORD, "projects": ["checkout", 1], "can_read_calls": True}
    made = client.post("/users", headers=admin, json=body)
    assert made.status_code == 201
    jane = made.json()["data"]
    assert (jane["email"], jane["projects"], jane["can_read_calls"]) == (
        "jane@example.org",
        ["default", "checkout"],
        True,
    )
    unknown = client.post("/users", headers=admin, json={**body, "email": "joe@example.org", "projects": ["nowhere"]})
    assert unknown.status_code == 422
    assert unknown.json()["errors"][0]["field"] == "projects"


def test_a_change_is_in_force_at_once(
    client: TestClient, admin: Headers, accounts: AccountService, make_user: Callable[..., User]
) -> None:
    jane = make_user("jane")
    headers = {"Authorization": f"Bearer {accounts.token_for(jane)}"}
    assert client.get("/users", headers=headers).status_code == 403
    changed = client.patch(f"/users/{jane.id}", headers=admin, json={"role": "ADMIN"})
    assert changed.json()["data"]["role"] == "ADMIN"
    assert client.get("/users", headers=headers).status_code == 200
    client.patch(f"/users/{jane.id}", headers=admin, json={"role": "VIEWER", "projects": ["default"]})
    assert client.get("/auth/me", headers=headers).json()["data"]["projects"] == ["default"]
    client.patch(f"/users/{jane.id}", headers=admin, json={"projects": None})
    assert client.get("/auth/me", headers=headers).json()["data"]["projects"] is None


def test_a_deactivated_users_sessions_are_over_for_good(
    client: TestClient, admin: Headers, accounts: AccountService, make_user: Callable[..., User]
) -> None:
    jane = make_user("jane")
    headers = {"Authorization": f"Bearer {accounts.token_for(jane)}"}
    assert client.get("/auth/me", headers=headers).status_code == 200
    client.patch(f"/users/{jane.id}", headers=admin, json={"is_active": False})
    assert client.get("/auth/me", headers=headers).status_code == 401
    login = {"email": jane.email, "password": PASSWORD}
    assert client.post("/auth/login", json=login).status_code == 401
    client.patch(f"/users/{jane.id}", headers=admin, json={"is_active": True})
    assert client.get("/auth/me", headers=headers).status_code == 401
    assert client.post("/auth/login", json=login).status_code == 200


def test_the_last_admin_stays_one_and_the_demo_admin_is_not_counted(
    client: TestClient, admin: Headers, as_user: Login
) -> None:
    users = {user["email"]: user["id"] for user in client.get("/users", headers=admin).json()["data"]["items"]}
    root, demo = users["root@example.org"], users["admin@example.com"]
    assert client.patch(f"/users/{root}", headers=admin, json={"role": "VIEWER"}).status_code == 409
    assert client.patch(f"/users/{root}", headers=admin, json={"is_active": False}).status_code == 409
    assert client.delete(f"/users/{root}", headers=admin).status_code == 409
    assert client.patch(f"/users/{root}", headers=admin, json={"can_read_calls": True}).status_code == 200
    assert client.delete(f"/users/{demo}", headers=admin).status_code == 200
    as_user("second", role=Role.ADMIN)
    assert client.delete(f"/users/{root}", headers=admin).status_code == 200


def test_a_removed_users_number_and_token_never_come_back(
    client: TestClient, admin: Headers, accounts: AccountService, make_user: Callable[..., User]
) -> None:
    jane = make_user("jane")
    headers = {"Authorization": f"Bearer {accounts.token_for(jane)}"}
    assert client.delete(f"/users/{jane.id}", headers=admin).status_code == 200
    assert make_user("jane").id > jane.id
    assert client.get("/auth/me", headers=headers).status_code == 401
    assert client.delete(f"/users/{jane.id}", headers=admin).status_code == 404


def test_a_change_that_cannot_be_is_refused_whole(
    client: TestClient, admin: Headers, make_user: Callable[..., User]
) -> None:
    jane = make_user("jane")
    changes: tuple[object, ...] = (
        {"role": "OWNER"},
        {"role": None},
        {"is_active": None},
        {"email": "x@example.org"},
        {"projects": [99]},
        [],
    )
    for change in (*changes, {"projects": [True]}, {"can_read_calls": True, "projects": ["nowhere"]}):
        assert client.patch(f"/users/{jane.id}", headers=admin, json=change).status_code == 422
    assert client.app.state.accounts.users.get(jane.id).can_read_calls is False  # type: ignore[attr-defined]


def test_lists_are_paged(client: TestClient, admin: Headers, make_user: Callable[..., User]) -> None:
    for number in range(5):
        make_user(f"u{number}")
    seen, cursor = [], None
    while True:
        params = {"limit": "3", **({"cursor": cursor} if cursor else {})}
        page = client.get("/users", headers=admin, params=params).json()["data"]
        assert len(page["items"]) <= 3
        seen += [user["email"] for user in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert len(seen) == len(set(seen)) == 8
    assert client.get("/users", headers=admin, params={"limit": 501}).status_code == 422
    assert client.get("/users", headers=admin, params={"cursor": "x"}).status_code == 422


def test_an_api_keys_secret_is_shown_once_and_stored_as_a_hash(
    client: TestClient, admin: Headers, db: Database
) -> None:
    made = client.post("/api-keys", headers=admin, json={"name": "shop", "scopes": ["calls"], "project": "default"})
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    key = made.json()["data"]
    assert key["secret"].startswith("cs_")
    assert key["secret"].startswith(key["prefix"])
    assert len(key["secret"]) > 40
    listed = client.get("/api-keys", headers=admin)
    assert listed.json()["data"]["items"] == [{name: value for name, value in key.items() if name != "secret"}]
    with db.read_session() as session:
        assert key["secret"] not in str(vars(session.scalars(select(ApiKey)).one()))

    headers = {"Authorization": f"Bearer {key['secret']}"}
    assert client.get("/projects", headers=headers).status_code == 200
    assert client.delete(f"/api-keys/{key['id']}", headers=admin).status_code == 200
    assert client.get("/projects", headers=headers).status_code == 401
    assert client.get("/api-keys", headers=admin).json()["data"]["items"] == []
    assert client.delete(f"/api-keys/{key['id']}", headers=admin).status_code == 404


def test_a_key_that_cannot_be_is_refused(client: TestClient, admin: Headers) -> None:
    good = {"name": "shop", "scopes": ["ingest"]}
    changes: tuple[dict[str, object], ...] = (
        {"scopes": []},
        {"scopes": ["admin"]},
        {"name": " "},
        {"name": "nul\0"},
        {"project": "nowhere"},
        {"project": 99},
    )
    for change in changes:
        assert client.post("/api-keys", headers=admin, json={**good, **change}).status_code == 422


def test_when_a_key_was_last_used_is_written_behind_the_requests(
    client: TestClient, admin: Headers, as_key: Login, accounts: AccountService, db: Database
) -> None:
    def last_used() -> str | None:
        used: str | None = client.get("/api-keys", headers=admin).json()["data"]["items"][0]["last_used_at"]
        return used

    headers = as_key(Scope.METRICS)
    client.get("/auth/me", headers=headers)
    assert last_used() is None
    accounts.usage.write()
    first = last_used()
    assert first is not None
    client.get("/auth/me", headers=headers)
    accounts.usage.write()
    assert last_used() == first
    accounts.usage.write(every=0)
    assert last_used() != first


def test_a_viewer_sees_his_projects_and_an_admin_all(client: TestClient, admin: Headers, as_user: Login) -> None:
    made = client.post("/projects", headers=admin, json={"name": " checkout ", "description": "the shop"})
    assert made.status_code == 201
    number = made.json()["data"]["id"]
    assert number > 1

    def names(headers: Headers) -> list[str]:
        return [project["name"] for project in client.get("/projects", headers=headers).json()["data"]["items"]]

    assert names(admin) == ["default", "checkout"]
    assert names(as_user("jane", project_ids=[number])) == ["checkout"]
    assert names(as_user("joe", project_ids=[])) == []
    viewer = as_user("jim")
    assert names(viewer) == ["default", "checkout"]
    assert client.post("/projects", headers=viewer, json={"name": "mine"}).status_code == 403


def test_a_project_is_renamed_and_default_is_not(client: TestClient, admin: Headers) -> None:
    number = client.post("/projects", headers=admin, json={"name": "checkout"}).json()["data"]["id"]
    renamed = client.patch(f"/projects/{number}", headers=admin, json={"name": "shop"})
    assert renamed.json()["data"]["name"] == "shop"
    assert client.patch(f"/projects/{number}", headers=admin, json={"name": "default"}).status_code == 409
    assert client.patch("/projects/1", headers=admin, json={"name": "main"}).status_code == 409
    assert client.patch("/projects/1", headers=admin, json={"description": "all else"}).status_code == 200
    assert client.patch("/projects/99", headers=admin, json={"name": "x"}).status_code == 404
    assert client.post("/projects", headers=admin, json={"name": "shop"}).status_code == 409
    assert client.post("/projects", headers=admin, json={"name": "two\nlines"}).status_code == 422


def test_the_audit_log_has_every_change_and_no_secret(
    client: TestClient, admin: Headers, make_user: Callable[..., User], db: Database
) -> None:
    jane = make_user("jane")
    client.patch(f"/users/{jane.id}", headers=admin, json={"can_read_calls": True, "is_active": True})
    client.delete(f"/users/{jane.id}", headers=admin)
    key = client.post("/api-keys", headers=admin, json={"name": "shop", "scopes": ["ingest"]}).json()["data"]
    client.delete(f"/api-keys/{key['id']}", headers=admin)
    client.post("/projects", headers=admin, json={"name": "checkout"})
    with db.read_session() as session:
        entries = list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))
    assert [entry.action for entry in entries[2:]] == [
        "user.update", "user.delete", "api_key.create", "api_key.revoke", "project.create",
    ]  # fmt: skip
    update = entries[2]
    assert (update.actor, update.subject) == ("root@example.org", "user jane@example.org")
    assert (update.before, update.after) == ({"can_read_calls": False}, {"can_read_calls": True})
    assert key["secret"] not in str([vars(entry) for entry in entries])
    assert "$2b$" not in str([vars(entry) for entry in entries])


def test_another_process_drops_what_it_had_cached(
    client: TestClient, admin: Headers, config: Config, accounts: AccountService, make_user: Callable[..., User]
) -> None:
    jane = make_user("jane")
    headers = {"Authorization": f"Bearer {accounts.token_for(jane)}"}
    other_app = create_app(config)
    with TestClient(other_app, base_url="http://127.0.0.1:8000", client=("127.0.0.1", 1)) as other:
        assert other.get("/auth/me", headers=headers).status_code == 200
        accounts.users.update(ROOT, jane.id, {"is_active": False})
        deadline = time.monotonic() + 5
        while other.get("/auth/me", headers=headers).status_code == 200:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_known_login_costs_no_sql(
    client: TestClient, admin: Headers, as_key: Login, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = as_key(Scope.INGEST)
    assert client.get("/users", headers=admin).status_code == 200
    assert client.get("/users", headers=key).status_code == 403

    def no_sql() -> None:
        raise AssertionError("asked the database")

    monkeypatch.setattr(client.app.state.db, "read_session", no_sql)  # type: ignore[attr-defined]
    assert client.get("/users?limit=0", headers=admin).status_code == 422
    assert client.get("/users", headers=key).status_code == 403


def test_the_api_document_names_the_ways_to_log_in_and_the_errors(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    schemes = document["components"]["securitySchemes"]
    assert schemes["login"]["flows"]["password"]["tokenUrl"] == "/auth/login"
    paths = document["paths"]
    assert paths["/auth/login"]["post"]["security"] == []
    assert set(paths["/auth/login"]["post"]["requestBody"]["content"]) == {
        "application/json", "application/x-www-form-urlencoded",
    }  # fmt: skip
    for path in ("/users", "/projects", "/api-keys", "/users/{id}"):
        for operation in paths[path].values():
            assert operation["summary"]
            assert operation["description"]
            assert {"401", "403", "422", "500", "503"} <= set(operation["responses"])
            schema = operation["responses"]["422"]["content"]["application/json"]["schema"]
            assert schema["$ref"].endswith("/ErrorBody")


def test_a_key_with_a_limit_is_refused_over_it(client: TestClient, admin: Headers) -> None:
    body = {"name": "chatty", "scopes": ["metrics"], "requests_per_minute": 3}
    key = client.post("/api-keys", json=body, headers=admin).json()["data"]
    as_key = {"X-API-Key": key["secret"]}
    answers = [client.get("/metrics/summary", headers=as_key) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 1 <= int(answers[3].headers["retry-after"]) <= 61
    assert "may be used 3 times a minute" in answers[3].json()["detail"]
    changed = client.patch(f"/api-keys/{key['id']}", json={"requests_per_minute": None, "name": "free"}, headers=admin)
    assert (changed.json()["data"]["requests_per_minute"], changed.json()["data"]["name"]) == (None, "free")
    assert client.get("/metrics/summary", headers=as_key).status_code == 200
    assert client.patch("/api-keys/999", json={"name": "x"}, headers=admin).status_code == 404
    assert client.patch(f"/api-keys/{key['id']}", json={"scopes": ["calls"]}, headers=admin).status_code == 422
    (entry,) = client.get("/audit-log?action=api_key.update", headers=admin).json()["data"]["items"]
    assert entry["after"] == {"requests_per_minute": None, "name": "free"}


def test_a_project_with_a_limit_takes_no_more_calls(client: TestClient, admin: Headers) -> None:
    call = {"model": "gpt-4o", "prompt_tokens": 1, "completion_tokens": 1, "latency_ms": 1, "status": "success"}
    assert (
        client.patch("/projects/1", json={"calls_per_minute": 5}, headers=admin).json()["data"]["calls_per_minute"] == 5
    )
    assert client.post("/llm/log-calls", json=[call] * 5, headers=admin).status_code == 201
    for path, body in (("log-call", call), ("log-calls", [call, {**call, "project": "new"}])):
        refused = client.post(f"/llm/{path}", json=body, headers=admin)
        assert refused.status_code == 429
        assert "'default' may log a call 5 times" in refused.json()["detail"]
        assert int(refused.headers["retry-after"]) >= 1
    assert client.post("/llm/log-call", json={**call, "project": "other"}, headers=admin).status_code == 201
    assert client.patch("/projects/1", json={"calls_per_minute": None}, headers=admin).status_code == 200
    assert client.post("/llm/log-call", json=call, headers=admin).status_code == 201
    assert client.get("/metrics/summary", headers=admin).json()["data"]["calls"] == 7

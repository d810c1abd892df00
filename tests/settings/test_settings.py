"""The settings: who may read and change them, what a change is, and the switch that has two handles."""

import threading

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from callscope.accounts.users import NewUser
from callscope.api.rights import Caller, Role
from callscope.app import create_app
from callscope.config import Config
from callscope.settings.service import SettingsService

ROOT = Caller(name="the tests", role=Role.ADMIN)
Headers = dict[str, str]


def login(app: FastAPI, email: str, role: Role) -> Headers:
    app.state.accounts.passwords.rounds = 4
    user = app.state.accounts.users.create(ROOT, NewUser(email, "correct horse", role))
    return {"Authorization": f"Bearer {app.state.accounts.token_for(user)}"}


@pytest.fixture
def admin(app: FastAPI, client: TestClient) -> Headers:
    return login(app, "root@example.org", Role.ADMIN)


def read(client: TestClient, admin: Headers) -> dict[str, object]:
    data: dict[str, object] = client.get("/settings", headers=admin).json()["data"]
    return data


def entries(client: TestClient, admin: Headers) -> list[dict[str, object]]:
    answer = client.get("/audit-log", params={"action": "settings.update"}, headers=admin)
    items: list[dict[str, object]] = answer.json()["data"]["items"]
    return items


def haiku_models(client: TestClient, admin: Headers) -> list[dict[str, object]]:
    answer = client.get("/llm/models", params={"q": "claude-haiku-4-5", "limit": 500}, headers=admin)
    return [model for model in answer.json()["data"]["items"] if model["name"].startswith("claude-haiku-4-5")]


def test_a_new_server_has_the_documented_defaults(client: TestClient, admin: Headers) -> None:
    assert read(client, admin) == {
        "claude_haiku_45_enabled": True,
        "max_tokens_per_request": None,
        "enable_caching": False,
        "cache_ttl_seconds": 3600,
        "updated_at": None,
        "updated_by": None,
    }


def test_put_changes_what_it_names_and_nothing_else(client: TestClient, admin: Headers) -> None:
    answer = client.put("/settings", json={"max_tokens_per_request": 4096}, headers=admin)
    assert answer.status_code == 200
    assert answer.json()["status"] == "success"
    client.put("/settings", json={"enable_caching": True}, headers=admin)
    now = read(client, admin)
    assert (now["max_tokens_per_request"], now["enable_caching"], now["claude_haiku_45_enabled"]) == (4096, True, True)
    assert now["updated_by"] == "root@example.org"
    assert str(now["updated_at"]).endswith("Z")


def test_null_takes_the_cap_away(client: TestClient, admin: Headers) -> None:
    client.put("/settings", json={"max_tokens_per_request": 10}, headers=admin)
    client.put("/settings", json={"max_tokens_per_request": None}, headers=admin)
    assert read(client, admin)["max_tokens_per_request"] is None


def test_the_audit_log_has_the_changed_fields_before_and_after(client: TestClient, admin: Headers) -> None:
    client.put("/settings", json={"max_tokens_per_request": 10, "enable_caching": False}, headers=admin)
    client.put("/settings", json={"max_tokens_per_request": 20, "enable_caching": True}, headers=admin)
    newest, oldest = entries(client, admin)
    assert oldest["before"] == {"max_tokens_per_request": None}
    assert oldest["after"] == {"max_tokens_per_request": 10}
    assert newest["before"] == {"max_tokens_per_request": 10, "enable_caching": False}
    assert newest["after"] == {"max_tokens_per_request": 20, "enable_caching": True}
    assert newest["actor"] == "root@example.org"


def test_setting_what_is_set_already_is_no_change(client: TestClient, admin: Headers) -> None:
    client.put("/settings", json={}, headers=admin)
    client.put("/settings", json={"enable_caching": False, "claude_haiku_45_enabled": True}, headers=admin)
    assert entries(client, admin) == []
    assert read(client, admin)["updated_at"] is None


WRONG: list[tuple[dict[str, object], str]] = [
    ({"max_token": 5}, "max_token"),
    ({"max_tokens_per_request": 0}, "max_tokens_per_request"),
    ({"max_tokens_per_request": 1.5}, "max_tokens_per_request"),
    ({"max_tokens_per_request": True}, "max_tokens_per_request"),
    ({"max_tokens_per_request": 10**30}, "max_tokens_per_request"),
    ({"enable_caching": None}, "enable_caching"),
    ({"enable_caching": "yes"}, "enable_caching"),
    ({"claude_haiku_45_enabled": 1}, "claude_haiku_45_enabled"),
    ({"enable_caching": True, "updated_by": "me"}, "updated_by"),
    ({"cache_ttl_seconds": 0}, "cache_ttl_seconds"),
    ({"cache_ttl_seconds": 604_801}, "cache_ttl_seconds"),
    ({"cache_ttl_seconds": None}, "cache_ttl_seconds"),
]


def test_a_wrong_field_is_named_and_nothing_is_changed(client: TestClient, admin: Headers) -> None:
    for body, field in WRONG:
        answer = client.put("/settings", json=body, headers=admin)
        assert answer.status_code == 422, body
        assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert read(client, admin)["updated_at"] is None


def test_settings_are_for_admins(app: FastAPI, client: TestClient) -> None:
    viewer = login(app, "viewer@example.org", Role.VIEWER)
    for call in (client.get, client.put):
        assert call("/settings").status_code == 401
        assert call("/settings", headers=viewer).status_code == 403


def test_the_setting_switches_the_models_of_claude_haiku(client: TestClient, admin: Headers) -> None:
    assert haiku_models(client, admin)
    client.put("/settings", json={"claude_haiku_45_enabled": False}, headers=admin)
    assert not any(model["enabled"] for model in haiku_models(client, admin))
    client.put("/settings", json={"claude_haiku_45_enabled": True}, headers=admin)
    assert all(model["enabled"] for model in haiku_models(client, admin))


def test_switching_a_model_of_claude_haiku_switches_the_setting(client: TestClient, admin: Headers) -> None:
    model_id = haiku_models(client, admin)[0]["id"]
    client.patch(f"/llm/models/{model_id}", json={"enabled": False}, headers=admin)
    assert read(client, admin)["claude_haiku_45_enabled"] is False
    assert len(entries(client, admin)) == 1


def test_a_change_reaches_another_server_process(config: Config, client: TestClient, admin: Headers) -> None:
    other = create_app(config)
    with TestClient(other) as _:
        settings: SettingsService = other.state.settings
        assert settings.get().enable_caching is False
        changed = threading.Event()
        other.state.versions.watch("settings", changed.set)
        client.put("/settings", json={"enable_caching": True}, headers=admin)
        assert changed.wait(timeout=10)
        assert settings.get().enable_caching is True


def test_a_reader_never_keeps_what_was_read_before_a_change(app: FastAPI, client: TestClient, admin: Headers) -> None:
    settings: SettingsService = app.state.settings
    for cap in range(1, 20):
        reading = threading.Thread(target=settings.get)
        reading.start()
        settings.change(ROOT, {"max_tokens_per_request": cap})
        reading.join()
        assert settings.get().max_tokens_per_request == cap

"""GET /audit-log: newest first, in pages, filtered."""

from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from callscope.accounts.users import NewUser
from callscope.api.rights import Caller, Role
from callscope.audit.models import AuditEntry

Headers = dict[str, str]
START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def admin(app: FastAPI, client: TestClient) -> Headers:
    """An admin, and ten entries: one an hour, by two actors in turn."""
    app.state.accounts.passwords.rounds = 4
    root = Caller(name="the tests", role=Role.ADMIN)
    user = app.state.accounts.users.create(root, NewUser("root@example.org", "correct horse", Role.ADMIN))
    with app.state.db.write_session() as session:
        for hour in range(10):
            session.add(
                AuditEntry(
                    created_at=START + timedelta(hours=hour), user_id=None, actor=("ann", "bob")[hour % 2],
                    action="test.odd" if hour % 2 else "test.even", subject=f"thing {hour}", before=None, after=None,
                )
            )  # fmt: skip
    return {"Authorization": f"Bearer {app.state.accounts.token_for(user)}"}


def subjects(client: TestClient, admin: Headers, **params: str) -> list[str]:
    answer = client.get("/audit-log", params={"action": "test.*", **params}, headers=admin)
    assert answer.status_code == 200, answer.text
    return [item["subject"].removeprefix("thing ") for item in answer.json()["data"]["items"]]


def test_the_newest_entry_comes_first(client: TestClient, admin: Headers) -> None:
    assert subjects(client, admin) == list("9876543210")


def test_pages_follow_one_another_without_gap_or_repeat(app: FastAPI, client: TestClient, admin: Headers) -> None:
    seen: list[str] = []
    cursor: str | None = None
    while True:
        params = {"action": "test.*", "limit": "3"} | ({"cursor": cursor} if cursor else {})
        page = client.get("/audit-log", params=params, headers=admin).json()["data"]
        seen += [item["subject"].removeprefix("thing ") for item in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
        app.state.settings.change(Caller(name="x"), {"max_tokens_per_request": len(seen)})  # what is new moves nothing
    assert seen == list("9876543210")


def test_entries_are_found_by_action_actor_and_time(client: TestClient, admin: Headers) -> None:
    assert subjects(client, admin, action="test.odd") == list("97531")
    assert subjects(client, admin, actor="ann") == list("86420")
    assert subjects(client, admin, **{"from": "2026-01-01T03:00:00Z", "to": "2026-01-01T05:00:00Z"}) == ["4", "3"]
    assert subjects(client, admin, **{"from": "2026-01-01T08:45:00+05:45"}) == list("9876543")
    assert subjects(client, admin, to="2026-01-01") == []


def test_a_wildcard_in_an_action_is_only_the_one_at_its_end(client: TestClient, admin: Headers) -> None:
    assert subjects(client, admin, action="tes_.*") == []
    assert subjects(client, admin, action="%") == []


WRONG = [
    {"cursor": "nonsense"}, {"cursor": "WyJhIl0"}, {"limit": "0"}, {"limit": "501"}, {"from": "yesterday"},
    {"actor": "\0"},
]  # fmt: skip


def test_a_wrong_parameter_is_a_422(client: TestClient, admin: Headers) -> None:
    for params in WRONG:
        answer = client.get("/audit-log", params=params, headers=admin)
        assert answer.status_code == 422, params
        assert answer.json()["status"] == 422


def test_the_audit_log_is_for_admins(app: FastAPI, client: TestClient) -> None:
    assert client.get("/audit-log").status_code == 401
    app.state.authenticate = _as_viewer
    assert client.get("/audit-log").status_code == 403


async def _as_viewer(_request: object) -> Caller:
    return Caller(name="viewer@example.org", user_id=2, role=Role.VIEWER)

"""The demo logins: where and until when they work; and the one-time link that makes the first admin."""

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from callscope.accounts import setup
from callscope.accounts.models import Project, SetupLink, User
from callscope.accounts.service import AccountService
from callscope.api.rights import Role
from callscope.app import create_app
from callscope.config import Config
from callscope.db.engine import Database

from .conftest import PASSWORD, ROOT

DEMO_ADMIN = {"email": "admin@example.com", "password": "admin123"}
DEMO_VIEWER = {"email": "viewer@example.com", "password": "viewer123"}
FIRST = {"email": "first@example.org", "password": PASSWORD}


@pytest.fixture
def elsewhere(app: FastAPI) -> TestClient:
    """The same app, asked from another machine. Needs `client`, which starts it."""
    return TestClient(app, base_url="http://obs.example.org", client=("203.0.113.9", 40_000))


def login(client: TestClient, who: dict[str, str]) -> dict[str, str]:
    answer = client.post("/auth/login", json=who)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


def test_the_demo_logins_work_at_once_on_this_machine(client: TestClient) -> None:
    admin = client.get("/auth/me", headers=login(client, DEMO_ADMIN)).json()["data"]
    assert (admin["role"], admin["demo_logins_work"]) == ("ADMIN", True)
    viewer = client.get("/auth/me", headers=login(client, DEMO_VIEWER)).json()["data"]
    assert (viewer["role"], viewer["can_read_calls"], viewer["projects"]) == ("VIEWER", False, None)


def test_the_demo_logins_and_their_tokens_are_refused_elsewhere(client: TestClient, elsewhere: TestClient) -> None:
    token = login(client, DEMO_ADMIN)
    answer = elsewhere.post("/auth/login", json=DEMO_ADMIN)
    assert answer.status_code == 401
    assert "demo" in answer.json()["detail"]
    assert elsewhere.get("/auth/me", headers=token).status_code == 401
    assert client.get("/auth/me", headers={**token, "X-Forwarded-For": "203.0.113.9"}).status_code == 401
    assert client.get("/auth/me", headers={**token, "Host": "obs.example.org"}).status_code == 401
    assert client.get("/auth/me", headers=token).status_code == 200


def test_a_wrong_password_for_a_demo_login_says_nothing_of_it(elsewhere: TestClient, client: TestClient) -> None:
    wrong = elsewhere.post("/auth/login", json={**DEMO_ADMIN, "password": "wrong"}).json()
    assert wrong == elsewhere.post("/auth/login", json={**FIRST, "password": "wrong"}).json()


def test_the_demo_logins_end_when_there_is_another_admin(client: TestClient, accounts: AccountService) -> None:
    demo = login(client, DEMO_ADMIN)
    made = client.post("/users", headers=demo, json={**FIRST, "role": "ADMIN"})
    assert made.status_code == 201
    assert client.get("/auth/me", headers=demo).status_code == 401
    assert client.post("/auth/login", json=DEMO_VIEWER).status_code == 401
    first = login(client, FIRST)
    assert client.get("/auth/me", headers=first).json()["data"]["demo_logins_work"] is False


def test_the_demo_logins_end_seven_days_after_the_first_start(client: TestClient, db: Database) -> None:
    demo = login(client, DEMO_ADMIN)
    with db.write() as connection:
        connection.execute(update(User).values(created_at=datetime.now(UTC) - timedelta(days=7, seconds=1)))
    assert client.post("/auth/login", json=DEMO_ADMIN).status_code == 401
    client.app.state.versions.announce("accounts")  # type: ignore[attr-defined]  # Starlette's type knows no state
    assert client.get("/auth/me", headers=demo).status_code == 401


def test_a_demo_admin_with_a_new_password_is_an_admin_like_any_other(
    client: TestClient, accounts: AccountService, elsewhere: TestClient
) -> None:
    demo = login(client, DEMO_ADMIN)
    change = {"current_password": "admin123", "new_password": "admin123"}
    assert client.post("/auth/password", headers=demo, json=change).status_code == 422
    assert client.post("/auth/password", headers=demo, json={**change, "new_password": PASSWORD}).status_code == 200
    assert login(elsewhere, {**DEMO_ADMIN, "password": PASSWORD})
    assert client.post("/auth/login", json=DEMO_VIEWER).status_code == 401


def test_everywhere_lifts_the_limits_loudly(config: Config, capsys: pytest.CaptureFixture[str]) -> None:
    app = create_app(config.model_copy(update={"demo_users": "everywhere", "host": "0.0.0.0"}))
    with TestClient(app, base_url="http://obs.example.org", client=("203.0.113.9", 1)) as client:
        assert client.get("/auth/me", headers=login(client, DEMO_ADMIN)).status_code == 200
    printed = "".join(capsys.readouterr())
    assert "EVERYWHERE" in printed
    assert "/auth/setup" not in printed


def test_off_makes_no_demo_logins_and_prints_a_link(config: Config, capsys: pytest.CaptureFixture[str]) -> None:
    app = create_app(config.model_copy(update={"demo_users": "off"}))
    with TestClient(app, base_url="http://127.0.0.1:8000", client=("127.0.0.1", 1)) as client:
        app.state.accounts.passwords.rounds = 4
        assert client.post("/auth/login", json=DEMO_ADMIN).status_code == 401
        assert re.search(r"http://127\.0\.0\.1:8000/auth/setup\?token=\w{64}\n", capsys.readouterr().out)


def test_switching_the_demo_logins_off_ends_those_that_are_there(config: Config) -> None:
    with TestClient(create_app(config)):
        pass
    app = create_app(config.model_copy(update={"demo_users": "off"}))
    with TestClient(app, base_url="http://127.0.0.1:8000", client=("127.0.0.1", 1)) as client:
        assert client.post("/auth/login", json=DEMO_ADMIN).status_code == 401


def test_a_start_makes_the_same_however_often_and_in_how_many_processes(db: Database, config: Config) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: setup.prepare(db, config), range(8)))
    with db.read_session() as session:
        assert [(row.id, row.name) for row in session.scalars(select(Project))] == [(1, "default")]
        assert sorted(session.scalars(select(User.email))) == ["admin@example.com", "viewer@example.com"]


def test_one_link_is_printed_by_several_processes_and_again_by_a_restart(db: Database, config: Config) -> None:
    config = config.model_copy(update={"host": "0.0.0.0"})
    now = datetime.now(UTC)
    with ThreadPoolExecutor(4) as pool:
        links = [link for link in pool.map(lambda _: setup.prepare(db, config, now), range(4)) if link]
    assert len(links) == 1
    assert links[0].startswith("http://localhost:8000/auth/setup?token=")
    assert setup.prepare(db, config, now + timedelta(minutes=1)) == links[0]
    later = setup.prepare(db, config, now + timedelta(hours=25))
    assert later is not None
    assert later != links[0]
    with db.read_session() as session:
        stored = session.scalar(select(SetupLink.nonce))
    assert stored is not None
    assert stored not in later


@pytest.mark.parametrize(
    ("settings", "prints"),
    [
        ({}, False),
        ({"host": "0.0.0.0"}, True),
        ({"public_url": "https://obs.example.org"}, True),
        ({"demo_users": "off"}, True),
        ({"demo_users": "everywhere", "host": "0.0.0.0"}, False),
    ],
)
def test_a_link_is_printed_where_no_admin_can_log_in(
    db: Database, config: Config, settings: dict[str, str], prints: bool
) -> None:
    assert (setup.prepare(db, config.model_copy(update=settings)) is not None) == prints


def test_no_link_is_printed_where_there_is_an_admin(config: Config) -> None:
    config = config.model_copy(update={"host": "0.0.0.0"})
    app = create_app(config)
    with TestClient(app):
        app.state.accounts.passwords.rounds = 4
        link = setup.prepare(app.state.db, config, datetime.now(UTC) + timedelta(minutes=1))
        assert link is not None
        app.state.accounts.first_admin.create(link.partition("=")[2], FIRST["email"], PASSWORD)
        assert setup.prepare(app.state.db, config, datetime.now(UTC) + timedelta(minutes=1)) is None


@pytest.fixture
def token(client: TestClient, accounts: AccountService, db: Database, config: Config) -> str:
    """The token of the one-time link of the started app."""
    link = setup.prepare(db, config.model_copy(update={"demo_users": "off"}))
    assert link is not None
    return link.partition("=")[2]


def test_the_link_makes_the_first_admin_once(client: TestClient, token: str) -> None:
    weak = client.post("/auth/setup", json={**FIRST, "token": token, "password": "short"})
    assert weak.status_code == 422
    demo = client.post("/auth/setup", json={**DEMO_ADMIN, "token": token})
    assert demo.status_code == 422
    assert client.post("/auth/setup", json={**FIRST, "token": token[:-1] + "x"}).status_code == 403

    made = client.post("/auth/setup", json={**FIRST, "token": token})
    assert made.status_code == 201
    assert made.json()["data"]["user"]["role"] == "ADMIN"
    assert client.get("/users", headers={"Authorization": f"Bearer {made.json()['access_token']}"}).status_code == 200
    again = client.post("/auth/setup", json={**FIRST, "email": "second@example.org", "token": token})
    assert again.status_code == 403


def test_two_who_use_the_link_at_once_make_one_admin(client: TestClient, token: str) -> None:
    def use(number: int) -> int:
        return client.post("/auth/setup", json={**FIRST, "email": f"u{number}@example.org", "token": token}).status_code

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(use, range(4))) == [201, 403, 403, 403]


def test_the_link_does_not_hold_after_a_day_or_once_there_is_an_admin(
    client: TestClient, token: str, db: Database, make_user: Callable[..., User], accounts: AccountService
) -> None:
    jane = make_user("jane", role=Role.ADMIN)
    make_user("joe", role=Role.ADMIN)
    assert client.post("/auth/setup", json={**FIRST, "token": token}).status_code == 409
    accounts.users.delete(ROOT, jane.id)
    with db.write() as connection:
        connection.execute(update(User).where(User.email == "joe@example.org").values(is_active=False))
        connection.execute(update(SetupLink).values(expires_at=datetime.now(UTC)))
    assert client.post("/auth/setup", json={**FIRST, "token": token}).status_code == 403


def test_the_link_works_in_a_browser_without_scripts(client: TestClient, token: str) -> None:
    page = client.get("/auth/setup", params={"token": token})
    assert page.status_code == 200
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "form-action 'self'" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert f'value="{token}"' in page.text
    short = client.post("/auth/setup", data={**FIRST, "password": "short", "token": token})
    assert short.status_code == 422
    assert "<form" in short.text
    assert "8 characters" in short.text
    done = client.post("/auth/setup", data={**FIRST, "token": token})
    assert done.status_code == 201
    assert "first@example.org is an admin now" in done.text
    assert login(client, FIRST)
    gone = client.get("/auth/setup", params={"token": '"><script>'})
    assert gone.status_code == 403
    assert "<script>" not in gone.text


def test_the_sign_in_page_is_told_what_works_from_where_it_is_asked(
    client: TestClient, elsewhere: TestClient, db: Database
) -> None:
    assert client.get("/auth/options").json()["data"] == {"demo_logins": True, "registration": True}
    assert elsewhere.get("/auth/options").json()["data"] == {"demo_logins": False, "registration": False}
    with db.write() as connection:
        connection.execute(update(User).values(created_at=datetime.now(UTC) - timedelta(days=8)))
    assert client.get("/auth/options").json()["data"] == {"demo_logins": False, "registration": True}

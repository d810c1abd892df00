"""The dashboard's session cookie, and that pages from elsewhere can do nothing with it."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from callscope.accounts.models import User
from callscope.accounts.service import AccountService
from callscope.accounts.users import registering
from callscope.app import create_app
from callscope.config import Config

from .conftest import PASSWORD

OWN = {"Origin": "http://127.0.0.1:8000"}
CHANGE = {"current_password": PASSWORD, "new_password": "another password"}


@pytest.fixture
def browser(client: TestClient, make_user: Callable[..., User]) -> TestClient:
    """A browser with the session cookie of a user."""
    make_user("jane")
    answer = client.post("/auth/login", json={"email": "jane@example.org", "password": PASSWORD, "cookie": True})
    assert answer.status_code == 200
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert "Path=/" in cookie
    assert "Secure" not in cookie
    return client


def test_the_cookie_is_a_login_for_reading(browser: TestClient) -> None:
    assert browser.get("/auth/me").json()["data"]["email"] == "jane@example.org"


def test_a_change_with_the_cookie_needs_the_servers_own_origin(browser: TestClient) -> None:
    for origin in (None, "http://evil.example", "null", "http://127.0.0.1:9000", "https://127.0.0.1:8000"):
        headers = {"Origin": origin} if origin else {}
        assert browser.post("/auth/password", json=CHANGE, headers=headers).status_code == 403
        assert browser.post("/auth/logout", headers=headers).status_code == 403


def test_changing_the_password_in_the_browser_gives_it_a_new_cookie(browser: TestClient) -> None:
    assert browser.post("/auth/password", json=CHANGE, headers=OWN).status_code == 200
    assert browser.get("/auth/me").status_code == 200


def test_logging_out_clears_the_cookie_and_ends_its_token(browser: TestClient) -> None:
    token = browser.cookies["callscope_session"]
    answer = browser.post("/auth/logout", headers=OWN)
    assert answer.status_code == 200
    assert "Max-Age=0" in answer.headers["set-cookie"]
    assert browser.get("/auth/me").status_code == 401
    assert browser.get("/auth/me", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_a_token_in_the_header_needs_no_origin_also_beside_a_cookie(
    browser: TestClient, accounts: AccountService
) -> None:
    token = browser.cookies["callscope_session"]
    answer = browser.post("/auth/logout", headers={"Authorization": f"Bearer {token}", "Origin": "http://evil.example"})
    assert answer.status_code == 200


def test_a_page_from_elsewhere_cannot_log_a_visitor_in(client: TestClient, make_user: Callable[..., User]) -> None:
    make_user("jane")
    body = {"email": "jane@example.org", "password": PASSWORD, "cookie": True}
    foreign = {"Origin": "http://evil.example"}
    assert client.post("/auth/login", json=body, headers=foreign).status_code == 403
    as_text = client.post("/auth/login", content='{"email":"jane@example.org"}', headers={"Content-Type": "text/plain"})
    assert as_text.status_code == 422


def test_allowed_origins_and_the_public_address_count_as_own(config: Config) -> None:
    changed = config.model_copy(
        update={"cors_origins": ("https://board.example.org",), "public_url": "https://obs.example.org/base"}
    )
    app = create_app(changed)
    with TestClient(app, base_url="http://127.0.0.1:8000", client=("127.0.0.1", 50_000)) as client:
        accounts: AccountService = app.state.accounts
        accounts.passwords.rounds = 4
        user = accounts.users.store(None, registering("jane@example.org", PASSWORD), accounts.passwords.hash(PASSWORD))
        for origin in ("https://board.example.org", "https://obs.example.org"):
            client.cookies.set("callscope_session", accounts.token_for(user))
            assert client.post("/auth/logout", headers={"Origin": origin}).status_code == 200
        body = {"email": "jane@example.org", "password": PASSWORD, "cookie": True}
        assert "Secure" in client.post("/auth/login", json=body).headers["set-cookie"]

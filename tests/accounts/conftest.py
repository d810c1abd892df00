"""People and programs for the tests of accounts, with hashing made quick."""

from collections.abc import Callable

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from callscope.accounts.models import User
from callscope.accounts.service import AccountService
from callscope.accounts.users import NewUser
from callscope.api.rights import Caller, Role, Scope

PASSWORD = "correct horse"
ROOT = Caller(name="the tests", role=Role.ADMIN)

Headers = dict[str, str]
Login = Callable[..., Headers]


@pytest.fixture
def accounts(app: FastAPI, client: TestClient) -> AccountService:
    """The services of the started app."""
    service: AccountService = app.state.accounts
    service.passwords.rounds = 4
    return service


@pytest.fixture
def make_user(accounts: AccountService) -> Callable[..., User]:
    """Makes a user: `make_user("jane", role=Role.ADMIN, project_ids=[1])`."""

    def make(name: str, **fields: object) -> User:
        return accounts.users.create(ROOT, NewUser(f"{name}@example.org", PASSWORD, **fields))  # type: ignore[arg-type]

    return make


@pytest.fixture
def as_user(accounts: AccountService, make_user: Callable[..., User]) -> Login:
    """Makes a user, and gives the headers of his login."""

    def login(name: str, **fields: object) -> Headers:
        return {"Authorization": f"Bearer {accounts.token_for(make_user(name, **fields))}"}

    return login


@pytest.fixture
def admin(as_user: Login) -> Headers:
    """The headers of an admin's login."""
    return as_user("root", role=Role.ADMIN)


@pytest.fixture
def as_key(accounts: AccountService, app: FastAPI) -> Login:
    """Makes an API key with some scopes, for a project or for all, and gives its headers."""

    def key(*scopes: Scope, project: str | None = None) -> Headers:
        found = app.state.projects.by_name(project) if project else None
        return {"Authorization": f"Bearer {accounts.keys.create(ROOT, 'a key', scopes, found).secret}"}

    return key

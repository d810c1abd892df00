"""A server with two projects' data, and everybody who might ask it for something."""

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from callscope.accounts.models import User
from callscope.accounts.service import AccountService
from callscope.accounts.users import NewUser
from callscope.api.rights import Caller, Role, Scope
from callscope.app import create_app
from callscope.config import Config
from tests.conftest import LOCAL, SECRET

BASE = "http://127.0.0.1:8000"
PASSWORD = "correct horse battery"
ROOT = Caller(name="the tests", role=Role.ADMIN)
SECRET_WORD = "zzmarker"
"""In every text of the call in `shop` that somebody wrote."""

WRITTEN = {
    "prompt": f"{SECRET_WORD} prompt",
    "response": {"content": f"{SECRET_WORD} response"},
    "metadata": {f"{SECRET_WORD} key": f"{SECRET_WORD} metadata"},
    "request_params": {"stop": f"{SECRET_WORD} params"},
    "error_message": f"{SECRET_WORD} error",
    "error_type": f"{SECRET_WORD}Error",
    "refused": None,
    "end_user": f"{SECRET_WORD}-end-user",
    "session_id": f"{SECRET_WORD}-session",
    "trace_id": f"{SECRET_WORD}-trace",
    "span_id": f"{SECRET_WORD}-span",
    "parent_span_id": f"{SECRET_WORD}-parent",
    "name": f"{SECRET_WORD}-name",
    "tags": [f"{SECRET_WORD}-tag"],
    "response_id": f"{SECRET_WORD}-response-id",
    "request_model": f"{SECRET_WORD}-asked-for",
}
CALL = {
    "model": "gpt-4o-mini", "prompt_tokens": 100, "completion_tokens": 23, "latency_ms": 700, "status": "success",
}  # fmt: skip
TODAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
DAYS = {"from": (TODAY - timedelta(days=9)).isoformat(), "to": (TODAY + timedelta(days=2)).isoformat()}
"""A range of whole days with fixed ends, so that two answers can be compared."""

Headers = dict[str, str]


@dataclass
class World:
    """The server, and what there is on it. `call_id` and `own_call_id` are calls in `shop` and `default`."""

    app: FastAPI
    client: TestClient
    accounts: AccountService
    projects: dict[str, int] = field(default_factory=dict)
    call_id: int = 0
    own_call_id: int = 0
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def fresh(self, prefix: str) -> str:
        """A name that nobody has yet."""
        return f"{prefix}-{next(self._numbers)}"

    def user(self, *, projects: list[str] | None = None, **fields: Any) -> User:
        """A new user, limited to the named projects."""
        ids = None if projects is None else [self.projects[name] for name in projects]
        email = f"{self.fresh('user')}@example.org"
        return self.accounts.users.create(ROOT, NewUser(email, PASSWORD, project_ids=ids, **fields))

    def key(self, *scopes: Scope, project: str | None = None, name: str = "a key") -> Headers:
        """A new API key."""
        found = self.app.state.projects.by_name(project) if project else None
        return bearer(self.accounts.keys.create(ROOT, name, scopes, found).secret)

    def log(self, headers: Headers, **fields: Any) -> int:
        """Log a call, and give its number."""
        answer = self.client.post("/llm/log-call", json={**CALL, **fields}, headers=headers)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["data"]["id"])


@contextmanager
def open_world(database_url: str, folder: Path, *, admin: bool = True) -> Iterator[World]:
    """A started server with the data in it; without `admin` nobody but the demo logins can administer it."""
    config = Config(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own argument
        database_url_setting=database_url, secret_key_setting=SECRET, data_dir=folder, log_level="debug",
    )  # fmt: skip
    app = create_app(config)
    with TestClient(app, base_url=BASE, client=LOCAL, raise_server_exceptions=False) as client:
        app.state.accounts.passwords.rounds = 4
        world = World(app, client, app.state.accounts)
        for name in ("shop", "other"):
            world.projects[name] = app.state.projects.create(ROOT, name).id
        world.projects["default"] = 1
        if admin:
            world.user(role=Role.ADMIN)
        writer = world.key(Scope.INGEST)
        world.own_call_id = world.log(writer)
        world.call_id = world.log(writer, project="shop", status="error", **WRITTEN)
        rated = {"llm_call_id": world.call_id, "rating": 2, "comment": f"{SECRET_WORD} comment", "author": SECRET_WORD}
        assert client.post("/feedback", json=rated, headers=writer).status_code == 201
        yield world


def bearer(credential: str) -> Headers:
    """The header that a program sends."""
    return {"Authorization": f"Bearer {credential}"}


@dataclass(frozen=True)
class Somebody:
    """Somebody. `log_in` gives the headers of a request, of a new session each time, since a route may end it."""

    name: str
    log_in: Callable[[], Headers]
    kind: str = "user"  # nobody, user, key; or `void` for a login or key that does not hold
    is_admin: bool = False
    scopes: frozenset[Scope] = frozenset()
    reads_calls: bool = False
    projects: frozenset[str] | None = None
    may_change: bool = True  # False: the session cookie without the dashboard's Origin

    def sees(self, project: str) -> bool:
        """Whether he may see and write this project."""
        return self.projects is None or project in self.projects


def everybody(world: World) -> list[Somebody]:
    """Everybody who might ask, for the table and for what must stay hidden."""
    return [*_users(world), *_keys(world), *_void(world)]


def _users(world: World) -> list[Somebody]:
    def person(name: str, projects: list[str] | None = None, **fields: Any) -> Somebody:
        user = world.user(projects=projects, can_read_calls=fields.get("reads_calls", False), **_role(fields))
        fields["reads_calls"] = fields.get("reads_calls", False) or fields.get("is_admin", False)
        allowed = None if projects is None else frozenset(projects)
        return Somebody(name, lambda: bearer(world.accounts.token_for(user)), projects=allowed, **fields)

    def with_cookie(name: str, origin: str | None, *, is_admin: bool) -> Somebody:
        user = world.user(role=Role.ADMIN if is_admin else Role.VIEWER)

        def headers() -> Headers:
            sent = {"Cookie": f"callscope_session={world.accounts.token_for(user)}"}
            return sent if origin is None else {**sent, "Origin": origin}

        return Somebody(name, headers, is_admin=is_admin, reads_calls=is_admin, may_change=origin == BASE)

    return [
        Somebody("nobody", dict, kind="nobody"),
        person("viewer"),
        person("viewer of default", ["default"]),
        person("viewer of another project", ["other"]),
        person("viewer of the project", ["shop", "default"]),
        person("viewer of no project", []),
        person("viewer who reads calls", reads_calls=True),
        person("viewer of another project who reads calls", ["other"], reads_calls=True),
        person("viewer of the project who reads calls", ["shop"], reads_calls=True),
        person("admin", is_admin=True),
        with_cookie("admin on the dashboard", BASE, is_admin=True),
        with_cookie("viewer on the dashboard", BASE, is_admin=False),
        with_cookie("admin's cookie without Origin", None, is_admin=True),
        with_cookie("admin's cookie from another page", "https://evil.example.org", is_admin=True),
        with_cookie("viewer's cookie without Origin", None, is_admin=False),
    ]


def _role(fields: dict[str, Any]) -> dict[str, Any]:
    return {"role": Role.ADMIN} if fields.get("is_admin") else {}


def _keys(world: World) -> list[Somebody]:
    found = []
    for scope in Scope:
        for project in (None, "other", "shop"):
            headers = world.key(scope, project=project)
            found.append(
                Somebody(
                    f"key {scope.value}" + (f" of {project}" if project else ""),
                    lambda headers=headers: headers,  # type: ignore[misc]  # mypy does not see the default's type
                    kind="key",
                    scopes=frozenset({scope}),
                    reads_calls=scope is Scope.CALLS,
                    projects=None if project is None else frozenset({project}),
                )
            )
    return found


def _void(world: World) -> list[Somebody]:
    """Logins and keys that do not hold, or no longer: an admin's, so that nothing but that can be why."""
    admins = [world.user(role=Role.ADMIN) for _ in range(5)]
    gone, removed, renewed, late, left = admins
    tokens = [bearer(world.accounts.token_for(user)) for user in admins]
    world.accounts.users.update(ROOT, gone.id, {"is_active": False})
    world.accounts.users.delete(ROOT, removed.id)
    change = {"current_password": PASSWORD, "new_password": "another long password"}
    assert world.client.post("/auth/password", json=change, headers=tokens[2]).status_code == 200
    an_hour_over = time.time() - world.accounts.tokens.lifetime_seconds - 3600
    expired = bearer(world.accounts.tokens.issue(late.id, late.token_version, an_hour_over))
    assert world.client.post("/auth/logout", headers=tokens[4]).status_code == 200
    made = world.accounts.keys.create(ROOT, "a key", list(Scope), None)
    world.accounts.keys.revoke(ROOT, made.key.id)
    forged = bearer(type(world.accounts.tokens)("another secret " * 3, 3600).issue(left.id, left.token_version))
    void = {
        "deactivated user": tokens[0],
        "removed user": tokens[1],
        "token from before a password change": tokens[2],
        "expired token": expired,
        "logged-out token": tokens[4],
        "token signed with another secret": forged,
        "revoked key": bearer(made.secret),
        "revoked key as X-API-Key": {"X-API-Key": made.secret},
        "key that never was": bearer("cs_" + "a" * 43),
        "logged-out cookie": {"Cookie": f"callscope_session={tokens[4]['Authorization'][7:]}", "Origin": BASE},
    }
    assert renewed.id != left.id
    return [Somebody(name, lambda headers=headers: headers, kind="void") for name, headers in void.items()]  # type: ignore[misc]  # as above

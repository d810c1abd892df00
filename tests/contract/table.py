"""The table of rights: each route, whose it is, and how it is called. Written by hand from the contract, not from the code.

What anybody is answered follows from the row: see `expected`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from callscope.api.rights import Role, Scope
from tests.contract.world import BASE, CALL, PASSWORD, ROOT, Somebody, World


class Right(Enum):
    """The column "rights" of the contract."""

    OPEN = "open"
    INGEST = "key ingest, or a user"
    VIEWER = "any user; on GET also a key with scope metrics or calls"
    CALLS = "an admin, a viewer who may read calls, or a key with scope calls"
    ADMIN = "admin"


@dataclass(frozen=True)
class Row:
    """One route, called as somebody would who may.

    Args:
        about: the project that the request is about by what it names; None where it names none.
        path: fills the parts of the route's path. body: of the request, made anew for each.
        form: whether the body is a form.
        answer: what is answered to whoever may.
    """

    method: str
    route: str
    right: Right
    answer: int = 200
    about: str | None = None
    query: str = ""
    path: Callable[[World], dict[str, Any]] = lambda _world: {}
    body: Callable[[World], Any] = lambda _world: None

    @property
    def name(self) -> str:
        """For reports: two rows may call one route."""
        return f"{self.method} {self.route}{self.query}"

    def url(self, world: World) -> str:
        """What is asked for."""
        return self.route.format(**self.path(world)) + self.query


def expected(row: Row, role: Somebody) -> int:
    """What the contract says that this somebody is answered."""
    if row.right is Right.OPEN:
        return row.answer
    if role.kind == "nobody":
        return 401
    if role.kind == "void":
        return 401
    if not role.may_change and row.method != "GET":
        return 403
    if not _has_right(row, role):
        return 403
    if row.about is not None and not role.sees(row.about):
        return 403
    return row.answer


def _has_right(row: Row, role: Somebody) -> bool:
    match row.right:
        case Right.ADMIN:
            return role.is_admin
        case Right.CALLS:
            return role.reads_calls
        case Right.VIEWER:
            reading = row.method == "GET" and bool(role.scopes & {Scope.METRICS, Scope.CALLS})
            return role.kind == "user" or reading
        case Right.INGEST:
            return role.kind == "user" or Scope.INGEST in role.scopes
        case _:
            return True


def _fresh_user(world: World) -> dict[str, Any]:
    return {"id": world.user().id}


def _fresh_key(world: World) -> dict[str, Any]:
    return {"id": world.accounts.keys.create(ROOT, "to be revoked", [Scope.INGEST], None).key.id}


def _new_user(world: World) -> dict[str, Any]:
    return {"email": f"{world.fresh('new')}@example.org", "password": PASSWORD, "projects": ["shop"]}


def _known_user(world: World) -> dict[str, str]:
    return {"email": world.user(role=Role.VIEWER).email, "password": PASSWORD}


METRICS = ("summary", "token-usage", "latency", "error-rate", "cost")
TABLE = [
    Row("GET", "/", Right.OPEN),
    Row("GET", "/start.css", Right.OPEN),
    Row("GET", "/docs", Right.OPEN),
    Row("GET", "/docs/oauth2-redirect", Right.OPEN),
    Row("GET", "/docs/assets/{file}", Right.OPEN, path=lambda _: {"file": "favicon.png"}),
    Row("GET", "/redoc", Right.OPEN),
    Row("GET", "/openapi.json", Right.OPEN),
    Row("HEAD", "/openapi.json", Right.OPEN),
    Row("GET", "/health/live", Right.OPEN),
    Row("GET", "/health/ready", Right.OPEN),
    # Registering is open to local requests, as the table's are; from elsewhere: below.
    Row("POST", "/auth/register", Right.OPEN, 422, body=lambda _: {"email": "jane@example.org"}),
    Row("POST", "/auth/login", Right.OPEN, body=_known_user),
    # The one-time link is its own right, and no login stands in for it.
    Row("GET", "/auth/setup", Right.OPEN, 403, query="?token=guessed"),
    Row("POST", "/auth/setup", Right.OPEN, 403, body=lambda world: {**_new_user(world), "token": "guessed"}),
    Row("GET", "/auth/me", Right.VIEWER),
    Row(
        "POST", "/auth/password", Right.VIEWER, 422,
        body=lambda _: {"current_password": PASSWORD, "new_password": PASSWORD},
    ),
    Row("POST", "/auth/logout", Right.VIEWER),
    Row("GET", "/users", Right.ADMIN),
    Row("POST", "/users", Right.ADMIN, 201, body=_new_user),
    Row("PATCH", "/users/{id}", Right.ADMIN, path=_fresh_user, body=lambda _: {"can_read_calls": True}),
    Row("DELETE", "/users/{id}", Right.ADMIN, path=_fresh_user),
    Row("GET", "/projects", Right.VIEWER),
    Row("POST", "/projects", Right.ADMIN, 201, body=lambda world: {"name": world.fresh("project")}),
    Row(
        "PATCH", "/projects/{id}", Right.ADMIN,
        path=lambda world: {"id": world.projects["other"]}, body=lambda _: {"description": "changed"},
    ),
    Row("GET", "/api-keys", Right.ADMIN),
    Row("POST", "/api-keys", Right.ADMIN, 201, body=lambda _: {"name": "a program", "scopes": ["ingest"]}),
    Row("DELETE", "/api-keys/{id}", Right.ADMIN, path=_fresh_key),
    Row("POST", "/llm/log-call", Right.INGEST, 201, "shop", body=lambda _: {**CALL, "project": "shop"}),
    Row("POST", "/llm/log-calls", Right.INGEST, 201, "shop", body=lambda _: [{**CALL, "project": "shop"}]),
    Row("GET", "/llm/calls", Right.CALLS),
    Row("GET", "/llm/calls", Right.CALLS, about="shop", query="?project=shop"),
    Row("GET", "/llm/calls/{call_id}", Right.CALLS, about="shop", path=lambda world: {"call_id": world.call_id}),
    Row("GET", "/llm/models", Right.VIEWER),
    Row("POST", "/llm/models", Right.ADMIN, 201, body=lambda world: {"name": world.fresh("llama"), "provider": "us"}),
    Row("PATCH", "/llm/models/{model_id}", Right.ADMIN, path=lambda _: {"model_id": 5}, body=lambda _: {"enabled": True}),
    *(Row("GET", f"/metrics/{name}", Right.VIEWER) for name in METRICS),
    *(Row("GET", f"/metrics/{name}", Right.VIEWER, about="shop", query="?project=shop") for name in METRICS),
    # End users are people's names: payload, though everything else on that page is for any viewer.
    Row("GET", "/metrics/cost", Right.CALLS, query="?by=end_user"),
    Row("GET", "/metrics/cost", Right.CALLS, about="shop", query="?by=end_user&project=shop"),
    Row("POST", "/feedback", Right.INGEST, 201, "shop", body=lambda world: {"llm_call_id": world.call_id, "rating": 4}),
    Row("GET", "/feedback", Right.ADMIN),
    Row("GET", "/feedback/summary", Right.VIEWER),
    Row("GET", "/feedback/summary", Right.VIEWER, about="shop", query="?project=shop"),
    Row("GET", "/settings", Right.ADMIN),
    Row("PUT", "/settings", Right.ADMIN, body=lambda _: {"enable_caching": True}),
    Row("GET", "/audit-log", Right.ADMIN),
]  # fmt: skip
ELSEWHERE = "http://obs.example.org"
assert BASE != ELSEWHERE

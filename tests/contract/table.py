"""The table of rights: each route, whose it is, and how it is called. Written by hand from the contract, not from the code.

What anybody is answered follows from the row: see `expected`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from callscope.api.rights import Role, Scope
from callscope.pricing.schemas import ModelIn
from callscope.repricing.schemas import RepricingIn
from callscope.repricing.service import RepricingService
from callscope.views.schemas import ViewIn
from tests.contract.world import BASE, CALL, PASSWORD, ROOT, Headers, Somebody, World


class Right(Enum):
    """The column "rights" of the contract."""

    OPEN = "open"
    LOCAL = "a local request; else an admin or a key with scope metrics, not limited to projects"
    INGEST = "key ingest, or a user"
    PROGRAM = "key ingest or gateway"
    GATEWAY = "key gateway"
    VIEWER = "any user; on GET also a key with scope metrics or calls"
    CALLS = "an admin, a viewer who may read calls, or a key with scope calls"
    READER = "an admin, or a viewer who may read calls"
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
        return self.route.replace(":path}", "}").format(**self.path(world)) + self.query


def whoever_may(row: Row, world: World, admin: Headers) -> Headers:
    """The headers of somebody who may call the row's route: the admin, or a key where it takes nobody else."""
    return world.key(Scope.GATEWAY) if row.right in {Right.PROGRAM, Right.GATEWAY} else admin


def expected(row: Row, role: Somebody) -> int:
    """What the contract says that this somebody is answered."""
    if row.right is Right.OPEN:
        return row.answer
    if row.right is Right.LOCAL and role.kind == "nobody":  # all of the table's requests are local
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
        case Right.LOCAL:
            return role.projects is None and (role.is_admin or Scope.METRICS in role.scopes)
        case Right.ADMIN:
            return role.is_admin
        case Right.CALLS:
            return role.reads_calls
        case Right.READER:
            return role.kind == "user" and role.reads_calls
        case Right.VIEWER:
            reading = row.method == "GET" and bool(role.scopes & {Scope.METRICS, Scope.CALLS})
            return role.kind == "user" or reading
        case Right.INGEST:
            return role.kind == "user" or Scope.INGEST in role.scopes
        case Right.PROGRAM:
            return bool(role.scopes & {Scope.INGEST, Scope.GATEWAY})
        case Right.GATEWAY:
            return Scope.GATEWAY in role.scopes
        case _:
            return True


def _fresh_user(world: World) -> dict[str, Any]:
    return {"id": world.user().id}


def _fresh_key(world: World) -> dict[str, Any]:
    return {"id": world.accounts.keys.create(ROOT, "to be revoked", [Scope.INGEST], None).key.id}


def _fresh_repricing(world: World) -> dict[str, Any]:
    service: RepricingService = world.app.state.repricings
    for one in service.page(None, 100):  # so few may wait at a time
        if one.state == "queued":
            service.cancel(ROOT, one.id)
    return {"repricing_id": service.create(ROOT, RepricingIn.model_validate({"model_id": 5}), "another process").id}


def _fresh_erasure(world: World) -> dict[str, Any]:
    return {"erasure_id": world.app.state.erasures.create(ROOT, "nobody").id}


def _fresh_price(world: World) -> dict[str, Any]:
    model = ModelIn.model_validate(
        {"name": world.fresh("llama"), "provider": "us", "prices": [{"input": 1, "output": 2}]}
    )
    made = world.app.state.pricing.create(ROOT, model)
    return {"model_id": made.id, "price_id": made.prices[0].id}


def _shared_view(world: World, project: str | None = None) -> dict[str, Any]:
    view = {"name": world.fresh("view"), "filters": {"project": project}, "shared": True}
    return {"view_id": world.app.state.views.create(ROOT, ViewIn.model_validate(view)).id}


def _new_user(world: World) -> dict[str, Any]:
    return {"email": f"{world.fresh('new')}@example.org", "password": PASSWORD, "projects": ["shop"]}


def _known_user(world: World) -> dict[str, str]:
    return {"email": world.user(role=Role.VIEWER).email, "password": PASSWORD}


def _entry(world: World) -> dict[str, Any]:
    world.app.state.settings.change(ROOT, {"enable_caching": True})
    return {"digest": "0" * 64}


METRICS = ("summary", "token-usage", "latency", "error-rate", "cost", "cost/why", "cost/forecast")
TABLE = [
    Row("GET", "/", Right.OPEN),
    Row("GET", "/start.css", Right.OPEN),
    Row("GET", "/ui/{file}", Right.OPEN, path=lambda _: {"file": "calls/17"}),
    Row("GET", "/docs", Right.OPEN),
    Row("GET", "/docs/oauth2-redirect", Right.OPEN),
    Row("GET", "/docs/assets/{file}", Right.OPEN, path=lambda _: {"file": "favicon.png"}),
    Row("GET", "/redoc", Right.OPEN),
    Row("GET", "/openapi.json", Right.OPEN),
    Row("HEAD", "/openapi.json", Right.OPEN),
    Row("GET", "/health/live", Right.OPEN),
    Row("GET", "/health/ready", Right.OPEN),
    Row("GET", "/health/details", Right.ADMIN),
    Row("GET", "/metrics", Right.LOCAL),
    # Registering is open to local requests, as the table's are; from elsewhere: below.
    Row("POST", "/auth/register", Right.OPEN, 422, body=lambda _: {"email": "jane@example.org"}),
    Row("POST", "/auth/login", Right.OPEN, body=_known_user),
    Row("GET", "/auth/options", Right.OPEN),
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
    Row(
        "GET", "/projects/{id}/retention", Right.ADMIN,
        path=lambda world: {"id": world.projects["other"]}, query="?payload_days=30",
    ),
    Row("DELETE", "/end-users/{end_user:path}", Right.ADMIN, 202, path=lambda _: {"end_user": "nobody/at%20all"}),
    Row("POST", "/erasures", Right.ADMIN, 202, body=lambda _: {"end_user": "nobody"}),
    Row("GET", "/erasures", Right.ADMIN),
    Row("GET", "/erasures/{erasure_id}", Right.ADMIN, path=_fresh_erasure),
    Row("GET", "/api-keys", Right.ADMIN),
    Row("POST", "/api-keys", Right.ADMIN, 201, body=lambda _: {"name": "a program", "scopes": ["ingest"]}),
    Row("PATCH", "/api-keys/{id}", Right.ADMIN, path=_fresh_key, body=lambda _: {"requests_per_minute": 600}),
    Row("DELETE", "/api-keys/{id}", Right.ADMIN, path=_fresh_key),
    Row("POST", "/llm/log-call", Right.INGEST, 201, "shop", body=lambda _: {**CALL, "project": "shop"}),
    Row("POST", "/llm/log-calls", Right.INGEST, 201, "shop", body=lambda _: [{**CALL, "project": "shop"}]),
    Row("GET", "/llm/calls", Right.CALLS),
    Row("GET", "/llm/calls", Right.CALLS, about="shop", query="?project=shop"),
    Row("GET", "/llm/calls/facets", Right.CALLS, query="?field=end_user"),
    Row("GET", "/llm/calls/facets", Right.CALLS, about="shop", query="?field=model&project=shop"),
    Row("GET", "/llm/calls/export", Right.CALLS, query="?format=csv"),
    Row("GET", "/llm/calls/export", Right.CALLS, about="shop", query="?format=ndjson&project=shop"),
    Row("GET", "/llm/calls/stream", Right.CALLS, query="?seconds=0"),
    Row("GET", "/llm/calls/stream", Right.CALLS, about="shop", query="?project=shop&seconds=0"),
    Row("GET", "/llm/calls/{call_id}", Right.CALLS, about="shop", path=lambda world: {"call_id": world.call_id}),
    Row("GET", "/llm/models", Right.VIEWER),
    Row("POST", "/llm/models", Right.ADMIN, 201, body=lambda world: {"name": world.fresh("llama"), "provider": "us"}),
    Row("PATCH", "/llm/models/{model_id}", Right.ADMIN, path=lambda _: {"model_id": 5}, body=lambda _: {"enabled": True}),
    Row("GET", "/llm/models/{model_id}", Right.VIEWER, path=lambda _: {"model_id": 5}),
    Row(
        "PUT", "/llm/models/{model_id}/prices/{price_id}", Right.ADMIN,
        path=_fresh_price, body=lambda _: {"input": 1, "output": 2},
    ),
    Row("DELETE", "/llm/models/{model_id}/prices/{price_id}", Right.ADMIN, path=_fresh_price),
    Row("POST", "/llm/repricings", Right.ADMIN, 202, body=lambda _: {"model_id": 5, "dry_run": True}),
    Row("GET", "/llm/repricings", Right.ADMIN),
    Row("GET", "/llm/repricings/{repricing_id}", Right.ADMIN, path=_fresh_repricing),
    Row("DELETE", "/llm/repricings/{repricing_id}", Right.ADMIN, path=_fresh_repricing),
    Row("GET", "/llm/unpriced", Right.ADMIN),
    *(Row("GET", f"/metrics/{name}", Right.VIEWER) for name in METRICS),
    *(Row("GET", f"/metrics/{name}", Right.VIEWER, about="shop", query="?project=shop") for name in METRICS),
    Row("GET", "/metrics/what-if", Right.VIEWER, query="?model=gpt-4o"),
    Row("GET", "/metrics/what-if", Right.VIEWER, about="shop", query="?model=gpt-4o&project=shop"),
    # End users are people's names: payload, though everything else on that page is for any viewer.
    Row("GET", "/metrics/cost", Right.CALLS, query="?by=end_user"),
    Row("GET", "/metrics/cost", Right.CALLS, about="shop", query="?by=end_user&project=shop"),
    Row("POST", "/feedback", Right.INGEST, 201, "shop", body=lambda world: {"llm_call_id": world.call_id, "rating": 4}),
    Row("GET", "/feedback", Right.ADMIN),
    Row("GET", "/feedback/summary", Right.VIEWER),
    Row("GET", "/feedback/summary", Right.VIEWER, about="shop", query="?project=shop"),
    Row("GET", "/settings", Right.ADMIN),
    Row("PUT", "/settings", Right.ADMIN, body=lambda _: {"enable_caching": True}),
    Row("GET", "/policy", Right.PROGRAM),
    Row("GET", "/policy/stream", Right.PROGRAM, query="?seconds=0"),
    # Nothing is kept under the digest.
    Row("GET", "/cache/{digest}", Right.GATEWAY, 404, path=_entry),
    Row("GET", "/cache/{digest}", Right.GATEWAY, 404, "shop", path=_entry, query="?project=shop"),
    Row(
        "PUT", "/cache/{digest}", Right.GATEWAY,
        path=lambda world: _entry(world) | {"digest": "f" * 64}, body=lambda _: {"value": 1, "model": "gpt-4"},
    ),
    Row("GET", "/views", Right.READER),
    Row("POST", "/views", Right.READER, 201, body=lambda world: {"name": world.fresh("view"), "filters": {}}),
    Row(
        "POST", "/views", Right.READER, 201, "shop", query="?",
        body=lambda world: {"name": world.fresh("view"), "filters": {"project": "shop"}},
    ),
    # Another's; one's own are in tests/views.
    Row("PATCH", "/views/{view_id}", Right.ADMIN, path=_shared_view, body=lambda _: {"shared": True}),
    Row("DELETE", "/views/{view_id}", Right.ADMIN, path=_shared_view),
    Row("GET", "/audit-log", Right.ADMIN),
]  # fmt: skip
NOT_JSON = ("/metrics", "/auth/setup", "/policy/stream", "/llm/calls/export", "/llm/calls/stream")
"""Pages, streams and files: what they answer is no JSON."""
ELSEWHERE = "http://obs.example.org"
assert BASE != ELSEWHERE

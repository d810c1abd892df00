"""Who calls, and what he may do. A route states its right as the type of a parameter.

    async def list_calls(caller: CallReader, …)

The subject `accounts` says who a request comes from (`app.state.authenticate`); here is what follows from it.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Annotated

from fastapi import Depends, Request

from callscope.api.errors import Forbidden, Unauthenticated


class Role(StrEnum):
    """A user's role."""

    ADMIN = "ADMIN"
    VIEWER = "VIEWER"


class Scope(StrEnum):
    """What an API key may do."""

    INGEST = "ingest"
    METRICS = "metrics"
    CALLS = "calls"
    GATEWAY = "gateway"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who a request comes from: a user or an API key, and the projects he is limited to (None: all)."""

    name: str
    user_id: int | None = None
    api_key_id: int | None = None
    role: Role | None = None
    scopes: frozenset[Scope] = field(default_factory=frozenset)
    project_ids: frozenset[int] | None = None
    can_read_calls: bool = False
    session: str = ""

    @property
    def is_admin(self) -> bool:
        """Whether it is a user with the role ADMIN."""
        return self.role is Role.ADMIN

    def may_see(self, project_id: int) -> bool:
        """Whether the caller may see and write this project."""
        return self.project_ids is None or project_id in self.project_ids

    def in_any_session(self) -> "Caller":
        """The same for all of a user's sessions: for what one caller may have so many of at a time."""
        return replace(self, session="")


Authenticate = Callable[[Request], Awaitable[Caller | None]]


async def optional_caller(request: Request) -> Caller | None:
    """Who calls, or None for nobody. A login or key that does not hold is a 401 all the same."""
    authenticate: Authenticate = request.app.state.authenticate
    return await authenticate(request)


async def _authenticated(request: Request) -> Caller:
    caller = await optional_caller(request)
    if caller is None:
        raise Unauthenticated
    return caller


async def _admin(request: Request) -> Caller:
    caller = await _authenticated(request)
    if not caller.is_admin:
        raise Forbidden("Only an admin may do this.")
    return caller


async def _user(request: Request) -> Caller:
    caller = await _authenticated(request)
    if caller.role is None:
        raise Forbidden("This needs a user's login; an API key is not enough.")
    return caller


async def _viewer(request: Request) -> Caller:
    caller = await _authenticated(request)
    if caller.role is not None:
        return caller
    if request.method == "GET" and caller.scopes & {Scope.METRICS, Scope.CALLS}:
        return caller
    raise Forbidden("This needs a user's login or, for reading, an API key with scope metrics.")


async def _calls(request: Request) -> Caller:
    caller = await _authenticated(request)
    if may_read_calls(caller):
        return caller
    raise Forbidden("Calls hold what people wrote. An admin can give you the right to read them under Users.")


async def _reader(request: Request) -> Caller:
    caller = await _user(request)
    if may_read_calls(caller):
        return caller
    raise Forbidden("This is about calls. An admin can give you the right to read them under Users.")


async def ingester(request: Request) -> Caller:
    """Who may log calls; see `Ingester`."""
    caller = await _authenticated(request)
    if caller.role is not None or Scope.INGEST in caller.scopes:
        return caller
    raise Forbidden("This needs an API key with scope ingest.")


async def _program(request: Request) -> Caller:
    caller = await _authenticated(request)
    if caller.scopes & {Scope.INGEST, Scope.GATEWAY}:
        return caller
    raise Forbidden("This needs an API key with scope ingest or gateway.")


async def _gateway(request: Request) -> Caller:
    caller = await _authenticated(request)
    if Scope.GATEWAY in caller.scopes:
        return caller
    raise Forbidden("This needs an API key with scope gateway.")


def may_read_calls(caller: Caller) -> bool:
    """Whether payloads may be shown: an admin, a viewer who was given the right, a key with scope calls."""
    return caller.is_admin or (caller.role is not None and caller.can_read_calls) or Scope.CALLS in caller.scopes


Admin = Annotated[Caller, Depends(_admin)]
"""A user with the role ADMIN."""
User = Annotated[Caller, Depends(_user)]
"""Any logged-in user, never a key."""
Viewer = Annotated[Caller, Depends(_viewer)]
"""Any logged-in user; on GET also a key with scope metrics."""
CallReader = Annotated[Caller, Depends(_calls)]
"""Who may see payloads."""
Reader = Annotated[Caller, Depends(_reader)]
"""A user who may see payloads, never a key."""
Ingester = Annotated[Caller, Depends(ingester)]
"""Who may log calls: a key with scope ingest, or any logged-in user."""
Program = Annotated[Caller, Depends(_program)]
"""A program that calls models: a key with scope ingest or gateway."""
Gateway = Annotated[Caller, Depends(_gateway)]
"""A key with scope gateway."""

"""Who a request comes from. This runs on every request, so once a login or key is known, it costs no SQL."""

import hashlib
import math
import time
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from callscope.accounts.cache import BoundedCache
from callscope.accounts.changes import ACCOUNTS
from callscope.accounts.cookies import COOKIE, SAFE_METHODS, check_origin
from callscope.accounts.demo import is_demo, works_until
from callscope.accounts.keys import KEY_START, KeyUsage, hash_secret
from callscope.accounts.models import ApiKey, EndedSession, User
from callscope.accounts.tokens import Token, Tokens
from callscope.api.errors import Unauthenticated
from callscope.api.local import is_local
from callscope.api.rate_limits import RateLimits
from callscope.api.rights import Caller, Role, Scope
from callscope.config import Config
from callscope.db.engine import Database
from callscope.db.versions import Versions

SESSIONS = "sessions"
"""The name under which logouts are announced."""


class LoginEnded(Unauthenticated):
    """A token or key that does not hold, or no longer."""

    def __init__(self) -> None:
        super().__init__("This login or API key does not hold, or no longer. Log in again, or use another key.")


class DemoElsewhere(Unauthenticated):
    """A demo login where it does not work."""

    def __init__(self) -> None:
        super().__init__(
            "The demo logins work only on the machine that Callscope runs on, for seven days, and until there is "
            "another admin."
        )


_COUNTED = "callscope.counted"
"""In the scope of a request that its key's limit has counted."""


@dataclass(frozen=True, slots=True)
class Known:
    """A login or key that holds. `demo_until` is None for all but demo logins; times are seconds since the epoch."""

    caller: Caller
    expires_at: float = math.inf
    demo_until: float | None = None
    requests_per_minute: int | None = None


class Authenticator:
    """Finds the caller of a request: an access token or API key as Bearer, `X-API-Key`, or the session cookie."""

    def __init__(
        self, config: Config, db: Database, versions: Versions, tokens: Tokens, usage: KeyUsage, rates: RateLimits
    ) -> None:
        self._config = config
        self._db = db
        self._tokens = tokens
        self._usage = usage
        self._rates = rates
        self._known: BoundedCache[bytes, Known] = BoundedCache()
        versions.watch(ACCOUNTS, self._known.clear)
        versions.watch(SESSIONS, self._known.clear)

    async def __call__(self, request: Request) -> Caller | None:
        """The caller, or None if the request names nobody.

        Raises LoginEnded, DemoElsewhere, RateLimited, and ForeignOrigin for the cookie on a page from elsewhere.
        """
        credential = _credential(request)
        if credential is None:
            credential = request.cookies.get(COOKIE)
            if not credential:
                return None
            if request.method not in SAFE_METHODS:
                check_origin(request, self._config)
        return await self._caller(request, credential)

    async def _caller(self, request: Request, credential: str) -> Caller:
        digest = hashlib.sha256(credential.encode()).digest()
        known = self._known.get(digest)
        if known is None:
            generation = self._known.generation
            known = await run_in_threadpool(self._find, credential)
            self._known.put(digest, known, generation)
        now = time.time()
        if known.expires_at <= now:
            raise LoginEnded
        if known.demo_until is not None and not demo_holds(known.demo_until, request, self._config, now):
            raise DemoElsewhere
        if known.caller.api_key_id is not None and _COUNTED not in request.scope:
            request.scope[_COUNTED] = True  # a stream asks again and again, and is one request
            self._rates.request(known.caller.api_key_id, known.requests_per_minute)
            self._usage.seen(known.caller.api_key_id, now)
        return known.caller

    def _find(self, credential: str) -> Known:
        if credential.startswith(KEY_START):
            with self._db.read_session(brief=True) as session:
                return _find_key(session, credential)
        token = self._tokens.read(credential)
        if token is None:
            raise LoginEnded
        with self._db.read_session(brief=True) as session:
            return _find_user(session, self._config, token)


def demo_holds(until: float, request: Request, config: Config, now: float) -> bool:
    """Whether a demo login that works until then (for local requests) works for this request."""
    return until > now and (config.demo_users == "everywhere" or is_local(request, config))


def user_caller(user: User, session: str = "") -> Caller:
    """The caller that a user is; `session` names the token that he came with."""
    role = Role(user.role)
    return Caller(
        name=user.email,
        user_id=user.id,
        role=role,
        project_ids=None if role is Role.ADMIN or user.projects is None else frozenset(user.projects),
        can_read_calls=role is Role.ADMIN or user.can_read_calls,
        session=session,
    )


def _credential(request: Request) -> str | None:
    header = request.headers.get("authorization")
    if header is not None:
        scheme, _, credential = header.partition(" ")
        if scheme.lower() == "bearer":
            return credential.strip()
    return request.headers.get("x-api-key")


def _find_key(session: Session, secret: str) -> Known:
    key = session.scalar(select(ApiKey).where(ApiKey.secret_hash == hash_secret(secret), ApiKey.revoked_at.is_(None)))
    if key is None:
        raise LoginEnded
    return Known(
        Caller(
            name=f"API key {key.name}",
            api_key_id=key.id,
            scopes=frozenset(Scope(scope) for scope in key.scopes),
            project_ids=None if key.project_id is None else frozenset({key.project_id}),
            can_read_calls=Scope.CALLS in key.scopes,
        ),
        requests_per_minute=key.requests_per_minute,
    )


def _find_user(session: Session, config: Config, token: Token) -> Known:
    user = session.get(User, token.user_id)
    if user is None or not user.is_active or user.token_version != token.version:
        raise LoginEnded
    if session.get(EndedSession, token.token_id) is not None:
        raise LoginEnded
    until = works_until(session, config, user) if is_demo(user) else None
    return Known(user_caller(user, token.token_id), token.expires_at, until)

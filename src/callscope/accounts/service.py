"""Logging in and out, registering, changing the password: what a person does with his own account.

`AccountService` also holds the other parts of the subject, so that the app has one thing to make:
`users`, `keys`, `first_admin`, `authenticate`.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from anyio import CapacityLimiter, to_thread
from sqlalchemy import delete, select
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from callscope.accounts.attempts import Attempts
from callscope.accounts.authenticate import SESSIONS, Authenticator, DemoElsewhere, demo_holds
from callscope.accounts.demo import any_works, is_demo, works_until
from callscope.accounts.keys import KeyService, KeyUsage
from callscope.accounts.models import EndedSession, User
from callscope.accounts.passwords import Passwords, check_new
from callscope.accounts.setup import FirstAdmin
from callscope.accounts.tokens import Tokens
from callscope.accounts.users import UserService, normalized, registering
from callscope.api.errors import Forbidden, Invalid, Unauthenticated, invalid
from callscope.api.local import client_address, is_local
from callscope.api.rate_limits import RateLimits
from callscope.api.rights import Caller
from callscope.config import Config
from callscope.db.engine import Database
from callscope.db.versions import Versions, bump

LONGEST_SESSION = timedelta(days=90)  # what CALLSCOPE_TOKEN_HOURS allows, however it is set when the token is made
HASHING_THREADS = 2  # more at once would keep ingest from the processor


class WrongLogin(Unauthenticated):
    """Says the same for an unknown user, a wrong password and a deactivated user."""

    def __init__(self) -> None:
        super().__init__("The email or the password is wrong.")


class WrongPassword(Forbidden):
    """The present password, asked for before it is changed, is another one."""

    def __init__(self) -> None:
        super().__init__("The current password is wrong.")


class RegistrationClosed(Forbidden):
    """Nobody may register himself, or not from there."""

    def __init__(self, config: Config) -> None:
        super().__init__(
            "Registration is switched off. An admin can make a user for you."
            if config.registration == "off"
            else "One can register only on the machine that Callscope runs on. An admin can make a user for you, or "
            "open registration with CALLSCOPE_REGISTRATION=open."
        )


@dataclass(frozen=True, slots=True)
class Login:
    """A user who has just logged in, and his access token."""

    user: User
    token: str
    expires_in_seconds: int


@dataclass(frozen=True, slots=True)
class _Candidate:
    """Whom an email names, and until when he may log in locally, if it is a demo login."""

    user: User | None
    demo_until: float | None


class AccountService:
    """The subject's services, for one app.

    Args:
        rounds: what bcrypt costs, as a power of two; less than 12 is for tests.
    """

    def __init__(self, config: Config, db: Database, versions: Versions, *, rounds: int = 12) -> None:
        self._config = config
        self._db = db
        self._versions = versions
        self.passwords = Passwords(rounds)
        self.tokens = Tokens(config.secret_key, config.token_hours * 3600)
        self.users = UserService(db, versions, self.passwords)
        self.keys = KeyService(db, versions)
        self.usage = KeyUsage(db)
        self.first_admin = FirstAdmin(db, config, versions, self.passwords)
        self.rates = RateLimits(db)
        self.authenticate = Authenticator(config, db, versions, self.tokens, self.usage, self.rates)
        self._hashing = CapacityLimiter(HASHING_THREADS)

    @cached_property
    def attempts(self) -> Attempts:
        """How often somebody may try; made at the first try, since its library takes time to import."""
        return Attempts()

    def registration_open(self, request: Request) -> bool:
        """Whether who sends this request may register."""
        mode = self._config.registration
        return mode == "open" or (mode == "auto" and is_local(request, self._config))

    async def register(self, request: Request, email: str, password: str) -> User:
        """Make a viewer who is limited to the project `default`.

        Raises RegistrationClosed, TooManyAttempts, Invalid, EmailTaken.
        """
        if not self.registration_open(request):
            raise RegistrationClosed(self._config)
        self.attempts.registration(client_address(request, self._config))
        await run_in_threadpool(self.users.check, email, password)
        password_hash = await to_thread.run_sync(self.passwords.hash, password, limiter=self._hashing)
        return await run_in_threadpool(self.users.store, None, registering(email, password), password_hash)

    async def log_in(self, request: Request, email: str, password: str) -> Login:
        """Check email and password, and give out an access token.

        Raises WrongLogin, after the same time whether there is such a user or not, DemoElsewhere, TooManyAttempts.
        """
        account = _account(email)
        with self.attempts.login(client_address(request, self._config), account):
            candidate = await run_in_threadpool(self._candidate, account)
            user = candidate.user
            stored = user.password_hash if user else None
            fits = await to_thread.run_sync(self.passwords.matches, password, stored, limiter=self._hashing)
            if not fits or user is None or not user.is_active:
                raise WrongLogin
            until = candidate.demo_until
            if until is not None and not demo_holds(until, request, self._config, time.time()):
                raise DemoElsewhere
        return self._logged_in(user)

    async def change_password(self, request: Request, caller: Caller, current: str, new: str) -> Login:
        """Give the caller a new password, which ends all his sessions, and a token to go on with.

        Raises WrongPassword, Invalid for the new one, TooManyAttempts.
        """
        user = await run_in_threadpool(self.users.get, caller.user_id or 0)
        if current == new:
            raise invalid("new_password", "is the current one; choose another")
        check_new(user.email, new, "new_password")
        with self.attempts.login(client_address(request, self._config), user.email):
            if not await to_thread.run_sync(self.passwords.matches, current, user.password_hash, limiter=self._hashing):
                raise WrongPassword
        password_hash = await to_thread.run_sync(self.passwords.hash, new, limiter=self._hashing)
        changed = await run_in_threadpool(self._replace_password, caller, user, password_hash)
        return self._logged_in(changed)

    async def set_up(self, token: str, email: str, password: str) -> Login:
        """Make the first admin by the one-time link, logged in. Raises LinkEnded, AdminExists, Invalid."""
        return self._logged_in(await run_in_threadpool(self.first_admin.create, token, email, password))

    def log_out(self, caller: Caller) -> None:
        """End the access token that the caller came with. Blocks."""
        now = datetime.now(UTC)
        with self._db.write_session() as session:
            session.execute(delete(EndedSession).where(EndedSession.expires_at < now))
            if session.get(EndedSession, caller.session) is None:
                session.add(EndedSession(token_id=caller.session, expires_at=now + LONGEST_SESSION))
            bump(session.connection(), SESSIONS)
        self._versions.announce(SESSIONS)

    def demo_logins_work(self) -> bool:
        """Whether one of the demo logins works just now, be it for local requests only. Blocks."""
        with self._db.read_session() as session:
            return any_works(session, self._config, time.time())

    def demo_logins_offered(self, request: Request) -> bool:
        """Whether one of the demo logins works for who sends this request. Blocks."""
        reachable = self._config.demo_users == "everywhere" or is_local(request, self._config)
        return reachable and self.demo_logins_work()

    def token_for(self, user: User) -> str:
        """A new access token for a user, without asking for his password."""
        return self.tokens.issue(user.id, user.token_version)

    def _logged_in(self, user: User) -> Login:
        return Login(user, self.token_for(user), self.tokens.lifetime_seconds)

    def _candidate(self, email: str) -> _Candidate:
        with self._db.read_session() as session:
            user = session.scalar(select(User).where(User.email == email))
            demo_until = works_until(session, self._config, user) if user is not None and is_demo(user) else None
            return _Candidate(user, demo_until)

    def _replace_password(self, caller: Caller, user: User, password_hash: str) -> User:
        return self.users.store_password(caller, user.id, password_hash, instead_of=user.password_hash)


def _account(email: str) -> str:
    """The email as it would be stored; empty, so nobody's, if it can't be one."""
    try:
        return normalized(email)
    except Invalid:
        return ""

"""What a first start makes (the project `default`, the demo logins), and the one-time link for the first admin."""

import hashlib
import hmac
import secrets
from datetime import UTC, datetime, timedelta

import structlog
from sqlalchemy import Select, delete, func, select
from sqlalchemy.orm import Session

from callscope.accounts.changes import change
from callscope.accounts.demo import ADMIN_EMAIL, demo_users, is_demo, other_admins, works_until
from callscope.accounts.models import DEFAULT_PROJECT, DEFAULT_PROJECT_ID, Project, SetupLink, User
from callscope.accounts.passwords import Passwords, check_new
from callscope.accounts.users import NewUser, add_user, normalized
from callscope.api.errors import Conflict, Forbidden
from callscope.api.local import is_loopback
from callscope.api.rights import Caller, Role
from callscope.audit.service import note
from callscope.config import Config
from callscope.db.engine import Database
from callscope.db.versions import Versions

LINK_LIFE = timedelta(hours=24)
# The processes of one server start together and would each print the same link.
PRINT_ONCE_WITHIN = timedelta(seconds=10)

log = structlog.get_logger(__name__)


class LinkEnded(Forbidden):
    """The one-time link is none, was used, or is too old."""

    def __init__(self) -> None:
        super().__init__(
            "This link does not hold, or no longer: it works once, for 24 hours. A restart prints a new "
            "one, as long as there is no admin."
        )


class AdminExists(Conflict):
    """The first admin is there already."""

    def __init__(self) -> None:
        super().__init__("There is an admin already, who can make others under Users.")


def make_first_rows(db: Database, config: Config) -> None:
    """Make what must be there, once, however many processes start at the same time."""
    with db.write_session() as session:
        _add_first_rows(session, config, datetime.now(UTC))


def prepare(db: Database, config: Config, now: datetime | None = None) -> str | None:
    """As `make_first_rows`, for the start of a server.

    Returns the address of the one-time link, for the start to print, if there is no admin who can log in and no
    other process has just printed it.
    """
    now = now or datetime.now(UTC)
    with db.write_session() as session:
        _add_first_rows(session, config, now)
        if config.demo_users == "everywhere":
            log.warning(
                "DEMO LOGINS WORK FROM EVERYWHERE: whoever reaches this server is an admin. "
                "Set CALLSCOPE_DEMO_USERS=local unless this is a throw-away demonstration."
            )
        if config.public_url and not config.trusted_hops:
            log.warning(
                "CALLSCOPE_PUBLIC_URL is set and CALLSCOPE_TRUSTED_HOPS is 0: behind a proxy all users have its address, "
                "so a few failed logins keep everybody out. Set it to the number of proxies in front."
            )
        if admin_can_log_in(session, config, now):
            return None
        link = _current(session, now)
        if link.printed_at is not None and now - link.printed_at < PRINT_ONCE_WITHIN:
            return None
        link.printed_at = now
        return f"{_base_url(config)}/auth/setup?token={_token(config, link)}"


def announce(link: str) -> None:
    """Print the link where whoever starts the server looks. Not through the log: it is a secret."""
    print(f"\nNo admin can log in yet. Make the first one here (works once, for 24 hours):\n  {link}\n", flush=True)  # noqa: T201


class FirstAdmin:
    """The one-time link's other end."""

    def __init__(self, db: Database, config: Config, versions: Versions, passwords: Passwords) -> None:
        self._db = db
        self._config = config
        self._versions = versions
        self._passwords = passwords

    def check(self, token: str) -> None:
        """Raise LinkEnded or AdminExists for a link that makes no admin."""
        with self._db.read_session() as session:
            self._valid(session, token, datetime.now(UTC))

    def create(self, token: str, email: str, password: str) -> User:
        """Make the first admin and use the link up.

        An existing user of that email (a demo login, or somebody who registered) becomes the admin, with the new
        password. Raises LinkEnded, AdminExists, Invalid.
        """
        self.check(token)
        email = normalized(email)
        check_new(email, password)
        password_hash = self._passwords.hash(password)
        with change(self._db, self._versions) as session:
            now = datetime.now(UTC)
            self._valid(session, token, now).used_at = now
            caller = Caller(name="one-time link")
            user = session.scalar(select(User).where(User.email == email))
            if user is None:
                return add_user(session, caller, NewUser(email, password, Role.ADMIN), password_hash)
            before: dict[str, object] = {"role": user.role, "is_active": user.is_active}
            user.password_hash, user.role, user.is_active = password_hash, Role.ADMIN.value, True
            user.token_version += 1
            user.updated_at = now
            note(session, caller, "user.update", f"user {email}", before, {"role": user.role, "is_active": True})
            return user

    def _valid(self, session: Session, token: str, now: datetime) -> SetupLink:
        exists = other_admins(session)  # looked up first: an admin who comes in between has used the link up
        link = session.scalar(_open_links(now))
        if link is None or not hmac.compare_digest(_token(self._config, link).encode(), token.encode(errors="replace")):
            raise LinkEnded
        if exists:
            raise AdminExists
        return link


def _add_first_rows(session: Session, config: Config, now: datetime) -> None:
    if session.get(Project, DEFAULT_PROJECT_ID) is None:
        session.add(Project(id=DEFAULT_PROJECT_ID, name=DEFAULT_PROJECT, created_at=now))
    if config.demo_users != "off" and not session.scalar(select(func.count()).select_from(User)):
        session.add_all(demo_users(now))
    session.flush()


def admin_can_log_in(session: Session, config: Config, now: datetime) -> bool:
    """Whether there is an admin, or the demo admin can be reached: a demo login needs a server that is asked locally."""
    if other_admins(session):
        return True
    demo = session.scalar(select(User).where(User.email == ADMIN_EMAIL))
    if demo is None or not is_demo(demo) or demo.role != Role.ADMIN or not demo.is_active:
        return False
    if config.demo_users != "everywhere" and (config.public_url or not is_loopback(config.host)):
        return False
    return works_until(session, config, demo) > now.timestamp()


def _open_links(now: datetime) -> Select[SetupLink]:
    return (
        select(SetupLink).where(SetupLink.used_at.is_(None), SetupLink.expires_at > now).order_by(SetupLink.id.desc())
    )


def _current(session: Session, now: datetime) -> SetupLink:
    """The link that is open, or a new one in place of those that are over."""
    link = session.scalar(_open_links(now))
    if link is None:
        session.execute(delete(SetupLink))
        link = SetupLink(nonce=secrets.token_hex(16), expires_at=now + LINK_LIFE)
        session.add(link)
    return link


def _token(config: Config, link: SetupLink) -> str:
    """The link's token. Who knows the secret key could sign himself a login, so deriving it gives nothing away."""
    return hmac.new(
        config.secret_key.encode(), f"callscope setup link {link.nonce}".encode(), hashlib.sha256
    ).hexdigest()


def _base_url(config: Config) -> str:
    """The address under which whoever reads the terminal can probably open the link."""
    if config.public_url:
        return config.public_url
    host = "localhost" if config.host in ("0.0.0.0", "::", "") else config.host  # noqa: S104  # compared, not bound
    return f"http://{f'[{host}]' if ':' in host else host}:{config.port}"

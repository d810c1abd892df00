"""The two demo logins: who they are, and until when they work.

Everybody knows their passwords, so they are for trying things out on one's own machine. A demo login is told by its
password's hash: once the password is changed, it is a user like any other.
"""

import math
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callscope.accounts.models import User
from callscope.api.rights import Role
from callscope.config import Config

ADMIN_EMAIL = "admin@example.com"
VIEWER_EMAIL = "viewer@example.com"
DEMO_PASSWORDS = {ADMIN_EMAIL: "admin123", VIEWER_EMAIL: "viewer123"}
# Constants, since two hashes would cost half a second at each first start.
DEMO_HASHES = {
    ADMIN_EMAIL: "$2b$12$f9AQmrdAC1tp6FGe5E3yruzKq1xD0SN9BtToyW4q4oCH5mZZBHDUm",
    VIEWER_EMAIL: "$2b$12$u1TFYD.fBXagTlDZ6VLNNOCLTUMa2BznqEW4F2FT2RmbiWyMrdhkG",
}
DEMO_DAYS = timedelta(days=7)
_HASHES = frozenset(DEMO_HASHES.values())


def is_demo(user: User) -> bool:
    """Whether this is a demo login with its well-known password."""
    return user.password_hash in _HASHES


def other_admins(session: Session, besides: int | None = None) -> int:
    """How many active admins there are, not counting demo logins, nor the user with the number `besides`."""
    query = select(func.count()).where(
        User.role == Role.ADMIN, User.is_active.is_(True), User.password_hash.not_in(_HASHES)
    )
    if besides is not None:
        query = query.where(User.id != besides)
    return session.scalar(query) or 0


def works_until(session: Session, config: Config, user: User) -> float:
    """Until when (seconds since the epoch) this demo login works for local requests; 0 if it does not at all."""
    if config.demo_users == "everywhere":
        return math.inf
    if config.demo_users == "off" or other_admins(session):
        return 0.0
    return (user.created_at + DEMO_DAYS).timestamp()


def any_works(session: Session, config: Config, now: float) -> bool:
    """Whether one of the demo logins works just now, be it for local requests only."""
    users = session.scalars(select(User).where(User.password_hash.in_(_HASHES), User.is_active.is_(True)))
    return any(works_until(session, config, user) > now for user in users)


def demo_users(now: datetime | None = None) -> list[User]:
    """The rows of the demo logins as they are at a first start."""
    now = now or datetime.now(UTC)
    return [
        User(
            email=email, password_hash=DEMO_HASHES[email], role=role.value,
            projects=None, created_at=now, updated_at=now,
        )
        for email, role in ((ADMIN_EMAIL, Role.ADMIN), (VIEWER_EMAIL, Role.VIEWER))
    ]  # fmt: skip

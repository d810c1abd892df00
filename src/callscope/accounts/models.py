"""The tables of who may do what: users, API keys, projects, and what logins need besides."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Identity, String
from sqlalchemy.orm import Mapped, mapped_column

from callscope.db.types import Base, UTCTime

DEFAULT_PROJECT_ID = 1
DEFAULT_PROJECT = "default"


class Project(Base):
    """Whose data it is: the application that made the calls. Number 1 is `default`; the others count from 2.

    `rows_from` and `payloads_from` only rise: what is older is written, read and compared no more, and being deleted.
    """

    __tablename__ = "projects"

    id: Mapped[int] = mapped_column(Identity(start=DEFAULT_PROJECT_ID + 1), primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    description: Mapped[str] = mapped_column(String(500), default="")
    created_at: Mapped[datetime] = mapped_column(UTCTime)
    payload_days: Mapped[int | None] = mapped_column(comment="how long prompts and answers are kept; null: for ever")
    row_days: Mapped[int | None] = mapped_column(comment="how long calls are kept; null: for ever")
    rows_from: Mapped[int | None] = mapped_column(comment="the first UTC day of which there are calls; null: all")
    payloads_from: Mapped[int | None] = mapped_column(comment="the first week of arrival of which there are payloads")
    payloads_purged: Mapped[int] = mapped_column(default=0, comment="the week up to which older ones are deleted")
    calls_per_minute: Mapped[int | None] = mapped_column(comment="null: as many as come")


class User(Base):
    """A person with a login. `projects` limits him to those projects' ids (null: all; admins are never limited).

    A number is never given twice, since calls, feedback and tokens name users by it.
    """

    __tablename__ = "users"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012  # as SQLAlchemy declares it

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(String(320), unique=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(10))
    projects: Mapped[list[int] | None] = mapped_column(JSON(none_as_null=True))
    can_read_calls: Mapped[bool] = mapped_column(default=False)
    is_active: Mapped[bool] = mapped_column(default=True)
    token_version: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UTCTime)
    updated_at: Mapped[datetime] = mapped_column(UTCTime)


class ApiKey(Base):
    """What a program sends or reads data with. Only the secret's hash is kept; `prefix` tells keys apart."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id"))
    scopes: Mapped[list[str]] = mapped_column(JSON)
    prefix: Mapped[str] = mapped_column(String(16))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UTCTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCTime)
    requests_per_minute: Mapped[int | None] = mapped_column(comment="null: as many as it likes")


class EndedSession(Base):
    """An access token that was logged out before its time; kept until it would have expired anyway."""

    __tablename__ = "ended_sessions"

    token_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(UTCTime, index=True)


class SetupLink(Base):
    """The one-time link that makes the first admin. Its token is derived from `nonce` and the secret key.

    So the table alone opens nothing, while each process of one server can print the same link.
    """

    __tablename__ = "setup_links"

    id: Mapped[int] = mapped_column(primary_key=True)
    nonce: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(UTCTime)
    printed_at: Mapped[datetime | None] = mapped_column(UTCTime)
    used_at: Mapped[datetime | None] = mapped_column(UTCTime)

"""The table of repricings: what was asked for, how far it is, and who is at work on it."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import JSON, BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from callscope.db.types import Base, UTCTime


class State(StrEnum):
    """Where a repricing stands."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


UNFINISHED = (State.QUEUED, State.RUNNING)


class Repricing(Base):
    """One repricing. What it has done so far is written in the transaction that does it, so it can be taken up anywhere.

    `holder` is the process at work, which counts `beat` up while it is; where it no longer does, another takes over.
    """

    __tablename__ = "repricings"

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(10), index=True)
    model_id: Mapped[int | None]
    model: Mapped[str | None] = mapped_column(String(200))
    provider: Mapped[str | None] = mapped_column(String(100))
    project_id: Mapped[int | None]
    since: Mapped[datetime | None] = mapped_column(UTCTime)
    until: Mapped[datetime | None] = mapped_column(UTCTime)
    dry_run: Mapped[bool]
    calls_total: Mapped[int | None] = mapped_column(
        BigInteger, comment="what the rollups counted when it was asked for"
    )
    sums: Mapped[dict[str, int]] = mapped_column(JSON, comment="of the calls looked at; nano-dollars of any size")
    bound: Mapped[int | None] = mapped_column(BigInteger, comment="calls from this microsecond on are not looked at")
    cursor: Mapped[list[int] | None] = mapped_column(
        JSON(none_as_null=True), comment="model, time and id of the last row"
    )
    created_by: Mapped[str] = mapped_column(String(320))
    user_id: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(UTCTime)
    started_at: Mapped[datetime | None] = mapped_column(UTCTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCTime)
    error: Mapped[str | None] = mapped_column(String(500))
    holder: Mapped[str | None] = mapped_column(String(32))
    beat: Mapped[int] = mapped_column(BigInteger, default=0)

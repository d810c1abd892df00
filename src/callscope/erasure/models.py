"""The table of erasures: who is to be erased, and how far that is."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from callscope.db.types import Base, UTCTime


class State(StrEnum):
    """Where an erasure stands."""

    RUNNING = "running"
    DONE = "done"


class Erasure(Base):
    """One erasure. What it has done so far is written in the transaction that does it, so it can be taken up anywhere.

    The name is here for as long as it is needed, and nowhere else afterwards.
    """

    __tablename__ = "erasures"

    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str] = mapped_column(String(10), index=True)
    end_user: Mapped[str | None] = mapped_column(String(200), comment="null once it is done")
    project_id: Mapped[int | None]
    bound: Mapped[int] = mapped_column(BigInteger, comment="calls with this id and later ones are new data")
    calls: Mapped[int] = mapped_column(BigInteger)
    created_by: Mapped[str] = mapped_column(String(320))
    user_id: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(UTCTime)
    finished_at: Mapped[datetime | None] = mapped_column(UTCTime)

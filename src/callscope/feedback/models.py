"""The table of ratings. It refers to a call by its number, without a foreign key: calls may live in another store."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, SmallInteger, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from callscope.db.types import Base, UTCTime


class Feedback(Base):
    """One author's rating of one call, 1 to 5, with an optional comment. A second one replaces the first.

    The author is the user, or whom an API key named. The two are never the same, whatever the key calls him.
    """

    __tablename__ = "feedback"
    __table_args__ = (
        UniqueConstraint("llm_call_id", "user_id", "author"),
        Index(
            "uq_feedback_named_by_key", "llm_call_id", "author", unique=True,
            sqlite_where=text("user_id IS NULL"), postgresql_where=text("user_id IS NULL"),
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True)
    llm_call_id: Mapped[int] = mapped_column(BigInteger)
    user_id: Mapped[int | None]
    author: Mapped[str] = mapped_column(String(320))
    rating: Mapped[int] = mapped_column(SmallInteger)
    comment: Mapped[str | None] = mapped_column(Text)
    project_id: Mapped[int]
    model_id: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(UTCTime, index=True)

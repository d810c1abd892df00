"""The table of saved views."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from callscope.db.types import Base, UTCTime


class SavedView(Base):
    """A user's name for filters of the list of calls; `shared` ones are there for others, too.

    The project that it is about stands by its number in `project_id`, so that it may be renamed; all other filters are as
    they stand in the page's address. Of a user who is gone, the shared ones stay.
    """

    __tablename__ = "saved_views"
    __table_args__ = (UniqueConstraint("user_id", "name"), Index("ix_saved_views_shared", "shared", "project_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(100))
    project_id: Mapped[int | None] = mapped_column(ForeignKey("projects.id", ondelete="CASCADE"))
    filters: Mapped[dict[str, object]] = mapped_column(JSON)
    columns: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    shared: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(UTCTime)
    updated_at: Mapped[datetime] = mapped_column(UTCTime)

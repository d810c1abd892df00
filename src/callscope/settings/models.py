"""The settings' table: what an administrator decides while the server runs. One row, number 1."""

from datetime import datetime

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from callscope.db.types import Base, UTCTime

ROW_ID = 1
DEFAULT_CACHE_TTL_SECONDS = 3_600


class SystemSettings(Base):
    """The settings in force. The row is made by the first change; until then the defaults hold."""

    __tablename__ = "system_settings"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    claude_haiku_45_enabled: Mapped[bool] = mapped_column(default=True)
    max_tokens_per_request: Mapped[int | None] = mapped_column(BigInteger)
    enable_caching: Mapped[bool] = mapped_column(default=False)
    cache_ttl_seconds: Mapped[int] = mapped_column(default=DEFAULT_CACHE_TTL_SECONDS)
    updated_at: Mapped[datetime] = mapped_column(UTCTime)
    updated_by: Mapped[str] = mapped_column(String(320))

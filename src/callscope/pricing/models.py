"""The catalogue's tables: models, and what they cost from a date on."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from callscope.db.types import Base, UTCTime

HAIKU_45 = "claude-haiku-4-5"
"""The models whose names begin with this are switched together with the setting `claude_haiku_45_enabled`."""


class LLMModel(Base):
    """A model that calls name. A flat rate, where one is set, prices prompt and completion tokens alike.

    Ids are given by the application, under the lock of all writers: those of the seed are fixed, which a sequence of
    the database would not know of.
    """

    __tablename__ = "llm_models"
    __table_args__ = (UniqueConstraint("name", "provider"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(200))
    provider: Mapped[str] = mapped_column(String(100))
    cost_per_1k_tokens: Mapped[int | None] = mapped_column(BigInteger, comment="nano-dollars per 1,000 tokens")
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UTCTime)
    prices: Mapped[list["ModelPrice"]] = relationship(
        back_populates="model", order_by="ModelPrice.valid_from", cascade="all, delete-orphan"
    )


class ModelPrice(Base):
    """An administrator's own price of a model from a date on, in pico-dollars per token (dollars per million × 10^6)."""

    __tablename__ = "model_prices"
    __table_args__ = (UniqueConstraint("model_id", "valid_from"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("llm_models.id", ondelete="CASCADE"))
    valid_from: Mapped[datetime] = mapped_column(UTCTime)
    source: Mapped[str] = mapped_column(String(200))
    input: Mapped[int] = mapped_column(BigInteger)
    cached_input: Mapped[int | None] = mapped_column(BigInteger)
    cache_write: Mapped[int | None] = mapped_column(BigInteger)
    cache_write_1h: Mapped[int | None] = mapped_column(BigInteger)
    output: Mapped[int] = mapped_column(BigInteger)
    created_at: Mapped[datetime] = mapped_column(UTCTime)
    model: Mapped[LLMModel] = relationship(back_populates="prices")

"""The catalogue's tables: models, and what they cost from a date on."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from callscope.db.types import Base, JSONList, UTCTime


class Origin(StrEnum):
    """Who entered a model: the catalogue that a new server has, an admin, or a call that named it."""

    CATALOGUE = "catalogue"
    ADMIN = "admin"
    CALL = "call"


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
    flat_since: Mapped[datetime | None] = mapped_column(UTCTime, comment="from when on it costs that; null: ever")
    priced_as_provider: Mapped[str | None] = mapped_column(String(100))
    priced_as_model: Mapped[str | None] = mapped_column(String(200), comment="the price book's model that it is")
    enabled: Mapped[bool] = mapped_column(default=True)
    origin: Mapped[str] = mapped_column(String(10), comment="who entered it: catalogue, admin or call")
    created_at: Mapped[datetime] = mapped_column(UTCTime)
    prices: Mapped[list["ModelPrice"]] = relationship(
        back_populates="model", order_by="ModelPrice.valid_from", cascade="all, delete-orphan"
    )


class ModelPrice(Base):
    """An administrator's own price of a model from a date on, in pico-dollars per token (dollars per million × 10^6).

    `request` and `server_tool` are pico-dollars each; `steps` are the prices of longer prompts, as `filled_step` takes
    them. A flat rate that no longer holds is kept as such a price.
    """

    __tablename__ = "model_prices"
    __table_args__ = (UniqueConstraint("model_id", "valid_from"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    model_id: Mapped[int] = mapped_column(ForeignKey("llm_models.id", ondelete="CASCADE"))
    valid_from: Mapped[datetime] = mapped_column(UTCTime)
    valid_to: Mapped[datetime | None] = mapped_column(UTCTime, comment="null: until a later one")
    source: Mapped[str] = mapped_column(String(200))
    input: Mapped[int] = mapped_column(BigInteger)
    cached_input: Mapped[int | None] = mapped_column(BigInteger)
    cache_write: Mapped[int | None] = mapped_column(BigInteger)
    cache_write_1h: Mapped[int | None] = mapped_column(BigInteger)
    output: Mapped[int] = mapped_column(BigInteger)
    reasoning: Mapped[int | None] = mapped_column(BigInteger)
    audio_input: Mapped[int | None] = mapped_column(BigInteger)
    audio_output: Mapped[int | None] = mapped_column(BigInteger)
    image_input: Mapped[int | None] = mapped_column(BigInteger)
    image_output: Mapped[int | None] = mapped_column(BigInteger)
    request: Mapped[int | None] = mapped_column(BigInteger)
    server_tool: Mapped[int | None] = mapped_column(BigInteger)
    steps: Mapped[list[object] | None] = mapped_column(JSONList)
    created_at: Mapped[datetime] = mapped_column(UTCTime)
    model: Mapped[LLMModel] = relationship(back_populates="prices")

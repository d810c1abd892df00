"""What `/llm/models` takes and gives. Money comes in as decimals and is kept in whole units; it never is a float."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    WithJsonSchema,
)

NANOS_PER_DOLLAR = 1_000_000_000
PICOS_PER_TOKEN = 1_000_000
"""From dollars per million tokens to pico-dollars per token."""
MAX_PER_MILLION = 100_000


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError("must be a number")  # noqa: TRY004  # what pydantic turns into a field's error
    return Decimal(str(value))


def _whole_second_utc(value: datetime) -> datetime:
    return value.astimezone(UTC).replace(microsecond=0)


def _not_blank(value: str) -> str:
    if not value.isprintable():
        raise ValueError("must not have control characters")
    return value


DollarsPer1k = Annotated[
    Decimal,
    Field(ge=0, le=100, decimal_places=9, allow_inf_nan=False),
    BeforeValidator(_number),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 100}),
]
DollarsPerMillion = Annotated[
    Decimal,
    Field(ge=0, le=MAX_PER_MILLION, decimal_places=6, allow_inf_nan=False),
    BeforeValidator(_number),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": MAX_PER_MILLION}),
]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_not_blank)]
_PRICE: dict[str, JsonValue] = {
    "valid_from": "2026-12-01T00:00:00Z",
    "input": 2.5,
    "cached_input": 0.25,
    "output": 10,
    "source": "contract",
}


class PriceIn(BaseModel):
    """An administrator's price, in dollars per million tokens, in force from a time on."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, json_schema_extra={"examples": [_PRICE]})

    input: DollarsPerMillion
    output: DollarsPerMillion
    cached_input: DollarsPerMillion | None = Field(None, description="Read from a cache; if left out, as input.")
    cache_write: DollarsPerMillion | None = Field(None, description="Written to a cache; if left out, as input.")
    cache_write_1h: DollarsPerMillion | None = Field(
        None, description="Written to a cache for an hour; if left out, as cache_write."
    )
    valid_from: Annotated[AwareDatetime, AfterValidator(_whole_second_utc)] | None = Field(
        None, description="In whole seconds; if left out, now."
    )
    source: Name | None = Field(None, description="Where the price is from; if left out, who set it.")


class ModelIn(BaseModel):
    """A new model of the catalogue."""

    model_config = ConfigDict(
        extra="forbid",
        str_strip_whitespace=True,
        json_schema_extra={
            "examples": [{"name": "our-llama", "provider": "vllm", "prices": [{"input": 1, "output": 2}]}]
        },
    )

    name: Name
    provider: Annotated[str, Field(min_length=1, max_length=100), AfterValidator(_not_blank)]
    cost_per_1k_tokens: DollarsPer1k | None = Field(
        None, description="A flat rate in dollars per 1,000 tokens, for prompt and completion alike."
    )
    prices: list[PriceIn] = Field(default_factory=list, max_length=100)


class ModelPatch(BaseModel):
    """What to change of a model; what is left out stays."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"enabled": False}, {"prices": [_PRICE]}]}
    )

    enabled: bool = Field(True, description="Whether programs may use the model.")
    cost_per_1k_tokens: DollarsPer1k | None = Field(
        None, description="A flat rate in dollars per 1,000 tokens; null removes it. It goes before all prices."
    )
    prices: list[PriceIn] = Field(
        default_factory=list, max_length=100, description="Prices to add. Those that there are stay."
    )


class PriceOut(BaseModel):
    """A price in dollars per million tokens. Null is a kind of token that has no price of its own."""

    valid_from: datetime | None = Field(description="Null: since ever, as far as the source tells.")
    source: str = Field(
        description="Who or what set it; `genai-prices` with its version for a price of the price book."
    )
    input: float
    cached_input: float | None
    cache_write: float | None
    cache_write_1h: float | None
    output: float | None


class ModelOut(BaseModel):
    """A model of the catalogue and what it costs."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 1,
                    "name": "gpt-4",
                    "provider": "openai",
                    "cost_per_1k_tokens": 0.03,
                    "enabled": True,
                    "prices": [],
                }
            ]
        }
    )

    id: int
    name: str
    provider: str
    cost_per_1k_tokens: float | None = Field(description="The flat rate in dollars per 1,000 tokens, if there is one.")
    enabled: bool
    prices: list[PriceOut] = Field(
        description="The administrators' prices, oldest first; and where neither one of them nor a flat rate is in "
        "force, the price book's. Empty: the flat rate holds, or no price is known."
    )

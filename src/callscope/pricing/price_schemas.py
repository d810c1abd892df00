"""How prices go over HTTP. Money comes in as decimals and is kept in whole units; it never is a float."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    WithJsonSchema,
    model_validator,
)

from callscope.api.times import as_utc

PICOS_PER_TOKEN = 1_000_000
"""From dollars per million tokens to pico-dollars per token."""
PICOS_PER_DOLLAR = 1_000_000_000_000
MAX_PER_MILLION = 10_000
MAX_PER_1K = 10
MAX_EACH = 10
MAX_STEPS = 10
MAX_CONTEXT = 100_000_000


def _number(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        raise ValueError("must be a number")  # noqa: TRY004  # what pydantic turns into a field's error
    return Decimal(str(value))


def _whole_second(value: datetime) -> datetime:
    return value.replace(microsecond=0)


def not_blank(value: str) -> str:
    """A text without control characters; raises ValueError for another."""
    if not value.isprintable():
        raise ValueError("must not have control characters")
    return value


DollarsPer1k = Annotated[
    Decimal,
    Field(ge=0, le=MAX_PER_1K, decimal_places=9, allow_inf_nan=False),
    BeforeValidator(_number),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": MAX_PER_1K}),
]
DollarsPerMillion = Annotated[
    Decimal,
    Field(ge=0, le=MAX_PER_MILLION, decimal_places=6, allow_inf_nan=False),
    BeforeValidator(_number),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": MAX_PER_MILLION}),
]
DollarsEach = Annotated[
    Decimal,
    Field(ge=0, le=MAX_EACH, decimal_places=9, allow_inf_nan=False),
    BeforeValidator(_number),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": MAX_EACH}),
]
Name = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(not_blank)]
Second = Annotated[AwareDatetime, AfterValidator(as_utc), AfterValidator(_whole_second)]
PRICE: dict[str, JsonValue] = {
    "valid_from": "2026-12-01T00:00:00Z",
    "input": 2.5,
    "cached_input": 0.25,
    "output": 10,
    "source": "contract",
}


class KindsIn(BaseModel):
    """Dollars per million tokens, by kind of token."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    input: DollarsPerMillion
    output: DollarsPerMillion
    cached_input: DollarsPerMillion | None = Field(None, description="Read from a cache; if left out, as input.")
    cache_write: DollarsPerMillion | None = Field(None, description="Written to a cache; if left out, as input.")
    cache_write_1h: DollarsPerMillion | None = Field(
        None, description="Written to a cache for an hour; if left out, as cache_write."
    )
    reasoning: DollarsPerMillion | None = Field(None, description="If left out, as output; so are the next three.")
    audio_output: DollarsPerMillion | None = None
    image_output: DollarsPerMillion | None = None
    audio_input: DollarsPerMillion | None = Field(None, description="If left out, as input.")
    image_input: DollarsPerMillion | None = Field(None, description="If left out, as input.")
    request: DollarsEach | None = Field(None, description="Dollars for each request, besides its tokens.")
    server_tool: DollarsEach | None = Field(
        None, description="Dollars for each call of a tool that the provider runs, such as a web search."
    )


class StepIn(KindsIn):
    """What longer prompts cost. `request` and `server_tool`, if left out, are as for shorter ones."""

    above: int = Field(
        gt=0, le=MAX_CONTEXT, description="Holds for all tokens of a call whose prompt has more than this."
    )


class PriceIn(KindsIn):
    """An administrator's price, in dollars per million tokens, in force from a time on."""

    model_config = ConfigDict(json_schema_extra={"examples": [PRICE]})

    steps: list[StepIn] = Field(default_factory=list, max_length=MAX_STEPS, description="Prices of longer prompts.")
    valid_from: Second | None = Field(None, description="In whole seconds; if left out, now.")
    valid_to: Second | None = Field(
        None, description="Until when it holds, if no later price comes first; then what held before holds again."
    )
    source: Name | None = Field(None, description="Where the price is from; everybody sees it.")

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        above = [step.above for step in self.steps]
        if above != sorted(set(above)):
            raise ValueError("steps must have rising values of above")
        if self.valid_from is not None and self.valid_to is not None and self.valid_to <= self.valid_from:
            raise ValueError("valid_to must be after valid_from")
        return self


class Kinds(BaseModel):
    """Dollars per million tokens. Null is a kind of token that has no price of its own: it costs what its kin does."""

    input: float
    cached_input: float | None
    cache_write: float | None
    cache_write_1h: float | None
    output: float | None
    reasoning: float | None
    audio_input: float | None
    audio_output: float | None
    image_input: float | None
    image_output: float | None
    request: float | None = Field(description="Dollars for each request, besides its tokens.")
    server_tool: float | None = Field(description="Dollars for each call of a tool that the provider runs.")


class StepOut(Kinds):
    """What longer prompts cost."""

    above: int = Field(description="Holds for all tokens of a call whose prompt has more than this.")


class TierOut(Kinds):
    """What a service tier costs."""

    steps: list[StepOut]


class PriceOut(Kinds):
    """A price, and when it holds."""

    id: int | None = Field(
        description="The number of an administrator's price; null: the price book's, or a flat rate."
    )
    valid_from: datetime | None = Field(description="Null: since ever, as far as the source tells.")
    valid_to: datetime | None = Field(description="Null: no end is known.")
    price_source: Literal["override", "catalogue"] = Field(
        description="`override` is an administrator's, `catalogue` the price book's."
    )
    source: str = Field(
        description="Who or what set it; `genai-prices` with its version for a price of the price book."
    )


class PriceDetail(PriceOut):
    """A price in full."""

    source_url: str | None
    note: str | None
    weekdays: list[int] | None = Field(
        description="On which days of the UTC week alone it holds, 1 is Monday; null: on all."
    )
    hours: list[str] | None = Field(
        description="At which times of the UTC day alone it holds, such as `16:30-24:00`; null: all day."
    )
    steps: list[StepOut] = Field(description="What longer prompts cost, shortest first.")
    tiers: dict[Literal["batch", "flex", "priority"], TierOut] = Field(
        description="The service tiers at which calls cost something else."
    )

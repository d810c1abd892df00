"""What the routes answer that say what a cost would have been, why it changed, and what it will be."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Covered(BaseModel):
    """Which range was counted."""

    model_config = ConfigDict(populate_by_name=True)

    from_: datetime = Field(alias="from")
    to: datetime


class ActualCost(BaseModel):
    """What the calls of the range cost. `calls` are all of them: priced, unpriced and answered from a cache."""

    cost: float = Field(description="US dollars, of the priced calls.")
    calls: int
    priced_calls: int
    unpriced_calls: int = Field(description="No price is known for them, so a saving cannot be told.")
    cache_hits: int = Field(description="They cost nothing, and would not on any model.")
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int
    cache_write_tokens: int


class Compared(BaseModel):
    """What some calls cost, and what they would have cost on another model, in US dollars.

    `calls`, `actual_cost`, `cost` and what follows from them are about the same calls: those that have a cost on the
    books and a price on the other model.
    """

    calls: int
    actual_cost: float
    cost: float | None = Field(description="Null where no price of the other model is known.")
    difference: float | None = Field(description="`cost` less `actual_cost`.")
    saving: float | None = Field(description="`actual_cost` less `cost`; negative where the other model costs more.")
    saving_percent: float | None = Field(description="Of the actual cost; null where that is 0.")
    unpriced_calls: int = Field(description="Calls that have no cost on the books, but would have had one.")
    unpriced_cost: float | None = Field(description="What those would have cost; not part of `cost`.")


class ComparedGroup(Compared):
    """The same of one model that the calls went to, or of one project."""

    id: int | None = None
    name: str
    provider: str | None = None


class OtherModel(Compared):
    """What the calls of the range would have cost on this model."""

    model_config = ConfigDict(protected_namespaces=())

    model_id: int
    name: str
    provider: str
    notes: list[str] = Field(description="What to know of the comparison, in sentences.")
    by_source_model: list[ComparedGroup] = Field(description="By the model that the calls went to; at most 100 rows.")
    by_project: list[ComparedGroup] = Field(description="At most 100 rows.")


class WhatIf(Covered):
    """What the tokens of a range cost, and what they would have cost on other models."""

    actual: ActualCost
    models: list[OtherModel]


Factor = Literal["volume", "mix", "prompt_tokens", "completion_tokens", "cached_share", "unit_price"]


class Driver(BaseModel):
    """How much of a part is due to one model or project, in US dollars."""

    id: int | None = None
    name: str
    provider: str | None = None
    amount: float


class Part(BaseModel):
    """How much of the difference one factor makes, in US dollars. Models and projects each add up to `amount`."""

    factor: Factor
    amount: float
    models: list[Driver] = Field(description="Those that drove it most; what is beyond them is `(other)`.")
    projects: list[Driver]


class WhyWindow(Covered):
    """One of the two windows that are compared."""

    cost: float
    calls: int = Field(description="Calls that have a cost: neither unpriced ones nor cache hits.")
    unpriced_calls: int
    cache_hits: int
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int


class WhyCost(WhyWindow):
    """Why the cost of a window differs from that of the window before. The parts add up to the difference exactly."""

    previous: WhyWindow
    previous_cost: float
    difference: float
    parts: list[Part]


class ForecastDay(BaseModel):
    """A day of the month. `cost` is what was spent, or what is expected by the day's end; `so_far` is spent already."""

    start: datetime
    kind: Literal["actual", "forecast"]
    cost: float | None = Field(description="Null where nothing can be foretold.")
    so_far: float


class Forecast(BaseModel):
    """The cost of the current month: what was spent, and what it comes to at the month's end, in US dollars."""

    month_start: datetime
    month_end: datetime
    tz: str
    so_far: float
    unpriced_calls: int
    forecast: float | None
    low: float | None = Field(description="With `high`: where four of five months should end.")
    high: float | None
    method: str = Field(description="How it was worked out, in a sentence.")
    reason: str | None = Field(description="Why there is no forecast, if there is none.")
    days: list[ForecastDay]

"""What the metrics routes answer."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field


class Percentiles(BaseModel):
    """Milliseconds; each percentile within 1 % of the true one by nearest rank. Null where nothing was measured."""

    mean: float | None
    p50: float | None
    p90: float | None
    p95: float | None
    p99: float | None


class Figures(BaseModel):
    """The sums of a range. Money in US dollars; a rate is a share between 0 and 1."""

    calls: int
    errors: int
    error_rate: float
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int
    total_cost: float
    unpriced_calls: int = Field(description="Calls for which no price is known; they are not part of total_cost.")
    average_cost: float | None = Field(description="Per priced call.")
    cache_hits: int
    saved_cost: float
    refusals: int
    violations: int
    estimated_calls: int
    average_rating: float | None
    ratings: int


class Window(Figures):
    """The sums and percentiles of a range; `from` and `to` say which range was counted."""

    model_config = ConfigDict(populate_by_name=True)

    latency_ms: Percentiles
    time_to_first_token_ms: Percentiles
    from_: datetime = Field(alias="from")
    to: datetime


class Summary(Window):
    """A window and the one of the same length before it."""

    previous: Window


class Range(BaseModel):
    """Which range was counted: the one asked for, widened to the finest cells that are still kept."""

    model_config = ConfigDict(populate_by_name=True)

    from_: datetime = Field(alias="from")
    to: datetime
    bucket: str
    tz: str


class TokenPoint(BaseModel):
    """Tokens of one bucket."""

    start: datetime
    calls: int
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    reasoning_tokens: int


class TokenGroup(BaseModel):
    """Tokens over time of one model, project or environment."""

    name: str
    provider: str | None = None
    total_tokens: int
    points: list[TokenPoint]


class TokenUsage(Range):
    """Tokens over time; every bucket of the range is there, also the empty ones."""

    points: list[TokenPoint]
    groups: list[TokenGroup] | None = None


class LatencyPoint(Percentiles):
    """Latency of one bucket, and the time to the first token in it."""

    start: datetime
    calls: int
    time_to_first_token_ms: Percentiles


class LatencyBin(BaseModel):
    """How many calls took longer than `over_ms` and at most `to_ms`."""

    over_ms: float
    to_ms: float
    calls: int


class LatencyGroup(Percentiles):
    """Latency of one model, project or environment."""

    name: str
    provider: str | None = None
    calls: int


class Latency(Range):
    """Percentiles, their course over time, and the distribution."""

    latency_ms: Percentiles
    time_to_first_token_ms: Percentiles
    calls: int
    distribution: list[LatencyBin]
    points: list[LatencyPoint]
    groups: list[LatencyGroup] | None = None


class ErrorPoint(BaseModel):
    """Errors of one bucket."""

    start: datetime
    calls: int
    errors: int
    error_rate: float


class ErrorKindRow(BaseModel):
    """Errors of one kind; `share` is that of all errors."""

    kind: str
    errors: int
    share: float


class ErrorGroup(BaseModel):
    """Errors of one model, project or environment."""

    name: str
    provider: str | None = None
    calls: int
    errors: int
    error_rate: float


class ErrorRate(Range):
    """Errors and timeouts, over time and by kind."""

    calls: int
    errors: int
    error_rate: float
    by_kind: list[ErrorKindRow]
    points: list[ErrorPoint]
    groups: list[ErrorGroup] | None = None


class CostPoint(BaseModel):
    """Cost of one bucket."""

    start: datetime
    calls: int
    cost: float
    unpriced_calls: int


class CostRowOut(BaseModel):
    """Cost of one model, project, environment, API key or end user."""

    id: int | None = None
    name: str
    provider: str | None = None
    calls: int
    errors: int
    total_tokens: int
    cost: float
    unpriced_calls: int | None = None
    average_cost: float | None


class CostGroup(BaseModel):
    """Cost over time of one model, project or environment."""

    name: str
    provider: str | None = None
    cost: float
    points: list[CostPoint]


class Cost(Range):
    """Cost in US dollars: in all, over time, and by what caused it, most expensive first.

    API keys and end users are counted by whole UTC days (`side_from` to `side_to`), and only where no model,
    environment or status is chosen. End users are there with `by=end_user`. At most 100 rows each.
    """

    total_cost: float
    calls: int
    unpriced_calls: int
    average_cost: float | None
    saved_cost: float
    points: list[CostPoint]
    groups: list[CostGroup] | None = None
    by_model: list[CostRowOut]
    by_project: list[CostRowOut]
    by_environment: list[CostRowOut]
    by_api_key: list[CostRowOut] | None
    by_end_user: list[CostRowOut] | None
    side_from: datetime | None
    side_to: datetime | None

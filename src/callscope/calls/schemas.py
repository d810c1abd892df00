"""What goes over HTTP about calls."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from callscope.api.paging import MAX_ROW_ID
from callscope.api.times import Moment
from callscope.pricing.cost import MAX_DOLLARS
from callscope.wording import Either

MAX_BATCH = 1_000
MAX_TOKENS = 100_000_000
"""Of one call. What costs more, or has more tokens, is a mistake that would bury everything else in the totals."""
MAX_LATENCY_MS = 7 * 86_400_000
MAX_ID_CHARS = 200
MAX_ERROR_CHARS = 4_000
MAX_TEXT_CHARS = 262_144
"""Of `prompt` and `response` each, and of `metadata` and `request_params` as JSON. What is over it is cut, and marked."""

Tokens = Annotated[int, Field(ge=0, le=MAX_TOKENS)]
Milliseconds = Annotated[float, Field(ge=0, le=MAX_LATENCY_MS, allow_inf_nan=False)]
Dollars = Annotated[float, Field(ge=0, le=MAX_DOLLARS, allow_inf_nan=False)]
NO_NUL = r"^[^\x00]*$"
"""PostgreSQL's text cannot hold a NUL character, and no name needs one."""


Id = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID_CHARS, pattern=NO_NUL)]
Content = Annotated[str | list[Any] | dict[str, Any], Either("must be text, a list or a JSON object")]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=NO_NUL)]

EXAMPLE: dict[str, JsonValue] = {
    "model": "gpt-4o-mini",
    "provider": "openai",
    "prompt_tokens": 412,
    "completion_tokens": 96,
    "cached_tokens": 256,
    "latency_ms": 840.5,
    "time_to_first_token_ms": 210,
    "status": "success",
    "environment": "production",
    "end_user": "u-318",
    "session_id": "chat-77",
    "prompt": "Where is my parcel?",
    "response": "It left the depot this morning.",
    "tags": ["support"],
}


class CallIn(BaseModel):
    """One LLM call. Give `model_id`, or `model` with or without `provider`."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [EXAMPLE]}, protected_namespaces=())

    model_id: int | None = Field(None, ge=1, le=MAX_ROW_ID, description="A number of the catalogue.")
    model: Id | None = Field(None, description="The name of the model that answered.")
    provider: Name | None = None
    request_model: Id | None = Field(None, description="The model that was asked for, where it differs.")
    prompt_tokens: Tokens = Field(description="Everything that went in, cached and cache-write tokens included.")
    completion_tokens: Tokens = Field(description="Everything that came out, reasoning included.")
    total_tokens: int | None = Field(None, ge=0, description="If given, it must be the sum of the two.")
    cached_tokens: Tokens = Field(0, description="The part of the prompt that was read from the provider's cache.")
    cache_write_tokens: Tokens = Field(0, description="The part of the prompt that was written to it.")
    cache_write_1h_tokens: Tokens = Field(0, description="The part of `cache_write_tokens` that is kept for an hour.")
    reasoning_tokens: Tokens = Field(0, description="The part of the completion that was reasoning.")
    audio_input_tokens: Tokens = 0
    audio_output_tokens: Tokens = 0
    image_tokens: Tokens = 0
    server_tool_calls: int = Field(
        0, ge=0, le=1_000_000, description="Tools the provider ran and bills, as web search."
    )
    usage_estimated: bool = Field(False, description="The tokens are an estimate, not the provider's figure.")
    latency_ms: Milliseconds
    time_to_first_token_ms: Milliseconds | None = None
    status: Literal["success", "error", "timeout"]
    error_type: str | None = None
    error_message: str | None = Field(None, description=f"Cut after {MAX_ERROR_CHARS} characters.")
    refused: str | None = Field(None, min_length=1, description="Why a policy kept the call from the provider.")
    cache_hit: bool = Field(False, description="Answered without the provider, at no cost.")
    saved_cost: Dollars | None = Field(
        None, description="What the cache hit saved, in US dollars; by its tokens if it is missing."
    )
    cost: Dollars | None = Field(None, description="What the provider says the call cost, in US dollars.")
    service_tier: Literal["standard", "default", "auto", "batch", "flex", "priority"] | None = None
    created_at: Moment | None = Field(None, description="Start of the call, for backfill; now if it is missing.")
    response_id: Id | None = Field(None, description="The provider's id of the answer: makes several reports one call.")
    project: Name | None = None
    environment: Name | None = None
    user_id: int | None = Field(None, ge=1, le=MAX_ROW_ID, description="A user here; with an API key only.")
    end_user: Id | None = Field(None, description="Who used the application; never a user here.")
    session_id: Id | None = None
    trace_id: Id | None = None
    span_id: Id | None = None
    parent_span_id: Id | None = None
    name: Id | None = None
    tags: list[Name] = Field(default_factory=list, max_length=50)
    metadata: dict[str, Any] | None = None
    request_params: dict[str, Any] | None = None
    prompt: Content | None = Field(None, description=f"Cut after {MAX_TEXT_CHARS} characters.")
    response: Content | None = Field(None, description=f"Cut after {MAX_TEXT_CHARS} characters.")

    @model_validator(mode="after")
    def _consistent(self) -> "CallIn":
        if (self.model is None) == (self.model_id is None):
            raise ValueError("give either model_id or model")
        if self.total_tokens is not None and self.total_tokens != self.prompt_tokens + self.completion_tokens:
            raise ValueError(
                f"total_tokens must be {self.prompt_tokens + self.completion_tokens}, prompt and completion"
            )
        if self.cached_tokens + self.cache_write_tokens > self.prompt_tokens:
            raise ValueError("cached_tokens and cache_write_tokens are part of prompt_tokens and cannot exceed it")
        if self.cache_write_1h_tokens > self.cache_write_tokens:
            raise ValueError("cache_write_1h_tokens is part of cache_write_tokens and cannot exceed it")
        if self.reasoning_tokens > self.completion_tokens:
            raise ValueError("reasoning_tokens is part of completion_tokens and cannot exceed it")
        if self.audio_input_tokens > self.prompt_tokens or self.audio_output_tokens > self.completion_tokens:
            raise ValueError("audio tokens are part of prompt_tokens and completion_tokens and cannot exceed them")
        return self


class CallReceipt(BaseModel):
    """What became of a logged call. `estimated_cost` in US dollars; null: no price is known. 0 without a source: it never reached the provider."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"id": 17, "total_tokens": 508, "estimated_cost": 0.0001002, "price_source": "catalogue"}]
        }
    )

    id: int
    total_tokens: int
    estimated_cost: float | None
    price_source: Literal["reported", "override", "catalogue"] | None


class CostBreakdown(BaseModel):
    """The parts of a cost in US dollars; they add up to it."""

    input: float
    cached_input: float
    cache_write: float
    output: float
    other: float


class CallSummary(BaseModel):
    """A call without what people wrote."""

    model_config = ConfigDict(protected_namespaces=())

    id: int
    created_at: datetime
    project: str
    environment: str
    model_id: int
    model: str
    provider: str
    request_model: str | None
    status: Literal["success", "error", "timeout"]
    error_kind: str | None
    error_type: str | None
    error_message: str | None
    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    cache_write_1h_tokens: int
    reasoning_tokens: int
    audio_input_tokens: int
    audio_output_tokens: int
    image_tokens: int
    server_tool_calls: int
    usage_estimated: bool
    latency_ms: float
    time_to_first_token_ms: float | None
    service_tier: str
    estimated_cost: float | None
    cost_breakdown: CostBreakdown | None
    price_source: Literal["reported", "override", "catalogue"] | None
    cache_hit: bool
    saved_cost: float | None
    refused: str | None
    policy_violation: list[str]
    user_id: int | None
    api_key_id: int | None
    end_user: str | None
    session_id: str | None
    trace_id: str | None
    span_id: str | None
    parent_span_id: str | None
    response_id: str | None
    name: str | None
    tags: list[str]
    rating: float | None
    ratings: int
    witnesses: int
    preview: str | None = Field(description="The first words of the prompt.")


class CallOut(CallSummary):
    """A call with its payload. `cut` names the parts that were longer than is kept, with their full length."""

    prompt: Any = None
    response: Any = None
    metadata: dict[str, Any] | None = None
    request_params: dict[str, Any] | None = None
    cut: dict[str, int] = Field(default_factory=dict)
    unpriced_reason: str | None = Field(description="Why no price is known for it; null if its cost is known.")


class CallPageOut(BaseModel):
    """A page of calls. `scanned_to` is set when the time for looking ran out: ask on with the cursor."""

    items: list[CallSummary]
    next_cursor: str | None
    scanned_to: datetime | None = None
    sorted_among: int | None = Field(
        None, description="How many of the newest matches were put in order, where the order is not time's."
    )


class FacetValue(BaseModel):
    """A value of a field, and how many calls have it."""

    value: str = Field(description="What the field's filter takes.", examples=["gpt-4o-mini"])
    label: str | None = Field(description="What it is called, where that is not the value itself: an API key.")
    count: int


class FacetsOut(BaseModel):
    """The values of a field among the calls that were asked for, the most frequent first."""

    field: str
    values: list[FacetValue]
    more: bool = Field(description="There are more than `limit`: ask for a part of the name with `q`.")
    exact: bool = Field(description="All calls of the range were counted.")
    scanned_to: datetime | None = Field(description="Where the time for counting ran out: nothing older is counted.")
    sampled: int | None = Field(description="How many of the newest matching calls were counted, where not all were.")
    from_: datetime | None = Field(
        alias="from", description="The range that was counted, widened to the sums that there are; null: open."
    )
    to: datetime | None

"""A call as it is stored: `CallRow`, one value per column of `llm_call_logs`, in the table's order.

Everything that arrives becomes a `CallRow`; everything that is counted is computed from one. It is a named tuple
because it is made and bound to SQL many thousand times a second: no conversion lies between the two.
"""

from enum import IntEnum
from typing import NamedTuple

from callscope.pricing.cost import Cost

MICROS_PER_DAY = 86_400_000_000
MAX_LATENCY_MS = 7 * 86_400_000.0
ERASED = "(erased)"


class Status(IntEnum):
    """How a call ended, as it is stored."""

    success = 0
    error = 1
    timeout = 2


class ErrorKind(IntEnum):
    """What kind of error it was: the few values that every provider's errors are normalised to."""

    none = 0
    rate_limit = 1
    timeout = 2
    authentication = 3
    permission = 4
    invalid_request = 5
    context_length = 6
    content_filter = 7
    not_found = 8
    server_error = 9
    overloaded = 10
    connection = 11
    quota = 12
    cancelled = 13
    bad_response = 14
    other = 15


class ServiceTier(IntEnum):
    """The provider's service tier; each may have prices of its own."""

    standard = 0
    batch = 1
    flex = 2
    priority = 3


class PriceSource(IntEnum):
    """Where a cost comes from."""

    none = 0
    reported = 1
    override = 2
    catalogue = 3


class Violation(IntEnum):
    """What an administrator had forbidden when the call was made; a call may carry several, as bits."""

    model_disabled = 1
    max_tokens = 2


class Source(IntEnum):
    """Who saw the call; of several witnesses the higher one is believed first."""

    rest = 10
    wrapper = 20
    gateway = 30


SIZE_CLASS_STEPS = (
    32_000, 64_000, 100_000, 128_000, 199_999, 200_000, 256_000, 272_000, 512_000, 524_288, 1_000_000,
)  # fmt: skip
"""Prompt sizes at which today's price books change a model's price; a call's size class counts the steps below it."""


def size_class(prompt_tokens: int) -> int:
    """Which of the context-length steps the prompt is above: 0 for at most 32,000 tokens, and so on."""
    if prompt_tokens <= SIZE_CLASS_STEPS[0]:
        return 0
    return sum(prompt_tokens > step for step in SIZE_CLASS_STEPS)


class CallRow(NamedTuple):
    """One row of `llm_call_logs`. Times in microseconds since the epoch, latencies in ms, money in nano-dollars."""

    id: int
    project_id: int
    environment_id: int
    model_id: int
    user_id: int | None
    api_key_id: int | None
    created_at: int
    day: int
    is_call: bool
    merged_into: int | None
    witnesses: int
    source: int
    status: int
    error_kind: int
    error_type: str | None
    error_message: str | None
    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    cache_write_1h_tokens: int
    reasoning_tokens: int
    audio_input_tokens: int
    audio_output_tokens: int
    image_tokens: int
    server_tool_calls: int
    size_class: int
    service_tier: int
    latency_ms: float
    time_to_first_token_ms: float | None
    usage_estimated: bool
    cache_hit: bool
    saved_cost: int | None
    refused: str | None
    violation: int
    erased: bool
    request_model: str | None
    model_name: str | None
    response_id: str | None
    trace_id: str | None
    span_id: str | None
    parent_span_id: str | None
    session_id: str | None
    end_user: str | None
    name: str | None
    tags: str | None
    payload_table: int | None
    payload_id: int | None
    rating_1: int
    rating_2: int
    rating_3: int
    rating_4: int
    rating_5: int


class CostRow(NamedTuple):
    """One row of `cost_logs`: what a call cost, in nano-dollars, and why. `id` is the call's id."""

    id: int
    llm_call_id: int
    estimated_cost: int
    input_cost: int
    cached_input_cost: int
    cache_write_cost: int
    output_cost: int
    other_cost: int
    price_source: int
    priced_at: int


class PricedRow(NamedTuple):
    """A call with its cost; `cost` is None when no price is known."""

    call: CallRow
    cost: CostRow | None

    @property
    def known_cost(self) -> int | None:
        """What it cost, in nano-dollars; what never reached the provider cost nothing. None: no price is known."""
        if self.cost is not None:
            return self.cost.estimated_cost
        return 0 if self.call.cache_hit or self.call.refused is not None else None


def cost_row(call_id: int, cost: Cost, source: PriceSource, priced_at: int) -> CostRow:
    """The stored form of a computed cost."""
    return CostRow(
        call_id, call_id, cost.total, cost.input, cost.cached_input, cost.cache_write, cost.output, cost.other,
        int(source), priced_at,
    )  # fmt: skip

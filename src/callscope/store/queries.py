"""What can be asked of a telemetry store, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from operator import add
from typing import NamedTuple, Protocol

from callscope.ingest.row import PricedRow
from callscope.search.query import TextQuery


@dataclass(frozen=True, slots=True)
class Selection:
    """Which cells count. None stands for all."""

    project_ids: frozenset[int] | None = None
    environment_ids: frozenset[int] | None = None
    model_ids: frozenset[int] | None = None
    statuses: frozenset[int] | None = None

    @property
    def is_narrow(self) -> bool:
        """Whether anything but the project is chosen."""
        return not (self.environment_ids is None and self.model_ids is None and self.statuses is None)


class GroupBy(StrEnum):
    """What sums can be told apart by, by the column of the rollups."""

    PROJECT = "project_id"
    ENVIRONMENT = "environment_id"
    MODEL = "model_id"
    STATUS = "status"
    ERROR_KIND = "error_kind"


class SideKind(StrEnum):
    """What the side rollups tell apart."""

    END_USER = "end_user"
    API_KEY = "api_key_id"


class SideRow(NamedTuple):
    """What one end user or API key adds up to; cost in nano-dollars."""

    value: str | int
    calls: int
    errors: int
    tokens: int
    cost_nanos: int
    unpriced_calls: int


Sums = Mapping[str, int]
"""Measure → sum; see `callscope.metrics.models.MEASURES`."""
Group = int | None
"""The value of what was grouped by; None where nothing was."""


class Sort(StrEnum):
    """What a list of calls is ordered by, largest or newest first."""

    TIME = "time"
    LATENCY = "latency"
    COST = "cost"
    TOKENS = "tokens"


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls are listed. Times in microseconds, [start, end); money in nano-dollars; None stands for all."""

    selection: Selection = field(default_factory=Selection)
    error_kinds: frozenset[int] | None = None
    start: int | None = None
    end: int | None = None
    end_user: str | None = None
    session_id: str | None = None
    trace_id: str | None = None
    name: str | None = None
    tag: str | None = None
    api_key_id: int | None = None
    min_latency_ms: float | None = None
    max_latency_ms: float | None = None
    min_cost: int | None = None
    max_cost: int | None = None
    min_tokens: int | None = None
    max_tokens: int | None = None
    violation: bool | None = None
    cache_hit: bool | None = None
    unpriced: bool | None = None
    text: TextQuery | None = None
    sort: Sort = Sort.TIME


class Position(NamedTuple):
    """A place in a list ordered by time: what comes after it is older."""

    created_at: int
    id: int


class HasPayload(Protocol):
    """A call, as far as it leads to what people wrote: `CallRow` and `Exported` do."""

    @property
    def id(self) -> int:
        """The call's id."""

    @property
    def project_id(self) -> int:
        """Whose it is."""

    @property
    def witnesses(self) -> int:
        """How many told of it; each may have a payload."""

    @property
    def payload_table(self) -> int | None:
        """Which table holds the payload."""

    @property
    def payload_id(self) -> int | None:
        """Under which id."""


class Ranked(NamedTuple):
    """A place in a list in another order: by `value`, the largest first, among the calls down to `oldest`."""

    value: float
    created_at: int
    id: int
    oldest: Position


@dataclass(frozen=True, slots=True)
class CallPage:
    """A page of calls. `next` continues it; None at the end.

    `scanned_to` is set when the time for looking ran out before the page was full: microseconds since the epoch.
    `sorted_among` is set when the order is not time's: how many of the newest matches were put in order.
    """

    rows: Sequence[PricedRow]
    next: Position | Ranked | None
    scanned_to: int | None = None
    sorted_among: int | None = None


class Arrivals(NamedTuple):
    """Calls in the order in which they came, and how many that came before them were left out."""

    rows: Sequence[PricedRow]
    left_out: int


class Facet(StrEnum):
    """A field whose values can be counted, by the column of the calls."""

    PROJECT = "project_id"
    ENVIRONMENT = "environment_id"
    MODEL = "model_id"
    STATUS = "status"
    ERROR_KIND = "error_kind"
    END_USER = "end_user"
    API_KEY = "api_key_id"
    SESSION = "session_id"
    TRACE = "trace_id"
    NAME = "name"
    TAG = "tags"


@dataclass(frozen=True, slots=True)
class Counted:
    """How many calls have each value of a field. Calls without a value are not among them.

    `scanned_to` is set when the time for looking ran out: microseconds since the epoch, and nothing older is counted.
    `looked_at` is how many calls fulfilled the filter as far as was looked, also those without a value.
    """

    counts: Mapping[str | int, int]
    looked_at: int
    scanned_to: int | None = None


class Exported(NamedTuple):
    """A call with its cost, as far as it is exported; as stored: microseconds, nano-dollars, numbers for names."""

    id: int
    created_at: int
    project_id: int
    environment_id: int
    model_id: int
    model_name: str | None
    request_model: str | None
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
    usage_estimated: bool
    latency_ms: float
    time_to_first_token_ms: float | None
    service_tier: int
    estimated_cost: int | None
    input_cost: int | None
    cached_input_cost: int | None
    cache_write_cost: int | None
    output_cost: int | None
    other_cost: int | None
    price_source: int | None
    cache_hit: bool
    saved_cost: int | None
    refused: str | None
    violation: int
    user_id: int | None
    api_key_id: int | None
    end_user: str | None
    session_id: str | None
    trace_id: str | None
    span_id: str | None
    parent_span_id: str | None
    response_id: str | None
    name: str | None
    tags: str | None
    rating_1: int
    rating_2: int
    rating_3: int
    rating_4: int
    rating_5: int
    witnesses: int
    payload_table: int | None
    payload_id: int | None


EXPORTED = Exported._fields


class Onward(NamedTuple):
    """Where an export goes on: with the calls `ids`, whose turn has not come yet, then after `after`; None: that is all."""

    ids: Sequence[int]
    after: Position | None


@dataclass(frozen=True, slots=True)
class Stretch:
    """Rows in order of time, [start, end) in microseconds: those of a model, else of a project, else all. None: open."""

    model_id: int | None = None
    project_id: int | None = None
    start: int | None = None
    end: int | None = None


class CostSums(NamedTuple):
    """What calls cost before and after they were priced anew: how many, how many of them changed, nano-dollars."""

    calls: int
    changed: int
    cost_before: int
    cost_after: int
    unpriced_before: int
    unpriced_after: int

    def plus(self, other: "CostSums") -> "CostSums":
        """The sums of both."""
        return CostSums(*map(add, self, other))


NO_CHANGE = CostSums(0, 0, 0, 0, 0, 0)


class Outlook(NamedTuple):
    """What pricing rows anew would do to the first `rows` of them.

    The sums of the calls that stay as they are and of those that do not, and which rows are to be changed.
    """

    rows: int
    staying: CostSums
    changing: CostSums
    row_ids: Sequence[int]


class Held(NamedTuple):
    """How many seconds others waited for a transaction: in all, and before its commit, which no fewer rows make faster."""

    in_all: float
    working: float


class UnpricedRow(NamedTuple):
    """Calls of a model in a project that have no cost, and their tokens."""

    model_id: int
    project_id: int
    calls: int
    prompt_tokens: int
    completion_tokens: int


class Purged(NamedTuple):
    """How much a purge has deleted: calls, single payloads, whole tables of payloads."""

    rows: int
    payloads: int
    tables: int


@dataclass(frozen=True, slots=True)
class Erasing:
    """Whom to take out of which calls: those with ids below `bound`, of one project (None: all)."""

    end_user: str
    project_id: int | None
    bound: int

"""What can be asked of a telemetry store, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from callscope.ingest.row import PricedRow


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
    start: int | None = None
    end: int | None = None
    end_user: str | None = None
    session_id: str | None = None
    trace_id: str | None = None
    tag: str | None = None
    min_latency_ms: float | None = None
    max_latency_ms: float | None = None
    min_cost: int | None = None
    max_cost: int | None = None
    min_tokens: int | None = None
    max_tokens: int | None = None
    violation: bool | None = None
    cache_hit: bool | None = None
    unpriced: bool | None = None
    sort: Sort = Sort.TIME


class Position(NamedTuple):
    """A place in a list ordered by time: what comes after it is older."""

    created_at: int
    id: int


@dataclass(frozen=True, slots=True)
class CallPage:
    """A page of calls. `next` continues it; None at the end.

    `scanned_to` is set when the time for looking ran out before the page was full: microseconds since the epoch.
    `sorted_among` is set when the order is not time's: how many of the newest matches were put in order.
    """

    rows: Sequence[PricedRow]
    next: Position | None
    scanned_to: int | None = None
    sorted_among: int | None = None

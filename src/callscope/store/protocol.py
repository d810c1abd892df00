"""What a telemetry store must be able to do. The SQL store is one; a columnar one can be another."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from callscope.ingest.changes import Outcome, Submission
from callscope.ingest.row import PricedRow
from callscope.metrics.composition import Span, Timeline
from callscope.store.queries import CallFilter, CallPage, Group, GroupBy, Position, Selection, SideKind, SideRow


class Writer(Protocol):
    """The part that the Recorder uses."""

    def apply(self, batch_id: str, submissions: Sequence[Submission], now_micros: int, outcomes: list[Outcome]) -> None:
        """Make changes in one transaction; when this returns, they are committed and synced.

        `outcomes` is filled, one for each submission, just before the commit. A batch id that was applied before is
        refused. Raises DatabaseUnavailable; then nothing is stored, unless `was_applied` says that it is.
        """

    def was_applied(self, batch_id: str) -> bool:
        """Whether a batch was committed, for when the commit's answer was lost."""


class Reading(Protocol):
    """Questions to one consistent state of the data. Spans must be `countable`."""

    def countable(self, span: Span) -> Span:
        """The span widened to the finest cells that are still kept."""

    def totals(
        self, selection: Selection, span: Span, measures: Sequence[str], group: GroupBy | None = None
    ) -> Mapping[Group, Mapping[str, int]]:
        """Sums of measures, by group."""

    def series(
        self, selection: Selection, timeline: Timeline, measures: Sequence[str], group: GroupBy | None = None
    ) -> Mapping[Group, Sequence[Mapping[str, int]]]:
        """Sums of measures for each point of a timeline, by group."""

    def histograms(
        self, selection: Selection, span: Span, side: str = "latency", group: GroupBy | None = None
    ) -> Mapping[Group, Mapping[int, int]]:
        """Latencies (`latency`) or times to first token (`first_token`) by bin, by group."""

    def histogram_series(
        self, selection: Selection, timeline: Timeline, side: str = "latency"
    ) -> Sequence[Mapping[int, int]]:
        """The same for each point of a timeline."""

    def side_totals(
        self, kind: SideKind, project_ids: frozenset[int] | None, days: tuple[int, int], limit: int
    ) -> Sequence[SideRow]:
        """The end users or API keys that cost most on the UTC days in [first, last)."""

    def calls(self, wanted: CallFilter, after: Position | None, limit: int) -> CallPage:
        """A page of calls."""

    def call(self, call_id: int) -> PricedRow | None:
        """A call by its id, or the call that it was merged into."""

    def call_of_span(self, project_ids: frozenset[int] | None, trace_id: str, span_id: str) -> int | None:
        """The newest call that this span of this trace saw, in these projects (None: all)."""

    def payloads(self, rows: Sequence[PricedRow]) -> Mapping[int, bytes]:
        """The stored payloads of these calls, by call id."""


class TelemetryStore(Writer, Protocol):
    """Everything."""

    def tidy(self, now_micros: int) -> None:
        """Drop what is kept for a time only, in short steps."""

    def reading(self) -> AbstractContextManager[Reading]:
        """One consistent state of the data for several questions."""

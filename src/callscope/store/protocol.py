"""What a telemetry store must be able to do. The SQL store is one; a columnar one can be another."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from sqlalchemy import Connection

from callscope.ingest.changes import Outcome, Pricer, Submission
from callscope.ingest.row import PricedRow
from callscope.metrics.composition import Span, Timeline
from callscope.metrics.models import Level
from callscope.store.queries import (
    Arrivals,
    CallFilter,
    CallPage,
    CostSums,
    Counted,
    Erasing,
    Exported,
    Facet,
    Group,
    GroupBy,
    HasPayload,
    Held,
    Onward,
    Outlook,
    Position,
    Purged,
    Ranked,
    Selection,
    SideKind,
    SideRow,
    Stretch,
    UnpricedRow,
)


class Writer(Protocol):
    """The part that the Recorder uses."""

    def apply(self, batch_id: str, submissions: Sequence[Submission], now_micros: int, outcomes: list[Outcome]) -> None:
        """Make changes in one transaction; when this returns, they are committed and synced.

        `outcomes` is filled, one for each submission, just before the commit. A batch id that was applied before is
        refused. Raises DatabaseUnavailable; then nothing is stored, unless `was_applied` says that it is.
        """

    def was_applied(self, batch_id: str, wait_seconds: float) -> bool:
        """Whether a batch was committed, for when the commit's answer was lost; this holds for good.

        Raises DatabaseUnavailable, also where a commit that may be it has not ended within `wait_seconds`.
        """


class Reading(Protocol):
    """Questions to one consistent state of the data. Spans must be `countable`."""

    def countable(self, span: Span) -> Span:
        """The span widened to the finest cells that are still kept."""

    def totals(
        self, selection: Selection, span: Span, measures: Sequence[str], group: GroupBy | None = None
    ) -> Mapping[Group, Mapping[str, int]]:
        """Sums of measures, by group."""

    def breakdown(
        self,
        selection: Selection,
        spans: Iterable[Span],
        measures: Sequence[str],
        columns: Sequence[str],
        level: Level = Level.MODEL,
    ) -> Mapping[tuple[int, ...], tuple[int, ...]]:
        """Sums of measures over all these spans, in their order, by the values of several columns of a level."""

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

    def side_counts(self, kind: SideKind, project_ids: frozenset[int] | None, days: tuple[int, int]) -> Counted:
        """The calls of each end user or API key on the UTC days in [first, last), the last days first while time is left."""

    def counted(self, wanted: CallFilter, facet: Facet) -> Counted:
        """How many of the newest matching calls have each value of a field, as far as the time for looking goes."""

    def calls(self, wanted: CallFilter, after: Position | Ranked | None, limit: int) -> CallPage:
        """A page of calls."""

    def arrived(self, wanted: CallFilter, ids: tuple[int, int], limit: int) -> Arrivals:
        """The newest of the calls whose ids are above the first of these and at most the second, as they came."""

    def newest_id(self) -> int:
        """The id of the last row that came; 0 where there is none. Ids rise in the order of commits."""

    def unpriced(self, selection: Selection, span: Span) -> Sequence[UnpricedRow]:
        """The calls without a cost, by model and project."""

    def places(self, wanted: Stretch, after: Position | None, limit: int) -> Sequence[Position]:
        """The next rows of a stretch, oldest first: calls, and what their witnesses told."""

    def newest(self) -> int | None:
        """When the last of all calls began, in microseconds; None where there is none."""

    def outlook(self, row_ids: Sequence[int], wanted: Stretch, price: Pricer, now_micros: int, most: int) -> Outlook:
        """What pricing the calls of these rows of a stretch anew would do, until `most` of them are to be changed."""

    def call(self, call_id: int) -> PricedRow | None:
        """A call by its id, or the call that it was merged into; None where there is none, or it is no longer kept."""

    def was_kept(self, call_id: int) -> bool:
        """Whether a call had this id, be it still kept or not."""

    def call_of_span(self, project_ids: frozenset[int] | None, trace_id: str, span_id: str) -> int | None:
        """The newest call that this span of this trace saw, in these projects (None: all)."""

    def export(
        self, wanted: CallFilter, begin: Onward | None, places: int, most_bytes: int | None = None
    ) -> tuple[Sequence[Exported], Onward | None]:
        """The matches among the next `places` calls, newest first, and where to go on; None at the end.

        With `most_bytes` so many that their payloads have together no more, packed; a single call may have more.
        """

    def payloads(self, calls: Sequence[HasPayload]) -> Mapping[int, Sequence[bytes]]:
        """The stored payloads of these calls, by call id: one of each witness, the most trusted first."""

    def each_payload(self, calls: Sequence[HasPayload]) -> Iterator[tuple[int, Sequence[bytes]]]:
        """The same of one call after the other, in this order, with its id; only some of them are read ahead."""

    def previews(self, calls: Sequence[HasPayload]) -> Mapping[int, str]:
        """What a list shows of the payloads of these calls, by call id, where there is something to show."""


class TelemetryStore(Writer, Protocol):
    """Everything."""

    def reprice(
        self, row_ids: Sequence[int], price: Pricer, now_micros: int, also: Callable[[Connection, CostSums], None]
    ) -> Held:
        """Price the calls of these rows anew, in one transaction; gives how long others waited for it.

        `also` is what is written with it, and is told the sums of the calls. What it raises undoes all of it.
        """

    def tidy(self, now_micros: int, stopping: Callable[[], bool] = lambda: False) -> None:
        """Drop what is kept for a time only, in short steps; none is begun once `stopping` says so."""

    def purge(self, now_micros: int, stopping: Callable[[], bool] = lambda: False) -> Purged:
        """Delete what projects keep no longer, in short steps; totals stay."""

    def erase(
        self, wanted: Erasing, now_micros: int, also: Callable[[Connection, int], None], stopping: Callable[[], bool]
    ) -> bool:
        """Take an end user out of all rows, in short steps; gives whether nothing is left.

        `also` is what is written with each step, and is told how many calls it was about.
        """

    def clean(self, stopping: Callable[[], bool] = lambda: False) -> bool:
        """Rid the files of what was deleted, as far as that goes beside other work; gives whether it came to its end."""

    def next_id(self, connection: Connection) -> int:
        """The id that the next call will get; under the lock of all writers."""

    def reading(self) -> AbstractContextManager[Reading]:
        """One consistent state of the data for several questions."""

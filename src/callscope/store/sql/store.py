"""`SqlStore`: the telemetry store on SQLite and PostgreSQL."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection

from callscope.calls.models import llm_call_logs
from callscope.db.engine import Database
from callscope.ingest.changes import Outcome, Pricer, Submission
from callscope.ingest.row import PricedRow
from callscope.metrics.composition import Span, Timeline, compose, widened
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
    Sort,
    Stretch,
    UnpricedRow,
)
from callscope.store.sql import (
    calls,
    cells,
    counters,
    erasing,
    exporting,
    facets,
    floors,
    payloads,
    purging,
    repricing,
    tidying,
    totals,
)
from callscope.store.sql.apply import apply, was_applied
from callscope.store.sql.batch import Batch, priced, select_rows


class SqlStore:
    """Implements `TelemetryStore` over one database."""

    def __init__(self, db: Database, *, max_end_users: int = totals.MAX_END_USERS) -> None:
        self._db = db
        self._max_end_users = max_end_users

    def apply(self, batch_id: str, submissions: Sequence[Submission], now_micros: int, outcomes: list[Outcome]) -> None:
        """Make changes in one transaction; when this returns, they are committed and synced.

        `outcomes` is filled just before the commit. Raises DatabaseUnavailable; then nothing is stored, unless
        `was_applied` says that it is.
        """
        with self._db.write() as connection:
            outcomes.extend(apply(connection, batch_id, submissions, now_micros, self._max_end_users))

    def was_applied(self, batch_id: str, wait_seconds: float) -> bool:
        """Whether a batch was committed, for when the commit's answer was lost; this holds for good.

        Raises DatabaseUnavailable, also where a commit that may be it has not ended within `wait_seconds`.
        """
        with self._db.settled(wait_seconds) as connection:
            return was_applied(connection, batch_id)

    def reprice(
        self, row_ids: Sequence[int], price: Pricer, now_micros: int, also: Callable[[Connection, CostSums], None]
    ) -> Held:
        """Price the calls of these rows anew, in one transaction; gives how long others waited for it.

        Args:
            also: what is written with it; told the sums of the calls among the rows. What it raises undoes all of it.

        Raises DatabaseUnavailable, TotalsFull, and what `price` raises.
        """
        with self._db.write() as connection:
            started = time.monotonic()
            batch = Batch(connection, now_micros)
            done = repricing.reprice(batch, row_ids, price)
            totals.write(connection, batch.flush(), max_end_users=self._max_end_users)
            also(connection, done)
            working = time.monotonic() - started
        return Held(time.monotonic() - started, working)

    def tidy(self, now_micros: int, stopping: Callable[[], bool] = lambda: False) -> None:
        """Drop what is kept for a time only: minute cells, idempotency keys.

        In short steps, so that writers get in; none is begun once `stopping` says so.
        """
        tidying.tidy(self._db, now_micros, stopping)

    def purge(self, now_micros: int, stopping: Callable[[], bool] = lambda: False) -> Purged:
        """Delete what projects keep no longer, in short steps; totals stay. Raises DatabaseUnavailable."""
        return purging.purge(self._db, now_micros, stopping)

    def erase(
        self, wanted: Erasing, now_micros: int, also: Callable[[Connection, int], None], stopping: Callable[[], bool]
    ) -> bool:
        """Take an end user out of all rows, in short steps; gives whether nothing is left.

        Args:
            also: what is written with each step; told how many calls it was about. What it raises undoes the step.

        Raises DatabaseUnavailable, TotalsFull, and what `also` raises.
        """
        return erasing.erase(self._db, wanted, now_micros, also, stopping, self._max_end_users)

    def clean(self, stopping: Callable[[], bool] = lambda: False) -> bool:
        """Rid the files of what was deleted, as far as the database can beside its work; gives whether it came to its end."""
        return erasing.clean(self._db, stopping)

    def next_id(self, connection: Connection) -> int:
        """The id that the next call will get; under the lock of all writers."""
        return counters.read(connection, counters.CALL_ID, 1)

    @contextmanager
    def reading(self) -> Iterator["SqlReading"]:
        """One consistent state of the data for several questions."""
        with self._db.read() as connection:
            yield SqlReading(connection)


class SqlReading:
    """Questions to one state of the data."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._floor = totals.minute_floor(connection)

    def countable(self, span: Span) -> Span:
        """The span widened to the finest cells that are still kept."""
        return widened(span, self._floor)

    def totals(
        self, selection: Selection, span: Span, measures: Sequence[str], group: GroupBy | None = None
    ) -> dict[Group, dict[str, int]]:
        """Sums of measures over a countable span, by group."""
        return cells.totals(self._connection, selection, compose(span), measures, group)

    def breakdown(
        self,
        selection: Selection,
        spans: Iterable[Span],
        measures: Sequence[str],
        columns: Sequence[str],
        level: Level = Level.MODEL,
    ) -> dict[tuple[int, ...], tuple[int, ...]]:
        """Sums of measures over all these spans, in their order, by the values of several columns of a level."""
        pieces = [piece for span in spans for piece in compose(span)]
        return cells.breakdown(self._connection, selection, pieces, measures, columns, level)

    def series(
        self, selection: Selection, timeline: Timeline, measures: Sequence[str], group: GroupBy | None = None
    ) -> dict[Group, list[dict[str, int]]]:
        """Sums of measures for each point of a timeline over a countable span, by group."""
        return cells.series(self._connection, selection, timeline, measures, group)

    def histograms(
        self, selection: Selection, span: Span, side: str = "latency", group: GroupBy | None = None
    ) -> dict[Group, dict[int, int]]:
        """Latencies (`latency`) or times to first token (`first_token`) by bin, by group."""
        return cells.histograms(self._connection, selection, compose(span), side, group)

    def histogram_series(self, selection: Selection, timeline: Timeline, side: str = "latency") -> list[dict[int, int]]:
        """The same for each point of a timeline."""
        return cells.histogram_series(self._connection, selection, timeline, side)

    def side_totals(
        self, kind: SideKind, project_ids: frozenset[int] | None, days: tuple[int, int], limit: int
    ) -> list[SideRow]:
        """The end users or API keys that cost most on the UTC days in [first, last)."""
        return cells.side_totals(self._connection, kind, project_ids, days, limit)

    def side_counts(self, kind: SideKind, project_ids: frozenset[int] | None, days: tuple[int, int]) -> Counted:
        """The calls of each end user or API key on the UTC days in [first, last), the last days first while time is left."""
        return facets.side_counts(self._connection, kind, project_ids, days)

    def counted(self, wanted: CallFilter, facet: Facet) -> Counted:
        """How many of the newest matching calls have each value of a field, as far as the time for looking goes."""
        return facets.counted(self._connection, wanted, facet)

    def calls(self, wanted: CallFilter, after: Position | Ranked | None, limit: int) -> CallPage:
        """A page of calls. `after` is the `next` of the page before, of the same filter."""
        if isinstance(after, Ranked) or wanted.sort is not Sort.TIME:
            return calls.sorted_page(self._connection, wanted, after if isinstance(after, Ranked) else None, limit)
        return calls.page(self._connection, wanted, after, limit)

    def arrived(self, wanted: CallFilter, ids: tuple[int, int], limit: int) -> Arrivals:
        """The newest of the calls whose ids are above the first of these and at most the second, as they came."""
        return calls.arrived(self._connection, wanted, ids, limit)

    def newest_id(self) -> int:
        """The id of the last row that came; 0 where there is none."""
        return counters.read(self._connection, counters.CALL_ID, 1) - 1

    def unpriced(self, selection: Selection, span: Span) -> list[UnpricedRow]:
        """The calls without a cost over a countable span, by model and project."""
        return cells.unpriced(self._connection, selection, compose(span))

    def places(self, wanted: Stretch, after: Position | None, limit: int) -> list[Position]:
        """The next rows of a stretch, oldest first: calls, and what their witnesses told."""
        return repricing.places(self._connection, wanted, after, limit)

    def newest(self) -> int | None:
        """When the last of all calls began, in microseconds; None where there is none."""
        return repricing.newest(self._connection)

    def outlook(self, row_ids: Sequence[int], wanted: Stretch, price: Pricer, now_micros: int, most: int) -> Outlook:
        """What pricing the calls of these rows of a stretch anew would do, until `most` of them are to be changed."""
        return repricing.outlook(Batch(self._connection, now_micros), row_ids, wanted, price, most)

    def call(self, call_id: int) -> PricedRow | None:
        """A call by its id, or the call that it was merged into; None where there is none, or it is no longer kept."""
        while True:
            row = self._connection.execute(select_rows().where(llm_call_logs.c.id == call_id)).first()
            if row is None:
                return None
            found = priced(row)
            if found.call.merged_into is None:
                return None if floors.read(self._connection).is_below(found.call) else found
            call_id = found.call.merged_into

    def was_kept(self, call_id: int) -> bool:
        """Whether a call had this id, be it still kept or not."""
        return call_id < counters.read(self._connection, counters.CALL_ID, 1)

    def call_of_span(self, project_ids: frozenset[int] | None, trace_id: str, span_id: str) -> int | None:
        """The newest call that this span of this trace saw, in these projects (None: all)."""
        found = calls.by_span(self._connection, project_ids, trace_id, span_id)
        row = None if found is None else self.call(found)
        return None if row is None else row.call.id

    def export(
        self, wanted: CallFilter, begin: Onward | None, places: int, most_bytes: int | None = None
    ) -> tuple[Sequence[Exported], Onward | None]:
        """The matches among the next `places` calls, newest first, and where to go on; None at the end.

        With `most_bytes` so many that their payloads have together no more, packed; a single call may have more.
        """
        return exporting.stretch(self._connection, wanted, begin, places, most_bytes)

    def payloads(self, calls: Sequence[HasPayload]) -> dict[int, list[bytes]]:
        """The stored payloads of these calls, by call id: one of each witness, the most trusted first."""
        return payloads.read(self._connection, calls)

    def each_payload(self, calls: Sequence[HasPayload]) -> Iterator[tuple[int, list[bytes]]]:
        """The same of one call after the other, in this order, with its id; only some of them are read ahead."""
        return payloads.each(self._connection, calls)

    def previews(self, calls: Sequence[HasPayload]) -> dict[int, str]:
        """What a list shows of the payloads of these calls, by call id, where there is something to show."""
        return payloads.previews(self._connection, calls)

"""`SqlStore`: the telemetry store on SQLite and PostgreSQL."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import Connection, select

from callscope.accounts.models import Project
from callscope.calls.models import llm_call_logs
from callscope.db.engine import Database
from callscope.ingest.changes import Outcome, Submission
from callscope.ingest.row import PricedRow
from callscope.metrics.composition import Span, Timeline, compose, widened
from callscope.store.queries import (
    CallFilter,
    CallPage,
    Group,
    GroupBy,
    Position,
    Selection,
    SideKind,
    SideRow,
    Sort,
)
from callscope.store.sql import calls, cells, payloads, totals
from callscope.store.sql.apply import apply, forget, was_applied
from callscope.store.sql.batch import priced, select_rows

MINUTES_PER_HOUR = 60


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

    def was_applied(self, batch_id: str) -> bool:
        """Whether a batch was committed, for when the commit's answer was lost."""
        with self._db.read() as connection:
            return was_applied(connection, batch_id)

    def tidy(self, now_micros: int) -> None:
        """Drop what is kept for a time only: minute cells, idempotency keys. In short steps, so that writers get in."""
        with self._db.write() as connection:
            forget(connection, now_micros)
            floor = now_micros // 60_000_000 - totals.MINUTES_KEPT
            totals.raise_minute_floor(connection, floor - floor % MINUTES_PER_HOUR)
        with self._db.read() as connection:
            projects = [0, *connection.scalars(select(Project.id))]
        for project in projects:
            with self._db.write() as connection:
                totals.drop_minutes(connection, project)

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

    def calls(self, wanted: CallFilter, after: Position | None, limit: int) -> CallPage:
        """A page of calls."""
        if wanted.sort is Sort.TIME:
            return calls.page(self._connection, wanted, after, limit)
        return calls.sorted_page(self._connection, wanted, after.id if after else 0, limit)

    def call(self, call_id: int) -> PricedRow | None:
        """A call by its id, or the call that it was merged into."""
        while True:
            row = self._connection.execute(select_rows().where(llm_call_logs.c.id == call_id)).first()
            if row is None:
                return None
            found = priced(row)
            if found.call.merged_into is None:
                return found
            call_id = found.call.merged_into

    def call_of_span(self, project_ids: frozenset[int] | None, trace_id: str, span_id: str) -> int | None:
        """The newest call that this span of this trace saw, in these projects (None: all)."""
        found = calls.by_span(self._connection, project_ids, trace_id, span_id)
        row = None if found is None else self.call(found)
        return None if row is None else row.call.id

    def payloads(self, rows: Sequence[PricedRow]) -> dict[int, bytes]:
        """The stored payloads of these calls, by call id."""
        return payloads.read(self._connection, [row.call for row in rows])

"""Says what a project's retention would delete, before it is set."""

from datetime import UTC, datetime, timedelta

from callscope.accounts.models import Project
from callscope.accounts.projects import ProjectNotFound, check_retention
from callscope.db.engine import Database
from callscope.db.types import EPOCH, to_micros
from callscope.metrics.composition import Span
from callscope.retention.schemas import Outdated, RetentionOut
from callscope.store.protocol import TelemetryStore
from callscope.store.queries import Selection

MINUTES_PER_DAY = 1440
DAYS_PER_WEEK = 7
MICROS_PER_DAY = 86_400_000_000


class RetentionService:
    """What would go, as administrators see it."""

    def __init__(self, db: Database, store: TelemetryStore) -> None:
        self._db = db
        self._store = store

    def preview(self, project_id: int, payload_days: int | None, row_days: int | None) -> RetentionOut:
        """What these settings would delete of what is kept now. Raises ProjectNotFound, Invalid."""
        check_retention(payload_days, row_days)
        with self._db.read_session() as session:
            project = session.get(Project, project_id)
        if project is None:
            raise ProjectNotFound(project_id)
        now = to_micros(datetime.now(UTC))
        kept_from = project.rows_from or 0
        rows_to = max(kept_from, 0 if row_days is None else now // MICROS_PER_DAY - row_days)
        weeks = 0 if payload_days is None else (now - payload_days * MICROS_PER_DAY) // (DAYS_PER_WEEK * MICROS_PER_DAY)
        payloads_from = max(rows_to, (project.payloads_from or 0) * DAYS_PER_WEEK)
        payloads_to = max(payloads_from, weeks * DAYS_PER_WEEK)
        return RetentionOut(
            rows=self._outdated(project_id, kept_from, rows_to),
            payloads=self._outdated(project_id, payloads_from, payloads_to),
        )

    def _outdated(self, project_id: int, first: int, end: int) -> Outdated:
        """The calls of the UTC days in [first, end)."""
        if first >= end:
            return Outdated(calls=0, before=None)
        selection = Selection(frozenset({project_id}))
        with self._store.reading() as reading:
            span = Span(first * MINUTES_PER_DAY, end * MINUTES_PER_DAY)
            sums = reading.totals(selection, span, ("calls", "refusals")).get(None, {})
        return Outdated(calls=sum(sums.values()), before=(EPOCH + timedelta(days=end)).date())

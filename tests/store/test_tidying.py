"""What is kept for a time only goes, without holding up whoever logs calls."""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise

import pytest
from sqlalchemy import func, select

from callscope.accounts.models import Project
from callscope.db import pace
from callscope.db.engine import Database
from callscope.ingest.changes import IdempotencyKey, Submission
from callscope.metrics.composition import Span
from callscope.metrics.models import Grain, rollup_histograms, rollups
from callscope.store.queries import Selection
from callscope.store.sql.doctor import examine
from callscope.store.sql.store import SqlStore
from callscope.store.sql.tables import commits, idempotency
from tests.store.statements import Statement, caught
from tests.store.witness import DAY, MINUTE, NOW, Writer, put


def test_what_is_too_old_goes_a_few_rows_at_a_time(
    db: Database, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "FEWEST_ROWS", 3)
    monkeypatch.setattr(pace, "MOST_ROWS", 3)
    with db.write_session() as session:
        session.add(Project(id=1, name="default", created_at=datetime.now(UTC)))
    for minute in range(10):
        key = IdempotencyKey(bytes([minute]) * 32, b"b" * 32, NOW)
        writer.apply(Submission([put(created_at=NOW + minute * MINUTE)], key))
    steps = []

    def stopping() -> bool:
        steps.append(_left(db))
        return False

    SqlStore(db).tidy(NOW + 3 * DAY, stopping)
    steps.append(_left(db))
    gone = [before - after for before, after in pairwise(steps)]
    assert min(gone) >= 0
    assert max(gone) == 3, "whoever logs calls waits while rows go"
    assert steps[0] > 30
    assert steps[-1] == 0
    assert len(examine(db).found) == 0


def test_nobody_waits_for_tidying_where_there_is_nothing_to_drop(db: Database, writer: Writer) -> None:
    with db.write_session() as session:
        session.add_all(Project(id=i, name=f"team {i}", created_at=datetime.now(UTC)) for i in range(1, 50))
    writer.together(*(put(project_id=i, created_at=NOW) for i in range(1, 50)))
    with caught(db) as statements:
        SqlStore(db).tidy(NOW + 3 * DAY)
    assert _writes(statements)
    assert _left(db) == 0
    writer.now = NOW + 3 * DAY
    writer.together(*(put(project_id=i, created_at=writer.now) for i in range(1, 50)))
    with caught(db) as statements:
        SqlStore(db).tidy(writer.now)
    assert len(statements) < 25
    assert not _writes(statements)
    assert _left(db) > 100


def _writes(statements: Sequence[Statement]) -> int:
    """How many writing transactions these are."""
    return sum(one.text == "BEGIN IMMEDIATE" or "pg_advisory_xact_lock" in one.text for one in statements)


def _left(db: Database) -> int:
    with db.read() as connection:
        cells = [
            select(func.count()).select_from(table).where(table.c.grain == int(Grain.MINUTE))
            for table in (rollups, rollup_histograms)
        ]
        kept = [select(func.count()).select_from(table) for table in (idempotency, commits)]
        return sum(connection.scalar(query) or 0 for query in (*cells, *kept))


def test_a_reading_that_is_under_way_when_minutes_go_still_has_them(db: Database, writer: Writer) -> None:
    with db.write_session() as session:
        session.add(Project(id=1, name="default", created_at=datetime.now(UTC)))
    writer.each(*(put(created_at=NOW + minute * MINUTE) for minute in (1, 2)))
    store, minute = SqlStore(db), NOW // MINUTE
    with store.reading() as reading:
        span = reading.countable(Span(minute + 1, minute + 3))
        store.tidy(NOW + 3 * DAY)
        assert reading.countable(span) == span
        (sums,) = reading.totals(Selection(), span, ["calls"]).values()
        assert sums["calls"] == 2
    with store.reading() as reading:
        assert reading.countable(span) != span
        (sums,) = reading.totals(Selection(), reading.countable(span), ["calls"]).values()
        assert sums["calls"] == 2

"""Dropping what is kept for a time only: minute cells, idempotency keys, the names of batches.

There may be millions of them, and whoever logs calls waits for the lock meanwhile: so few at a time go.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from sqlalchemy import Column, ColumnElement, Connection, Table, and_, delete, select, tuple_

from callscope.accounts.models import Project
from callscope.db.engine import Database
from callscope.db.pace import Step, in_steps
from callscope.metrics.models import Grain, Level, rollup_histograms, rollups
from callscope.store.sql import counters, totals
from callscope.store.sql.apply import KEY_HOURS, MICROS_PER_HOUR
from callscope.store.sql.bulk import among
from callscope.store.sql.tables import commits, idempotency

MOST_BATCHES = 200_000
MINUTES_PER_HOUR = 60
MICROS_PER_MINUTE = 60_000_000


def tidy(db: Database, now_micros: int, stopping: Callable[[], bool]) -> None:
    """Drop all of it that is too old, in short transactions; none is begun once `stopping` says so."""
    with db.write() as connection:
        floor = now_micros // MICROS_PER_MINUTE - totals.MINUTES_KEPT
        totals.raise_minute_floor(connection, floor - floor % MINUTES_PER_HOUR)
    with db.read() as connection:
        projects = [0, *connection.scalars(select(Project.id))]
        query = select(commits.c.batch_id).where(commits.c.committed_at < now_micros - MICROS_PER_HOUR)
        batches = list(connection.scalars(query.limit(MOST_BATCHES)))  # no index leads to them, so found beforehand
    for step in _steps(now_micros, projects, batches):
        if stopping():
            return
        in_steps(db, step, stopping)


def _steps(now_micros: int, projects: Sequence[int], batches: list[str]) -> Iterator[Step]:
    oldest = now_micros // MICROS_PER_HOUR - KEY_HOURS - 1
    yield partial(_drop_some, idempotency, (), idempotency.c.hour < oldest)
    yield partial(_drop_batches, batches)
    for project in projects:
        for table in (rollups, rollup_histograms):
            for level in Level:
                yield partial(drop_minutes, table, int(level), project)


def drop_minutes(table: Table, level: int, project_id: int, connection: Connection, limit: int) -> int:
    """A step through a project's minute cells below the floor, which nobody reads any more; gives how many went."""
    floor = counters.read(connection, counters.MINUTE_FLOOR, 0)
    columns = (table.c.level, table.c.grain, table.c.project_id)
    of_project = tuple(
        column == value for column, value in zip(columns, (level, int(Grain.MINUTE), project_id), strict=True)
    )
    return _drop_some(table, columns, and_(*of_project, table.c.bucket < floor), connection, limit)


def _drop_batches(batch_ids: list[str], connection: Connection, limit: int) -> int:
    """A step through the names of batches, which are taken off the list."""
    some, batch_ids[:] = batch_ids[:limit], batch_ids[limit:]
    connection.execute(delete(commits).where(among(connection, commits.c.batch_id, some)))
    return len(some)


def _drop_some(
    table: Table, settled: Sequence[Column[object]], which: ColumnElement[bool], connection: Connection, limit: int
) -> int:
    """A step through these rows, in the order of their primary key; gives how many went.

    Args:
        settled: the columns at the key's beginning that are the same in all of them.
    """
    key = [column for column in table.primary_key.columns if column not in settled]
    edge = connection.execute(select(*key).where(which).order_by(*key).offset(limit).limit(1)).first()
    before = which if edge is None else and_(which, tuple_(*key) < tuple_(*edge))
    return connection.execute(delete(table).where(before)).rowcount

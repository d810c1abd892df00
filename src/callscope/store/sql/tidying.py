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
from callscope.store.sql.bulk import among, listed
from callscope.store.sql.tables import commits, idempotency

MOST_BATCHES = 200_000
MINUTES_PER_HOUR = 60
MICROS_PER_MINUTE = 60_000_000


def tidy(db: Database, now_micros: int, stopping: Callable[[], bool]) -> None:
    """Drop all of it that is too old, in short transactions; none is begun once `stopping` says so.

    What there is to drop is looked up first: where there is nothing, nobody is kept waiting.
    """
    floor = now_micros // MICROS_PER_MINUTE - totals.MINUTES_KEPT
    floor -= floor % MINUTES_PER_HOUR
    with db.read() as connection:
        is_behind = totals.minute_floor(connection) < floor
    if is_behind:
        with db.write() as connection:
            totals.raise_minute_floor(connection, floor)
    with db.read() as connection:
        steps = list(_steps(connection, now_micros))
    for step in steps:
        if stopping():
            return
        in_steps(db, step, stopping)


def _steps(connection: Connection, now_micros: int) -> Iterator[Step]:
    """What is to be done for all that is there to drop."""
    too_old = idempotency.c.hour < now_micros // MICROS_PER_HOUR - KEY_HOURS - 1
    if connection.scalar(select(idempotency.c.hour).where(too_old).limit(1)) is not None:
        yield partial(_drop_some, idempotency, (), too_old)
    query = select(commits.c.batch_id).where(commits.c.committed_at < now_micros - MICROS_PER_HOUR)
    batches = list(connection.scalars(query.limit(MOST_BATCHES)))  # no index leads to them, so found beforehand
    if batches:
        yield partial(_drop_batches, batches)
    projects = [0, *connection.scalars(select(Project.id))]
    for table in (rollups, rollup_histograms):
        for level in Level:
            for project in _projects_with_minutes(connection, table, int(level), projects):
                yield partial(drop_minutes, table, int(level), project)


def _projects_with_minutes(connection: Connection, table: Table, level: int, projects: Sequence[int]) -> list[int]:
    """Which of these projects have minute cells below the floor: one look into the table's key for each."""
    floor, project = counters.read(connection, counters.MINUTE_FLOOR, 0), listed(connection, projects)
    first = select(table.c.bucket).where(_are_minutes(table, level, project), table.c.bucket < floor).limit(1)
    return list(connection.scalars(select(project).where(first.scalar_subquery().is_not(None))))


def drop_minutes(table: Table, level: int, project_id: int, connection: Connection, limit: int) -> int:
    """A step through a project's minute cells below the floor, which nobody reads any more; gives how many went."""
    floor = counters.read(connection, counters.MINUTE_FLOOR, 0)
    settled = (table.c.level, table.c.grain, table.c.project_id)
    which = and_(_are_minutes(table, level, project_id), table.c.bucket < floor)
    return _drop_some(table, settled, which, connection, limit)


def _are_minutes(table: Table, level: int, project: int | ColumnElement[int]) -> ColumnElement[bool]:
    return and_(table.c.level == level, table.c.grain == int(Grain.MINUTE), table.c.project_id == project)


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

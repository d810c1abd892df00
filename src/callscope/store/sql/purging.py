"""Deleting what is older than its project keeps it: rows with all that belongs to them, and payloads.

Totals stay. All of it goes in short steps, after the floors have risen; so a purge that is cut off is taken up by the
next one, and whoever logs calls meanwhile hardly waits.

Rows of the day just below a floor stay a day longer, hidden: a late report of one of these calls is then known to be
one, and not taken for a new call.
"""

from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy import Connection, delete, func, or_, select, update

from callscope.accounts.models import Project
from callscope.calls.models import cost_logs, llm_call_logs
from callscope.db.engine import STEP_SECONDS, Database
from callscope.db.pace import in_steps
from callscope.feedback.models import Feedback
from callscope.ingest.row import MICROS_PER_DAY
from callscope.store.queries import Purged
from callscope.store.sql import floors, giving_back, payload_tables, search
from callscope.store.sql.batch import Batch, priced, select_rows
from callscope.store.sql.bulk import among

_calls, _costs = llm_call_logs.c, cost_logs.c
DAYS_HIDDEN = 1
"""How long rows stay below their floor: as long as two reports of one call may lie apart."""
SPAN = 2_000
"""Payloads that are looked at for those of some projects, in one step."""


def purge(db: Database, now_micros: int, stopping: Callable[[], bool]) -> Purged:
    """Raise the floors, and delete what is below them, in short steps; none is begun once `stopping` says so."""
    with db.read() as connection:
        if not has_retention(connection):
            return Purged(0, 0, 0)
    with db.write() as connection:
        raised = floors.rise(connection, now_micros)
    rows = 0
    for project_id, day in raised.rows.items():
        rows += in_steps(
            db, partial(_drop_rows, project_id, (day - DAYS_HIDDEN) * MICROS_PER_DAY, now_micros), stopping
        )
    tables, payloads = _drop_tables(db, now_micros, stopping)
    payloads += _drop_payloads(db, now_micros, stopping)
    if db.is_sqlite:
        giving_back.give_back(db, stopping)
    return Purged(rows, payloads, tables)


def has_retention(connection: Connection) -> bool:
    """Whether any project keeps anything for a time only, or once did."""
    columns = Project.__table__.c
    settings = (columns.row_days, columns.payload_days, columns.rows_from, columns.payloads_from)
    some = select(columns.id).where(or_(*(column.is_not(None) for column in settings)))
    return connection.scalar(some.limit(1)) is not None


def drop_calls(connection: Connection, ids: list[int], now_micros: int) -> int:
    """Delete calls and all that leads to them: witnesses, costs, payloads, feedback. The totals stay as they are."""
    group = select_rows().where(or_(among(connection, _calls.id, ids), among(connection, _calls.merged_into, ids)))
    rows = [priced(values) for values in connection.execute(group)]
    batch = Batch(connection, now_micros)
    for row in rows:
        batch.drop_payload(row.call)
    batch.flush()
    all_ids = [row.call.id for row in rows]
    connection.execute(delete(llm_call_logs).where(among(connection, _calls.id, all_ids)))
    connection.execute(delete(cost_logs).where(among(connection, _costs.id, all_ids)))
    connection.execute(delete(Feedback).where(among(connection, Feedback.__table__.c.llm_call_id, ids)))
    return len(rows)


def _drop_rows(project_id: int, before: int, now_micros: int, connection: Connection, limit: int) -> int:
    """A step through the calls of a project that began before this moment. Witnesses stay as long as their call."""
    query = select(_calls.id).where(
        _calls.project_id == project_id, _calls.created_at < before, _calls.merged_into.is_(None)
    )
    ids = list(connection.scalars(query.order_by(_calls.created_at).limit(limit)))
    if ids:
        drop_calls(connection, ids, now_micros)
    return len(ids)


def _drop_tables(db: Database, now_micros: int, stopping: Callable[[], bool]) -> tuple[int, int]:
    """Drop each table of payloads that are all too old; gives how many tables, and how many payloads first one by one."""
    with db.read() as connection:
        numbers = [
            number for number in payload_tables.existing(connection) if payload_tables.is_over(number, now_micros)
        ]
    payloads = tables = 0
    for number in numbers:
        with db.write() as connection:
            search.close(connection, number)
        if db.is_sqlite:  # there, a table that is not empty frees each of its pages while everybody waits
            payloads += in_steps(db, partial(_empty, number), stopping)
            in_steps(db, partial(_shrink, number), stopping)
        if stopping():
            break
        with db.write(statement_seconds=STEP_SECONDS) as connection:
            search.drop(connection, number)
            payload_tables.drop(connection, number)
        tables += 1
    return tables, payloads


def _empty(number: int, connection: Connection, limit: int) -> int:
    """A step through a table of payloads."""
    table = payload_tables.table(number)
    first = select(table.c.call_id).order_by(table.c.call_id).limit(limit).subquery()
    last = select(func.max(first.c.call_id)).scalar_subquery()
    return connection.execute(delete(table).where(table.c.call_id <= last)).rowcount


def _shrink(number: int, connection: Connection, limit: int) -> int:
    """A step through the index of a table of payloads."""
    return search.shrink(connection, number, limit)


def _drop_payloads(db: Database, now_micros: int, stopping: Callable[[], bool]) -> int:
    """Delete payloads that lie among such as are kept longer, since the setting of their project has changed."""
    with db.read() as connection:
        due = _due(connection)
        tables = {
            number: [project for project, weeks in due.items() if payload_tables.week_of(number) in weeks]
            for number in payload_tables.existing(connection)
            if not payload_tables.is_over(number, now_micros)
        }
    dropped = 0
    for number, projects in tables.items():
        after: int | None = -1
        while projects and after is not None:
            with db.read() as connection:
                ids, after = _payloads_of(connection, number, projects, after)
            dropped += in_steps(db, partial(_drop_some, number, ids), stopping)
            if stopping():
                return dropped
    if due:
        with db.write() as connection:
            for project_id, weeks in due.items():
                is_it = Project.__table__.c.id == project_id
                connection.execute(update(Project).where(is_it).values(payloads_purged=weeks.stop))
    return dropped


def _due(connection: Connection) -> dict[int, range]:
    """By project the weeks of arrival whose payloads are kept no longer, and may still be there."""
    columns = Project.__table__.c
    query = select(columns.id, columns.payloads_purged, columns.payloads_from)
    behind = connection.execute(query.where(columns.payloads_purged < columns.payloads_from))
    return {row.id: range(row.payloads_purged, row.payloads_from) for row in behind}


def _payloads_of(
    connection: Connection, number: int, projects: Sequence[int], after: int
) -> tuple[list[int], int | None]:
    """Which of the next payloads of a table are these projects', and the last of those looked at; None at the end."""
    ids = payload_tables.table(number).c.call_id
    span = list(connection.scalars(select(ids).where(ids > after).order_by(ids).limit(SPAN)))
    theirs = select(_calls.id).where(among(connection, _calls.id, span), among(connection, _calls.project_id, projects))
    return list(connection.scalars(theirs)), span[-1] if len(span) == SPAN else None


def _drop_some(number: int, ids: list[int], connection: Connection, limit: int) -> int:
    """A step through payloads, which are taken off the list."""
    some, ids[:] = ids[:limit], ids[limit:]
    search.forget(connection, number, some)
    return len(some)

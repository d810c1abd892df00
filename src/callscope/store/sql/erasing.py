"""Taking an end user out of everything: rows, payloads, feedback, and the totals by end user, whose sums stay.

All of it goes in short steps, for which is looked up before what they are about. What is done is not found any more; so an
erasure that is cut off is simply begun again.
"""

import time
from collections.abc import Callable, Sequence
from functools import partial

from sqlalchemy import ColumnElement, Connection, Select, delete, func, select, tuple_, update

from callscope.calls.models import cost_logs, llm_call_logs
from callscope.db.engine import Database
from callscope.db.pace import in_steps
from callscope.feedback.models import Feedback
from callscope.ingest.changes import Erase
from callscope.ingest.merge import erased
from callscope.ingest.row import ERASED, MICROS_PER_DAY
from callscope.metrics.models import SIDE_MEASURES, rollup_end_users
from callscope.store.queries import Erasing
from callscope.store.sql import floors, giving_back, operations, payload_tables, search, totals
from callscope.store.sql.batch import Batch
from callscope.store.sql.bulk import add_rows, among
from callscope.store.sql.purging import drop_calls

_BEGINNING = (-1, -1)
_calls, _feedback, _sums = llm_call_logs.c, Feedback.__table__.c, rollup_end_users.c
SPAN = 5_000
"""Rows of the person that are looked up at a time, before others are kept waiting for any of them."""
EMPTYING_TRIES = 300
EMPTYING_PAUSE_SECONDS = 0.1
Also = Callable[[Connection, int], None]


def erase(
    db: Database, wanted: Erasing, now_micros: int, also: Also, stopping: Callable[[], bool], max_end_users: int
) -> bool:
    """See `SqlStore.erase`."""
    with db.read() as connection:
        days = _days(connection, wanted)
    for day in days:
        after: tuple[int, int] | None = _BEGINNING
        while after is not None and not stopping():
            with db.read() as connection:
                ids, after = _rows_of(connection, wanted, day, after)
            if ids:
                in_steps(db, partial(_erase_calls, wanted, ids, now_micros, also, max_end_users), stopping)
    with db.read() as connection:
        ratings = list(connection.scalars(select(_feedback.id).where(*_is_author(wanted))))
        places = [(row.day, row.project_id) for row in connection.execute(_places(wanted))]
    in_steps(db, partial(_erase_ratings, wanted, ratings), stopping)
    in_steps(db, partial(_erase_sums, wanted, places), stopping)
    return not stopping()


def clean(db: Database, stopping: Callable[[], bool]) -> bool:
    """See `SqlStore.clean`. Either database leaves bytes in the free space of its pages until that is used again."""
    if not db.is_sqlite:
        with db.read() as connection:
            numbers = payload_tables.existing(connection)
            payloads = [payload_tables.table(number).name for number in numbers]
            payloads += [search.index_name(number) for number in search.unclean(connection)]
        db.vacuum([llm_call_logs.name, cost_logs.name, "feedback", rollup_end_users.name, "erasures", *payloads])
        return True
    _rewrite_indexes(db, stopping)
    giving_back.give_back(db, stopping, leave=0)
    for _ in range(EMPTYING_TRIES):
        if stopping():
            break
        db.checkpoint()
        if db.empty_log():
            return True
        time.sleep(EMPTYING_PAUSE_SECONDS)
    return False


def _rewrite_indexes(db: Database, stopping: Callable[[], bool]) -> None:
    """Write the indexes of words anew that something was taken out of: FTS5 only notes that it is gone."""
    with db.read() as connection:
        unclean = search.unclean(connection)
    for number, removed in unclean.items():
        with db.write() as connection:
            search.rewrite(connection, number, -1)
        in_steps(db, partial(_rewrite, number), stopping)
        if stopping():
            return
        with db.write() as connection:
            search.cleaned(connection, number, removed)


def _rewrite(number: int, connection: Connection, limit: int) -> int:
    """A step through an index of words."""
    return search.rewrite(connection, number, limit)


def _days(connection: Connection, wanted: Erasing) -> Sequence[int]:
    """The UTC days of which there are rows with the name."""
    first = connection.scalar(select(func.min(_calls.created_at)))
    last = connection.scalar(select(func.max(_calls.created_at)))
    if first is None or last is None:
        return ()
    all_days = range(first // MICROS_PER_DAY, last // MICROS_PER_DAY + 1)
    query = select(_calls.day).where(among(connection, _calls.day, all_days), _calls.end_user == wanted.end_user)
    return sorted(set(connection.scalars(query.distinct())))


def _rows_of(
    connection: Connection, wanted: Erasing, day: int, after: tuple[int, int]
) -> tuple[list[int], tuple[int, int] | None]:
    """Which of the person's next rows of a day are to be erased, and the place of the last of them; None at the end.

    The project is looked at in what was found: only so does every database take the index on day and end user.
    """
    start, place = day * MICROS_PER_DAY, tuple_(_calls.created_at, _calls.id)
    query = select(_calls.created_at, _calls.id, _calls.project_id).where(
        _calls.day == day, _calls.end_user == wanted.end_user, place > tuple_(*after),
        _calls.created_at >= start, _calls.created_at < start + MICROS_PER_DAY,
    )  # fmt: skip
    found = connection.execute(query.order_by(_calls.created_at, _calls.id).limit(SPAN)).all()
    ids = [row.id for row in found if row.id < wanted.bound and wanted.project_id in {None, row.project_id}]
    return ids, (found[-1].created_at, found[-1].id) if len(found) == SPAN else None


def _erase_calls(
    wanted: Erasing, ids: list[int], now_micros: int, also: Also, max_end_users: int, connection: Connection, limit: int
) -> int:
    """A step through rows, which are taken off the list. Calls that are kept no longer, and only not deleted yet, are deleted."""
    some, ids[:] = ids[:limit], ids[limit:]
    batch = Batch(connection, now_micros)
    batch.load_ids(some)
    batch.load_below(some)
    too_old: set[int] = set()
    done: set[int] = set()
    for row_id in some:
        root, row = batch.root(row_id), batch.get(row_id)
        if row is None or row.call.end_user != wanted.end_user:  # went with its call, or since it was looked up
            continue
        if root is not None and batch.floors.is_below(root.call):
            too_old.add(root.call.id)
        elif root is not None:
            done.add(operations.erase(batch, Erase(row_id)))
        else:  # its call is lost, which the doctor tells
            batch.drop_payload(row.call)
            batch.put(erased(row))
    totals.write(connection, batch.flush(), max_end_users=max_end_users)
    if too_old:
        drop_calls(connection, sorted(too_old), now_micros)
    also(connection, len(done) + len(too_old))
    return len(some)


def _is_author(wanted: Erasing) -> list[ColumnElement[bool]]:
    """The condition for ratings that an application gave in the end user's name."""
    where = [_feedback.user_id.is_(None), _feedback.author == wanted.end_user]
    return where if wanted.project_id is None else [*where, _feedback.project_id == wanted.project_id]


def _erase_ratings(wanted: Erasing, ids: list[int], connection: Connection, limit: int) -> int:
    """A step through ratings, which are taken off the list; the stars stay."""
    some, ids[:] = ids[:limit], ids[limit:]
    which = (among(connection, _feedback.id, some), *_is_author(wanted))
    connection.execute(update(Feedback).where(*which).values(comment=None))
    operations.take_authors_off(connection, *which)
    return len(some)


def _places(wanted: Erasing) -> Select[tuple[int, int]]:
    query = select(_sums.day, _sums.project_id).where(_sums.end_user == wanted.end_user)
    return query if wanted.project_id is None else query.where(_sums.project_id == wanted.project_id)


def _erase_sums(wanted: Erasing, places: list[tuple[int, int]], connection: Connection, limit: int) -> int:
    """A step through the days on which the name has sums of its own, which are taken off the list.

    Above the floor its calls have moved to `(erased)` by themselves: what is left is zero, or new calls. The row of
    zeros stays under another name, since it is one of those that were admitted. Below it the sums are moved.
    """
    some, places[:] = places[:limit], places[limit:]
    if wanted.end_user == totals.OTHER:  # all whom no row of their own was left for
        return len(some)
    kept_from = floors.read(connection).rows
    for day, project_id in some:
        here = (_sums.day == day) & (_sums.project_id == project_id) & (_sums.end_user == wanted.end_user)
        values = connection.execute(select(*(_sums[name] for name in SIDE_MEASURES)).where(here)).first()
        if values is None:
            continue
        if day < kept_from.get(project_id, day):
            connection.execute(delete(rollup_end_users).where(here))
            add_rows(connection, rollup_end_users, [(day, project_id, ERASED, *values)])
        elif not any(values):
            connection.execute(update(rollup_end_users).where(here).values(end_user=operations.nobody()))
    return len(some)

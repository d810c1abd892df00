"""Bringing the index of words up to what is stored: a step reads and tells words apart beside the writing, then adds them.

Only the adding holds the lock of all writers. What was read before is looked at again there: another process may have
been faster, and what was deleted meanwhile must not come into the index.
"""

import time
import zlib
from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from callscope.db.engine import Database
from callscope.store.sql import payload_tables, search
from callscope.store.sql.bulk import among
from callscope.store.sql.tables import payloads_unindexed

EMPTY = zlib.compress(b"{}")
"""In place of a payload that is not there any more."""
MOST_BYTES = 1_000_000
"""Of packed payloads in one step."""


class Waiting(NamedTuple):
    """Payloads of one table that are not in its index: those after `after`, or with None older ones that came late."""

    number: int
    after: int | None
    bodies: Sequence[tuple[int, bytes]]


class Indexed(NamedTuple):
    """How many payloads a step has indexed, and how long others waited for it."""

    rows: int
    seconds: float


def step(db: Database, limit: int, done: set[int]) -> Indexed | None:
    """Index up to `limit` payloads of one table; None where all are.

    Args:
        done: tables of weeks gone by of which all is indexed: they need not be looked at again, as long as by the clock
            their weeks have gone by. It is kept up.

    Raises DatabaseUnavailable.
    """
    with db.read() as connection:
        waiting = _waiting(connection, limit, done)
    if waiting is None:
        return None
    found = [(call_id, search.words_in(body)) for call_id, body in waiting.bodies]
    number, after, _ = waiting
    with db.write() as connection:
        started = time.monotonic()
        if after is not None and (
            not payload_tables.is_there(connection, number) or search.indexed_to(connection, number) != after
        ):
            return Indexed(0, 0.0)  # it was dropped, or another process was faster
        if after == 0:
            search.clear(connection, number)  # what another version of the words may have left
        search.ensure(connection, number)
        _add(connection, waiting, found)
        return Indexed(len(found), time.monotonic() - started)


def _waiting(connection: Connection, limit: int, done: set[int]) -> Waiting | None:
    now = payload_tables.week_at(time.time_ns() // 1000)
    for number in payload_tables.existing(connection):
        is_over = payload_tables.week_of(number) < now - 1
        if is_over and number in done:
            continue
        done.discard(number)  # it is, or was, written to: where the clock was set back, also one of weeks to come
        after = search.indexed_to(connection, number)
        bodies = _bodies(connection, number, limit, after)
        if bodies:
            return Waiting(number, after, bodies)
        if is_over:
            done.add(number)
    late = payloads_unindexed.c
    number = connection.scalar(select(func.min(late.number)))
    if number is None:
        return None
    ids = connection.scalars(
        select(late.call_id).where(late.number == number).order_by(late.call_id).limit(limit)
    ).all()
    of = payload_tables.table(number)
    told: dict[int, bytes] = {}
    if payload_tables.is_there(connection, number):
        query = select(of.c.call_id, of.c.body).where(among(connection, of.c.call_id, ids))
        told = {row.call_id: row.body for row in connection.execute(query)}
    return Waiting(number, None, [(call_id, told.get(call_id, EMPTY)) for call_id in ids])


def _bodies(connection: Connection, number: int, limit: int, after: int) -> list[tuple[int, bytes]]:
    of = payload_tables.table(number)
    query = select(of.c.call_id, of.c.body).where(of.c.call_id > after).order_by(of.c.call_id).limit(limit)
    found, size = [], 0
    for call_id, body in connection.execute(query):
        found.append((call_id, body))
        size += len(body)
        if size > MOST_BYTES:
            break
    return found


def _add(connection: Connection, waiting: Waiting, found: Sequence[tuple[int, list[str]]]) -> None:
    of = payload_tables.table(waiting.number)
    ids = [call_id for call_id, _ in found]
    there = set(connection.scalars(select(of.c.call_id).where(among(connection, of.c.call_id, ids))))
    kept = [(call_id, words) for call_id, words in found if call_id in there]
    if waiting.after is None:
        late = search.waiting_among(connection, waiting.number, ids)
        search.add(connection, waiting.number, [one for one in kept if one[0] in late], None)
    else:
        search.add(connection, waiting.number, kept, ids[-1])
    search.wait_no_longer(connection, waiting.number, ids)

"""Listing the calls whose text is as wanted, the last that arrived first. Any other filter is checked on what is found."""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, func, select

from callscope.calls.models import cost_logs, llm_call_logs
from callscope.search.query import TextQuery
from callscope.store.queries import CallFilter, CallPage, Position
from callscope.store.sql import search
from callscope.store.sql.batch import priced, select_rows
from callscope.store.sql.bulk import among

_calls = llm_call_logs.c
_WITH_COSTS = llm_call_logs.outerjoin(cost_logs, cost_logs.c.id == _calls.id)
Conditions = Sequence[ColumnElement[bool]]


def hits(
    connection: Connection, text: TextQuery, wanted: CallFilter, after: Position | None
) -> Iterator[list[tuple[int, Position]]]:
    """The calls found, some hundreds at a time, each with its place in what is found."""
    place = None if after is None else search.Hit(*after)
    for found in search.found(connection, text, place, wanted.start):
        yield [(call_id, Position(*hit)) for call_id, hit in found]


def page(
    connection: Connection, text: TextQuery, wanted: CallFilter, conditions: Conditions, after: Position | None,
    limit: int, budget: float,
) -> CallPage:  # fmt: skip
    """The next calls found that fulfil the conditions."""
    deadline = time.monotonic() + budget
    rows: list[tuple[Any, Position]] = []
    seen: set[int] = set()
    for found in hits(connection, text, wanted, after):
        ids = [call_id for call_id, _ in found if call_id not in seen]
        seen.update(ids)
        query = select_rows().where(among(connection, _calls.id, ids), _calls.is_call, *conditions)
        there = {row.call.id: row for row in map(priced, connection.execute(query))}
        rows += [(there.pop(call_id), place) for call_id, place in found if call_id in there]
        if len(rows) > limit:
            return CallPage([row for row, _ in rows[:limit]], rows[limit - 1][1])
        if time.monotonic() > deadline:
            last = select(_calls.created_at).where(_calls.id == found[-1][0])
            return CallPage([row for row, _ in rows], found[-1][1], scanned_to=connection.scalar(last))
    return CallPage([row for row, _ in rows], None)


def matching(
    connection: Connection, text: TextQuery, wanted: CallFilter, conditions: Conditions,
    columns: Sequence[ColumnElement[Any]], budget: float,
) -> Iterator[tuple[Sequence[Any], int | None]]:  # fmt: skip
    """As `calls.matching`, of the calls found."""
    deadline = time.monotonic() + budget
    counts = select(*columns, func.count()).select_from(_WITH_COSTS).group_by(*columns)
    for found in hits(connection, text, wanted, None):
        ids = [call_id for call_id, _ in found]
        rows = connection.execute(counts.where(among(connection, _calls.id, ids), _calls.is_call, *conditions)).all()
        late = time.monotonic() > deadline
        last = select(_calls.created_at).where(_calls.id == ids[-1])
        yield rows, connection.scalar(last) if late else None
        if late:
            return

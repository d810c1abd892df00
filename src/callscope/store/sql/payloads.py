"""Reading payloads, which lie apart from the rows, compressed."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, Table, func, select

from callscope.calls.models import llm_call_logs
from callscope.ingest.merge import ranked
from callscope.ingest.row import PricedRow
from callscope.store.queries import HasPayload
from callscope.store.sql import floors, payload_tables
from callscope.store.sql.batch import priced, select_rows
from callscope.store.sql.bulk import among

_calls = llm_call_logs.c
_T = TypeVar("_T")


def read(connection: Connection, calls: Sequence[HasPayload]) -> dict[int, list[bytes]]:
    """The stored payloads of these calls, by call id: one of each witness, the most trusted first.

    A call without any is left out.
    """
    return _told(connection, calls, lambda table: table.c.body)


def sizes(connection: Connection, calls: Sequence[HasPayload]) -> dict[int, int]:
    """How many bytes these payloads have, by call id: packed, those of all its witnesses together. None is read for it."""
    told = _told(connection, calls, lambda table: func.length(table.c.body))
    return {call_id: sum(lengths) for call_id, lengths in told.items()}


def _told(
    connection: Connection, calls: Sequence[HasPayload], what: Callable[[Table], ColumnElement[_T]]
) -> dict[int, list[_T]]:
    """Something of each payload of these calls, by call id, the most trusted witness first."""
    told_by = _witnesses(connection, calls)
    there = _there(connection, [call for told in told_by.values() for call in told], what)
    found = {
        call_id: [there[place] for call in told if (place := (call.payload_table, call.payload_id)) in there]
        for call_id, told in told_by.items()
    }
    return {call_id: told for call_id, told in found.items() if told}


def _witnesses(connection: Connection, calls: Sequence[HasPayload]) -> dict[int, list[HasPayload]]:
    """The rows that a call is made of, by call id: its own, or those merged into it."""
    single = {call.id: [call] for call in calls if call.witnesses == 1}
    merged = [call.id for call in calls if call.witnesses != 1]
    if not merged:
        return single
    several: dict[int, list[PricedRow]] = defaultdict(list)
    query = select_rows().where(among(connection, _calls.merged_into, merged), _calls.witnesses == 1)
    for witness in map(priced, connection.execute(query)):
        several[witness.call.merged_into or 0].append(witness)
    return single | {call_id: [row.call for row in ranked(witnesses)] for call_id, witnesses in several.items()}


def _there(
    connection: Connection, calls: Sequence[HasPayload], what: Callable[[Table], ColumnElement[_T]]
) -> dict[tuple[int | None, int | None], _T]:
    """Something of each payload that is kept, by table and id."""
    wanted: dict[int, set[int]] = defaultdict(set)
    kept_from = floors.read(connection).payloads
    for call in calls:
        if call.payload_table is None or call.payload_id is None:
            continue
        if payload_tables.week_of(call.payload_table) >= kept_from.get(call.project_id, 0):
            wanted[call.payload_table].add(call.payload_id)
    found: dict[tuple[int | None, int | None], _T] = {}
    for number, ids in wanted.items():
        if not payload_tables.is_there(connection, number):
            continue
        table = payload_tables.table(number)
        query = select(table.c.call_id, what(table)).where(among(connection, table.c.call_id, ids))
        found.update({(number, payload_id): value for payload_id, value in connection.execute(query)})
    return found

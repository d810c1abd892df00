"""Reading payloads, which lie apart from the rows, compressed."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from sqlalchemy import ColumnElement, Connection, Table, func, null, select

from callscope.calls import payload
from callscope.calls.models import llm_call_logs
from callscope.ingest.merge import ranked
from callscope.ingest.row import PricedRow
from callscope.store.queries import HasPayload
from callscope.store.sql import floors, payload_tables
from callscope.store.sql.batch import priced, select_rows
from callscope.store.sql.bulk import among

_calls = llm_call_logs.c
_T = TypeVar("_T")
READ_BYTES = 1_000_000
"""Of packed payloads at once, where one is needed after the other."""
MOST_UNPACKED = 64_000_000
"""Of payloads without a preview in one list: half a second's work."""


def read(connection: Connection, calls: Sequence[HasPayload]) -> dict[int, list[bytes]]:
    """The stored payloads of these calls, by call id: one of each witness, the most trusted first.

    A call without any is left out.
    """
    return _told(connection, calls, lambda table: table.c.body)


def sizes(connection: Connection, calls: Sequence[HasPayload]) -> dict[int, int]:
    """How many bytes these payloads have, by call id: packed, those of all its witnesses together. None is read for it."""
    told = _told(connection, calls, lambda table: func.length(table.c.body))
    return {call_id: sum(lengths) for call_id, lengths in told.items()}


def each(connection: Connection, calls: Sequence[HasPayload]) -> Iterator[tuple[int, list[bytes]]]:
    """The payloads of one call after the other, in this order, with its id; some `READ_BYTES` are read at once.

    A call without any has none.
    """
    lengths = sizes(connection, calls)
    group: list[HasPayload] = []
    size = 0
    for last, call in enumerate(calls, 1 - len(calls)):
        group.append(call)
        size += lengths.get(call.id, 0)
        if size >= READ_BYTES or not last:
            bodies = read(connection, group)
            for one in group:
                yield one.id, bodies.pop(one.id, [])
            group, size = [], 0


def previews(connection: Connection, calls: Sequence[HasPayload]) -> dict[int, str]:
    """What a list shows of the payloads of these calls, by call id, where there is something to show.

    For those that were stored without a preview the payloads are unpacked, in their order, as far as the bound goes.
    """
    told = _told(connection, calls, lambda table: table.c.preview if "preview" in table.c else null())
    found = {call_id: next((one for one in of_call if one != ""), "") for call_id, of_call in told.items()}
    left = MOST_UNPACKED
    for call_id, bodies in each(connection, [call for call in calls if found.get(call.id, "") is None]):
        document, size = payload.unpack(bodies)
        found[call_id] = payload.preview(document)
        left -= size
        if left < 0:
            break
    return {call_id: text for call_id, text in found.items() if text}


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
        table = payload_tables.find(connection, number)
        if table is None:
            continue
        query = select(table.c.call_id, what(table)).where(among(connection, table.c.call_id, ids))
        found.update({(number, payload_id): value for payload_id, value in connection.execute(query)})
    return found

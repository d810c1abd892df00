"""Reading many calls on end, newest first: a stretch at a time, each a short read, so that nothing is held in between."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from sqlalchemy import Connection, Select, select, tuple_

from callscope.calls.models import cost_logs, llm_call_logs
from callscope.store.queries import EXPORTED, CallFilter, Exported, Onward, Position
from callscope.store.sql import payloads, searching
from callscope.store.sql.bulk import among
from callscope.store.sql.calls import checked, conditions, kept_only, newest, segments

_calls, _costs = llm_call_logs.c, cost_logs.c
_COLUMNS = [_calls[name] if name in _calls else _costs[name] for name in EXPORTED]
_FROM = llm_call_logs.outerjoin(cost_logs, _costs.id == _calls.id)


def stretch(
    connection: Connection, wanted: CallFilter, begin: Onward | None, places: int, most_bytes: int | None
) -> tuple[Sequence[Exported], Onward | None]:
    """The matches among the next `places` calls of the filter's index, and where to go on; None at the end.

    So many are gone through however few match: what is read in one transaction is bounded.

    Args:
        begin: None for the newest calls.
        most_bytes: so many bytes the payloads of the matches have together, packed; a single call may have more.
            None where they are not read.
    """
    if begin is not None and begin.ids:
        rows: Sequence[Exported] = _of(connection, wanted, begin.ids)
        after = begin.after
    else:
        rows, after = _next(connection, wanted, None if begin is None else begin.after, places)
    count = len(rows) if most_bytes is None else _within(connection, rows, most_bytes)
    left = [row.id for row in rows[count:]]
    return rows[:count], Onward(left, after) if left or after is not None else None


def _within(connection: Connection, rows: Sequence[Exported], most_bytes: int) -> int:
    """How many of the first of these calls have so many bytes of payload together; one at least."""
    sizes = payloads.sizes(connection, rows)
    summed = accumulate(sizes.get(row.id, 0) for row in rows)
    return max(sum(size <= most_bytes for size in summed), min(1, len(rows)))


def _of(connection: Connection, wanted: CallFilter, ids: Sequence[int]) -> list[Exported]:
    """Those of these calls that match, in this order."""
    where = among(connection, _calls.id, ids), _calls.is_call, *conditions(connection, wanted)
    there = {row.id: row for row in _read(connection, select(*_COLUMNS).select_from(_FROM).where(*where))}
    return [there[call_id] for call_id in ids if call_id in there]


def _next(
    connection: Connection, wanted: CallFilter, after: Position | None, places: int
) -> tuple[Sequence[Exported], Position | None]:
    if wanted.text is not None:
        found_text = next(iter(searching.hits(connection, wanted.text, wanted, after)), [])
        ids = list(dict.fromkeys(call_id for call_id, _ in found_text))
        return _of(connection, wanted, ids), found_text[-1][1] if found_text else None
    sources, onward = next((segment for segment in segments(connection, wanted, after) if segment[0]), ((), None))
    rest = (*checked(connection, wanted), *kept_only(connection))
    found = newest(connection, sources, after, places)
    if not found:
        return (), onward
    here = tuple_(_calls.created_at, _calls.id)
    bounds = [here >= tuple_(found[-1].created_at, found[-1].id)]
    if after is not None:
        bounds.append(here < tuple_(after.created_at, after.id))
    rows: list[Exported] = []
    for which in sources:
        query = select(*_COLUMNS).select_from(_FROM).where(*which, *bounds, _calls.is_call, *rest)
        query = query.order_by(_calls.created_at.desc(), _calls.id.desc())
        rows.extend(_read(connection, query))
    if len(sources) > 1:
        rows.sort(key=lambda row: (row.created_at, row.id), reverse=True)
    return rows, found[-1] if len(found) == places else onward


def _read(connection: Connection, query: Select[Any]) -> Iterator[Exported]:
    with connection.execute(query) as result:
        return map(Exported._make, result.cursor.fetchall())  # as the driver has it: half of the time

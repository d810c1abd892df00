"""Pricing stored calls anew: which rows come next, what it would do to them, and doing it.

A row is looked at without the lock of all writers first; only those that change are read again under it and written.
Rows are taken in order of time through an index. Witnesses of a call are rows like others: whatever becomes of a call
while this goes on, what each witness of it told is found where its own time puts it.
"""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, func, select, tuple_

from callscope.calls.models import llm_call_logs
from callscope.ingest.changes import Pricer, Reprice
from callscope.store.queries import NO_CHANGE, CostSums, Outlook, Position, Stretch
from callscope.store.sql import operations
from callscope.store.sql.batch import Batch

_calls = llm_call_logs.c


def places(connection: Connection, wanted: Stretch, after: Position | None, limit: int) -> list[Position]:
    """The next rows of a stretch, oldest first."""
    if wanted.model_id is not None:
        where: list[ColumnElement[bool]] = [_calls.model_id == wanted.model_id]
    else:
        where = [] if wanted.project_id is None else [_calls.project_id == wanted.project_id]
    if wanted.end is not None:
        where.append(_calls.created_at < wanted.end)
    if after is not None:
        where.append(tuple_(_calls.created_at, _calls.id) > tuple_(after.created_at, after.id))
    elif wanted.start is not None:
        where.append(_calls.created_at >= wanted.start)
    query = select(_calls.created_at, _calls.id).where(*where).order_by(_calls.created_at, _calls.id).limit(limit)
    return [Position(*row) for row in connection.execute(query)]


def newest(connection: Connection) -> int | None:
    """When the last of all calls began."""
    found: int | None = connection.scalar(select(func.max(_calls.created_at)))
    return found


def reprice(batch: Batch, row_ids: Sequence[int], price: Pricer) -> CostSums:
    """Price the calls anew that these rows are, or are witnesses of; gives the sums of the calls among them."""
    _load(batch, row_ids)
    done = NO_CHANGE
    for row_id in row_ids:
        if _is_kept(batch, row_id):  # else it has grown too old since it was looked at
            _, sums = _reprice(batch, row_id, price)
            done = done.plus(sums)
    return done


def outlook(batch: Batch, row_ids: Sequence[int], wanted: Stretch, price: Pricer, most: int) -> Outlook:
    """What that would do to rows of a stretch, in order, until `most` of them are to be changed."""
    _load(batch, row_ids)
    staying = changing = NO_CHANGE
    to_change: list[int] = []
    for index, row_id in enumerate(row_ids):
        if len(to_change) == most:
            return Outlook(index, staying, changing, to_change)
        if not _is_due(batch, row_id, wanted):
            continue
        changes, sums = _reprice(batch, row_id, price)
        if changes:
            to_change.append(row_id)
            changing = changing.plus(sums)
        else:
            staying = staying.plus(sums)
    return Outlook(len(row_ids), staying, changing, to_change)


def _load(batch: Batch, row_ids: Sequence[int]) -> None:
    batch.load_ids(row_ids)
    batch.load_below(row_ids)


def _is_kept(batch: Batch, row_id: int) -> bool:
    root = batch.root(row_id)
    return root is not None and not batch.floors.is_below(root.call)


def _is_due(batch: Batch, row_id: int, wanted: Stretch) -> bool:
    """Not a row of another project; nor a witness whose call comes later in the same stretch, and is priced then."""
    row, root = batch.get(row_id), batch.root(row_id)
    if (
        row is None
        or root is None
        or not _is_kept(batch, row_id)
        or wanted.project_id not in {None, root.call.project_id}
    ):
        return False
    call = root.call
    in_stretch = wanted.model_id in {None, call.model_id} and (wanted.end is None or call.created_at < wanted.end)
    return not (in_stretch and (call.created_at, call.id) > (row.call.created_at, row_id))


def _reprice(batch: Batch, row_id: int, price: Pricer) -> tuple[bool, CostSums]:
    """Price the call of a row; whether that changes anything, and the call's sums where the row is the call itself.

    A refused call is none, as in the totals.
    """
    root_id = operations.reprice(batch, Reprice(row_id, price, batch.now_micros))
    before, after = batch.before(root_id), batch.get(root_id)
    assert before is not None  # noqa: S101  # it was loaded
    assert after is not None  # noqa: S101
    changes = any(map(batch.is_changed, (root_id, *(row.call.id for row in batch.witnesses_of(root_id)))))
    if row_id != root_id or not after.call.is_call or after.call.refused is not None:
        return changes, NO_CHANGE
    old, new = before.known_cost, after.known_cost
    sums = CostSums(1, int(before.cost != after.cost), old or 0, new or 0, int(old is None), int(new is None))
    return changes, sums

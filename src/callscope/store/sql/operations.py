"""What each kind of change does to the rows of a batch. Totals follow by themselves, as differences of contributions."""

import secrets
from collections import Counter
from collections.abc import Sequence

from sqlalchemy import ColumnElement, Connection, delete, func, insert, select, update

from callscope.db.types import from_micros
from callscope.feedback.models import Feedback
from callscope.ingest.changes import Change, Erase, Payload, Put, Rate, Receipt, Reprice, Withdraw
from callscope.ingest.merge import NO_RATINGS, RATINGS, Ratings, content, erased, merged, with_id
from callscope.ingest.row import ERASED, MICROS_PER_DAY, CallRow, CostRow, PricedRow, PriceSource, cost_row
from callscope.store.errors import CallNotFound, ProjectForbidden, TooOld
from callscope.store.sql import counters
from callscope.store.sql.batch import Batch
from callscope.store.sql.identity import Identities

MAX_WITNESSES = 32
"""Reports that make one call. An id that more reports carry is no id, such as the constant one of a mocked provider."""

_feedback = Feedback.__table__.c
_ID, _PAYLOAD_TABLE, _PAYLOAD_ID = (CallRow._fields.index(name) for name in ("id", "payload_table", "payload_id"))


def put(batch: Batch, identities: Identities, change: Put) -> int:
    """Store what a witness saw; gives the id of the call."""
    row = PricedRow(change.row, None)
    if change.cost is not None:
        cost, source = change.cost
        row = PricedRow(change.row, cost_row(0, cost, source, batch.now_micros))
    found = identities.matches(change)
    roots = {root for root in found if not _is_below_floor(batch, root)}
    if found and not roots:  # a late report of a call that is no longer kept: it was counted, and that stays
        return min(found)
    if not roots:
        return _add(batch, identities, row, change).call.id
    target = min(roots)
    if any(_is_erased(batch, root) for root in roots):
        row = erased(row)
    known = [witness for root in roots for witness in batch.witnesses_of(root)]
    twin = next((witness for witness in known if content(witness) == content(row)), None)
    if twin is not None and len(roots) == 1:
        _complete(batch, target, twin, change.payload)
        return target
    if len(known) >= MAX_WITNESSES:
        nameless = row.call._replace(response_id=None, span_id=None)
        return _add(batch, identities, PricedRow(nameless, row.cost), change).call.id
    _join(batch, identities, target, roots - {target})
    witness = _add(batch, identities, row, change, target)
    _combine(batch, target)
    return witness.call.merged_into or target


def _add(batch: Batch, identities: Identities, row: PricedRow, change: Put, target: int | None = None) -> PricedRow:
    call_id = batch.new_id()
    values = list(row.call)  # and _make(): a fifth of the time of _replace(), and this runs for every call
    values[_ID] = call_id
    if change.payload is not None and not row.call.erased:
        number = batch.put_payload(call_id, row.call.project_id, change.payload)
        values[_PAYLOAD_TABLE], values[_PAYLOAD_ID] = number, call_id
    call = CallRow._make(values)
    if target is not None:
        call = call._replace(is_call=False, merged_into=target)
    stored = PricedRow(call, with_id(row.cost, call_id))
    batch.put(stored)
    identities.add(call, change.provider)
    return stored


def _complete(batch: Batch, target: int, twin: PricedRow, payload: Payload | None) -> None:
    """A repeated delivery adds only what was written, where that was missing."""
    call = twin.call
    if payload is None or call.erased or call.payload_table is not None:
        return
    number = batch.put_payload(call.id, call.project_id, payload)
    batch.put(twin._replace(call=call._replace(payload_table=number, payload_id=call.id)))
    _combine(batch, target)


def _is_below_floor(batch: Batch, root_id: int) -> bool:
    row = batch.get(root_id)
    return row is not None and batch.floors.is_below(row.call)


def _is_erased(batch: Batch, root_id: int) -> bool:
    row = batch.get(root_id)
    return row is not None and row.call.erased


def _join(batch: Batch, identities: Identities, target: int, others: set[int]) -> None:
    """Make one call of several: the target keeps its id, the others become witnesses of it or lead to it."""
    root = batch.get(target)
    assert root is not None  # noqa: S101  # matches() gives only rows that are there
    if root.call.witnesses == 1:
        copy_id = batch.new_id()
        copy = root.call._replace(id=copy_id, is_call=False, merged_into=target, **NO_RATINGS)
        batch.put(PricedRow(copy, with_id(root.cost, copy_id)))
        identities.add_copy(copy, target)
        batch.put(root._replace(call=root.call._replace(witnesses=2)))
    for other_id in sorted(others):
        other = batch.get(other_id)
        assert other is not None  # noqa: S101  # as above
        for row in (*batch.witnesses_of(other_id), *batch.pointers_to(other_id)):
            batch.put(row._replace(call=row.call._replace(merged_into=target)))
        standing = batch.get(target)
        assert standing is not None  # noqa: S101  # as above
        counted = standing.call.is_call and other.call.is_call
        batch.put(
            standing._replace(
                call=standing.call._replace(is_call=counted, erased=standing.call.erased or other.call.erased)
            )
        )
        alone = other.call.witnesses == 1
        left = other.call._replace(is_call=False, merged_into=target, witnesses=1 if alone else 0, **NO_RATINGS)
        batch.put(PricedRow(left, other.cost))
        _move_feedback(batch, other_id, target)


def _combine(batch: Batch, root_id: int) -> None:
    """Say anew what a call says, from all that its witnesses told."""
    root = batch.get(root_id)
    assert root is not None  # noqa: S101  # the caller has just stored it
    if root.call.witnesses == 1:
        return
    if root.call.erased:
        _strip_all(batch, root_id)
    _retell(batch, root_id)


def _retell(batch: Batch, root_id: int) -> None:
    root = batch.get(root_id)
    assert root is not None  # noqa: S101  # as above
    witnesses = batch.witnesses_of(root_id)
    result = merged(witnesses)
    ratings = {name: getattr(root.call, name) for name in RATINGS}
    if result.call.model_id != root.call.model_id and any(ratings.values()):
        of_call = _feedback.llm_call_id == root_id
        batch.connection.execute(update(Feedback).where(of_call).values(model_id=result.call.model_id))
    if batch.floors.is_below(result.call):  # what is told now puts it on a day that is no longer kept: it stays
        told = result.call._replace(created_at=root.call.created_at, day=root.call.day)
        result = PricedRow(told, result.cost)
    call = result.call._replace(
        id=root_id, is_call=root.call.is_call, merged_into=None, witnesses=len(witnesses) or 1, **ratings
    )
    batch.put(PricedRow(call, with_id(result.cost, root_id)))


def _strip_all(batch: Batch, root_id: int) -> None:
    """Erase a call, every row that leads to it, and who rated it with what words."""
    root = batch.get(root_id)
    assert root is not None  # noqa: S101  # the caller has it
    for row in (root, *batch.witnesses_of(root_id), *batch.pointers_to(root_id)):
        batch.drop_payload(row.call)
        batch.put(erased(row))
    of_call = _feedback.llm_call_id == root_id
    take_authors_off(batch.connection, of_call, _feedback.user_id.is_(None))
    batch.connection.execute(update(Feedback).where(of_call).values(comment=None))


def take_authors_off(connection: Connection, *ratings: ColumnElement[bool]) -> None:
    """Give each of the ratings another author, whom nobody can have thought of before."""
    for rating_id in list(connection.scalars(select(_feedback.id).where(*ratings))):
        connection.execute(update(Feedback).where(_feedback.id == rating_id).values(author=nobody()))


def nobody() -> str:
    """A name for what is left of an erased one, where no two may have the same: by chance, so that none is taken."""
    return f"{ERASED} {secrets.token_hex(8)}"


def check_age(batch: Batch, changes: Sequence[Change]) -> None:
    """Raise TooOld, naming each call that began before the first day of which its project keeps calls."""
    if not batch.floors.rows:
        return
    too_old = [
        ("created_at" if len(changes) == 1 else f"{index}.created_at", batch.floors.rows[change.row.project_id])
        for index, change in enumerate(changes)
        if isinstance(change, Put) and batch.floors.is_below(change.row)
    ]
    if too_old:
        raise TooOld((name, from_micros(day * MICROS_PER_DAY).date()) for name, day in too_old)


def check(batch: Batch, change: Change) -> None:
    """Raise what making this change would raise: CallNotFound or ProjectForbidden."""
    if isinstance(change, Put):
        return
    root = _root(batch, change.call_id)
    if isinstance(change, Rate) and not (change.project_ids is None or root.call.project_id in change.project_ids):
        raise ProjectForbidden


def _root(batch: Batch, call_id: int) -> PricedRow:
    root = batch.root(call_id)
    if root is None:
        raise CallNotFound(call_id, was_kept=call_id < counters.read(batch.connection, counters.CALL_ID, 1))
    if batch.floors.is_below(root.call):
        raise CallNotFound(call_id, was_kept=True)
    return root


def rate(batch: Batch, change: Rate) -> int:
    """Add or replace an author's rating.

    Raises CallNotFound, or ProjectForbidden where the call is in a project that the author may not see.
    """
    check(batch, change)
    root = _root(batch, change.call_id)
    call = root.call
    author, comment = change.author, change.comment
    if call.erased:  # a rating stays possible; who is no user here stays without a name
        author, comment = author if change.user_id is not None else ERASED, None
    named_by_key = _feedback.user_id.is_(None) & (_feedback.author == author)
    himself = named_by_key if change.user_id is None else _feedback.user_id == change.user_id
    same = (_feedback.llm_call_id == call.id) & himself
    before = batch.connection.scalar(select(_feedback.rating).where(same))
    at = from_micros(change.at_micros)
    values = {"author": author, "rating": change.rating, "comment": comment, "created_at": at}
    if before is None:
        fixed = {"llm_call_id": call.id, "user_id": change.user_id}
        place = {"project_id": call.project_id, "model_id": call.model_id}
        batch.connection.execute(insert(Feedback).values(**values, **fixed, **place))
    else:
        batch.connection.execute(update(Feedback).where(same).values(**values))
        call = _counted(call, before, -1)
    batch.put(PricedRow(_counted(call, change.rating, 1), root.cost))
    return call.id


def _counted(call: CallRow, rating: int, by: int) -> CallRow:
    name = f"rating_{rating}"
    return call._replace(**{name: getattr(call, name) + by})


def _move_feedback(batch: Batch, source: int, target: int) -> None:
    """Ratings follow their call; where one author rated both, the later rating stays."""
    rows = batch.connection.execute(
        select(_feedback.id, _feedback.llm_call_id, _feedback.user_id, _feedback.author)
        .where(_feedback.llm_call_id.in_((source, target)))
        .order_by(_feedback.created_at.desc(), _feedback.id.desc())
    ).all()
    if not any(row.llm_call_id == source for row in rows):
        return
    seen: set[int | str] = set()
    superseded = []
    for row in rows:
        author = row.author if row.user_id is None else row.user_id
        if author in seen:
            superseded.append(row.id)
        seen.add(author)
    batch.connection.execute(delete(Feedback).where(_feedback.id.in_(superseded)))
    batch.connection.execute(update(Feedback).where(_feedback.llm_call_id == source).values(llm_call_id=target))
    counted = (
        select(_feedback.rating, func.count().label("number"))
        .where(_feedback.llm_call_id == target)
        .group_by(_feedback.rating)
    )
    count = Counter({row.rating: row.number for row in batch.connection.execute(counted)})
    root = batch.get(target)
    assert root is not None  # noqa: S101  # it is being merged into
    ratings: Ratings = {
        "rating_1": count.get(1, 0),
        "rating_2": count.get(2, 0),
        "rating_3": count.get(3, 0),
        "rating_4": count.get(4, 0),
        "rating_5": count.get(5, 0),
    }
    batch.put(root._replace(call=root.call._replace(**ratings)))


def reprice(batch: Batch, change: Reprice) -> int:
    """Compute a call's cost anew, in every witness of it. A cost that stays what it was keeps its `priced_at`.

    Raises CallNotFound, and what the pricer raises.
    """
    root = _root(batch, change.call_id)
    for witness in batch.witnesses_of(root.call.id):
        if _keeps_cost(witness):
            continue
        known = change.price(witness.call)
        cost = None if known is None else cost_row(witness.call.id, known[0], known[1], change.at_micros)
        if not _same(cost, witness.cost):
            batch.put(PricedRow(witness.call, cost))
    if root.call.witnesses != 1:
        _retell(batch, root.call.id)
    return root.call.id


def _keeps_cost(witness: PricedRow) -> bool:
    """Whether no price plays a part: it was reported, nothing was bought, or the row does not say which model it was.

    That is so of calls counted as `(other)`: their name is stored, and not the provider that it was priced with.
    """
    call, cost = witness
    if call.cache_hit or call.refused is not None or call.model_name is not None:
        return True
    return cost is not None and cost.price_source == PriceSource.reported


def _same(cost: CostRow | None, other: CostRow | None) -> bool:
    """Whether two costs are the same but for when they were computed."""
    return cost == other if cost is None or other is None else cost[:-1] == other[:-1]


def erase(batch: Batch, change: Erase) -> int:
    """Take out of a call, and of all that its witnesses told, whatever names its end user or shows what was written.

    Raises CallNotFound.
    """
    root = _root(batch, change.call_id)
    _strip_all(batch, root.call.id)
    _combine(batch, root.call.id)
    return root.call.id


def withdraw(batch: Batch, change: Withdraw) -> int:
    """Count a call no longer.

    Raises CallNotFound.
    """
    root = _root(batch, change.call_id)
    batch.put(root._replace(call=root.call._replace(is_call=False)))
    return root.call.id


def receipt(batch: Batch, call_id: int) -> Receipt:
    """What became of a change to this call. Raises CallNotFound where it was stored before, and is no longer kept."""
    row = batch.get(call_id)
    if row is None or row.call.merged_into is not None:
        row = batch.root(call_id)
        if row is None:
            raise CallNotFound(call_id, was_kept=True)
    call, cost = row
    tokens = call.prompt_tokens + call.completion_tokens
    return Receipt(call.id, tokens, row.known_cost, int(PriceSource.none) if cost is None else cost.price_source)

"""What each kind of change does to the rows of a batch. Totals follow by themselves, as differences of contributions."""

from sqlalchemy import String, cast, delete, func, insert, literal, select, update

from callscope.db.types import from_micros
from callscope.feedback.models import Feedback
from callscope.ingest.changes import Change, Erase, Put, Rate, Receipt, Reprice, Withdraw
from callscope.ingest.merge import NO_RATINGS, RATINGS, Ratings, content, erased, merged, with_id
from callscope.ingest.row import ERASED, CallRow, PricedRow, PriceSource, cost_row
from callscope.store.errors import CallNotFound, ProjectForbidden
from callscope.store.sql.batch import Batch
from callscope.store.sql.identity import Identities

_feedback = Feedback.__table__.c
_ID, _PAYLOAD_TABLE, _PAYLOAD_ID = (CallRow._fields.index(name) for name in ("id", "payload_table", "payload_id"))


def put(batch: Batch, identities: Identities, change: Put) -> int:
    """Store what a witness saw; gives the id of the call."""
    row = PricedRow(change.row, None)
    if change.cost is not None:
        cost, source = change.cost
        row = PricedRow(change.row, cost_row(0, cost, source, batch.now_micros))
    roots = identities.matches(change)
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
    _join(batch, identities, target, roots - {target})
    witness = _add(batch, identities, row, change, target)
    _combine(batch, target)
    return witness.call.merged_into or target


def _add(batch: Batch, identities: Identities, row: PricedRow, change: Put, target: int | None = None) -> PricedRow:
    call_id = batch.new_id()
    values = list(row.call)  # and _make(): a fifth of the time of _replace(), and this runs for every call
    values[_ID] = call_id
    if change.payload is not None and not row.call.erased:
        values[_PAYLOAD_TABLE], values[_PAYLOAD_ID] = batch.payload_number, call_id
        batch.put_payload(call_id, change.payload)
    call = CallRow._make(values)
    if target is not None:
        call = call._replace(is_call=False, merged_into=target)
    stored = PricedRow(call, with_id(row.cost, call_id))
    batch.put(stored)
    identities.add(call, change.provider)
    return stored


def _complete(batch: Batch, target: int, twin: PricedRow, payload: bytes | None) -> None:
    """A repeated delivery adds only what was written, where that was missing."""
    call = twin.call
    if payload is None or call.erased or call.payload_table is not None:
        return
    batch.put_payload(call.id, payload)
    batch.put(twin._replace(call=call._replace(payload_table=batch.payload_number, payload_id=call.id)))
    _combine(batch, target)


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
    witnesses = batch.witnesses_of(root_id)
    if root.call.witnesses == 1:
        return
    if root.call.erased:
        _strip_all(batch, root_id)
        witnesses = batch.witnesses_of(root_id)
    result = merged(witnesses)
    ratings = {name: getattr(root.call, name) for name in RATINGS}
    if result.call.model_id != root.call.model_id and any(ratings.values()):
        of_call = _feedback.llm_call_id == root_id
        batch.connection.execute(update(Feedback).where(of_call).values(model_id=result.call.model_id))
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
    nameless = literal(f"{ERASED} ") + cast(_feedback.id, String)
    batch.connection.execute(update(Feedback).where(of_call, _feedback.user_id.is_(None)).values(author=nameless))
    batch.connection.execute(update(Feedback).where(of_call).values(comment=None))


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
        raise CallNotFound(call_id)
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
    same = (_feedback.llm_call_id == call.id) & (_feedback.author == author)
    before = batch.connection.scalar(select(_feedback.rating).where(same))
    values = {"rating": change.rating, "comment": comment, "created_at": from_micros(change.at_micros)}
    if before is None:
        fixed = {"llm_call_id": call.id, "author": author, "user_id": change.user_id}
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
        select(_feedback.id, _feedback.llm_call_id, _feedback.author)
        .where(_feedback.llm_call_id.in_((source, target)))
        .order_by(_feedback.created_at.desc(), _feedback.id.desc())
    ).all()
    if not any(row.llm_call_id == source for row in rows):
        return
    seen: set[str] = set()
    superseded = []
    for row in rows:
        if row.author in seen:
            superseded.append(row.id)
        seen.add(row.author)
    batch.connection.execute(delete(Feedback).where(_feedback.id.in_(superseded)))
    batch.connection.execute(update(Feedback).where(_feedback.llm_call_id == source).values(llm_call_id=target))
    counted = select(_feedback.rating, func.count()).where(_feedback.llm_call_id == target).group_by(_feedback.rating)
    count: dict[int, int] = dict(batch.connection.execute(counted).tuples().all())
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
    """Compute a call's cost anew, in every witness of it.

    Raises CallNotFound.
    """
    root = _root(batch, change.call_id)
    for witness in batch.witnesses_of(root.call.id):
        if witness.cost is not None and witness.cost.price_source == PriceSource.reported:
            continue
        if witness.call.cache_hit or witness.call.refused is not None:
            continue
        known = change.price(witness.call)
        cost = None if known is None else cost_row(witness.call.id, known[0], known[1], change.at_micros)
        batch.put(PricedRow(witness.call, cost))
    _combine(batch, root.call.id)
    return root.call.id


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
    """What became of a change to this call."""
    row = batch.get(call_id)
    if row is None or row.call.merged_into is not None:
        row = batch.root(call_id)
        assert row is not None  # noqa: S101  # the change went through
    call, cost = row
    tokens = call.prompt_tokens + call.completion_tokens
    if cost is None:
        return Receipt(call.id, tokens, None, int(PriceSource.none))
    return Receipt(call.id, tokens, cost.estimated_cost, cost.price_source)

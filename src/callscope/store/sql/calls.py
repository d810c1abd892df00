"""Listing calls: newest first from an index where there is one for the question, else by looking for a bounded time.

A filter is either part of an index (project, model, errors, end user, session, trace, and time with each) or is
checked row by row on ever larger steps back in time, until the page is full or the time is up.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any, TypeGuard

from sqlalchemy import ColumnElement, Connection, Select, func, literal_column, select, tuple_

from callscope.calls.models import cost_logs, llm_call_logs
from callscope.ingest.row import MICROS_PER_DAY
from callscope.store.queries import Arrivals, CallFilter, CallPage, Position, Ranked, Sort
from callscope.store.sql import floors, searching
from callscope.store.sql.batch import priced, select_rows
from callscope.store.sql.bulk import among, has_element, listed, unindexed

BUDGET_SECONDS = 0.15
SORTED_AMONG = 100_000
SORT_BUDGET_SECONDS = 0.5
"""Sorting other than by time covers this many of the newest matches, or what is found in this time; a page says which."""
_FIRST_STEP, _LARGEST_STEP = 512, 8_192
_LAST_ID = 2**63 - 1
_BEGINNING = Position(-1, -1)
_DAYS_AT_FIRST, _MOST_DAYS = 4, 1_024
"""Days of which it is asked at once which of them have rows: ever more, so that empty years cost a few statements."""
_FEW = 16
"""Of so many models or projects each one's index is read; of more, the calls of all in order of time."""

_calls, _costs = llm_call_logs.c, cost_logs.c
_WITH_COSTS = llm_call_logs.outerjoin(cost_logs, _costs.id == _calls.id)
Conditions = tuple[ColumnElement[bool], ...]


def page(
    connection: Connection, wanted: CallFilter, after: Position | None, limit: int, budget: float = BUDGET_SECONDS
) -> CallPage:
    """The next calls in order of time, newest first; with a text, those that it is in, the last that arrived first."""
    if wanted.text is not None:
        return searching.page(connection, wanted.text, wanted, conditions(connection, wanted), after, limit, budget)
    deadline = time.monotonic() + budget
    rest = tuple(checked(connection, wanted))
    kept = kept_only(connection)
    rows: list[Any] = []
    position = after
    step = _FIRST_STEP if rest else limit + 1
    for sources, onward in segments(connection, wanted, after):
        while True:
            found = newest(connection, sources, position, step)
            if found:
                ids = [place.id for place in found]
                query = select_rows().where(among(connection, _calls.id, ids), _calls.is_call, *rest, *kept)
                query = query.order_by(_calls.created_at.desc(), _calls.id.desc()).limit(limit + 1 - len(rows))
                rows.extend(priced(row) for row in connection.execute(query))
                position = found[-1]
            if len(rows) > limit:
                last = rows[limit - 1].call
                return CallPage(rows[:limit], Position(last.created_at, last.id))
            if len(found) < step:
                break
            if time.monotonic() > deadline:
                return CallPage(rows, position, scanned_to=found[-1].created_at)
            step = min(2 * step, _LARGEST_STEP)
        if onward is not None and time.monotonic() > deadline:
            return CallPage(rows, onward, scanned_to=onward.created_at + 1)
    return CallPage(rows, None)


def sorted_page(
    connection: Connection, wanted: CallFilter, after: Ranked | None, limit: int, budget: float = SORT_BUDGET_SECONDS
) -> CallPage:
    """Calls in another order than time's, among the newest matches: `SORTED_AMONG`, or those found in the time.

    The first page settles how far back the list goes; the following ones look as far, so that they fit together.
    """
    deadline = time.monotonic() + budget
    rest = conditions(connection, wanted) if wanted.text else (*checked(connection, wanted), *kept_only(connection))
    key: ColumnElement[Any] = {
        Sort.LATENCY: _calls.latency_ms,
        Sort.COST: func.coalesce(_costs.estimated_cost, -1),
        Sort.TOKENS: _calls.prompt_tokens + _calls.completion_tokens,
        Sort.TIME: _calls.created_at,
    }[wanted.sort]
    keys = select(key, _calls.created_at, _calls.id).select_from(_WITH_COSTS)
    matches: list[tuple[float, int, int]] = []
    oldest = _BEGINNING if after is None else after.oldest
    for found, reached in _steps(connection, wanted):
        ids = [call_id for call_id, place in found if place >= oldest]
        if ids:
            query = keys.where(among(connection, _calls.id, ids), _calls.is_call, *rest)
            matches.extend((float(value), moment, call_id) for value, moment, call_id in connection.execute(query))
        if reached is None or reached <= oldest:
            break
        if after is None and (len(matches) >= SORTED_AMONG or time.monotonic() > deadline):
            oldest = reached
            break
    matches = sorted(set(matches), reverse=True)  # a text may be in what several witnesses told of a call
    following = matches if after is None else [match for match in matches if match < after[:3]]
    shown = following[:limit]
    rows = {row.call.id: row for row in map(priced, connection.execute(_by_ids(connection, [i for *_, i in shown])))}
    onward = Ranked(*shown[-1], oldest) if len(following) > limit else None
    return CallPage([rows[call_id] for *_, call_id in shown], onward, sorted_among=len(matches))


def arrived(connection: Connection, wanted: CallFilter, ids: tuple[int, int], limit: int) -> Arrivals:
    """The newest of the calls whose ids are above the first of these and at most the second, as they came, whatever their text."""
    which = (_calls.id > ids[0], _calls.id <= ids[1], _calls.is_call, *conditions(connection, wanted))
    query = select_rows().where(*which).order_by(_calls.id.desc()).limit(limit + 1)
    rows = [priced(row) for row in connection.execute(query)]
    left_out = 0
    if len(rows) > limit:
        count = select(func.count()).select_from(_WITH_COSTS).where(*which, _calls.id < rows[limit - 1].call.id)
        left_out = connection.scalar(count) or 0
    return Arrivals(rows[:limit][::-1], left_out)


def matching(
    connection: Connection, wanted: CallFilter, columns: Sequence[ColumnElement[Any]], budget: float
) -> Iterator[tuple[Sequence[Any], int | None]]:
    """The values of these columns among the matching calls, newest first, many at a time, each with how often it is there.

    With them comes None, or in the last step, if the time ran out, down to when all calls were looked at.
    """
    if wanted.text is not None:
        where = conditions(connection, wanted)
        yield from searching.matching(connection, wanted.text, wanted, where, columns, budget)
        return
    deadline = time.monotonic() + budget
    rest = (*checked(connection, wanted), *kept_only(connection))
    counts = select(*columns, func.count()).select_from(_WITH_COSTS).group_by(*columns)
    position: Position | None = None
    step = _FIRST_STEP
    for sources, onward in segments(connection, wanted, None):
        while True:
            found = newest(connection, sources, position, step)
            late = time.monotonic() > deadline
            if found:
                position = found[-1]
                ids = [place.id for place in found]
                rows = connection.execute(counts.where(among(connection, _calls.id, ids), _calls.is_call, *rest)).all()
                late = time.monotonic() > deadline
                yield rows, position.created_at if late and len(found) == step else None
            if len(found) < step:
                break
            if late:
                return
            step = min(2 * step, _LARGEST_STEP // 2)  # what the disk must be asked for takes five times as long
        if onward is not None and time.monotonic() > deadline:
            yield (), onward.created_at + 1
            return


def kept_only(connection: Connection) -> Conditions:
    """What is older than its project keeps it is not listed, though it may still be there."""
    condition = floors.read(connection).kept(connection)
    return () if condition is None else (condition,)


def conditions(connection: Connection, wanted: CallFilter) -> Conditions:
    """All that a call must fulfil besides its text, where no index was chosen for any of it."""
    which = (
        *_ranged(wanted, unindexed(_calls.created_at)),
        *_keyed(wanted),
        *checked(connection, wanted, indexed=False),
    )
    return (*which, *kept_only(connection))


def _steps(
    connection: Connection, wanted: CallFilter
) -> Iterator[tuple[Sequence[tuple[int, Position]], Position | None]]:
    """All calls of the chosen index ranges with their places, newest first, many at a time or none, and what is reached."""
    if wanted.text is not None:
        for found_text in searching.hits(connection, wanted.text, wanted, None):
            yield found_text, found_text[-1][1]
        return
    position: Position | None = None
    for sources, onward in segments(connection, wanted, None):
        while True:
            found = newest(connection, sources, position, _LARGEST_STEP)
            is_full = len(found) == _LARGEST_STEP
            yield [(place.id, place) for place in found], found[-1] if is_full else onward
            if not is_full:
                break
            position = found[-1]


def _by_ids(connection: Connection, ids: Sequence[int]) -> Select[Any]:
    return select_rows().where(among(connection, _calls.id, ids))


def by_span(connection: Connection, project_ids: frozenset[int] | None, trace_id: str, span_id: str) -> int | None:
    """The newest row that this span told of, a call or a witness of one."""
    days = list(_days(connection, CallFilter(), None))
    query = select(_calls.id).where(
        among(connection, _calls.day, days), _calls.trace_id == trace_id, _calls.span_id == span_id
    )
    if project_ids is not None:
        query = query.where(among(connection, unindexed(_calls.project_id), sorted(project_ids)))
    return connection.scalar(query.order_by(_calls.id.desc()).limit(1))


def segments(
    connection: Connection, wanted: CallFilter, after: Position | None
) -> Iterator[tuple[Sequence[Conditions], Position | None]]:
    """Stretches of time, newest first: the conditions of the index ranges that hold its calls, and where the next begins.

    Without any range, if there is nothing in a stretch.
    """
    ranged = tuple(_ranged(wanted))
    keyed = tuple(_keyed(wanted))
    if keyed:
        days, size = _days(connection, wanted, after), _DAYS_AT_FIRST
        while days:
            some, days, size = days[:size], days[size:], min(4 * size, _MOST_DAYS)
            for day in _days_with(connection, some, keyed):
                yield [(_calls.day == day, *keyed, *ranged)], _before(day) if days or day != some[-1] else None
            if days:
                yield (), _before(some[-1])
        return
    selection = wanted.selection
    # a literal, not a parameter: only then the database knows that the index on errors holds all of them
    if _only_errors(wanted):
        yield [(_calls.status != literal_column("0"), *ranged)], None
    elif _are_few(selection.model_ids):
        yield [(_calls.model_id == model, *ranged) for model in sorted(selection.model_ids)], None
    elif _are_few(selection.project_ids):
        yield [(_calls.project_id == project, *ranged) for project in sorted(selection.project_ids)], None
    else:
        yield [ranged], None


def _only_errors(wanted: CallFilter) -> bool:
    statuses = wanted.selection.statuses
    return wanted.error_kinds is not None or (statuses is not None and 0 not in statuses)


def _are_few(ids: frozenset[int] | None) -> TypeGuard[frozenset[int]]:
    return ids is not None and len(ids) <= _FEW


def _days(connection: Connection, wanted: CallFilter, after: Position | None) -> Sequence[int]:
    newest, oldest = connection.execute(
        select(
            select(func.max(_calls.created_at)).scalar_subquery(), select(func.min(_calls.created_at)).scalar_subquery()
        )
    ).one()
    if newest is None:
        return ()
    upper = min(value for value in (newest, wanted.end, after and after.created_at) if value is not None)
    lower = max(oldest, wanted.start) if wanted.start is not None else oldest
    return range(upper // MICROS_PER_DAY, lower // MICROS_PER_DAY - 1, -1)


def _days_with(connection: Connection, days: Sequence[int], keyed: Conditions) -> list[int]:
    """Which of these days have rows of the key, newest first: one look into its index for each."""
    day = listed(connection, days)
    first = select(_calls.id).where(_calls.day == day, *keyed).limit(1).scalar_subquery()
    return sorted(connection.scalars(select(day).where(first.is_not(None))), reverse=True)


def _before(day: int) -> Position:
    return Position(day * MICROS_PER_DAY - 1, _LAST_ID)


def newest(connection: Connection, sources: Sequence[Conditions], after: Position | None, limit: int) -> list[Position]:
    """The newest places after a position over several index ranges."""
    found: list[Position] = []
    for conditions in sources:
        query = select(_calls.created_at, _calls.id).where(*conditions)
        if after is not None:
            query = query.where(tuple_(_calls.created_at, _calls.id) < tuple_(after.created_at, after.id))
        query = query.order_by(_calls.created_at.desc(), _calls.id.desc()).limit(limit)
        with connection.execute(query) as result:
            found.extend(map(Position._make, result.cursor.fetchall()))  # as the driver has it: half of the time
    if len(sources) > 1:
        found.sort(reverse=True)
    return found[:limit]


def _ranged(wanted: CallFilter, moment: ColumnElement[int] = _calls.created_at) -> Iterator[ColumnElement[bool]]:
    if wanted.start is not None:
        yield moment >= wanted.start
    if wanted.end is not None:
        yield moment < wanted.end


def _keyed(wanted: CallFilter) -> Iterator[ColumnElement[bool]]:
    """Conditions whose index begins with the day. One of them leads; the others are checked on what it finds."""
    if wanted.trace_id is not None:
        yield _calls.trace_id == wanted.trace_id
    if wanted.session_id is not None:
        yield _calls.session_id == wanted.session_id
    if wanted.end_user is not None:
        yield _calls.end_user == wanted.end_user


def checked(connection: Connection, wanted: CallFilter, *, indexed: bool = True) -> Iterator[ColumnElement[bool]]:
    """What is checked row by row, without an index of its own. A condition that the chosen index fulfils anyway costs nothing, and is left out.

    Args:
        indexed: whether an index was chosen by the filter.
    """
    selection = wanted.selection
    keyed = not indexed or any(True for _ in _keyed(wanted))
    errors = _only_errors(wanted)
    by_model = _are_few(selection.model_ids) and not (keyed or errors)
    by_project = _are_few(selection.project_ids) and not (keyed or errors or by_model)
    if selection.statuses is not None and (keyed or selection.statuses != {1, 2}):
        yield among(connection, _calls.status, sorted(selection.statuses))
    if selection.model_ids is not None and not by_model:
        yield among(connection, unindexed(_calls.model_id), sorted(selection.model_ids))
    if selection.project_ids is not None and not by_project:
        yield among(connection, unindexed(_calls.project_id), sorted(selection.project_ids))
    if selection.environment_ids is not None:
        yield among(connection, _calls.environment_id, sorted(selection.environment_ids))
    if wanted.error_kinds is not None:
        yield among(connection, _calls.error_kind, sorted(wanted.error_kinds))
    tokens = _calls.prompt_tokens + _calls.completion_tokens
    for column, lowest, highest in (
        (_calls.latency_ms, wanted.min_latency_ms, wanted.max_latency_ms),
        (_costs.estimated_cost, wanted.min_cost, wanted.max_cost),
        (tokens, wanted.min_tokens, wanted.max_tokens),
    ):
        if lowest is not None:
            yield column >= lowest
        if highest is not None:
            yield column <= highest
    if wanted.name is not None:
        yield _calls.name == wanted.name
    if wanted.api_key_id is not None:
        yield _calls.api_key_id == wanted.api_key_id
    if wanted.tag is not None:
        yield has_element(connection, _calls.tags, wanted.tag)
    if wanted.violation is not None:
        yield (_calls.violation != 0) == wanted.violation
    if wanted.cache_hit is not None:
        yield _calls.cache_hit.is_(wanted.cache_hit)
    if wanted.unpriced is not None:
        free = _calls.cache_hit | _calls.refused.is_not(None)
        unknown = _costs.id.is_(None) & ~free
        yield unknown if wanted.unpriced else ~unknown

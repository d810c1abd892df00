"""Listing calls: newest first from an index where there is one for the question, else by looking for a bounded time.

A filter is either part of an index (project, model, errors, end user, session, trace, and time with each) or is
checked row by row on ever larger steps back in time, until the page is full or the time is up.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, literal_column, select, tuple_

from callscope.calls.models import cost_logs, llm_call_logs
from callscope.ingest.row import MICROS_PER_DAY
from callscope.store.queries import CallFilter, CallPage, Position, Sort
from callscope.store.sql.batch import priced, select_rows
from callscope.store.sql.bulk import among, has_element

BUDGET_SECONDS = 0.15
SORTED_AMONG = 100_000
SORT_BUDGET_SECONDS = 0.5
"""Sorting other than by time covers this many of the newest matches, or what is found in this time; a page says which."""
_FIRST_STEP, _LARGEST_STEP = 512, 8_192
_LAST_ID = 2**63 - 1

_calls, _costs = llm_call_logs.c, cost_logs.c
_WITH_COSTS = llm_call_logs.outerjoin(cost_logs, _costs.id == _calls.id)
Conditions = tuple[ColumnElement[bool], ...]


def page(
    connection: Connection, wanted: CallFilter, after: Position | None, limit: int, budget: float = BUDGET_SECONDS
) -> CallPage:
    """The next calls in order of time, newest first."""
    deadline = time.monotonic() + budget
    rest = tuple(_checked(connection, wanted))
    rows: list[Any] = []
    position = after
    step = _FIRST_STEP if rest else limit + 1
    for sources, onward in _segments(connection, wanted, after):
        while True:
            found = _newest(connection, sources, position, step)
            if found:
                ids = [place.id for place in found]
                query = select_rows().where(among(connection, _calls.id, ids), _calls.is_call, *rest)
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
    connection: Connection, wanted: CallFilter, offset: int, limit: int, budget: float = SORT_BUDGET_SECONDS
) -> CallPage:
    """Calls in another order than time's, among the newest matches: `SORTED_AMONG`, or those found in the time."""
    deadline = time.monotonic() + budget
    rest = tuple(_checked(connection, wanted))
    key: ColumnElement[Any] = {
        Sort.LATENCY: _calls.latency_ms,
        Sort.COST: func.coalesce(_costs.estimated_cost, -1),
        Sort.TOKENS: _calls.prompt_tokens + _calls.completion_tokens,
        Sort.TIME: _calls.created_at,
    }[wanted.sort]
    keys = select(key, _calls.created_at, _calls.id).select_from(_WITH_COSTS)
    matches: list[tuple[float, int, int]] = []
    for found in _steps(connection, wanted):
        if found:
            query = keys.where(among(connection, _calls.id, [place.id for place in found]), _calls.is_call, *rest)
            matches.extend((float(value), moment, call_id) for value, moment, call_id in connection.execute(query))
        if len(matches) >= SORTED_AMONG or time.monotonic() > deadline:
            break
    matches.sort(reverse=True)
    shown = [call_id for _, _, call_id in matches[offset : offset + limit]]
    rows = {row.call.id: row for row in map(priced, connection.execute(_by_ids(connection, shown)))}
    following = Position(0, offset + limit) if len(matches) > offset + limit else None
    return CallPage([rows[call_id] for call_id in shown], following, sorted_among=len(matches))


def _steps(connection: Connection, wanted: CallFilter) -> Iterator[Sequence[Position]]:
    """All places of the chosen index ranges, newest first, many at a time; none for a stretch that has none."""
    position: Position | None = None
    for sources, _ in _segments(connection, wanted, None):
        while True:
            found = _newest(connection, sources, position, _LARGEST_STEP)
            yield found
            if len(found) < _LARGEST_STEP:
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
        query = query.where(among(connection, _calls.project_id, sorted(project_ids)))
    return connection.scalar(query.order_by(_calls.id.desc()).limit(1))


def _segments(
    connection: Connection, wanted: CallFilter, after: Position | None
) -> Iterator[tuple[Sequence[Conditions], Position | None]]:
    """Stretches of time, newest first: the conditions of the index ranges that hold its calls, and where the next begins."""
    ranged = tuple(_ranged(wanted))
    keyed = tuple(_keyed(wanted))
    if keyed:
        days = _days(connection, wanted, after)
        for day in days:
            onward = Position(day * MICROS_PER_DAY - 1, _LAST_ID) if day != days[-1] else None
            yield [(_calls.day == day, *keyed, *ranged)], onward
        return
    selection = wanted.selection
    # a literal, not a parameter: only then the database knows that the index on errors holds all of them
    only_errors = (
        (_calls.status != literal_column("0"),)
        if selection.statuses is not None and 0 not in selection.statuses
        else ()
    )
    if only_errors:
        yield [(*only_errors, *ranged)], None
    elif selection.model_ids is not None:
        yield [(_calls.model_id == model, *ranged) for model in sorted(selection.model_ids)], None
    elif selection.project_ids is not None:
        yield [(_calls.project_id == project, *ranged) for project in sorted(selection.project_ids)], None
    else:
        yield [ranged], None


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


def _newest(
    connection: Connection, sources: Sequence[Conditions], after: Position | None, limit: int
) -> list[Position]:
    """The newest places after a position over several index ranges."""
    found: list[Position] = []
    for conditions in sources:
        query = select(_calls.created_at, _calls.id).where(*conditions)
        if after is not None:
            query = query.where(tuple_(_calls.created_at, _calls.id) < tuple_(after.created_at, after.id))
        query = query.order_by(_calls.created_at.desc(), _calls.id.desc()).limit(limit)
        found.extend(Position(*row) for row in connection.execute(query))
    if len(sources) > 1:
        found.sort(reverse=True)
    return found[:limit]


def _ranged(wanted: CallFilter) -> Iterator[ColumnElement[bool]]:
    if wanted.start is not None:
        yield _calls.created_at >= wanted.start
    if wanted.end is not None:
        yield _calls.created_at < wanted.end


def _keyed(wanted: CallFilter) -> Iterator[ColumnElement[bool]]:
    """Conditions whose index begins with the day. One of them leads; the others are checked on what it finds."""
    if wanted.trace_id is not None:
        yield _calls.trace_id == wanted.trace_id
    if wanted.session_id is not None:
        yield _calls.session_id == wanted.session_id
    if wanted.end_user is not None:
        yield _calls.end_user == wanted.end_user


def _checked(connection: Connection, wanted: CallFilter) -> Iterator[ColumnElement[bool]]:
    """What is checked row by row. A condition that the chosen index fulfils anyway costs nothing, and is left out."""
    selection = wanted.selection
    keyed = any(True for _ in _keyed(wanted))
    errors = selection.statuses is not None and 0 not in selection.statuses
    if selection.statuses is not None and (keyed or selection.statuses != {1, 2}):
        yield among(connection, _calls.status, sorted(selection.statuses))
    if selection.model_ids is not None and (keyed or errors):
        yield among(connection, _calls.model_id, sorted(selection.model_ids))
    if selection.project_ids is not None and (keyed or errors or selection.model_ids is not None):
        yield among(connection, _calls.project_id, sorted(selection.project_ids))
    if selection.environment_ids is not None:
        yield among(connection, _calls.environment_id, sorted(selection.environment_ids))
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

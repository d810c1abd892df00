"""What must hold of rows besides their sums: ratings, merged calls, costs, payloads, ids."""

import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, case, func, or_, select, update

from callscope.calls.models import cost_logs, llm_call_logs
from callscope.feedback.models import Feedback
from callscope.store.sql import counters, payload_tables
from callscope.store.sql.bulk import among
from callscope.store.sql.recount import CHUNK, DayRows, in_day

_calls, _costs, _feedback = llm_call_logs.c, cost_logs.c, Feedback.__table__.c
_RATINGS = (_calls.rating_1, _calls.rating_2, _calls.rating_3, _calls.rating_4, _calls.rating_5)
_NONE = (0, 0, 0, 0, 0)
Counts = tuple[int, ...]


class Unsound(NamedTuple):
    """Something about one row that does not hold. `ratings` is what its rating columns should say, if it is that."""

    check: str
    call_id: int
    stored: str
    expected: str
    ratings: Counts | None = None

    def words(self) -> tuple[str, str, str]:
        """Where it is, what is stored, and what it should be."""
        return f"call {self.call_id}", self.stored, self.expected


def merged_calls(connection: Connection) -> Iterator[Unsound]:
    """Rows that were merged into no call, or into one that was merged itself; and those that are counted all the same."""
    target = llm_call_logs.alias("target")
    joined = llm_call_logs.outerjoin(target, target.c.id == _calls.merged_into)
    lost = or_(target.c.id.is_(None), target.c.merged_into.is_not(None))
    query = (
        select(_calls.id, _calls.merged_into, _calls.is_call, case((lost, 1), else_=0).label("lost"))
        .select_from(joined)
        .where(_calls.merged_into.is_not(None), or_(lost, _calls.is_call))
    )
    for row in _streamed(connection, query):
        stored = f"merged into {row.merged_into}, which is no call" if row.lost else "counted besides the call it is in"
        yield Unsound("merged calls", row.id, stored, "a witness of a call, not counted itself")


def costs(connection: Connection) -> Iterator[Unsound]:
    """Costs whose parts do not add up, or that are filed under another call."""
    parts = (
        _costs.input_cost + _costs.cached_input_cost + _costs.cache_write_cost + _costs.output_cost + _costs.other_cost
    )
    query = select(_costs.id, _costs.estimated_cost, parts.label("parts")).where(
        or_(_costs.estimated_cost != parts, _costs.llm_call_id != _costs.id)
    )
    for row in _streamed(connection, query):
        yield Unsound("costs", row.id, f"{row.estimated_cost} nano-dollars", f"{row.parts} nano-dollars, its parts")


def payloads(connection: Connection, found: DayRows) -> Iterator[Unsound]:
    """Calls of a day whose prompt and answer are gone, though their time is not over."""
    there = set(payload_tables.existing(connection)) if found.payload_tables else set()
    now_micros = time.time_ns() // 1000
    for number in sorted(found.payload_tables):
        if payload_tables.is_over(number, now_micros):
            continue
        table, week = payload_tables.table(number), payload_tables.week_of(number)
        missing: list[ColumnElement[bool]] = [_calls.payload_table == number, in_day(found.day)]
        over = found.below | {project for project, first in found.floors.payloads.items() if week < first}
        if over:
            missing.append(~among(connection, _calls.project_id, sorted(over)))
        if number in there:
            missing.append(~select(table.c.call_id).where(table.c.call_id == _calls.payload_id).exists())
        for (call_id,) in _streamed(connection, select(_calls.id).where(*missing)):
            yield Unsound("payloads", call_id, "missing", f"a row in {table.name}")


def ratings_of_day(connection: Connection, found: DayRows) -> Iterator[Unsound]:
    """Calls of a day that say they were rated otherwise than `feedback` says."""
    yield from _wrong_ratings(connection, found.rated)


def ratings_of(connection: Connection, call_ids: Iterable[int]) -> Iterator[Unsound]:
    """Those of these calls that say so as things are now."""
    rows = connection.execute(select(_calls.id, *_RATINGS).where(among(connection, _calls.id, call_ids))).all()
    yield from _wrong_ratings(connection, {row.id: tuple(row[1:]) for row in rows})


def feedback_ids(connection: Connection, after: int) -> list[int]:
    """The next calls that have feedback, by id."""
    query = select(_feedback.llm_call_id).where(_feedback.llm_call_id > after).distinct()
    return list(connection.scalars(query.order_by(_feedback.llm_call_id).limit(CHUNK)))


def feedback(connection: Connection, call_ids: Iterable[int]) -> Iterator[Unsound]:
    """Feedback on calls that do not say that they were rated, on no call, or on one that was merged into another."""
    call_ids = list(call_ids)
    columns = (_calls.id, _calls.merged_into, *_RATINGS)
    rows = {row.id: row for row in connection.execute(select(*columns).where(among(connection, _calls.id, call_ids)))}
    for call_id in call_ids:
        row = rows.get(call_id)
        if row is None or row.merged_into is not None:
            where = "no such call" if row is None else f"merged into {row.merged_into}"
            yield Unsound("feedback", call_id, where, "a call that is there, since it has feedback")
    silent = (call_id for call_id, row in rows.items() if row.merged_into is None and not any(row[2:]))
    yield from _wrong_ratings(connection, dict.fromkeys(silent, _NONE))


def mend_ratings(connection: Connection, wrong: Iterable[Unsound]) -> None:
    """Let calls say what `feedback` says. What the totals then miss is to be found afterwards."""
    for one in wrong:
        if one.ratings is not None:
            values = {column.name: count for column, count in zip(_RATINGS, one.ratings, strict=True)}
            connection.execute(update(llm_call_logs).where(_calls.id == one.call_id).values(values))


def next_id(connection: Connection, *, mend: bool) -> Iterator[Unsound]:
    """Whether the next id that would be given to a call is still free."""
    highest = connection.scalar(select(func.max(_calls.id))) or 0
    following = counters.read(connection, counters.CALL_ID, 1)
    if following > highest:
        return
    if mend:
        counters.write(connection, counters.CALL_ID, highest + 1)
    yield Unsound("ids", highest, f"the next call would be {following}", f"{highest + 1}")


def _wrong_ratings(connection: Connection, stored: Mapping[int, Counts]) -> Iterator[Unsound]:
    ids = list(stored)
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        counted: dict[int, list[int]] = defaultdict(lambda: [0] * 5)
        query = (
            select(_feedback.llm_call_id, _feedback.rating, func.count())
            .where(among(connection, _feedback.llm_call_id, chunk))
            .group_by(_feedback.llm_call_id, _feedback.rating)
        )
        for call_id, rating, count in connection.execute(query):
            counted[call_id][rating - 1] = count
        for call_id in chunk:
            due = tuple(counted.get(call_id, _NONE))
            if due != stored[call_id]:
                yield Unsound("ratings", call_id, _words(stored[call_id]), _words(due), due)


def _words(counts: Counts) -> str:
    return ", ".join(f"{count} × {rating}" for rating, count in enumerate(counts, start=1) if count) or "no rating"


def _streamed(connection: Connection, query: Select[Any]) -> Iterator[Any]:
    for rows in connection.execute(query, execution_options={"yield_per": CHUNK}).partitions():
        yield from rows

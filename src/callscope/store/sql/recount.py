"""The totals of one UTC day, computed anew from its rows and held against what is stored."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import add, sub
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, Table, literal_column, select

from callscope.calls.models import cost_logs, llm_call_logs
from callscope.ingest.contribution import Delta
from callscope.ingest.row import MICROS_PER_DAY, CallRow, CostRow, PricedRow
from callscope.metrics.composition import to_datetime
from callscope.metrics.histogram import added, pack, unpack
from callscope.metrics.models import (
    CELL_KEY,
    HISTOGRAM_KEY,
    MEASURES,
    SIDE_MEASURES,
    Grain,
    Level,
    end_user_admissions,
    rollup_api_keys,
    rollup_end_users,
    rollup_histograms,
    rollups,
)
from callscope.store.sql import floors
from callscope.store.sql.bulk import among
from callscope.store.sql.floors import Floors
from callscope.store.sql.totals import OTHER

MINUTES_PER_DAY = 1440
CHUNK = 5_000
_MICROS_PER_QUARTER = 900_000_000
_UNUSED = frozenset({
    "user_id", "merged_into", "witnesses", "source", "error_type", "error_message", "request_model", "model_name",
    "response_id", "trace_id", "span_id", "parent_span_id", "session_id", "name", "tags", "payload_id",
})  # fmt: skip
"""Columns that contribute nothing: reading a NULL in their place makes the pass a third faster."""
_COLUMNS = len(CallRow._fields)
_calls, _costs = llm_call_logs.c, cost_logs.c


class Wrong(NamedTuple):
    """A stored row that is not what the calls add up to. Values without the key; None: there is no such row."""

    table: Table
    key: tuple[Any, ...]
    stored: tuple[Any, ...] | None
    expected: tuple[Any, ...] | None

    @property
    def missing(self) -> tuple[int, ...]:
        """What must be added to each value of a row of sums. A row of zeros is as good as none: none needs to go."""
        zeros = (0,) * (len(self.table.c) - len(self.key))
        return tuple(map(sub, self.expected or zeros, self.stored or zeros))

    @property
    def missing_bins(self) -> tuple[dict[int, int], dict[int, int]] | None:
        """The same for both sides of a histogram; None where what is stored never was one."""
        try:
            stored = [bins_of(side) for side in self.stored or (b"", b"")]
        except (ValueError, IndexError):
            return None
        due = [bins_of(side) for side in self.expected or (b"", b"")]
        latency, first_token = (
            {index: new.get(index, 0) - old.get(index, 0) for index in old.keys() | new.keys()}
            for old, new in zip(stored, due, strict=True)
        )
        return latency, first_token


@dataclass(slots=True)
class DayRows:
    """What a pass over a day's rows gives."""

    day: int
    floor: int
    floors: Floors
    delta: Delta = field(default_factory=Delta)
    rows: int = 0
    rated: dict[int, tuple[int, ...]] = field(default_factory=dict)
    payload_tables: set[int] = field(default_factory=set)

    @property
    def below(self) -> frozenset[int]:
        """The projects whose rows of this day are no longer kept: nothing of theirs is compared."""
        return self.floors.below_on(self.day)


def read_day(connection: Connection, day: int, minute_floor: int) -> DayRows:
    """Pass over all rows of a UTC day, in chunks; what is kept in memory grows with the day's cells alone."""
    result = DayRows(day, minute_floor, floors.read(connection))
    query = _rows_of(day, (day + 1) * MINUTES_PER_DAY > minute_floor)
    if result.below:
        query = query.where(~among(connection, _calls.project_id, sorted(result.below)))
    for rows in connection.execute(query, execution_options={"yield_per": CHUNK}).partitions():
        for values in rows:
            call = CallRow._make(values[:_COLUMNS])
            cost_id, cost = values[_COLUMNS:]
            paid = None if cost_id is None else CostRow(cost_id, cost_id, cost, 0, 0, 0, 0, 0, 0, 0)
            result.delta.replace(None, PricedRow(call, paid))
            if any(values[_COLUMNS - 5 : _COLUMNS]):
                result.rated[call.id] = tuple(values[_COLUMNS - 5 : _COLUMNS])
            if call.payload_table is not None:
                result.payload_tables.add(call.payload_table)
        result.delta.compact()
        result.rows += len(rows)
    return result


def in_day(day: int) -> ColumnElement[bool]:
    """The condition for calls of a UTC day; it has an index."""
    return (_calls.created_at >= day * MICROS_PER_DAY) & (_calls.created_at < (day + 1) * MICROS_PER_DAY)


def _rows_of(day: int, by_minute: bool) -> Select[Any]:
    # Below the minute floor no cell is finer than a quarter of an hour, so neither need be what is kept of a row.
    columns: list[ColumnElement[Any]] = [
        literal_column("NULL").label(column.name) if column.name in _UNUSED else column for column in llm_call_logs.c
    ]
    if not by_minute:
        columns[CallRow._fields.index("created_at")] = _calls.created_at - _calls.created_at % _MICROS_PER_QUARTER
    joined = llm_call_logs.outerjoin(cost_logs, _costs.id == _calls.id)
    return select(*columns, _costs.id.label("cost_id"), _costs.estimated_cost).select_from(joined).where(in_day(day))


def wrong_totals(connection: Connection, found: DayRows, projects: Iterable[int]) -> Iterator[list[Wrong]]:
    """All stored totals of the day that are not right, a part at a time.

    Args:
        projects: which projects may have stored totals on that day, besides those that have calls.
    """
    places = {*projects, 0}
    yield from _wrong_cells(connection, found, places)
    yield from _wrong_histograms(connection, found, places)
    yield _wrong_api_keys(connection, found)
    yield _wrong_end_users(connection, found)


def _wrong_cells(connection: Connection, found: DayRows, projects: set[int]) -> Iterator[list[Wrong]]:
    width = len(CELL_KEY)
    grains = groupby(found.delta.cells(found.floor), key=lambda row: row[1])
    current = next(grains, None)
    for grain in Grain:
        expected: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        if current is not None and current[0] == grain:
            expected = {row[:width]: row[width:] for row in current[1]}
            current = next(grains, None)
        places = projects | {key[2] for key in expected}
        for level in Level:
            of_level = {key: values for key, values in expected.items() if key[0] == level}
            stored = _stored(connection, rollups, width, level, grain, places, found)
            for key, values in _taken_out(stored, found.below):
                if level in {Level.TOTAL, Level.MODEL}:
                    of_level[key] = tuple(map(add, values, of_level.get(key, (0,) * len(values))))
            yield _compared(rollups, stored, of_level)


def _wrong_histograms(connection: Connection, found: DayRows, projects: set[int]) -> Iterator[list[Wrong]]:
    width = len(HISTOGRAM_KEY)
    by_place: dict[tuple[int, int], dict[tuple[Any, ...], tuple[Any, ...]]] = defaultdict(dict)
    places = set(projects)
    for key, sides in found.delta.histograms(found.floor).items():
        by_place[key[0], key[1]][key] = (pack(sides[0]), pack(sides[1]))
        places.add(key[2])
    for grain in Grain:
        for level in Level:
            stored = _stored(connection, rollup_histograms, width, level, grain, places, found)
            expected = by_place[level, grain]
            for key, packed in _taken_out(stored, found.below):
                expected[key] = _both_sides(packed, expected.get(key, (b"", b"")))
            yield [
                wrong
                for wrong in _compared(rollup_histograms, stored, expected)
                if wrong.stored is None or not _same_bins(wrong.stored, wrong.expected or (b"", b""))
            ]


def _stored(
    connection: Connection, table: Table, width: int, level: Level, grain: Grain, projects: set[int], found: DayRows
) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    first = found.day * MINUTES_PER_DAY
    if grain is Grain.MINUTE:  # below the floor minutes may still lie about; nobody reads them
        first = max(first, found.floor)
    query = select(table).where(
        table.c.level == int(level), table.c.grain == int(grain), among(connection, table.c.project_id, sorted(projects)),
        table.c.bucket >= first, table.c.bucket < (found.day + 1) * MINUTES_PER_DAY,
    )  # fmt: skip
    return {tuple(row[:width]): tuple(row[width:]) for row in connection.execute(query)}


def _taken_out(
    stored: dict[tuple[Any, ...], tuple[Any, ...]], projects: frozenset[int]
) -> Iterator[tuple[tuple[Any, ...], tuple[Any, ...]]]:
    """Take the cells of these projects out; gives each under the key of the sum over all projects that it is part of."""
    for key in [key for key in stored if key[2] in projects]:
        yield (*key[:2], 0, *key[3:]), stored.pop(key)


def _both_sides(sides: Sequence[bytes], others: Sequence[bytes]) -> tuple[bytes, ...]:
    """Two histograms as one. What was never one counts for nothing."""
    try:
        return tuple(added(other, bins_of(side)) for side, other in zip(sides, others, strict=True))
    except (ValueError, IndexError):
        return tuple(others)


def _compared(
    table: Table, stored: Mapping[tuple[Any, ...], tuple[Any, ...]], expected: Mapping[tuple[Any, ...], tuple[Any, ...]]
) -> list[Wrong]:
    wrong = [
        Wrong(table, key, stored.get(key), values) for key, values in expected.items() if stored.get(key) != values
    ]
    wrong += [Wrong(table, key, values, None) for key, values in stored.items() if key not in expected and any(values)]
    return [one for one in wrong if one.stored is not None or any(one.expected or ())]


def _same_bins(stored: Sequence[bytes], expected: Sequence[bytes]) -> bool:
    """Whether packed histograms say the same: there are several ways to pack one."""
    try:
        return [bins_of(side) for side in stored] == [bins_of(side) for side in expected]
    except (ValueError, IndexError):  # it was never a histogram
        return False


def bins_of(data: bytes) -> dict[int, int]:
    """The counts of a packed histogram by bin, without zeros."""
    return {index: count for index, count in zip(*unpack(data), strict=True) if count}


def _wrong_api_keys(connection: Connection, found: DayRows) -> list[Wrong]:
    query = select(rollup_api_keys).where(rollup_api_keys.c.day == found.day)
    stored = {tuple(row[:3]): tuple(row[3:]) for row in connection.execute(query) if row[1] not in found.below}
    expected = {key: sums.values for key, sums in found.delta.api_keys.items() if sums}
    return _compared(rollup_api_keys, stored, expected)


def _wrong_end_users(connection: Connection, found: DayRows) -> list[Wrong]:
    """Names that were admitted must be right one by one, `(other)` must be the rest."""
    query = select(rollup_end_users).where(rollup_end_users.c.day == found.day)
    stored = {tuple(row[:3]): tuple(row[3:]) for row in connection.execute(query) if row[1] not in found.below}
    admitted = stored.keys() | set(lost_end_users(connection, found))
    expected: dict[tuple[Any, ...], list[int]] = defaultdict(lambda: [0] * len(SIDE_MEASURES))
    for key, sums in found.delta.end_users.items():
        into = expected[key if key in admitted else (*key[:2], OTHER)]
        for i, value in enumerate(sums.values):
            into[i] += value
    return _compared(rollup_end_users, stored, {key: tuple(values) for key, values in expected.items()})


def lost_end_users(connection: Connection, found: DayRows) -> list[tuple[int, int, str]]:
    """The keys of names that have been admitted, by the count of those that were, but whose rows are gone."""
    keys = select(*rollup_end_users.primary_key.columns).where(rollup_end_users.c.day == found.day)
    stored = {tuple(row) for row in connection.execute(keys)}
    have = Counter(project for _, project, name in stored if name != OTHER)
    missing: dict[int, list[str]] = defaultdict(list)
    for key, sums in found.delta.end_users.items():
        if key not in stored and key[2] != OTHER and sums:
            missing[key[1]].append(key[2])
    if not missing:
        return []
    columns = end_user_admissions.c
    query = select(columns.project_id, columns.admitted).where(columns.day == found.day)
    room = {project: admitted - have[project] for project, admitted in connection.execute(query)}
    return [
        (found.day, project, name)
        for project, names in missing.items()
        for name in sorted(names)[: max(0, room.get(project, 0))]
    ]


def words(wrong: Wrong) -> tuple[str, str, str]:
    """Where it is, what is stored, and what it should be; for people."""
    if wrong.table is rollup_histograms:
        return _place(wrong), _calls_in(wrong.stored), _calls_in(wrong.expected)
    measures = MEASURES if wrong.table is rollups else SIDE_MEASURES
    stored, expected = wrong.stored or (0,) * len(measures), wrong.expected or (0,) * len(measures)
    differing = [i for i in range(len(measures)) if stored[i] != expected[i]]
    told, due = (", ".join(f"{measures[i]} {values[i]}" for i in differing) for values in (stored, expected))
    return _place(wrong), told if wrong.stored else "missing", due


def _place(wrong: Wrong) -> str:
    """The key of a row with times in place of numbers: `hour of 2026-03-01T14:00Z, project_id 3, …`."""
    key = dict(zip((column.name for column in wrong.table.primary_key.columns), wrong.key, strict=True))
    if "grain" in key:
        level, grain, bucket = Level(key.pop("level")), Grain(key.pop("grain")), key.pop("bucket")
        start = f"{level.name.lower()}, {grain.name.lower()} of {to_datetime(bucket):%Y-%m-%dT%H:%MZ}"
    else:
        start = f"{to_datetime(key.pop('day') * MINUTES_PER_DAY):%Y-%m-%d}"
    return ", ".join((start, *(f"{name} {value}" for name, value in key.items() if value != 0)))


def _calls_in(sides: tuple[bytes, ...] | None) -> str:
    try:
        counts = [sum(unpack(side)[1]) for side in sides or (b"", b"")]
    except (ValueError, IndexError):
        return "no histogram"
    return f"latencies of {counts[0]} calls, times to first token of {counts[1]}"

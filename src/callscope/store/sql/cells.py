"""Reading the rollups: sums and histograms over pieces of time."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from operator import add
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, func, select

from callscope.accounts.models import Project
from callscope.metrics.composition import Piece, Timeline
from callscope.metrics.histogram import merged
from callscope.metrics.models import (
    ALL,
    GRAIN_MINUTES,
    WIDE,
    Grain,
    Level,
    rollup_api_keys,
    rollup_end_users,
    rollup_histograms,
    rollups,
)
from callscope.store.queries import Group, GroupBy, Selection, SideKind, SideRow, UnpricedRow
from callscope.store.sql.bulk import among, exact_sum, listed

Bins = dict[int, int]
_SPARSE = 4
"""A list of buckets is read as a range, and the rest dropped, unless the range is this many times as long."""


def totals(
    connection: Connection,
    selection: Selection,
    pieces: Sequence[Piece],
    measures: Sequence[str],
    group: GroupBy | None,
) -> dict[Group, dict[str, int]]:
    """Sums of measures over all pieces, by group."""
    result: dict[Group, dict[str, int]] = {}
    level = _level(selection, group)
    sums = [exact_sum(connection, rollups.c[name]) if name in WIDE else func.sum(rollups.c[name]) for name in measures]
    for piece in pieces:
        columns: list[ColumnElement[Any]] = [] if group is None else [rollups.c[group]]
        query = select(*columns, *sums).where(*_where(connection, rollups, level, selection, group, piece))
        if group is not None:
            query = query.group_by(rollups.c[group])
        for row in connection.execute(query):
            key, values = (None, row) if group is None else (row[0], row[1:])
            into = result.setdefault(key, dict.fromkeys(measures, 0))
            for name, value in zip(measures, values, strict=True):
                into[name] += int(value or 0)
    return result


def breakdown(
    connection: Connection,
    selection: Selection,
    pieces: Sequence[Piece],
    measures: Sequence[str],
    columns: Sequence[str],
    level: Level,
) -> dict[tuple[int, ...], tuple[int, ...]]:
    """Sums of measures over all pieces, in their order, by the values of several columns of a level below `TOTAL`."""
    result: dict[tuple[int, ...], tuple[int, ...]] = {}
    width = len(columns)
    keys = [rollups.c[name] for name in columns]
    sums = [exact_sum(connection, rollups.c[name]) if name in WIDE else func.sum(rollups.c[name]) for name in measures]
    cells = list(_cells(connection, rollups, level, selection, GroupBy.PROJECT))
    for condition in _exactly(connection, rollups, pieces):
        for row in connection.execute(select(*keys, *sums).where(*cells, *condition).group_by(*keys)):
            key, values = tuple(row[:width]), tuple(int(value) for value in row[width:])
            known = result.get(key)
            result[key] = values if known is None else tuple(map(add, known, values))
    return result


def series(
    connection: Connection,
    selection: Selection,
    timeline: Timeline,
    measures: Sequence[str],
    group: GroupBy | None,
) -> dict[Group, list[dict[str, int]]]:
    """Sums of measures for each point of a timeline, by group."""
    result: dict[Group, list[dict[str, int]]] = {}
    level = _level(selection, group)
    columns = [rollups.c.bucket] if group is None else [rollups.c.bucket, rollups.c[group]]
    sums = [func.sum(rollups.c[name]) for name in measures]
    for condition, wanted in _runs(connection, rollups, timeline.pieces()):
        query = (
            select(*columns, *sums)
            .where(*_cells(connection, rollups, level, selection, group), *condition)
            .group_by(*columns)
        )
        for row in connection.execute(query):
            if row[0] not in wanted:
                continue
            key = None if group is None else row[1]
            if key not in result:
                result[key] = [dict.fromkeys(measures, 0) for _ in range(len(timeline))]
            into = result[key][timeline.index(row[0])]
            for name, value in zip(measures, row[len(columns) :], strict=True):
                into[name] += int(value or 0)
    return result


def histograms(
    connection: Connection, selection: Selection, pieces: Sequence[Piece], side: str, group: GroupBy | None
) -> dict[Group, Bins]:
    """Counts by bin over all pieces, by group. `side` is `latency` or `first_token`."""
    packed: dict[Group, list[bytes]] = defaultdict(list)
    level = _level(selection, group)
    table = rollup_histograms
    for piece in pieces:
        key = table.c.bucket if group is None else table.c[group]
        query = select(key, table.c[side]).where(*_where(connection, table, level, selection, group, piece))
        for value, data in connection.execute(query):
            packed[None if group is None else value].append(data)
    return {key: merged(parts) for key, parts in packed.items()}


def histogram_series(connection: Connection, selection: Selection, timeline: Timeline, side: str) -> list[Bins]:
    """Counts by bin for each point of a timeline."""
    packed: list[list[bytes]] = [[] for _ in range(len(timeline))]
    level = _level(selection, None)
    table = rollup_histograms
    for condition, wanted in _runs(connection, table, timeline.pieces()):
        query = select(table.c.bucket, table.c[side]).where(
            *_cells(connection, table, level, selection, None), *condition
        )
        for bucket, data in connection.execute(query):
            if bucket in wanted:
                packed[timeline.index(bucket)].append(data)
    return [merged(parts) for parts in packed]


def side_totals(
    connection: Connection, kind: SideKind, project_ids: frozenset[int] | None, days: tuple[int, int], limit: int
) -> list[SideRow]:
    """The end users or API keys that cost most on the UTC days in [first, last), most expensive first.

    Who they are is found first, and then what there is to tell of them: exact sums of all would take twice as long.
    """
    table = rollup_end_users if kind is SideKind.END_USER else rollup_api_keys
    columns = table.c
    where = [among(connection, columns.day, _days_there(connection, table, days))]
    if project_ids is not None:
        where.append(among(connection, columns.project_id, sorted(project_ids)))
    most = (
        select(columns[kind])
        .where(*where)
        .group_by(columns[kind])
        .having(func.sum(columns.calls) > 0)
        .order_by(func.sum(columns.cost_nanos * 1.0).desc(), func.sum(columns.calls).desc(), columns[kind])
        .limit(limit)
    )
    names = list(connection.scalars(most))
    sums = select(
        columns[kind], func.sum(columns.calls), func.sum(columns.errors), func.sum(columns.tokens),
        exact_sum(connection, columns.cost_nanos), func.sum(columns.unpriced_calls),
    ).where(*where, among(connection, columns[kind], names)).group_by(columns[kind])  # fmt: skip
    found = {row[0]: SideRow(row[0], *(int(value) for value in row[1:])) for row in connection.execute(sums)}
    return [found[name] for name in names if name in found]


def _days_there(connection: Connection, table: Table, days: tuple[int, int]) -> list[int]:
    """Which of the days in [first, last) the table has: named one by one, they lead straight to a project's rows."""
    first, last = connection.scalar(select(func.min(table.c.day))), connection.scalar(select(func.max(table.c.day)))
    if first is None or last is None:
        return []
    day = listed(connection, range(max(first, days[0]), min(last + 1, days[1])))
    there = select(table.c.day).where(table.c.day == day).limit(1).scalar_subquery()
    return list(connection.scalars(select(day).where(there.is_not(None))))


def unpriced(connection: Connection, selection: Selection, pieces: Sequence[Piece]) -> list[UnpricedRow]:
    """The calls without a cost over all pieces, by model and project."""
    columns = rollups.c
    key = (columns.model_id, columns.project_id)
    sums = (columns.calls, columns.prompt_tokens, columns.completion_tokens)
    found: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0] * len(sums))
    for piece in pieces:
        where = _where(connection, rollups, Level.UNPRICED, selection, None, piece)
        for model_id, project_id, *values in connection.execute(
            select(*key, *map(func.sum, sums)).where(*where).group_by(*key)
        ):
            into = found[model_id, project_id]
            into[:] = [total + int(value) for total, value in zip(into, values, strict=True)]
    return [UnpricedRow(*place, *values) for place, values in found.items() if values[0]]


def _level(selection: Selection, group: GroupBy | None) -> Level:
    if group is GroupBy.ERROR_KIND:
        return Level.DETAIL
    return Level.TOTAL if not selection.is_narrow and group in {None, GroupBy.PROJECT} else Level.MODEL


def _where(
    connection: Connection, table: Table, level: Level, selection: Selection, group: GroupBy | None, piece: Piece
) -> Iterator[ColumnElement[bool]]:
    yield from _cells(connection, table, level, selection, group)
    yield table.c.grain == int(piece.grain)
    yield table.c.bucket >= piece.start
    yield table.c.bucket < piece.end


def _cells(
    connection: Connection, table: Table, level: Level, selection: Selection, group: GroupBy | None
) -> Iterator[ColumnElement[bool]]:
    yield table.c.level == int(level)
    yield _projects(connection, table, level, selection, group)
    if level is Level.TOTAL:
        yield table.c.status == ALL
    for name, values in (
        ("environment_id", selection.environment_ids),
        ("model_id", selection.model_ids),
        ("status", selection.statuses),
    ):
        if values is not None:
            yield among(connection, table.c[name], sorted(values))


def _projects(
    connection: Connection, table: Table, level: Level, selection: Selection, group: GroupBy | None
) -> ColumnElement[bool]:
    column = table.c.project_id
    if selection.project_ids is not None:
        if len(selection.project_ids) == 1:
            return column == next(iter(selection.project_ids))
        return among(connection, column, sorted(selection.project_ids))
    if level in {Level.DETAIL, Level.UNPRICED} or group is GroupBy.PROJECT:
        return column.in_(select(Project.id))
    return column == 0


def _exactly(
    connection: Connection, table: Table, pieces: Iterable[Piece]
) -> Iterator[tuple[ColumnElement[bool], ...]]:
    """For each grain the condition for the cells of these pieces, and no others."""
    for grain, buckets in _by_grain(pieces).items():
        first, last = min(buckets), max(buckets)
        of_grain = table.c.grain == int(grain)
        if (last - first) // GRAIN_MINUTES[grain] + 1 > len(buckets):
            yield of_grain, among(connection, table.c.bucket, sorted(buckets))
        else:
            yield of_grain, table.c.bucket >= first, table.c.bucket <= last


def _runs(
    connection: Connection, table: Table, pieces: Iterable[Piece]
) -> Iterator[tuple[tuple[ColumnElement[bool], ...], set[int]]]:
    """For each grain a condition, and the buckets that are wanted of what it finds."""
    for grain, buckets in _by_grain(pieces).items():
        first, last = min(buckets), max(buckets)
        of_grain = table.c.grain == int(grain)
        if (last - first) // GRAIN_MINUTES[grain] + 1 > _SPARSE * len(buckets):
            yield (of_grain, among(connection, table.c.bucket, sorted(buckets))), buckets
        else:
            yield (of_grain, table.c.bucket >= first, table.c.bucket <= last), buckets


def _by_grain(pieces: Iterable[Piece]) -> dict[Grain, set[int]]:
    buckets: dict[Grain, set[int]] = defaultdict(set)
    for piece in pieces:
        buckets[piece.grain].update(range(piece.start, piece.end, GRAIN_MINUTES[piece.grain]))
    return buckets

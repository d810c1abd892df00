"""Writing the rollups: a `Delta` laid out over the tables, within the transaction of the rows it comes from."""

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError

from callscope.ingest.contribution import Delta, SideSums
from callscope.metrics.histogram import added
from callscope.metrics.models import (
    HISTOGRAM_KEY,
    SIDE_MEASURES,
    end_user_admissions,
    rollup_api_keys,
    rollup_end_users,
    rollup_histograms,
    rollups,
)
from callscope.store.errors import TotalsFull
from callscope.store.sql import counters
from callscope.store.sql.bulk import add_rows, among, replace_rows, rows_at

OTHER = "(other)"
MAX_END_USERS = 10_000
"""End users of one project and day that are told apart; the rest are summed as `(other)`."""

MINUTES_KEPT = 48 * 60
_KEY_WIDTH = len(HISTOGRAM_KEY)


def write(connection: Connection, delta: Delta, *, max_end_users: int = MAX_END_USERS) -> None:
    """Add a delta to all rollups.

    Raises TotalsFull; then the transaction must be given up.
    """
    floor = minute_floor(connection)
    try:
        add_rows(connection, rollups, delta.cells(floor))
    except IntegrityError as error:  # the table's own check
        raise TotalsFull from error
    _write_histograms(connection, delta, floor)
    _write_end_users(connection, delta.end_users, max_end_users)
    _write_sums(connection, delta.api_keys)


def minute_floor(connection: Connection) -> int:
    """The first minute, since the epoch, for which there may be minute cells."""
    return counters.read(connection, counters.MINUTE_FLOOR, 0)


def raise_minute_floor(connection: Connection, floor: int) -> None:
    """From now on no minute before `floor` is written or read; the floor only rises."""
    if floor > minute_floor(connection):
        counters.write(connection, counters.MINUTE_FLOOR, floor)


def _write_histograms(connection: Connection, delta: Delta, floor: int) -> None:
    changes = delta.histograms(floor)
    if not changes:
        return
    stored = {tuple(row[:_KEY_WIDTH]): row[_KEY_WIDTH:] for row in rows_at(connection, rollup_histograms, changes)}
    replace_rows(
        connection,
        rollup_histograms,
        (
            (*key, *(added(old, bins) for old, bins in zip(stored.get(key, (None, None)), sides, strict=True)))
            for key, sides in changes.items()
        ),
    )


def _write_sums(connection: Connection, sums: Mapping[tuple[int, int, int], SideSums]) -> None:
    add_rows(
        connection,
        rollup_api_keys,
        [(*key, *s.values) for key, s in sums.items() if s],
    )


def _write_end_users(connection: Connection, sums: Mapping[tuple[int, int, str], SideSums], limit: int) -> None:
    """A name is admitted at its first call, while there is room, and for good; what is not goes to `(other)`."""
    by_day: dict[tuple[int, int], dict[str, SideSums]] = defaultdict(dict)
    for (day, project, name), side in sums.items():
        if side:
            by_day[day, project][name] = side
    rows: dict[tuple[int, int, str], list[int]] = {}
    for (day, project), names in by_day.items():
        admitted = _admit(connection, day, project, names, limit)
        for name, side in names.items():
            row = rows.setdefault((day, project, name if name in admitted else OTHER), [0] * len(SIDE_MEASURES))
            for i, value in enumerate(side.values):
                row[i] += value
    add_rows(connection, rollup_end_users, [(*key, *values) for key, values in rows.items()])


def _admit(connection: Connection, day: int, project: int, names: Iterable[str], limit: int) -> set[str]:
    columns = rollup_end_users.c
    here = (columns.day == day) & (columns.project_id == project)
    query = select(columns.end_user).where(here, among(connection, columns.end_user, names))
    known = set(connection.scalars(query))
    new = sorted(set(names) - known)
    if not new:
        return known
    counted = (end_user_admissions.c.day == day) & (end_user_admissions.c.project_id == project)
    so_far = connection.scalar(select(end_user_admissions.c.admitted).where(counted)) or 0
    newly = new[: max(0, limit - so_far)]
    if newly:
        add_rows(connection, end_user_admissions, [(day, project, len(newly))])
    return known | set(newly)

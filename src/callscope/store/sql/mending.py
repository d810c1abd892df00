"""Putting totals right while calls go on being logged: what is missing is added, never what is there written over.

What is stored and what follows from the rows are read in one state of the data, without the lock of all writers. Each
call that is logged afterwards adds the same to either, so the difference of the two stays right.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from callscope.metrics.histogram import added
from callscope.metrics.models import HISTOGRAM_KEY, SIDE_MEASURES, Grain, rollup_end_users, rollup_histograms, rollups
from callscope.store.sql.bulk import Row, add_rows, replace_rows, rows_at
from callscope.store.sql.recount import Wrong
from callscope.store.sql.totals import minute_floor

_KEY_WIDTH = len(HISTOGRAM_KEY)


def mend(connection: Connection, wrong: Sequence[Wrong]) -> list[bool]:
    """Put rows of one table right, in the caller's writing transaction; gives which of them are."""
    table = wrong[0].table
    floor = minute_floor(connection)
    kept = [one for one in wrong if not _is_below(one, floor)]  # below it nothing is written any more
    if table is not rollup_histograms:
        add_rows(connection, table, ((*one.key, *one.missing) for one in kept))
        return [True] * len(wrong)
    rows = _histograms(connection, kept)
    replace_rows(connection, table, rows.values())
    return [_is_below(one, floor) or one.key in rows for one in wrong]


def keep_end_users(connection: Connection, names: Iterable[tuple[int, int, str]]) -> None:
    """Give back their rows to end users who have one by right: from now on what they do is added there."""
    add_rows(connection, rollup_end_users, ((*key, *[0] * len(SIDE_MEASURES)) for key in names))


def _is_below(wrong: Wrong, floor: int) -> bool:
    if wrong.table not in {rollups, rollup_histograms}:
        return False
    _level, grain, _project, bucket = wrong.key[:4]
    return bool(grain == Grain.MINUTE and bucket < floor)


def _histograms(connection: Connection, wrong: Sequence[Wrong]) -> dict[Row, Row]:
    """The rows as they should be stored, by key. Left out is one that was no histogram and was changed since."""
    keys = [one.key for one in wrong]
    current = {tuple(row[:_KEY_WIDTH]): row[_KEY_WIDTH:] for row in rows_at(connection, rollup_histograms, keys)}
    rows: dict[Row, Row] = {}
    for one in wrong:
        now = current.get(one.key)
        if now is None and one.stored is None:  # as it is, without taking it apart
            rows[one.key] = (*one.key, *(one.expected or (b"", b"")))
            continue
        missing = one.missing_bins
        if missing is not None:
            sides = (added(old, bins) for old, bins in zip(now or (None, None), missing, strict=True))
            rows[one.key] = (*one.key, *sides)
        elif now == one.stored:
            rows[one.key] = (*one.key, *(one.expected or (b"", b"")))
    return rows

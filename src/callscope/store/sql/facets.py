"""Counting the values that there are of a field: from a day's sums, or among the newest calls for a bounded time."""

import json
import time
from collections import Counter

from sqlalchemy import Connection, func, select

from callscope.calls.models import llm_call_logs
from callscope.ingest.row import MICROS_PER_DAY
from callscope.metrics.models import rollup_api_keys, rollup_end_users
from callscope.store.queries import CallFilter, Counted, Facet, SideKind
from callscope.store.sql import calls
from callscope.store.sql.bulk import among

BUDGET_SECONDS = 0.12
"""How long the newest calls are counted; with the last step that is under way then, an answer takes twice as long."""


def counted(connection: Connection, wanted: CallFilter, facet: Facet, budget: float = BUDGET_SECONDS) -> Counted:
    """How many of the newest matching calls have each value, as far as the time goes."""
    counts: Counter[str | int] = Counter()
    looked_at, scanned_to = 0, None
    for rows, reached in calls.matching(connection, wanted, [llm_call_logs.c[facet]], budget):
        scanned_to = reached
        for value, count in rows:
            looked_at += count
            if value is None:
                continue
            for one in set(json.loads(value)) if facet is Facet.TAG else (value,):
                counts[one] += count
    return Counted(counts, looked_at, scanned_to)


def side_counts(
    connection: Connection,
    kind: SideKind,
    project_ids: frozenset[int] | None,
    days: tuple[int, int],
    budget: float = BUDGET_SECONDS,
) -> Counted:
    """The calls of each end user or API key on the UTC days in [first, last), the last days first while time is left."""
    deadline = time.monotonic() + budget
    columns = (rollup_end_users if kind is SideKind.END_USER else rollup_api_keys).c
    newest, oldest = connection.execute(
        select(select(func.max(columns.day)).scalar_subquery(), select(func.min(columns.day)).scalar_subquery())
    ).one()
    counts: Counter[str | int] = Counter()
    if newest is None:
        return Counted(counts, 0)
    first = max(oldest, days[0])
    for day in range(min(newest, days[1] - 1), first - 1, -1):
        query = select(columns[kind], func.sum(columns.calls)).where(columns.day == day).group_by(columns[kind])
        if project_ids is not None:
            query = query.where(among(connection, columns.project_id, sorted(project_ids)))
        for value, count in connection.execute(query):
            counts[value] += int(count)
        if day > first and time.monotonic() > deadline:
            return Counted(+counts, counts.total(), day * MICROS_PER_DAY)
    return Counted(+counts, counts.total())

"""How much each API key may ask, and each project may log, within a minute; counted over all processes together.

The count slides: of the minute before, as much is counted as lies within the last 60 seconds if it came evenly. Each
process counts for itself, and every second adds what it has counted to the common table and reads what the others have;
so the sum is at most about a second old. A batch is counted when it has been let in, so that one that is larger than
the whole limit gets through, and what comes after it waits the longer.
"""

import math
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Connection, Integer, SmallInteger, Table, delete, insert, select, update

from callscope.api.errors import TooMany
from callscope.db.engine import Database
from callscope.db.periodic import Periodic
from callscope.db.types import metadata

WINDOW_SECONDS = 60
SYNC_SECONDS = 1.0

rate_counts = Table(
    "rate_counts",
    metadata,
    Column("kind", SmallInteger, primary_key=True, comment="of the subject: 1 requests of a key, 2 calls of a project"),
    Column("subject_id", Integer, primary_key=True, autoincrement=False),
    Column("minute", Integer, primary_key=True, autoincrement=False, comment="since the epoch"),
    Column("used", BigInteger, nullable=False),
)


class Kind(IntEnum):
    """What is counted."""

    KEY = 1
    PROJECT = 2


class Subject(NamedTuple):
    """Whose limit it is."""

    kind: Kind
    id: int


class RateLimited(TooMany):
    """Refused for now: `what` has used up what it may within a minute."""

    def __init__(self, what: str, limit: int, unit: str, retry_after: int) -> None:
        super().__init__(
            f"{what} may {unit} {limit:,} times a minute, and has. Try again in {retry_after} seconds.", retry_after
        )


class RateLimits(Periodic):
    """The counts as one process knows them. Safe to use from several threads; checking never waits for the database.

    Args:
        db: where the processes tell each other.
        clock: seconds since the epoch.
    """

    def __init__(self, db: Database, clock: Callable[[], float] = time.time) -> None:
        super().__init__("rate-limits", self.sync, SYNC_SECONDS)
        self._db = db
        self._clock = clock
        self._lock = threading.Lock()
        self._untold: defaultdict[tuple[Subject, int], int] = defaultdict(int)
        self._told: dict[tuple[Subject, int], int] = {}

    def request(self, key_id: int, limit: int | None) -> None:
        """Count a request with an API key that may send `limit` a minute (None: any); raises RateLimited."""
        if limit is not None:
            key = Subject(Kind.KEY, key_id)
            self._check(key, limit, "This API key", "be used")
            self._count(key, 1)

    def calls(self, counts: Mapping[int, int], limits: Mapping[int, tuple[str, int]]) -> None:
        """Count calls that are about to be logged, all or none; raises RateLimited.

        Args:
            counts: how many, by project.
            limits: name and calls a minute of the projects that have a limit.
        """
        limited = {project_id: count for project_id, count in counts.items() if project_id in limits}
        for project_id in limited:
            name, limit = limits[project_id]
            self._check(Subject(Kind.PROJECT, project_id), limit, f"The project {name!r}", "log a call")
        for project_id, count in limited.items():
            self._count(Subject(Kind.PROJECT, project_id), count)

    def sync(self) -> None:
        """Tell the other processes what was counted here, and learn what they have counted. Raises DatabaseUnavailable."""
        minute = int(self._clock()) // WINDOW_SECONDS
        with self._lock:
            untold = {place: used for place, used in self._untold.items() if place[1] >= minute - 1}
            recent = {subject for subject, at in (*self._untold, *self._told) if at >= minute - 1}
        if not recent:
            self._told = {}
            return
        if untold:
            with self._db.write() as connection:
                _add(connection, untold)
                connection.execute(delete(rate_counts).where(rate_counts.c.minute < minute - 1))
                told = _read(connection, recent, minute)
        else:
            with self._db.read(brief=True) as connection:
                told = _read(connection, recent, minute)
        with self._lock:
            self._told = told
            for place, used in untold.items():
                self._untold[place] -= used
            for place in [place for place, used in self._untold.items() if used == 0 or place[1] < minute - 1]:
                del self._untold[place]

    def _check(self, subject: Subject, limit: int, what: str, unit: str) -> None:
        now = self._clock()
        minute, into = divmod(now, WINDOW_SECONDS)
        passed = into / WINDOW_SECONDS
        with self._lock:
            before, current = (self._used(subject, int(minute) - 1), self._used(subject, int(minute)))
        if before * (1 - passed) + current < limit:
            return
        # A moment more than until it is level with the limit: at that very moment there is no room yet.
        wait = math.floor(WINDOW_SECONDS * _wait(before, current, passed, limit) + 1e-6) + 1
        raise RateLimited(what, limit, unit, wait)

    def _used(self, subject: Subject, minute: int) -> int:
        place = subject, minute
        return self._told.get(place, 0) + self._untold.get(place, 0)

    def _count(self, subject: Subject, count: int) -> None:
        place = subject, int(self._clock()) // WINDOW_SECONDS
        with self._lock:
            self._untold[place] += count


def _wait(before: int, current: int, passed: float, limit: int) -> float:
    """In how many minutes the count is down to the limit, if nothing more comes."""
    if current < limit:
        return 1 - (limit - current) / before - passed
    return 2 - limit / current - passed


def _add(connection: Connection, untold: Mapping[tuple[Subject, int], int]) -> None:
    columns = rate_counts.c
    for (subject, minute), used in untold.items():
        here = (columns.kind == subject.kind) & (columns.subject_id == subject.id) & (columns.minute == minute)
        changed = connection.execute(update(rate_counts).where(here).values(used=columns.used + used))
        if changed.rowcount == 0:
            fields = {"kind": subject.kind, "subject_id": subject.id, "minute": minute, "used": used}
            connection.execute(insert(rate_counts).values(fields))


def _read(connection: Connection, subjects: set[Subject], minute: int) -> dict[tuple[Subject, int], int]:
    """What all processes have told of these subjects, of this minute and the one before."""
    columns = rate_counts.c
    query = select(rate_counts).where(columns.minute.in_((minute - 1, minute)))
    return {
        (subject, row.minute): row.used
        for row in connection.execute(query)
        if (subject := Subject(Kind(row.kind), row.subject_id)) in subjects
    }

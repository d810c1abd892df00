"""`callscope demo`: the calls go the way that every logged call goes, through the intake and the Recorder.

It works beside a running server, since each writing transaction waits for its turn. Calls carry ids that follow from
the seed, so a second run with the same options adds only what has been made since.
"""

import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import select

from callscope.accounts import setup
from callscope.accounts.keys import KeyService
from callscope.accounts.models import ApiKey
from callscope.accounts.projects import ProjectDirectory
from callscope.api.rights import Caller, Role, Scope
from callscope.config import Config
from callscope.db.checkpoint import Checkpointer
from callscope.db.engine import Database
from callscope.db.migrate import upgrade
from callscope.db.versions import Versions
from callscope.demo import making
from callscope.demo.calendar import PROJECTS, Pace, last_days
from callscope.demo.making import Made, Planned, Sender
from callscope.ingest.changes import Change, Outcome, Rate, Submission
from callscope.ingest.recorder import Recorder
from callscope.pricing.seed import seed_catalogue
from callscope.store.sql import counters
from callscope.store.sql.store import SqlStore

BATCH = 5_000
"""Calls of one submission: a running server waits for its turn about half a second."""
_AHEAD = 2
_ADMIN = Caller(name="demo", role=Role.ADMIN)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the demo is to hold: the last `calls` calls before `end_micros`, at a pace that spreads them over `days`."""

    calls: int
    days: int
    seed: int
    end_micros: int


@dataclass(frozen=True, slots=True)
class Done:
    """What a demo wrote: calls and ratings sent, how many of the calls were new, and how long it took."""

    calls: int
    new_calls: int
    ratings: int
    seconds: float


def fill(config: Config, wanted: Wanted, progress: Callable[[int], None]) -> Done:
    """Fill the database of `config`; `progress` is told how many calls have been written, as they are.

    Raises DatabaseUnavailable, DatabaseTooNew, NotStored.
    """
    started = time.perf_counter()
    db = Database(config.database_url)
    try:
        upgrade(db, seed_catalogue)
        setup.make_first_rows(db, config)
        store = SqlStore(db)
        store.tidy(time.time_ns() // 1000)  # so that last month's calls are not counted by the minute
        with _recording(db, store) as recorder:
            filling = _Filling(recorder, _next_id(db), progress)
            for made in _days(db, wanted):
                filling.send(made)
            filling.finish()
        return Done(filling.sent, filling.new, filling.rated, time.perf_counter() - started)
    finally:
        db.dispose()


def _days(db: Database, wanted: Wanted) -> Iterator[Made]:
    """The days in order, made by another process, which is at most `_AHEAD` days ahead."""
    pace = Pace(wanted.seed, wanted.calls / wanted.days)
    versions = Versions(db)
    senders = {name: _sender(db, versions, name) for name in PROJECTS}
    address = db.url.render_as_string(hide_password=False)
    with ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn"), making.begin, (address, pace, senders, wanted.end_micros)
    ) as pool:
        under_way: deque[Future[Made]] = deque()
        for day in last_days(pace, wanted.calls, wanted.end_micros):
            under_way.append(pool.submit(making.make, day))
            if len(under_way) > _AHEAD:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


class _Filling:
    """Hands days to the Recorder, and rates calls once their ids are known."""

    def __init__(self, recorder: Recorder, first_new_id: int, progress: Callable[[int], None]) -> None:
        self.sent = self.new = self.rated = 0
        self._recorder = recorder
        self._first_new_id = first_new_id
        self._progress = progress
        self._under_way: deque[tuple[list[Planned], int, Future[Outcome]]] = deque()
        self._ratings: list[Rate] = []

    def send(self, made: Made) -> None:
        """Submit a day, in pieces."""
        for start in range(0, len(made.puts), BATCH):
            puts = made.puts[start : start + BATCH]
            ratings = [one for one in made.ratings if start <= one.index < start + BATCH]
            self._submit([*puts, *self._ratings], ratings, len(puts))

    def finish(self) -> None:
        """Wait until all is written, the last ratings too."""
        while self._under_way:
            self._wait()
        if self._ratings:
            self._submit(self._ratings, [], 0)
            self._wait()

    def _submit(self, changes: Sequence[Change], ratings: list[Planned], calls: int) -> None:
        self._ratings = []
        while len(self._under_way) >= _AHEAD:
            self._wait()
        self._under_way.append((ratings, calls, self._recorder.submit(Submission(changes))))

    def _wait(self) -> None:
        ratings, calls, future = self._under_way.popleft()
        outcome = future.result()
        if outcome.error is not None:
            raise outcome.error
        ids = [receipt.call_id for receipt in outcome.receipts[:calls]]
        self.sent += calls
        self.new += sum(call_id >= self._first_new_id for call_id in ids)
        self.rated += len(ratings)
        self._ratings += [
            Rate(ids[one.index % BATCH], one.author, one.rating, one.comment, None, one.at_micros) for one in ratings
        ]
        self._progress(self.sent)


@contextmanager
def _recording(db: Database, store: SqlStore) -> Iterator[Recorder]:
    checkpointer = Checkpointer(db)
    recorder = Recorder(store, max_rows=10 * BATCH, max_bytes=2**30)
    checkpointer.start()
    recorder.start()
    try:
        yield recorder
    finally:
        recorder.stop()
        checkpointer.stop()


def _sender(db: Database, versions: Versions, project: str) -> Sender:
    """The project, made if it is not there, and an API key of it as whose owner the calls are logged.

    Nobody learns the key's secret, so nobody can use it.
    """
    projects = ProjectDirectory(db, versions)
    project_id = projects.for_write(_ADMIN, project)
    name = f"demo {project}"
    with db.read_session() as session:
        key = session.scalar(select(ApiKey).where(ApiKey.name == name, ApiKey.revoked_at.is_(None)).limit(1))
    if key is None:
        key = KeyService(db, versions).create(_ADMIN, name, [Scope.INGEST], projects.resolve(project_id)).key
    return Sender(project_id, key.id)


def _next_id(db: Database) -> int:
    with db.read() as connection:
        return counters.read(connection, counters.CALL_ID, 1)

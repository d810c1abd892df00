"""`callscope demo`: the calls go the way that every logged call goes, through the intake and the Recorder.

It works beside a running server, since each writing transaction waits for its turn. Calls carry ids that follow from
the seed, so a second run with the same options adds only what has been made since.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import select

from callscope.accounts import setup
from callscope.accounts.keys import KeyService
from callscope.accounts.models import ApiKey
from callscope.accounts.projects import ProjectDirectory
from callscope.api.rights import Caller, Role, Scope
from callscope.calls.intake import Filed, Intake, place_key
from callscope.calls.schemas import CallIn
from callscope.config import Config
from callscope.db.engine import Database
from callscope.db.migrate import upgrade
from callscope.db.types import from_micros
from callscope.db.versions import Versions
from callscope.demo.calendar import PROJECTS, Pace, last_days
from callscope.demo.calls import DemoCall, calls_of
from callscope.ingest.changes import Change, Outcome, Put, Rate, Submission
from callscope.ingest.directory import Directory, Place
from callscope.ingest.recorder import Recorder
from callscope.pricing.book import PriceBook
from callscope.pricing.catalogue import Catalogue
from callscope.pricing.seed import seed_catalogue
from callscope.settings.service import SettingsService
from callscope.store.sql.batch import CALL_ID
from callscope.store.sql.store import SqlStore
from callscope.store.sql.tables import counters

BATCH = 5_000
IN_FLIGHT = 3
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

    Raises DatabaseUnavailable, and what a call's submission may raise.
    """
    db = Database(config.database_url)
    try:
        upgrade(db, seed_catalogue)
        setup.prepare(db, config)
        store = SqlStore(db)
        store.tidy(time.time_ns() // 1000)  # calls of last month then need no minute cells, most of which they would be
        started = time.perf_counter()
        with _recording(store) as recorder:
            return _Filling(db, recorder, wanted, progress).run(started)
    finally:
        db.dispose()


@contextmanager
def _recording(store: SqlStore) -> Iterator[Recorder]:
    recorder = Recorder(store, max_rows=(IN_FLIGHT + 1) * 2 * BATCH, max_bytes=2**30)
    recorder.start()
    try:
        yield recorder
    finally:
        recorder.stop()


class _Filling:
    """One run: makes batches ahead of the Recorder, and rates calls once their ids are known."""

    def __init__(self, db: Database, recorder: Recorder, wanted: Wanted, progress: Callable[[int], None]) -> None:
        versions = Versions(db)
        catalogue = Catalogue(db, versions)
        self._intake = Intake(PriceBook(), SettingsService(db, versions))
        self._directory = Directory(db, catalogue, versions)
        self._senders = {name: _sender(db, versions, name) for name in PROJECTS}
        self._places: dict[tuple[str, object, object], Place] = {}
        self._recorder = recorder
        self._wanted = wanted
        self._progress = progress
        self._under_way: deque[tuple[list[DemoCall], Future[Outcome]]] = deque()
        self._ratings: list[Rate] = []
        self._sent = self._new = self._rated = 0
        self._first_new_id = _next_id(db)

    def run(self, started: float) -> Done:
        """Write all of it."""
        batch: list[DemoCall] = []
        for call in _all_calls(self._wanted):
            batch.append(call)
            if len(batch) == BATCH:
                self._send(batch)
                batch = []
        self._send(batch)
        while self._under_way:
            self._wait()
        self._send([])
        while self._under_way:
            self._wait()
        return Done(self._sent, self._new, self._rated, time.perf_counter() - started)

    def _send(self, calls: list[DemoCall]) -> None:
        changes: list[Change] = [*self._puts(calls), *self._ratings]
        self._rated += len(self._ratings)
        self._ratings = []
        if not changes:
            return
        while len(self._under_way) >= IN_FLIGHT:
            self._wait()
        self._under_way.append((calls, self._recorder.submit(Submission(changes))))

    def _wait(self) -> None:
        calls, future = self._under_way.popleft()
        outcome = future.result()
        if outcome.error is not None:
            raise outcome.error
        for call, receipt in zip(calls, outcome.receipts, strict=False):  # receipts of ratings follow
            self._new += receipt.call_id >= self._first_new_id
            opinion = call.opinion
            if opinion is None or call.created_micros + opinion.after_micros > self._wanted.end_micros:
                continue
            self._ratings.append(
                Rate(
                    receipt.call_id, call.fields["end_user"], opinion.rating, opinion.comment, None,
                    call.created_micros + opinion.after_micros,
                )
            )  # fmt: skip
        self._sent += len(calls)
        self._progress(self._sent)

    def _puts(self, calls: list[DemoCall]) -> list[Put]:
        now = from_micros(self._wanted.end_micros)
        puts: list[Put] = []
        for demo_call in calls:
            call = CallIn.model_validate(demo_call.fields)
            caller, project_id = self._senders[demo_call.project]
            names = (demo_call.project, call.environment, call.model)
            place = self._places.get(names)
            if place is None:
                place = self._places[names] = self._place(project_id, call)
            puts += self._intake.puts(caller, (Filed(call, project_id, place),), now)
        return puts

    def _place(self, project_id: int, call: CallIn) -> Place:
        key = place_key(call)
        return self._directory.find(project_id, *key) or self._directory.enter(project_id, *key)


def _all_calls(wanted: Wanted) -> Iterator[DemoCall]:
    pace = Pace(wanted.seed, wanted.calls / wanted.days)
    for day in last_days(pace, wanted.calls, wanted.end_micros):
        yield from calls_of(pace, day)


def _sender(db: Database, versions: Versions, project: str) -> tuple[Caller, int]:
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
    return Caller(name=name, api_key_id=key.id, project_ids=frozenset((project_id,))), project_id


def _next_id(db: Database) -> int:
    with db.read() as connection:
        return connection.scalar(select(counters.c.value).where(counters.c.name == CALL_ID)) or 1

"""`Repricer`: does the repricings that were asked for, one at a time, beside whatever else the process does.

Each step is one short transaction with the rows, the totals, the sums so far and the place to go on from; so a process
that is killed leaves a repricing in good order, and any other takes it up. Nothing of that goes by the clock: who has a
repricing counts its `beat` up, and who sees another's beat stand still for `LEASE_SECONDS` takes it over. A step is
committed only by who has it.
"""

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import structlog
from sqlalchemy import select

from callscope.api.errors import ApiError
from callscope.api.rights import Caller
from callscope.db.engine import Database, DatabaseUnavailable
from callscope.db.pace import rest
from callscope.db.periodic import Periodic
from callscope.db.types import to_micros
from callscope.db.versions import Versions
from callscope.pricing.book import PriceBook
from callscope.pricing.catalogue import VERSION, Catalogue
from callscope.repricing.models import UNFINISHED, Repricing, State
from callscope.repricing.service import end
from callscope.repricing.work import Lost, Work
from callscope.store.protocol import TelemetryStore

log = structlog.get_logger(__name__)

EVERY_SECONDS = 1.0
SETTLE_SECONDS = 3.0
"""From asking for a repricing to its start. Until then another process may still price new calls as before: it hears of
a change within a second, and what it has priced waits in its queue."""
LEASE_SECONDS = 5.0


class Repricer(Periodic):
    """A thread that looks for repricings every second and does what it finds."""

    def __init__(
        self,
        db: Database,
        store: TelemetryStore,
        versions: Versions,
        catalogue: Catalogue,
        book: PriceBook,
    ) -> None:
        super().__init__("repricer", self.work, EVERY_SECONDS)
        self.holder = uuid.uuid4().hex
        self.watch: Callable[[Repricing], None] = lambda _repricing: None
        """Told of a repricing after each of its steps."""
        self.settle_seconds = SETTLE_SECONDS
        self.lease_seconds = LEASE_SECONDS
        self._db = db
        self._store = store
        self._versions = versions
        self._catalogue = catalogue
        self._book = book
        self._seen: dict[int, tuple[int, float]] = {}

    def work(self) -> None:
        """Do the next repricing to its end, if there is one and nobody else has it. Raises DatabaseUnavailable."""
        repricing = self._claim()
        if repricing is None:
            return
        try:
            self._do(repricing)
        except Lost:
            log.info("a repricing was cancelled, or taken over", repricing=repricing.id)
        except DatabaseUnavailable:
            raise  # it stays this process's, and goes on from the last step when the database is back
        except ApiError as error:
            self._fail(repricing, error.detail.removeprefix("body: "))
        except Exception:
            log.exception("a repricing failed", repricing=repricing.id)
            self._fail(repricing, "An unexpected error; the log of the server has it.")

    def _do(self, repricing: Repricing) -> None:
        work = Work(self._db, self._store, self._catalogue, self._book, repricing)
        while (waited := work.step()) is not None:
            self.watch(repricing)
            if self.stopping():
                with self._db.write_session() as session:
                    work.note(session.connection())
                    session.get_one(Repricing, repricing.id).holder = None
                return
            rest(self._db, waited)  # half of the time the lock of all writers is the others'
        with self._db.write_session() as session:
            work.note(session.connection())
            finished = session.get_one(Repricing, repricing.id)
            end(session, _asker(finished), finished, State.DONE)
        log.info("stored calls priced anew", repricing=repricing.id, longest_wait_ms=round(1000 * work.longest_wait, 1))

    def _fail(self, repricing: Repricing, reason: str) -> None:
        with self._db.write_session() as session:
            failed = session.get_one(Repricing, repricing.id)
            if failed.holder == self.holder:
                end(session, _asker(failed), failed, State.FAILED, reason)

    def _claim(self) -> Repricing | None:
        """The oldest repricing that has not ended, if this process may have it."""
        query = select(Repricing).where(Repricing.state.in_(UNFINISHED)).order_by(Repricing.id)
        with self._db.read_session() as session:
            waiting = session.scalars(query).all()
        now = time.monotonic()
        seen = {one.id: self._seen.get(one.id, (one.beat, now)) for one in waiting}
        self._seen = {one.id: seen[one.id] if seen[one.id][0] == one.beat else (one.beat, now) for one in waiting}
        if not waiting or not self._may_have(waiting[0], now - self._seen[waiting[0].id][1]):
            return None
        with self._db.write_session() as session:
            repricing = session.get_one(Repricing, waiting[0].id)
            if repricing.state not in UNFINISHED or repricing.beat != waiting[0].beat:
                return None
            repricing.holder, repricing.beat = self.holder, repricing.beat + 1
            if repricing.state == State.QUEUED:
                repricing.state, repricing.started_at = State.RUNNING, datetime.now(UTC)
                repricing.bound = self._bound(repricing)
        self._versions.announce(VERSION)  # the prices that led to this repricing, and none from before
        self._book.preload()
        return repricing

    def _may_have(self, repricing: Repricing, unchanged_seconds: float) -> bool:
        if repricing.holder not in {None, self.holder}:
            return unchanged_seconds >= self.lease_seconds
        if repricing.state == State.QUEUED and not repricing.dry_run:
            return unchanged_seconds >= self.settle_seconds
        return True

    def _bound(self, repricing: Repricing) -> int:
        """Where it ends: behind the last call that there is, whatever the clock says. Later ones have today's prices."""
        with self._store.reading() as reading:
            behind = (reading.newest() or 0) + 1
        return behind if repricing.until is None else min(behind, to_micros(repricing.until))


def _asker(repricing: Repricing) -> Caller:
    """Who asked for it, for the audit log."""
    return Caller(name=repricing.created_by, user_id=repricing.user_id)

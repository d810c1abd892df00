"""`Purger`: deletes what projects keep no longer, beside whatever else the process does; one process at a time."""

import time

import structlog

from callscope.db.engine import Database
from callscope.db.periodic import Periodic
from callscope.retention.clock import Clock, Doubt
from callscope.store.protocol import TelemetryStore
from callscope.store.queries import Purged

log = structlog.get_logger(__name__)

FIRST_SECONDS = 60.0
EVERY_SECONDS = 300.0


class Purger(Periodic):
    """A thread that looks every five minutes for what has grown too old."""

    def __init__(self, db: Database, store: TelemetryStore) -> None:
        super().__init__("purger", self.work, EVERY_SECONDS, first_seconds=FIRST_SECONDS)
        self._db = db
        self._store = store
        self.clock = Clock(db)
        self._doubt: Doubt | None = None

    def work(self) -> None:
        """Delete all of it, unless another process is at it or the clock has leapt. Raises DatabaseUnavailable."""
        done = self.purge()
        if done is not None and any(done):
            log.info("deleted what is kept no longer", rows=done.rows, payloads=done.payloads, tables=done.tables)

    def purge(self) -> Purged | None:
        """The same; gives what was deleted, None where it was not the time for it."""
        with self._db.only_here("purge") as alone:
            if not alone:
                return None
            now = time.time_ns() // 1000
            doubt = self.clock.look(now)
            if doubt is None:
                self._doubt = None
                return self._store.purge(now, self.stopping)
        if doubt != self._doubt:  # once, not at every look
            self._doubt = doubt
            log.warning("nothing is deleted", reason=str(doubt))
        return None

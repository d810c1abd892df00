"""`Purger`: deletes what projects keep no longer, beside whatever else the process does; one process at a time."""

import time

import structlog

from callscope.db.engine import Database
from callscope.db.periodic import Periodic
from callscope.store.protocol import TelemetryStore

log = structlog.get_logger(__name__)

FIRST_SECONDS = 60.0
EVERY_SECONDS = 300.0


class Purger(Periodic):
    """A thread that looks every five minutes for what has grown too old."""

    def __init__(self, db: Database, store: TelemetryStore) -> None:
        super().__init__("purger", self.work, EVERY_SECONDS, first_seconds=FIRST_SECONDS)
        self._db = db
        self._store = store

    def work(self) -> None:
        """Delete all of it, unless another process is at it. Raises DatabaseUnavailable."""
        with self._db.only_here("purge") as alone:
            if not alone:
                return
            done = self._store.purge(time.time_ns() // 1000, self.stopping)
        if any(done):
            log.info("deleted what is kept no longer", rows=done.rows, payloads=done.payloads, tables=done.tables)

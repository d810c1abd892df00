"""Puts payloads into the index, behind the writing: a second or two after a call was acknowledged it can be found."""

import time

from callscope.db.engine import Database
from callscope.db.pace import Pace
from callscope.db.periodic import Periodic
from callscope.store.sql import indexing

EVERY_SECONDS = 1.0
ALL_EVERY_SECONDS = 600.0
"""How often tables of weeks gone by are looked at as well: another process's clock may be in such a week."""


class Indexer(Periodic):
    """The thread of one process. Of several processes each step is done by one, whoever is first."""

    def __init__(self, db: Database) -> None:
        super().__init__("indexer", self.catch_up, EVERY_SECONDS)
        self._db = db
        self._pace = Pace()
        self._done: set[int] = set()
        self._all_at = time.monotonic()
        self._caught_up_at = time.monotonic()

    def catch_up(self) -> None:
        """Index all that waits, in short transactions. Raises DatabaseUnavailable; the next time goes on from there."""
        if time.monotonic() - self._all_at > ALL_EVERY_SECONDS:
            self._all_at = time.monotonic()
            self._done.clear()
        while not self.stopping():
            held = indexing.step(self._db, self._pace.changes, self._done)
            if held is None:
                self._caught_up_at = time.monotonic()
                return
            self._pace.wrote(held.rows, held.seconds)
            time.sleep(held.seconds)  # half of the time the lock of all writers is the others'

    def lag_seconds(self) -> float:
        """For how long something has been stored, at most, that cannot be found yet; 0 while it keeps up."""
        behind = time.monotonic() - self._caught_up_at
        return behind if behind > 2 * EVERY_SECONDS else 0.0

"""What the server does by itself, beside the requests: it drops what is kept for a time only."""

import time
from collections.abc import Callable

from callscope.db.engine import Database
from callscope.db.periodic import Periodic
from callscope.pricing.book import PriceBook
from callscope.store.protocol import TelemetryStore

FIRST_SECONDS = 30.0
EVERY_SECONDS = 600.0


class Housekeeper(Periodic):
    """A thread that has the price list loaded before the first call needs it, and tidies the store every ten minutes.

    Args:
        db: of the store; of all processes on it, one tidies at a time.
        store: what is tidied.
        book: what is loaded; again, when newer prices have been fetched.
        when_loaded: called once it is.
    """

    def __init__(self, db: Database, store: TelemetryStore, book: PriceBook, when_loaded: Callable[[], None]) -> None:
        super().__init__("housekeeper", self._tidy, EVERY_SECONDS, first_seconds=FIRST_SECONDS, before=self._load)
        self._db = db
        self._store = store
        self._book = book
        self._when_loaded = when_loaded

    def _load(self) -> None:
        self._book.preload()
        self._when_loaded()

    def _tidy(self) -> None:
        self._book.preload()
        with self._db.only_here("tidy") as alone:
            if alone:
                self._store.tidy(time.time_ns() // 1000, self.stopping)

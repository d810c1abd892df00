"""What the server does by itself, beside the requests: it drops what is kept for a time only."""

import threading
import time

import structlog

from callscope.db.engine import DatabaseUnavailable
from callscope.pricing.book import PriceBook
from callscope.store.protocol import TelemetryStore

log = structlog.get_logger(__name__)

FIRST_SECONDS = 30.0
EVERY_SECONDS = 600.0


class Housekeeper:
    """A thread that tidies the store every ten minutes, and has the price list loaded before the first call needs it."""

    def __init__(self, store: TelemetryStore, book: PriceBook) -> None:
        self._store = store
        self._book = book
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="callscope-housekeeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, after the step that is under way."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        self._book.preload()
        pause = FIRST_SECONDS
        while not self._stopped.wait(pause):
            pause = EVERY_SECONDS
            try:
                self._store.tidy(time.time_ns() // 1000)
            except DatabaseUnavailable as error:
                log.warning("could not tidy up", reason=str(error))

"""What the server does by itself beside the requests."""

import gc
import threading

from callscope.db.engine import Database
from callscope.ingest.housekeeping import Housekeeper
from callscope.pricing.book import PriceBook
from callscope.store.sql.store import SqlStore
from tests.store.witness import NOW


def test_prices_are_loaded_at_the_start_and_the_process_keeps_its_own_garbage_collector(db: Database) -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    book, loaded = PriceBook(), threading.Event()
    housekeeper = Housekeeper(SqlStore(db), book, loaded.set)
    housekeeper.start()
    assert loaded.wait(60)
    housekeeper.stop()
    assert book.loaded
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def test_a_stop_ends_the_tidying_between_two_steps(db: Database) -> None:
    asked: list[bool] = []

    def stopping() -> bool:
        asked.append(True)
        return True

    SqlStore(db).tidy(NOW, stopping)
    assert len(asked) == 1

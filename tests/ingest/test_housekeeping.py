"""What the server does by itself beside the requests."""

import gc
import threading

import pytest

from callscope.db.engine import Database
from callscope.ingest.housekeeping import Housekeeper
from callscope.pricing.book import PriceBook
from callscope.store.sql.store import SqlStore
from tests.store.witness import DAY, NOW, Writer, put


def test_prices_are_loaded_at_the_start_and_the_process_keeps_its_own_garbage_collector(db: Database) -> None:
    before = gc.get_threshold(), gc.get_freeze_count()
    book, loaded = PriceBook(), threading.Event()
    housekeeper = Housekeeper(db, SqlStore(db), book, loaded.set)
    housekeeper.start()
    assert loaded.wait(60)
    housekeeper.stop()
    assert book.loaded
    assert (gc.get_threshold(), gc.get_freeze_count()) == before


def test_a_stop_ends_the_tidying_between_two_steps(db: Database) -> None:
    Writer(SqlStore(db)).each(put())
    asked: list[bool] = []

    def stopping() -> bool:
        asked.append(True)
        return True

    SqlStore(db).tidy(NOW + 3 * DAY, stopping)
    assert len(asked) == 1


def test_only_one_process_tidies_at_a_time(db: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    store, tidied = SqlStore(db), list[int]()
    monkeypatch.setattr(store, "tidy", lambda *_: tidied.append(1))
    other = Database(database_url)
    housekeeper = Housekeeper(db, store, PriceBook(), lambda: None)
    with other.only_here("tidy") as alone:
        assert alone
        housekeeper._tidy()
    assert tidied == []
    housekeeper._tidy()
    assert tidied == [1]
    other.dispose()

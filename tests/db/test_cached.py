"""What is kept in memory is what the database holds, also when it changes while it is being read."""

import threading

from callscope.db.cached import Cached
from callscope.db.engine import Database
from callscope.db.versions import Versions


def test_it_is_read_once_and_again_after_a_change(db: Database) -> None:
    versions, values = Versions(db), iter(range(10))
    cached = Cached(lambda: next(values), versions, "something")
    assert cached.current is None
    assert [cached.get(), cached.get(), cached.current] == [0, 0, 0]
    versions.announce("something")
    assert cached.current is None
    assert [cached.get(), cached.get(again=True), cached.get()] == [1, 2, 2]


def test_what_was_read_before_a_change_is_not_kept(db: Database) -> None:
    versions, values = Versions(db), iter(range(10))

    def read() -> int:
        value = next(values)
        if value == 0:  # someone changes it just now
            versions.announce("something")
        return value

    cached = Cached(read, versions, "something")
    assert cached.get() == 0
    assert cached.current is None
    assert cached.get() == 1


def test_a_slow_reading_does_not_replace_a_newer_one(db: Database) -> None:
    begun, go_on = threading.Event(), threading.Event()
    values = iter(["before", "after"])

    def read() -> str:
        value = next(values)
        if value == "before":
            begun.set()
            assert go_on.wait(10)
        return value

    cached = Cached(read, Versions(db), "something")
    slow = threading.Thread(target=cached.get)
    slow.start()
    assert begun.wait(10)
    assert cached.get() == "after"
    go_on.set()
    slow.join()
    assert cached.get() == "after"

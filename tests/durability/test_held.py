"""Another process holds the lock of all writers: the health says so, and a stop is not held up."""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from callscope.db.engine import Database, DatabaseUnavailable
from tests.durability.load import a_call
from tests.durability.server import Server
from tests.durability.test_away import eventually

REQUESTS = 60
"""More than the threads that they wait in."""


@pytest.fixture
def other(database_url: str) -> Iterator[Database]:
    """Another process's way to the same database."""
    database = Database(database_url)
    yield database
    database.dispose()


def test_whoever_cannot_write_in_time_is_told_so_and_those_who_can_are_let_in(db: Database, other: Database) -> None:
    with other.write():
        began = time.monotonic()
        with pytest.raises(DatabaseUnavailable), db.write(0.2):
            pass
        assert 0.1 < time.monotonic() - began < 5
    for database in (db, other, db):
        with database.write(0.2):
            pass


def test_nobody_is_passed_over_by_one_who_writes_all_the_time(db: Database, other: Database) -> None:
    with ThreadPoolExecutor(1) as pool:
        until = time.monotonic() + 2

        def write_all_the_time() -> None:
            while time.monotonic() < until:
                with other.write():
                    time.sleep(0.02)

        busy = pool.submit(write_all_the_time)
        slowest = 0.0
        while not busy.done():
            began = time.monotonic()
            with db.write():
                slowest = max(slowest, time.monotonic() - began)
            time.sleep(0.01)
        busy.result()
    assert slowest < 1


def metrics(server: Server) -> str:
    """What the server says of itself."""
    return httpx.get(f"{server.url}/metrics", timeout=30).text


def test_with_the_lock_held_elsewhere_the_health_answers_and_sigterm_ends_it(
    database_url: str, tmp_path: Path, other: Database
) -> None:
    server = Server(database_url, tmp_path / "data")
    try:
        headers = {"Authorization": f"Bearer {server.login()}"}

        def log_a_call(number: int) -> int | None:
            call = a_call(random.Random(1))
            if number % 2:  # a name that is new waits for the lock before the call waits in the queue
                call["project"] = f"project {number}"
            try:
                return httpx.post(f"{server.url}/llm/log-call", json=call, headers=headers, timeout=30).status_code
            except httpx.TransportError:
                return None

        assert log_a_call(0) == 201
        with ThreadPoolExecutor(REQUESTS) as pool, other.write():
            answers = [pool.submit(log_a_call, number) for number in range(REQUESTS)]
            assert eventually(lambda: f"\ncallscope_queue_rows {REQUESTS // 2}\n" in metrics(server))
            for _ in range(3):
                asked = time.monotonic()
                server.ready()
                assert time.monotonic() - asked < 5
            asked = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - asked < 10
        assert {answer.result() for answer in answers} <= {503, None}
    finally:
        server.kill()

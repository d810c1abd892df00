"""Several server processes on one database: nothing is counted twice, nothing is locked, a stop ends in good order."""

import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from tests.durability.load import Load, Request, check_stored, check_totals
from tests.durability.server import SOURCES, Server

AT_ONCE = 10
MAIN = SOURCES.parent


@pytest.fixture
def four_workers(database_url: str, tmp_path: Path) -> Iterator[Server]:
    server = Server(database_url, tmp_path / "data", workers=4)
    yield server
    server.kill()


def send_at_once(server: Server, load: Load, request: Request) -> list[httpx.Response]:
    """The same request, from several connections at the same time."""
    headers = {"Authorization": f"Bearer {load.token}", "Idempotency-Key": request.key}
    kind = {"Content-Type": "application/json"}
    clients = [httpx.Client(base_url=server.url, headers=headers | kind, timeout=30) for _ in range(AT_ONCE)]
    try:
        for client in clients:
            client.get("/health/live")
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(lambda client: client.post(request.path, content=request.body), clients))
    finally:
        for client in clients:
            client.close()


def check_counted_once(server: Server, load: Load, database_url: str) -> None:
    """A batch and a single call, each sent ten times at once under its key."""
    for request in load.make("/llm/log-calls", 50), load.make("/llm/log-call", 1):
        answers = send_at_once(server, load, request)
        assert [answer.status_code for answer in answers] == [201] * AT_ONCE, server.log()
        assert len({answer.text for answer in answers}) == 1
        load.note(request, answers[0])
    check_stored(load, database_url)
    check_totals(load, server, load.token)


@pytest.mark.parametrize("seconds", [4, pytest.param(20, marks=pytest.mark.long)])
def test_four_processes_on_one_database_count_right_and_lock_nobody_out(
    four_workers: Server, database_url: str, seconds: int
) -> None:
    load = Load(four_workers.login())
    check_counted_once(four_workers, load, database_url)
    with load.running(four_workers, clients=8):
        time.sleep(seconds)
    load.send_unanswered(four_workers)
    assert load.surprises == []
    assert set(load.statuses) == {201}
    check_stored(load, database_url)
    check_totals(load, four_workers, load.token)
    four_workers.check_rollups()
    assert "locked" not in four_workers.log()
    assert "rror" not in four_workers.log()


# Gunicorn starts the same workers on either database.
@pytest.mark.parametrize("database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)], indirect=True)
def test_gunicorn_with_two_workers_counts_a_repeated_batch_once(database_url: str, tmp_path: Path) -> None:
    pytest.importorskip("gunicorn")
    gunicorn = (
        sys.executable, "-m", "gunicorn", "-w", "2", "-k", "uvicorn.workers.UvicornWorker", "-b", "127.0.0.1:0",
        "--chdir", str(MAIN), "main:app",
    )  # fmt: skip
    server = Server(database_url, tmp_path / "data", command=gunicorn)
    try:
        check_counted_once(server, Load(server.login()), database_url)
        assert server.stop() == 0
    finally:
        server.kill()


@pytest.mark.parametrize("workers", [1, pytest.param(2, marks=pytest.mark.long)])
def test_sigterm_under_load_writes_what_was_taken_and_ends_in_good_order(
    database_url: str, tmp_path: Path, workers: int
) -> None:
    server = Server(database_url, tmp_path / "data", workers=workers)
    try:
        load = Load(server.login())
        with load.running(server):
            load.wait_for_more_than(0)
            time.sleep(0.5)
            asked = time.monotonic()
            code = server.stop()
            took = time.monotonic() - asked
        assert code == 0
        assert took < 10
        assert "rror" not in server.log()
        check_stored(load, database_url)
        server = Server(database_url, tmp_path / "data")
        load.send_unanswered(server)
        check_stored(load, database_url)
        check_totals(load, server, load.token)
    finally:
        server.kill()

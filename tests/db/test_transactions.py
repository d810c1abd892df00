"""What a reading and a writing transaction are: one state, durable, and never a wait without end."""

import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, closing
from functools import partial
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError

from callscope.db import engine, postgresql
from callscope.db.engine import Database, DatabaseUnavailable
from callscope.db.versions import bump, versions
from callscope.store.sql.bulk import insert_rows

on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
SLEEP = text("SELECT pg_sleep(20)")


@pytest.fixture
def other(database_url: str) -> Iterator[Database]:
    """Another process's way to the same database."""
    database = Database(database_url)
    yield database
    database.dispose()


def _version(connection: Connection) -> int:
    return connection.scalar(text("SELECT value FROM versions WHERE name = 'test'")) or 0


def _raise_version(db: Database) -> None:
    with db.write() as connection:
        bump(connection, "test")


def test_a_reading_is_one_state_and_a_writing_sees_the_newest(db: Database, other: Database) -> None:
    with db.read() as connection:
        assert _version(connection) == 0
        _raise_version(other)
        assert _version(connection) == 0
    with db.read() as connection:
        assert _version(connection) == 1
    with ThreadPoolExecutor(1) as pool:
        with other.write() as connection:
            bump(connection, "test")
            waiting = pool.submit(_raise_version, db)
            time.sleep(0.2)
        waiting.result(20)
    with db.read() as connection:
        assert _version(connection) == 3


@on_postgresql
def test_a_reading_cannot_write(db: Database) -> None:
    with pytest.raises(DatabaseUnavailable, match="read-only"), db.read() as connection:
        bump(connection, "test")


def test_slow_readers_leave_room_for_the_writer_and_for_brief_readings(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "READER_SECONDS", 0.2)
    with ExitStack() as readers:
        for _ in range(db.readers):
            readers.enter_context(db.read())
        with pytest.raises(DatabaseUnavailable), db.read():
            pass
        _raise_version(db)
        with db.read(brief=True) as connection:
            assert _version(connection) == 1
    with db.read() as connection:
        assert _version(connection) == 1


@on_postgresql
def test_the_server_ends_a_statement_that_takes_too_long(db: Database) -> None:
    began = time.monotonic()

    def write_slowly() -> None:
        with db.write(statement_seconds=0.2) as connection:
            bump(connection, "test")
            connection.execute(SLEEP)

    with pytest.raises(DatabaseUnavailable, match="timeout"):
        write_slowly()
    with pytest.raises(DatabaseUnavailable, match="timeout"), db.read(0.2) as connection:
        connection.execute(SLEEP)
    assert time.monotonic() - began < 5
    with db.write(statement_seconds=None) as connection:
        assert connection.scalar(text("SHOW statement_timeout")) == "0"
    with db.write() as connection:
        assert connection.scalar(text("SHOW statement_timeout")) == "10s"
        assert connection.scalar(text("SHOW idle_in_transaction_session_timeout")) == "30s"
        assert _version(connection) == 0
    with db.read() as connection:
        assert connection.scalar(text("SHOW statement_timeout")) == "20s"


@on_postgresql
def test_statements_are_planned_for_their_values(db: Database) -> None:
    """A plan from when a table was small, kept for all values, made batches of calls take seconds."""
    for work in (db.read, db.write):
        with work() as connection:
            assert connection.scalar(text("SHOW plan_cache_mode")) == "force_custom_plan"


@on_postgresql
def test_what_became_of_a_write_is_only_told_once_it_has_ended(db: Database, other: Database) -> None:
    with other.write() as connection:
        bump(connection, "test")
        with pytest.raises(DatabaseUnavailable), db.settled(0.2):
            pass
    with db.settled(5) as connection:
        assert _version(connection) == 1


class Network:
    """The way to a PostgreSQL server, over a port of this machine, until it swallows everything."""

    def __init__(self, server: Path) -> None:
        self._server = server
        self._works = threading.Event()
        self._works.set()
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listening.getsockname()[1]
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def swallow(self) -> None:
        """From now on nothing arrives, and nobody is told."""
        self._works.clear()

    def work(self) -> None:
        """All that was swallowed arrives."""
        self._works.set()

    def close(self) -> None:
        """End it, and all connections."""
        for one in (self._listening, *self._open):
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(str(self._server))
            self._open += [near, far]
            for ends in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=ends, daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket) -> None:
        try:
            while data := source.recv(2**16):
                self._works.wait()
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            return


@pytest.fixture
def network(database_url: str) -> Iterator[Network]:
    folder = make_url(database_url).query["host"]
    assert isinstance(folder, str)
    made = Network(Path(folder) / ".s.PGSQL.5432")
    yield made
    made.close()


@on_postgresql
def test_a_server_that_is_silent_is_given_up_and_found_again(
    database_url: str, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "MARGIN_SECONDS", 0.1)
    monkeypatch.setitem(postgresql.CONNECTING, "connect_timeout", 2)
    url = make_url(database_url).set(host="127.0.0.1", port=network.port, query={})
    db = Database(url.render_as_string(hide_password=False))
    _raise_version(db)

    def ask(connection: Connection) -> object:
        return connection.execute(text("SELECT 1"))

    def copy(connection: Connection) -> None:
        insert_rows(connection, versions, [("copied", 1)])

    def swallowed(work: AbstractContextManager[Connection], act: Callable[[Connection], object]) -> None:
        with work as connection:
            network.swallow()
            act(connection)

    def commit() -> None:
        with db.write(statement_seconds=0.4) as connection:
            bump(connection, "test")
            network.swallow()

    writing = partial(db.write, statement_seconds=0.4)
    for work, act in ((db.read(0.4), ask), (writing(), ask), (writing(), copy)):
        began = time.monotonic()
        with pytest.raises(DatabaseUnavailable):
            swallowed(work, act)
        assert 0.3 < time.monotonic() - began < 3
        network.work()
    with pytest.raises(DatabaseUnavailable, match="not answered"):
        commit()
    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable), db.settled(1):  # nobody can be asked
        pass
    assert time.monotonic() - began < 4
    network.work()
    with db.settled(5) as connection:
        assert _version(connection) == 2, "the commit arrived when its client had given it up"
    db.dispose()


@on_postgresql
def test_from_a_stop_on_nobody_waits_for_the_server(database_url: str, network: Network) -> None:
    url = make_url(database_url).set(host="127.0.0.1", port=network.port, query={})
    db = Database(url.render_as_string(hide_password=False))

    def read(statement: str, *, brief: bool = False) -> object:
        with db.read(brief=brief) as connection:
            return connection.scalar(text(statement))

    assert read("SELECT 1") == 1
    db.give_up_at(time.monotonic() + 0.5)
    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable, match="stops"):
        read("SELECT pg_sleep(20)")
    with pytest.raises(DatabaseUnavailable, match="stops"):
        read("SELECT 1", brief=True)  # that would have to connect
    assert time.monotonic() - began < 3

    network.swallow()
    db.give_up_at(time.monotonic() + 1)
    began = time.monotonic()
    with pytest.raises(DatabaseUnavailable, match="timeout"):
        read("SELECT 1")
    assert time.monotonic() - began < 4, "a connection that is being made"

    network.work()
    db.give_up_at(float("inf"))
    assert read("SELECT 1") == 1
    db.dispose()


def test_from_a_stop_on_nobody_waits_for_a_place_to_read(db: Database) -> None:
    with ExitStack() as readers, ThreadPoolExecutor(1) as pool:
        for _ in range(db.readers):
            readers.enter_context(db.read())
        began = time.monotonic()
        waiting = pool.submit(readers.enter_context, db.read())
        time.sleep(0.2)
        db.give_up_at(time.monotonic())
        with pytest.raises(DatabaseUnavailable, match="stops"):
            waiting.result()
        assert time.monotonic() - began < 5


@on_postgresql
def test_a_writer_whom_the_network_swallowed_does_not_keep_the_lock(
    db: Database, database_url: str, network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "IDLE_SECONDS", 0.5)
    url = make_url(database_url).set(host="127.0.0.1", port=network.port, query={})
    lost = Database(url.render_as_string(hide_password=False))

    def write() -> None:
        with lost.write() as connection:
            bump(connection, "test")
            network.swallow()
            _raise_version(db)
            network.work()

    with pytest.raises(DatabaseUnavailable):
        write()
    with db.read() as connection:
        assert _version(connection) == 1
    lost.dispose()


@on_postgresql
@pytest.mark.parametrize(
    ("given", "used"),
    [("off", "on"), ("local", "on"), ("remote_write", "remote_write"), ("on", "on"), ("remote_apply", "remote_apply")],
)
def test_a_commit_waits_for_the_disk_however_the_database_is_set(database_url: str, given: str, used: str) -> None:
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as administrator:
        administrator.execute(f"ALTER DATABASE {administrator.info.dbname} SET synchronous_commit = {given}")
    db = Database(database_url)
    for _ in range(2):
        with db.write() as connection:
            assert connection.scalar(text("SHOW synchronous_commit")) == used
        with pytest.raises(DBAPIError), db.write() as connection:
            connection.execute(text("SELECT 1 / 0"))
    db.dispose()


@on_postgresql
def test_what_the_url_says_of_the_connection_holds(database_url: str) -> None:
    db = Database(f"{database_url}&application_name=mine&connect_timeout=3")
    with db.read() as connection:
        assert connection.scalar(text("SHOW application_name")) == "mine"
    db.dispose()


@pytest.mark.long
def test_a_file_that_another_program_keeps_for_itself_is_soon_an_error(tmp_path: Path) -> None:
    file = tmp_path / "kept.db"
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("CREATE TABLE taken (it TEXT)")
        other.execute("BEGIN EXCLUSIVE")
        db = Database(f"sqlite:///{file}")
        started = time.monotonic()
        with pytest.raises(DatabaseUnavailable, match="locked"), db.read():
            pass
        assert time.monotonic() - started < 30
        db.dispose()

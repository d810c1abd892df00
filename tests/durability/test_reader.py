"""Somebody reads an SQLite file in one long transaction: its log grows meanwhile, and is emptied when he ends."""

import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from callscope.db.engine import LOG_BYTES, Database
from tests.durability.load import Load, check_stored, check_totals
from tests.durability.server import Server
from tests.durability.test_away import eventually

MUCH = 2**20


@contextmanager
def reader_of(file: Path) -> Iterator[sqlite3.Connection]:
    """A reading transaction of another process's."""
    reader = sqlite3.connect(file, isolation_level=None)
    try:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM llm_call_logs").fetchone()
        yield reader
    finally:
        reader.close()


def log_of(file: Path) -> int:
    """How large the log is."""
    return file.with_name(f"{file.name}-wal").stat().st_size


@pytest.fixture
def file(sqlite_template: Path, tmp_path: Path) -> Path:
    path = tmp_path / "callscope.db"
    shutil.copyfile(sqlite_template, path)
    return path


@pytest.mark.parametrize("grown", [2 * 2**20, pytest.param(2 * LOG_BYTES, marks=pytest.mark.long)])
def test_the_log_grows_while_a_reader_holds_it_and_no_longer(file: Path, tmp_path: Path, grown: int) -> None:
    url = f"sqlite:///{file}"
    server = Server(url, tmp_path / "data")
    try:
        load = Load(server.login(), largest=1_000)
        with load.running(server):
            with reader_of(file):
                begin = log_of(file)
                held = len(load.acknowledged)
                while log_of(file) < begin + grown:
                    load.wait_for_more_than(len(load.acknowledged) + 500)
                held = len(load.acknowledged) - held
            load.wait_for_more_than(len(load.acknowledged) + 500)
            limit = max(log_of(file) + MUCH, LOG_BYTES + MUCH)
            load.wait_for_more_than(len(load.acknowledged) + held)
            assert eventually(lambda: log_of(file) <= limit)
            if grown > LOG_BYTES:
                assert eventually(lambda: log_of(file) <= LOG_BYTES + MUCH), "it is cut when it begins anew"
        assert set(load.statuses) == {201}
        load.send_unanswered(server)
        check_stored(load, url)
        check_totals(load, server, load.token)
        assert eventually(lambda: _all_is_in_the(file))
        server.check_rollups()
    finally:
        server.kill()


def _all_is_in_the(file: Path) -> bool:
    with sqlite3.connect(file) as other:
        busy, in_log, moved = other.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    other.close()
    return not busy and in_log == moved


def test_a_log_that_has_grown_is_cut_when_it_begins_anew(file: Path) -> None:
    db = Database(f"sqlite:///{file}")
    try:
        with db.write() as connection:
            connection.execute(text("CREATE TABLE much (of_it BLOB)"))
        with reader_of(file):
            for _ in range(80):
                with db.write() as connection:
                    connection.execute(text("INSERT INTO much VALUES (zeroblob(1000000))"))
            assert log_of(file) > LOG_BYTES + 8 * MUCH
        db.checkpoint()
        with db.write() as connection:
            connection.execute(text("INSERT INTO much VALUES (1)"))
        assert log_of(file) <= LOG_BYTES
    finally:
        db.dispose()


def test_the_log_begins_anew_although_somebody_writes_all_the_time(file: Path) -> None:
    db = Database(f"sqlite:///{file}")

    def write() -> None:
        for _ in range(400):
            with db.write() as connection:
                connection.execute(text("INSERT INTO much VALUES (zeroblob(400000))"))

    try:
        with db.write() as connection:
            connection.execute(text("CREATE TABLE much (of_it BLOB)"))
        writer = threading.Thread(target=write)
        writer.start()
        while writer.is_alive():
            db.checkpoint()
            writer.join(0.02)
        with db.read() as connection:
            assert connection.scalar(text("SELECT count(*) FROM much")) == 400
        assert log_of(file) < 80 * MUCH, "of 160 MB that went through it"
    finally:
        db.dispose()

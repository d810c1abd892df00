"""Health: alive always, ready only when calls can be taken."""

import time
from contextlib import AbstractContextManager

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import Connection, text

from callscope.api import health
from callscope.api.health import DatabaseCheck
from callscope.db.engine import Database, DatabaseUnavailable


def test_a_started_server_is_alive_and_ready(client: TestClient) -> None:
    assert client.get("/health/live").json()["data"] == {"alive": True}
    ready = client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json()["data"]["ready"] is True
    assert ready.json()["data"]["checks"]["database"] == "ok"


def test_a_server_that_cannot_take_calls_says_why(app: FastAPI, client: TestClient) -> None:
    app.state.readiness = {"database": lambda: None, "queue": lambda: "it is full"}
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert answer.json() == {"detail": "Not ready: queue: it is full.", "status": 503}
    assert client.get("/health/live").status_code == 200


def _away() -> AbstractContextManager[Connection]:
    raise DatabaseUnavailable("connection to 10.0.0.7 as callscope failed")


def test_a_database_that_is_away_is_named_without_its_address(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "write", _away)
    assert DatabaseCheck(db)() == "it cannot be reached or written"


def test_a_database_without_tables_is_not_ready(db: Database) -> None:
    with db.write() as connection:
        connection.execute(text("DROP TABLE versions"))
    assert DatabaseCheck(db)() is not None


def test_nobody_waits_for_a_trial_that_hangs(db: Database, database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    check = DatabaseCheck(db)
    assert check() is None
    monkeypatch.setattr(health, "KEEP_SECONDS", 0.0)
    monkeypatch.setattr(health, "TRIAL_SECONDS", 0.01)
    monkeypatch.setattr(health, "OVERDUE_SECONDS", 0.3)
    other = Database(database_url)
    began = time.monotonic()
    with other.write():
        assert check() is None  # it may still end well
        while check() is None:
            assert time.monotonic() - began < 5
        assert check() == "the last trial to write to it has not ended"
        assert DatabaseCheck(db)() == "not tried yet"
    while check() is not None:
        assert time.monotonic() - began < 10
    other.dispose()


def test_asking_often_does_not_write_often_and_recovery_shows(db: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    check = DatabaseCheck(db)
    assert check() is None
    monkeypatch.setattr(db, "write", _away)
    assert check() is None
    monkeypatch.setattr(health, "KEEP_SECONDS", 0.0)
    assert check() is not None
    monkeypatch.undo()
    monkeypatch.setattr(health, "KEEP_SECONDS", 0.0)
    assert check() is None

"""A wrong clock deletes nothing that is not too old, and one that is right is believed in the end."""

import io
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
import structlog
from fastapi import FastAPI

from callscope import check, cli
from callscope.config import Config
from callscope.db.engine import Database
from callscope.ingest.row import MICROS_PER_DAY
from callscope.retention import purger as purgers
from callscope.retention.clock import Clock
from callscope.retention.purger import Purger
from callscope.store.sql.store import SqlStore
from tests.repricing.conftest import Admin

NOW = time.time_ns() // 1000
LookAt = Callable[[float], int]


@pytest.fixture
def kept(admin: Admin) -> list[int]:
    """Calls of a project that keeps them for thirty days: of today, and of 33 days ago."""
    old = (datetime.now(UTC) - timedelta(days=33)).isoformat()
    ids = admin.log({"prompt": "new"}, {"prompt": "old", "created_at": old})
    admin.ask("PATCH", "/projects/1", {"row_days": 30})
    return ids


@pytest.fixture
def look(admin: Admin, app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> LookAt:
    """Has a purger, new as after a start, look when the clock is so many days on; gives how many calls are left."""

    def at(days: float) -> int:
        monkeypatch.setattr(
            purgers, "time", SimpleNamespace(time_ns=lambda: (NOW + int(days * MICROS_PER_DAY)) * 1_000)
        )
        Purger(app.state.db, app.state.store).work()
        return len(admin.ask("GET", "/llm/calls?days=90")["items"])

    return at


@pytest.mark.usefixtures("kept")
def test_a_clock_ten_years_ahead_deletes_nothing_and_refuses_nothing(
    admin: Admin, config: Config, app: FastAPI, look: LookAt
) -> None:
    assert look(-1) == 1
    assert [look(3_650 + hours / 24) for hours in range(0, 48, 8)] == [1] * 6
    admin.log({"prompt": "another"})
    told = admin.ask("GET", "/health/details")["retention"]
    assert "callscope purge" in told
    assert [one.text for one in check.examine(config) if one.about == "retention"] == [told]
    assert look(0) == 2, "put right, it deletes what is too old, and only that"
    assert admin.ask("GET", "/health/details")["retention"] is None
    assert not [one for one in check.examine(config) if one.about == "retention"]
    assert look(1.5) == 2


def test_it_is_told_once(app: FastAPI, admin: Admin, kept: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    app.state.purger.work()
    monkeypatch.setattr(purgers, "time", SimpleNamespace(time_ns=lambda: (NOW + 40 * MICROS_PER_DAY) * 1_000))
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            app.state.purger.work()
    assert [one["event"] for one in logs] == ["nothing is deleted"]


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(("off", "waits"), [(1.9, 0), (3, 3), (40, 7)])
def test_after_a_stop_it_goes_on_by_itself_when_the_clock_has_held(look: LookAt, off: float, waits: float) -> None:
    look(0)
    left = [look(off + days / 2) for days in range(int(2 * waits))]
    assert left == [1] * len(left)
    gone = 0 if off + waits > 31 else 1
    assert look(off + waits + 0.01) == gone


@pytest.mark.usefixtures("kept")
def test_a_clock_that_leaps_again_begins_anew_and_a_stop_of_a_day_does_not(look: LookAt) -> None:
    look(0)
    assert look(40) == 1
    assert look(45) == 1, "not looked at for five days"
    assert [look(45 + days) for days in (1.5, 3, 4.5, 6)] == [1] * 4
    assert look(52.1) == 0


@pytest.mark.usefixtures("kept")
def test_of_two_machines_the_one_that_is_right_is_believed(look: LookAt) -> None:
    assert [look(day if even else 3_650 + day) for day in range(30) for even in (True, False)][-1] == 1


def test_where_nothing_is_deleted_the_clock_may_do_as_it_likes(db: Database) -> None:
    clock = Clock(db)
    assert [clock.look(NOW + days * MICROS_PER_DAY) for days in (0, 40, 3_650, -3_650)] == [None] * 4
    assert clock.doubt() is None


def test_an_operator_says_that_it_is_right(
    admin: Admin, app: FastAPI, kept: list[int], database_url: str, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    clock, purger = Clock(app.state.db), Purger(app.state.db, SqlStore(app.state.db))
    clock.believe(NOW - 40 * MICROS_PER_DAY)
    purger.work()
    assert clock.doubt()

    def purge(*options: str) -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO())
        with pytest.raises(SystemExit) as ended:
            cli.main(["purge", *options])
        assert isinstance(ended.value.code, int)
        return ended.value.code

    assert purge() == 2, "nobody can be asked"
    assert len(admin.ask("GET", "/llm/calls?days=90")["items"]) == 2
    with app.state.db.only_here("purge"):
        assert purge("--yes") == 0
        assert "at it just now" in capsys.readouterr().out
    assert purge("--yes") == 0
    assert "Deleted 1 calls" in capsys.readouterr().out
    assert [call["id"] for call in admin.ask("GET", "/llm/calls?days=90")["items"]] == kept[:1]
    assert clock.doubt() is None

"""What a process does by itself goes on whatever happens to one step of it, and ends when it is told to."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from callscope.db import checkpoint, versions
from callscope.db.checkpoint import Checkpointer
from callscope.db.engine import Database, DatabaseUnavailable
from callscope.db.migrate import upgrade
from callscope.db.periodic import Periodic
from callscope.db.versions import Versions, bump


def soon(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.01)
    return False


class Steps:
    """Counts its steps; the first ones fail."""

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.taken = 0

    def __call__(self) -> None:
        self.taken += 1
        if self.failures:
            raise self.failures.pop(0)


def test_a_step_that_fails_is_followed_by_the_next() -> None:
    steps = Steps(DatabaseUnavailable("away"), ValueError("unexpected"), OSError("no room"))
    periodic = Periodic("test", steps, 0.01)
    periodic.start()
    assert soon(lambda: steps.taken > 4)
    periodic.stop()
    assert "callscope-test" not in {thread.name for thread in threading.enumerate()}


def _wait(event: threading.Event) -> None:
    event.wait(20)


def test_a_stop_does_not_wait_for_ever_for_a_step() -> None:
    hanging = threading.Event()
    periodic = Periodic("test", lambda: _wait(hanging), 0.0)
    periodic.start()
    began = time.monotonic()
    periodic.stop(0.1)
    assert time.monotonic() - began < 5
    assert periodic.stopping()
    hanging.set()
    periodic.stop()


def test_checkpoints_and_the_look_for_changes_go_on_when_the_database_was_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "EVERY_SECONDS", 0.01)
    monkeypatch.setattr(versions, "POLL_SECONDS", 0.01)
    folder, elsewhere = tmp_path / "data", tmp_path / "elsewhere"
    db, other = (Database(f"sqlite:///{folder / 'callscope.db'}") for _ in range(2))
    upgrade(db)
    outcomes: list[bool] = []

    def watched_checkpoint() -> None:
        outcomes.append(False)
        Database.checkpoint(db)
        outcomes[-1] = True

    monkeypatch.setattr(db, "checkpoint", watched_checkpoint)
    changed = threading.Event()
    watching, checkpointer = Versions(db), Checkpointer(db)
    watching.watch("something", changed.set)
    for part in (watching, checkpointer):
        part.start()
    assert soon(lambda: True in outcomes)
    folder.rename(elsewhere)
    db.dispose()  # as when the server of a network database ends: every connection must be opened anew
    assert soon(lambda: outcomes[-1] is False)
    elsewhere.rename(folder)
    assert soon(lambda: outcomes[-1] is True)
    with other.write() as connection:
        bump(connection, "something")
    assert changed.wait(10)
    for part in (watching, checkpointer):
        part.stop()
    for database in (db, other):
        database.dispose()

"""How much a step of work in the background takes on, so that whoever logs calls meanwhile hardly waits for it."""

import time
from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import Connection

from callscope.db.engine import STEP_SECONDS, Database, DatabaseUnavailable

TARGET_SECONDS = 0.007
"""How long others should wait for one step, the sync at its end aside: that takes as long for one row as for many."""
CHECKPOINT_SECONDS = 0.05
"""How often, between steps, SQLite's log goes into its file: two megabytes at a time, which no commit waits long for."""
MOST_ROWS = 1_000
FEWEST_ROWS = 24


class Pace:
    """`rows` to look at in the next step, and how many `changes` it may write; learned from the steps before."""

    def __init__(self) -> None:
        self.rows = 2 * FEWEST_ROWS
        self.changes = FEWEST_ROWS

    def looked(self, rows: int) -> None:
        """So many rows were gone through, until there were enough changes or no more rows."""
        cut_short = rows < self.rows
        self.rows = max(FEWEST_ROWS, self.changes) if cut_short else min(MOST_ROWS, self.rows * 5 // 4)

    def wrote(self, changes: int, seconds: float) -> None:
        """So many changes kept others waiting so long."""
        if seconds > TARGET_SECONDS:
            self.changes = max(FEWEST_ROWS, int(min(changes, self.changes) * max(0.5, TARGET_SECONDS / seconds)))
        elif changes >= self.changes:
            self.changes = min(MOST_ROWS, self.changes * 5 // 4)


def rest(db: Database, seconds: float) -> None:
    """Between two steps: leave the lock to the others for as long as the step had it (0: it wrote nothing).

    Steps write more than whoever logs calls, up to 40 MB a second. Left to the checkpointer that would reach the disk at
    once, and commits would wait for it; so every now and then this moves what is in SQLite's log into its file.
    """
    time.sleep(seconds)
    if seconds and db.is_sqlite and time.monotonic() - db.checkpointed_at >= CHECKPOINT_SECONDS:
        with suppress(DatabaseUnavailable):  # the steps are done all the same, and the checkpointer tells of it
            db.checkpoint()


Step = Callable[[Connection, int], int]
"""Does up to so many rows in a writing transaction; gives how many it did. Fewer than asked for: nothing is left."""


def in_steps(db: Database, step: Step, stopping: Callable[[], bool]) -> int:
    """Take steps until one finds nothing left, or `stopping` says so; gives how many rows that were in all.

    After each step the lock of all writers is the others' for as long as the step had it. Raises DatabaseUnavailable.
    """
    pace, done = Pace(), 0
    while not stopping():
        wanted = pace.changes
        with db.write(statement_seconds=STEP_SECONDS) as connection:
            started = time.monotonic()
            rows = step(connection, wanted)
            working = time.monotonic() - started
        done += rows
        pace.wrote(rows, working)
        if rows < wanted:
            break
        rest(db, time.monotonic() - started)
    return done

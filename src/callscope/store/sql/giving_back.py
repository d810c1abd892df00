"""Giving the space of what was deleted back to the disk. SQLite only.

What is deleted within a page is overwritten as it is deleted (`secure_delete=FAST`, see `callscope.db.engine`). Whole
pages that became free keep their bytes until they are used again; so they are moved to the file's end and cut off.
"""

from collections.abc import Callable

from sqlalchemy import Connection

from callscope.db.engine import Database
from callscope.db.pace import in_steps

FEW_PAGES = 256
"""So many free pages, a megabyte, are left to be used again."""


def give_back(db: Database, stopping: Callable[[], bool], leave: int = FEW_PAGES) -> int:
    """Cut free pages off the file, in short steps, if there are more than `leave`; gives how many."""
    with db.read() as connection:
        free = _free_pages(connection)
    return in_steps(db, _step, stopping) if free > leave else 0


def _step(connection: Connection, limit: int) -> int:
    """A step of up to so many pages.

    As a script, since the driver steps through that by itself: with a statement of its own for each page this thread
    would stand in line for the interpreter, and others for its lock, as often. The script ends the transaction, which has
    written nothing so far, and leaves one of its own.
    """
    before = _free_pages(connection)
    connection.connection.cursor().executescript(f"BEGIN IMMEDIATE; PRAGMA incremental_vacuum({limit});")
    return before - _free_pages(connection)


def _free_pages(connection: Connection) -> int:
    return int(connection.exec_driver_sql("PRAGMA freelist_count").scalar_one())

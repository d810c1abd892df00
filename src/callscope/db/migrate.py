"""Brings a database up to date, under the lock of all writers, so that several processes may start at once.

Each migration is a transaction of its own, so that servers of older versions, which may go on meanwhile and afterwards,
wait for one at a time, and whoever is killed in the midst of it leaves the database at a version. CONTRIBUTING.md has the
rules that a migration keeps for them.

Alembic takes a third of a second to import: it is imported only when there is something to do.
"""

import time
from collections.abc import Callable
from pathlib import Path

import structlog
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from callscope.db.engine import LOCK_TIMEOUT, Database, DatabaseUnavailable

log = structlog.get_logger(__name__)

HEAD = "0013"
"""The newest migration; a test holds it to the files."""

WAIT_SECONDS = 600.0
"""How long to wait for another process that is just bringing the database up to date, or for tables in use."""
TABLE_SECONDS = 0.8
"""How long to wait for a table on PostgreSQL; everybody who wants it waits too. It is less than the second after which
PostgreSQL looks for deadlocks (`deadlock_timeout`), so that none of those who read meanwhile is ended by one."""
PAUSE_SECONDS = 5.0
"""How long the others have the tables to themselves before the next trial."""

NOT_ALLOWED = "42501"  # PostgreSQL's word for a user who may not do this
DEADLOCK = "40P01"  # PostgreSQL's word for two that wait for each other

SCRIPTS = Path(__file__).parent / "migrations"


class DatabaseTooNew(Exception):
    """The database was written by a newer Callscope; the message is the line the operator reads."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"the database is at version {revision}, which this Callscope does not know; install a newer one"
        )


def revision(connection: Connection) -> str | None:
    """The migration that a database is at; None for an empty one."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def is_current(db: Database) -> bool:
    """Whether the database is up to date; if not, it is empty or older.

    Raises DatabaseTooNew, DatabaseUnavailable.
    """
    with db.read() as connection:
        return _known(connection) == HEAD


def upgrade(db: Database, first: Callable[[Connection], None] | None = None) -> bool:
    """Bring the database up to date; gives whether there was something to do.

    Args:
        first: what to do in the same transaction when the tables have just been made.

    Raises DatabaseTooNew, DatabaseUnavailable.
    """
    if is_current(db):
        return False
    import alembic.command  # noqa: F401  # before anybody waits for what follows

    deadline = time.monotonic() + WAIT_SECONDS
    did_something = False
    while True:
        try:
            if not _step(db, first, max(deadline, time.monotonic() + TABLE_SECONDS)):
                return did_something
            did_something = True
            deadline = time.monotonic() + WAIT_SECONDS  # a step may have taken long by itself
        except _TableInUse as error:
            if time.monotonic() + PAUSE_SECONDS >= deadline:
                raise DatabaseUnavailable(f"its tables have been in use all the time: {error}") from error
            log.warning("the database cannot be brought up to date yet: a table is in use", reason=str(error))
            time.sleep(PAUSE_SECONDS)


def known_revisions() -> set[str]:
    """The migrations that this version has."""
    return {path.name.partition("_")[0] for path in (SCRIPTS / "versions").glob("[0-9]*.py")}


def _known(connection: Connection) -> str | None:
    found = revision(connection)
    if found is not None and found not in known_revisions():
        raise DatabaseTooNew(found)
    return found


class _TableInUse(Exception):
    """Somebody reads a table for longer than others should wait for it; nothing has been changed."""


def _step(db: Database, first: Callable[[Connection], None] | None, deadline: float) -> bool:
    """Run the next migration; in an empty database, where nobody waits, all of them. Gives whether there was one.

    Raises DatabaseTooNew, DatabaseUnavailable, _TableInUse.
    """
    with db.write(max(0.0, deadline - time.monotonic()), statement_seconds=None) as connection:
        before = _known(connection)
        if before == HEAD:
            return False
        if not db.is_sqlite:
            connection.execute(text(f"SET LOCAL lock_timeout = {int(TABLE_SECONDS * 1_000)}"))
        _run(connection, "head" if before is None else "+1")
        if before is None and first is not None:
            first(connection)
    return True


def _run(connection: Connection, target: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, target)
    except (OperationalError, ProgrammingError) as error:
        state = getattr(error.orig, "sqlstate", None)
        reason = str(error.orig).partition("\n")[0]
        if state in {LOCK_TIMEOUT, DEADLOCK}:
            raise _TableInUse(reason) from error
        if state == NOT_ALLOWED:
            raise DatabaseUnavailable(f"{reason}; the database must belong to the user that connects") from error
        raise

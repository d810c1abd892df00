"""Brings a database up to date, under the lock of all writers, so that several processes may start at once.

Alembic takes a third of a second to import: it is imported only when there is something to do.
"""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import ProgrammingError

from callscope.db.engine import Database, DatabaseUnavailable

HEAD = "0012"
"""The newest migration; a test holds it to the files."""

WAIT_SECONDS = 600.0
"""How long to wait for another process that is just bringing the database up to date."""

NOT_ALLOWED = "42501"  # PostgreSQL's word for a user who may not do this

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
    with db.write(WAIT_SECONDS) as connection:
        before = _known(connection)
        if before == HEAD:  # another process was faster
            return False
        _run(connection)
        if before is None and first is not None:
            first(connection)
    return True


def known_revisions() -> set[str]:
    """The migrations that this version has."""
    return {path.name.partition("_")[0] for path in (SCRIPTS / "versions").glob("[0-9]*.py")}


def _known(connection: Connection) -> str | None:
    found = revision(connection)
    if found is not None and found not in known_revisions():
        raise DatabaseTooNew(found)
    return found


def _run(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != NOT_ALLOWED:
            raise
        reason = str(error.orig).partition("\n")[0]
        raise DatabaseUnavailable(f"{reason}; the database must belong to the user that connects") from error

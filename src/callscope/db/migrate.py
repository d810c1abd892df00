"""Brings a database up to date, under the lock of all writers, so that several processes may start at once.

Alembic takes a third of a second to import: it is imported only when there is something to do.
"""

from collections.abc import Callable
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from callscope.db.engine import Database

HEAD = "0001"
"""The newest migration; a test holds it to the files."""

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
    """Whether the database is up to date."""
    with db.read() as connection:
        return revision(connection) == HEAD


def upgrade(db: Database, first: Callable[[Connection], None] | None = None) -> bool:
    """Bring the database up to date; gives whether there was something to do.

    Args:
        first: what to do in the same transaction when the tables have just been made.

    Raises DatabaseTooNew, DatabaseUnavailable.
    """
    if is_current(db):
        return False
    with db.write() as connection:
        before = revision(connection)
        if before == HEAD:  # another process was faster
            return False
        if before is not None and before not in known_revisions():
            raise DatabaseTooNew(before)
        _run(connection)
        if before is None and first is not None:
            first(connection)
    return True


def known_revisions() -> set[str]:
    """The migrations that this version has."""
    return {path.name.partition("_")[0] for path in (SCRIPTS / "versions").glob("[0-9]*.py")}


def _run(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")

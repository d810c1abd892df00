"""Databases at any version of the schema, with the data that a server of that version would have in them.

What a server has recorded is recorded once, by the current one on a database of its own; what of it an older version
had tables and columns for is then copied to a database that has been migrated up to there only.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import JSON, Connection, MetaData, Table, func, insert, select, text

from callscope.db.engine import Database
from callscope.db.migrate import SCRIPTS
from callscope.store.sql import payload_tables

Rows = dict[str, list[dict[str, Any]]]
"""Rows by the name of their table."""
NOT_COPIED = ("alembic_version", "sqlite_", "payload_words_")
"""What each database makes for itself: its version, and the indexes of words, which follow behind the payloads."""


def migrate(db: Database, version: str, more: Path | None = None) -> None:
    """Bring a database to this version, and no further; `more` is a folder with further migrations."""
    config = _config(more)
    with db.write() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, version)


def _config(more: Path | None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("path_separator", "newline")
    folders = [SCRIPTS / "versions", *([more] if more else [])]
    config.set_main_option("version_locations", "\n".join(map(str, folders)))
    return config


VERSIONS = [one.revision for one in ScriptDirectory.from_config(_config(None)).walk_revisions()][::-1]
"""All versions of the schema, the oldest first."""


def tables(db: Database) -> MetaData:
    """The tables of a database as they are, which is all that a server of its version knows of it."""
    metadata = MetaData()
    with db.read() as connection:
        metadata.reflect(connection, only=lambda name, _: not name.startswith(NOT_COPIED))
    for column in itertools.chain.from_iterable(table.columns for table in metadata.tables.values()):
        if isinstance(column.type, JSON):
            column.type.none_as_null = True
    return metadata


def rows(db: Database, known: MetaData) -> Rows:
    """All rows of the known tables, their known columns, in the order of their keys."""
    with db.read() as connection:
        return {table.name: _rows(connection, table) for table in known.sorted_tables}


def _rows(connection: Connection, table: Table) -> list[dict[str, Any]]:
    return [dict(row._mapping) for row in connection.execute(select(table).order_by(*table.primary_key.columns))]


def fill(db: Database, history: Rows) -> MetaData:
    """Put into a database what a server of its version would have of this history; gives the tables it has then."""
    with db.write() as connection:
        for name in history:
            number = name.removeprefix("payloads_")
            if number.isdecimal():
                payload_tables.ensure(connection, int(number))
    known = tables(db)
    with db.write() as connection:
        write(connection, known, history)
        if not db.is_sqlite:
            _set_sequences(connection, known)
    return known


def write(connection: Connection, known: MetaData, history: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    """Insert rows, naming exactly the known columns."""
    for table in known.sorted_tables:
        names = {column.name for column in table.columns}
        found = [{name: row[name] for name in names} for row in history.get(table.name, ())]
        if found:
            connection.execute(insert(table), found)


def _set_sequences(connection: Connection, known: MetaData) -> None:
    """Copied rows bring their numbers; those that the server would have been given must not be given again."""
    for table in known.sorted_tables:
        if "id" not in table.columns:
            continue
        sequence = connection.scalar(select(func.pg_get_serial_sequence(table.name, "id")))
        last = connection.scalar(select(func.max(table.c.id)))
        if sequence is not None and last is not None:
            connection.execute(select(func.setval(sequence, last)))


@dataclass(frozen=True, slots=True)
class Older:
    """The statements of a server that knows these tables."""

    version: str
    known: MetaData

    def go_on(self, connection: Connection, history: Rows) -> None:
        """Delete, insert, update and read everything, each statement naming the known columns and no others.

        Rows are written twice, the second time over themselves, as ON CONFLICT with the keys that it knows does it.
        """
        for table in reversed(self.known.sorted_tables):
            connection.execute(table.delete())
        write(connection, self.known, history)
        for table in self.known.sorted_tables:
            key = ", ".join(column.name for column in table.primary_key.columns)
            listed = ", ".join(column.name for column in table.columns)
            same = ", ".join(f"{column.name} = excluded.{column.name}" for column in table.columns)
            again = f"INSERT INTO {table.name} ({listed}) SELECT {listed} FROM {table.name} WHERE true"
            connection.execute(text(f"{again} ON CONFLICT ({key}) DO UPDATE SET {same}"))
            connection.execute(table.update().values({column.name: column for column in table.columns}))
            names = [column.name for column in table.columns]
            expected = [{name: row[name] for name in names} for row in history.get(table.name, ())]
            assert _rows(connection, table) == expected, f"a server of {self.version} reads {table.name} otherwise"

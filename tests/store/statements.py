"""The statements that reach the database while a test does something."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import event

from callscope.db.engine import Database


class Statement(NamedTuple):
    """A statement as the driver gets it."""

    text: str
    parameters: Any


@contextmanager
def caught(db: Database) -> Iterator[list[Statement]]:
    """What is executed on either of a database's engines until the block ends, in its order."""
    statements: list[Statement] = []

    def keep(_connection: Any, _cursor: Any, text: str, parameters: Any, *_: Any) -> None:
        statements.append(Statement(text, parameters))

    engines = {id(engine): engine for engine in (db._reader, db._writer)}.values()
    for engine in engines:
        event.listen(engine, "before_cursor_execute", keep)
    try:
        yield statements
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", keep)

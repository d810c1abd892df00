"""The statements that reach the database while a test does something, and how it goes about them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import event

from callscope.db.engine import Database

PLANNED = ("SELECT", "WITH", "DELETE", "UPDATE", "INSERT")


class Statement(NamedTuple):
    """A statement as the driver gets it, and on request the lines of the database's plan for it."""

    text: str
    plan: tuple[str, ...] = ()


@contextmanager
def caught(db: Database, *, explain: bool = False) -> Iterator[list[Statement]]:
    """What is executed on a database until the block ends, in its order."""
    statements: list[Statement] = []
    explanation = "EXPLAIN QUERY PLAN" if db.is_sqlite else "EXPLAIN"

    def keep(_connection: Any, cursor: Any, text: str, parameters: Any, _context: Any, many: bool) -> None:
        plan: tuple[str, ...] = ()
        if explain and text.lstrip().startswith(PLANNED):
            values = parameters[0] if many else parameters
            plan = tuple(row[-1] for row in cursor.connection.execute(f"{explanation} {text}", values))
        statements.append(Statement(text, plan))

    with _listening(db, keep):
        yield statements


@contextmanager
def _listening(db: Database, keep: Callable[..., None]) -> Iterator[None]:
    engines = {id(engine): engine for engine in (db._reader, db._writer)}.values()
    for engine in engines:
        event.listen(engine, "before_cursor_execute", keep)
    try:
        yield
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", keep)

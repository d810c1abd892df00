"""The tables of payloads: one for each week of arrival and retention class, so that old payloads go with their table.

A project keeps its payloads for one of a few numbers of days, or for ever; each is a class. Payloads of all projects
of a class that arrive in one week (from Thursday to Wednesday in UTC, as the epoch began on a Thursday) lie in one
table, `payloads_N`. Whoever reads a payload has the number N from the row of its call.

A table may lack the column of the previews: an older server that runs beside this one makes it without.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import BigInteger, Column, Connection, Integer, LargeBinary, MetaData, Table, Text, delete, inspect

from callscope.store.sql.bulk import among, columns_of

MICROS_PER_WEEK = 7 * 86_400_000_000
CLASSES = (None, 7, 30, 90, 365)
"""The retention classes in days, None for ever; their order is stored. Few, since each has a table of its own a week."""
_PREFIX = "payloads_"
_PER_CLASS = 100_000


def number(week: int, days: int | None = None) -> int:
    """The table's number. Raises ValueError for days that are no class."""
    return CLASSES.index(days) * _PER_CLASS + week


def week_at(micros: int) -> int:
    """The week, since the epoch, of a moment."""
    return micros // MICROS_PER_WEEK


def week_of(number: int) -> int:
    """In which week the table's payloads arrived."""
    return number % _PER_CLASS


def class_of(number: int) -> int | None:
    """How many days the table's payloads are kept; None: for ever."""
    return CLASSES[number // _PER_CLASS]


def is_over(number: int, now_micros: int) -> bool:
    """Whether every payload of the table is older than its class allows."""
    days = class_of(number)
    return days is not None and (week_of(number) + 1) * MICROS_PER_WEEK + days * 86_400_000_000 <= now_micros


@lru_cache(maxsize=1_024)
def table(number: int, *, previews: bool = True) -> Table:
    """The table of that number. It is not in the shared metadata: such tables come and go with the weeks.

    It is made once: its parts lead to each other, so only the garbage collector frees them, which comes rarely; and a
    statement about another object is compiled anew.
    """
    columns: list[Column[Any]] = [
        Column("call_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False)
    ]
    if previews:  # before the body, so that SQLite need not go through all of its pages for it
        columns.append(Column("preview", Text, comment="null: it was stored without; empty: there is nothing to show"))
    return Table(f"{_PREFIX}{number:d}", MetaData(), *columns, Column("body", LargeBinary, nullable=False))


def existing(connection: Connection) -> list[int]:
    """The numbers of all tables that there are, in their order."""
    names = (name.removeprefix(_PREFIX) for name in inspect(connection).get_table_names() if name.startswith(_PREFIX))
    return sorted(int(name) for name in names if name.isdecimal())


def is_there(connection: Connection, number: int) -> bool:
    """Whether there is a table of that number."""
    return find(connection, number) is not None


def find(connection: Connection, number: int) -> Table | None:
    """The table of that number with the columns that it has; None where there is none."""
    columns = columns_of(connection, f"{_PREFIX}{number:d}")
    return table(number, previews="preview" in columns) if columns else None


def ensure(connection: Connection, number: int) -> Table:
    """The table of that number, made if it is not there, in the caller's transaction."""
    found = find(connection, number)
    if found is None:
        found = table(number)
        found.create(connection, checkfirst=False)
    return found


def delete_from(connection: Connection, number: int, call_ids: Sequence[int]) -> None:
    """Delete payloads, as far as they and their table are there."""
    if call_ids and is_there(connection, number):
        of = table(number)
        connection.execute(delete(of).where(among(connection, of.c.call_id, call_ids)))


def drop(connection: Connection, number: int) -> None:
    """Drop a table, if it is there. On SQLite this takes long where it is not empty: it frees each page."""
    table(number).drop(connection, checkfirst=True)

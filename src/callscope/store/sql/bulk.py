"""Writing many rows at once, and the few other statements in which SQLite and PostgreSQL differ.

On SQLite many rows go into one statement: the interpreter lock is released while a statement runs, so few long ones
leave the other threads more room than many short ones. On PostgreSQL new rows go through COPY (130,000 rows/s against
33,000 with executemany, measured here), and rows that may be there already as one array for each column: psycopg looks
for placeholders in Python, which takes 40 ms for a statement with five thousand of them.
"""

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any, cast

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Dialect,
    Integer,
    String,
    Table,
    any_,
    bindparam,
    func,
    literal_column,
    select,
    type_coerce,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.types import TypeDecorator

CHUNKS = (128, 64, 32, 16, 8, 4, 2, 1)
"""Rows per statement. Few sizes, so that the prepared statements are found again."""

Row = tuple[Any, ...]


def is_sqlite(connection: Connection) -> bool:
    """Whether the connection leads to SQLite."""
    return connection.dialect.name == "sqlite"


def insert_rows(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows whose values are in the order of the table's columns."""
    if not rows:
        return
    if is_sqlite(connection):
        _write(connection, table, "", rows)
        return
    names = ", ".join(_column_names(table))
    cursor = cast(Any, connection.connection.cursor())
    with cursor, cursor.copy(f"COPY {table.name} ({names}) FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)


def rows_at(connection: Connection, table: Table, keys: Collection[Row]) -> Iterator[Row]:
    """The rows of exactly these primary keys, as far as there are any, with the values in the order of the columns."""
    names = [column.name for column in table.primary_key.columns]
    # A join, in this order: SQLite scans the whole table for `(a, b) IN (VALUES …)`.
    same = " AND ".join(f"t.{name} = k.{name}" for name in names)
    # By name: a newer version may have added columns already.
    wanted = ", ".join(f"t.{name}" for name in _column_names(table))
    tail = f") SELECT {wanted} FROM k CROSS JOIN {table.name} AS t WHERE {same}"  # noqa: S608  # our names
    if not is_sqlite(connection):
        columns = list(table.primary_key.columns)
        head = f"WITH k ({', '.join(names)}) AS ("
        yield from _run_arrays(connection, columns, head, tail, sorted(keys))
        return
    for size, chunk in _chunks(sorted(keys)):
        statement = f"WITH k ({', '.join(names)}) AS (VALUES {_values(len(names), size)}{tail}"
        yield from connection.exec_driver_sql(statement, tuple(chain.from_iterable(chunk)))


def add_rows(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    """Add rows to sums: a new key is inserted, and to an existing one's measures the new values are added.

    The key comes first in each row, and no two rows have the same.
    """
    key = [column.name for column in table.primary_key.columns]
    names = _column_names(table)
    sums = ", ".join(f"{name} = {table.name}.{name} + excluded.{name}" for name in names if name not in key)
    tail = f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {sums}"
    _write(connection, table, tail, sorted(rows))


def replace_rows(connection: Connection, table: Table, rows: Iterable[Row]) -> None:
    """Write rows whole: a new key is inserted, an existing one's other columns are overwritten.

    The key comes first in each row, and no two rows have the same.
    """
    key = [column.name for column in table.primary_key.columns]
    names = _column_names(table)
    values = ", ".join(f"{name} = excluded.{name}" for name in names if name not in key)
    tail = f" ON CONFLICT ({', '.join(key)}) DO UPDATE SET {values}"
    _write(connection, table, tail, sorted(rows))


def among(
    connection: Connection, column: Column[Any] | ColumnElement[Any], values: Iterable[Any]
) -> ColumnElement[bool]:
    """`column` is one of `values`: one parameter however many they are, so that the statement stays the same."""
    values = list(values)
    if is_sqlite(connection):
        listed = func.json_each(bindparam(None, json.dumps(values))).table_valued("value")
        return column.in_(select(listed.c.value))
    return column == any_(bindparam(None, values, type_=ARRAY(cast(Any, column.type))))


def unindexed(column: Column[int]) -> ColumnElement[int]:
    """The column for a condition that is to be checked on what is found by another: no index leads to a sum."""
    return column + literal_column("0")


def listed(connection: Connection, values: Iterable[int]) -> ColumnElement[int]:
    """These numbers as a column to select from: one parameter however many they are."""
    if is_sqlite(connection):
        column = func.json_each(bindparam(None, json.dumps(list(values)))).table_valued("value").c.value
        return cast(ColumnElement[int], column)
    return func.unnest(bindparam(None, list(values), type_=ARRAY(Integer))).column_valued("value")


class _Halves(TypeDecorator[int]):
    """The text "7,5" as 7 × 2³² + 5."""

    impl = String
    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        high, low = value.split(",")
        return (int(high) << 32) + int(low)


def exact_sum(connection: Connection, column: Column[int]) -> ColumnElement[Any]:
    """The sum of a column, however large. SQLite's own ends with an error at 64 bits; PostgreSQL's has no end."""
    if not is_sqlite(connection):
        return func.sum(column)
    high, low = func.sum(column.bitwise_rshift(32)), func.sum(column.bitwise_and(2**32 - 1))
    return type_coerce(sql_cast(high, String) + "," + sql_cast(low, String), _Halves)


def has_element(connection: Connection, column: Column[str], value: str) -> ColumnElement[bool]:
    """The JSON list of strings in `column` has the element `value`, exactly: LIKE would do, but not tell case on SQLite."""
    if is_sqlite(connection):
        listed = func.json_each(column).table_valued("value")
        return select(listed.c.value).where(listed.c.value == value).exists()
    return sql_cast(column, JSONB).contains([value])


def columns_of(connection: Connection, table: str) -> set[str]:
    """The columns that a table (our name) has; none where there is no such table."""
    if is_sqlite(connection):
        query = f"SELECT name FROM pragma_table_info('{table}')"  # noqa: S608  # our names
    else:
        query = f"SELECT attname FROM pg_attribute WHERE attrelid = to_regclass('{table}') AND attnum > 0 AND NOT attisdropped"  # noqa: S608  # our names
    return {name for (name,) in connection.exec_driver_sql(query)}


def _column_names(table: Table) -> list[str]:
    return [column.name for column in table.columns]


def _chunks(rows: Sequence[Row]) -> Iterator[tuple[int, Sequence[Row]]]:
    start = 0
    for size in CHUNKS:
        while len(rows) - start >= size:
            yield size, rows[start : start + size]
            start += size


@lru_cache(maxsize=64)
def _values(width: int, rows: int) -> str:
    row = "(" + ", ".join("?" * width) + ")"
    return ", ".join([row] * rows)


def _write(connection: Connection, table: Table, tail: str, rows: Sequence[Row]) -> None:
    names = _column_names(table)
    head = f"INSERT INTO {table.name} ({', '.join(names)}) "
    if not is_sqlite(connection):
        _run_arrays(connection, list(table.columns), head, tail, rows)
        return
    for size, chunk in _chunks(rows):
        statement = f"{head}VALUES {_values(len(names), size)}{tail}"
        connection.exec_driver_sql(statement, tuple(chain.from_iterable(chunk)))


def _run_arrays(
    connection: Connection, columns: Sequence[Column[Any]], head: str, tail: str, rows: Sequence[Row]
) -> Iterable[Any]:
    """Run a statement on rows that go to PostgreSQL as one array for each column."""
    if not rows:
        return ()
    arrays = ", ".join(f"%s::{column.type.compile(connection.dialect)}[]" for column in columns)
    statement = f"{head}SELECT * FROM unnest({arrays}){tail}"  # noqa: S608  # our names
    return connection.exec_driver_sql(statement, tuple(map(list, zip(*rows, strict=True))))

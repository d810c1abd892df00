"""The rules that let a server of an older version go on beside and after a migration, read off the database itself.

A server names the columns that it writes and reads. So whatever it knew must still be there and be the same, and what
is new must ask nothing of it; and a table that calls have made large must not be held for long.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Inspector, inspect, text

from callscope.db.engine import Database
from tests.db.schemas import NOT_COPIED

GROWING = {
    "llm_call_logs", "cost_logs", "rollups", "rollup_histograms", "rollup_end_users", "rollup_api_keys",
    "end_user_admissions", "idempotency", "feedback", "audit_log",
}  # fmt: skip
"""Tables that grow with the calls: to go over all of one takes minutes."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column, as far as statements have to do with it."""

    type: str
    nullable: bool
    default: str | None


@dataclass(frozen=True, slots=True)
class Shape:
    """A table. Constraints and indexes are told in words that are the same for the same ones."""

    columns: dict[str, Column]
    key: tuple[str, ...]
    unique: frozenset[str]
    indexes: frozenset[str]
    checks: frozenset[str]
    references: dict[str, str]
    held_by: dict[str, str]
    file: int | None

    @property
    def names(self) -> set[str]:
        """The names of its columns."""
        return set(self.columns)


@dataclass(frozen=True, slots=True)
class Schema:
    """All tables of a database at a version."""

    version: str
    tables: dict[str, Shape]


def schema(db: Database, version: str) -> Schema:
    """The schema of a database, whatever the code says about it."""
    with db.read() as connection:
        found = inspect(connection)
        names = [name for name in found.get_table_names() if not name.startswith(NOT_COPIED)]
        files: dict[str, int] = {}
        if not db.is_sqlite:  # a table that is written anew gets another file
            files = dict(connection.execute(text("SELECT relname, relfilenode FROM pg_class")).all())
        held_by: dict[str, dict[str, str]] = {name: {} for name in names}
        for name in names:
            for key in found.get_foreign_keys(name):
                if not key.get("options", {}).get("ondelete"):
                    held_by[key["referred_table"]][f"{name} ({_list(key['constrained_columns'])})"] = name
        return Schema(version, {name: _shape(found, name, held_by[name], files.get(name)) for name in names})


def _shape(found: Inspector, name: str, held_by: dict[str, str], file: int | None) -> Shape:
    dialect = found.dialect
    columns = {
        one["name"]: Column(one["type"].compile(dialect), one["nullable"], one.get("default"))
        for one in found.get_columns(name)
    }
    indexes = [one for one in found.get_indexes(name) if not one.get("duplicates_constraint")]
    unique = {f"UNIQUE ({_list(one['column_names'])})" for one in found.get_unique_constraints(name)}
    return Shape(
        columns,
        tuple(found.get_pk_constraint(name)["constrained_columns"]),
        frozenset(unique | {f"UNIQUE {_index(one)}" for one in indexes if one["unique"]}),
        frozenset(_index(one) for one in indexes if not one["unique"]),
        frozenset(one["sqltext"] for one in found.get_check_constraints(name)),
        {f"({_list(key['constrained_columns'])})": key["referred_table"] for key in found.get_foreign_keys(name)},
        held_by,
        file,
    )


def _index(one: Any) -> str:
    wheres = (value for name, value in one.get("dialect_options", {}).items() if name.endswith("_where"))
    return f"({_list(one['column_names'])})" + "".join(f" WHERE {where}" for where in wheres)


def _list(names: Iterable[str | None]) -> str:
    return ", ".join(name or "an expression" for name in names)


def broken(older: Schema, newer: Schema) -> list[str]:
    """Which rules the way from one schema to a later one breaks, in words; none: a server of the older one goes on."""
    who = f"a server of {older.version}"
    return [
        f"{newer.version}, {name}: {said}"
        for name, before in older.tables.items()
        for said in (
            _of_table(who, name, before, newer.tables[name], older)
            if name in newer.tables
            else [f"no table is dropped or renamed that {who} reads and writes"]
        )
    ]


def _of_table(who: str, name: str, before: Shape, after: Shape, older: Schema) -> Iterator[str]:
    for column in before.names - after.names:
        yield f"no column is dropped or renamed that {who} reads and writes: {column}"
    for column in before.names & after.names:
        yield from _of_column(who, column, before.columns[column], after.columns[column])
    for column in after.names - before.names:
        new = after.columns[column]
        if not new.nullable and new.default is None:
            yield f"a new column is nullable or has a server default, since {who} does not fill it: {column}"
    if before.key != after.key:
        yield f"a primary key stays as it is, since {who} writes ON CONFLICT with it: {_list(before.key)}"
    for one in after.unique - before.unique:
        yield f"nothing becomes unique that {who} may write twice: {one}"
    for one in before.unique - after.unique:
        yield f"what is unique stays so, since {who} relies on it: {one}"
    for one in after.checks - before.checks:
        yield f"no check is added that {who} does not know: {one}"
    for columns in after.references.keys() - before.references.keys():
        yield f"no reference is added that {who} does not know: {columns} to {after.references[columns]}"
    for one in after.held_by.keys() - before.held_by.keys():
        if after.held_by[one] not in older.tables:
            yield f"a new table's reference has ON DELETE, since {who} deletes rows without knowing of it: {one}"
    if name in GROWING:
        for one in after.indexes - before.indexes:
            yield f"no index is made of a table that grows, since nobody writes meanwhile: {one}"
        if before.file != after.file:
            yield "no table that grows is written anew, since nobody reads or writes meanwhile"


def _of_column(who: str, name: str, before: Column, after: Column) -> Iterator[str]:
    if before.type != after.type:
        yield f"a column keeps its type, since {who} reads and writes it: {name}, {before.type} to {after.type}"
    if before.nullable and not after.nullable:
        yield f"a column that may be null may stay so, since {who} writes nulls: {name}"
    if not before.nullable and after.nullable:
        yield f"a column that is never null stays so, since {who} expects it: {name}"
    if before.default is not None and after.default is None:
        yield f"a server default stays, since older servers than {who} leave the column out: {name}"

"""A server of an older version goes on beside a migration and after it: each rule that this takes is tested."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, event, insert, select, text

from callscope.api.rights import Scope
from callscope.db import migrate as migrating
from callscope.db.engine import Database, DatabaseUnavailable
from callscope.db.migrate import is_current, revision, upgrade
from callscope.store.sql.doctor import examine
from tests.contract.world import open_world
from tests.db.conftest import History
from tests.db.rules import broken, schema
from tests.db.schemas import VERSIONS, Older, fill, migrate, tables

OLDEST = "0001"
"""From this version on, a server of each must go on at every later one. A migration that drops what no server of the last
release uses any more raises it to itself; nothing else does."""
BUSY_SECONDS = 10.0
"""How long a write of an older server may have to wait: SQLite's own patience with another writer."""
BREAKING = {
    "op.drop_table('setup_links')": "no table is dropped or renamed that a server of {} reads and writes",
    "op.rename_table('audit_log', 'audit')": "no table is dropped or renamed that a server of {} reads and writes",
    "op.drop_column('users', 'can_read_calls')": "no column is dropped or renamed .*: can_read_calls",
    "op.alter_column('feedback', 'comment', new_column_name='remark')": "no column is dropped or renamed .*: comment",
    "batch('commits', lambda t: t.alter_column('committed_at', type_=sa.String(20)))": "a column keeps its type, .*: committed_at",
    "batch('feedback', lambda t: t.alter_column('comment', nullable=False))": "a column that may be null may stay so, .*: comment",
    "batch('feedback', lambda t: t.alter_column('author', nullable=True))": "a column that is never null stays so, .*: author",
    "batch('rollups', lambda t: t.alter_column('image_output_tokens', server_default=None))": "a server default stays, .*: image_output_tokens",
    "batch('commits', lambda t: t.add_column(sa.Column('by', sa.Integer(), nullable=False)))": "a new column is nullable or has a server default, .*: by",
    "batch('projects', lambda t: t.create_unique_constraint('uq', ['description']))": r"nothing becomes unique .*: UNIQUE \(description\)",
    "op.create_index('uq', 'feedback', ['user_id'], unique=True)": r"nothing becomes unique .*: UNIQUE \(user_id\)",
    "op.drop_index('uq_feedback_named_by_key')": r"what is unique stays so, .*: UNIQUE \(llm_call_id, author\) WHERE",
    "batch('projects', lambda t: t.create_check_constraint('ck', 'id < 9'))": "no check is added .*: id < 9",
    "batch('feedback', lambda t: t.create_foreign_key('fk', 'projects', ['project_id'], ['id']))": r"no reference is added .*: \(project_id\) to projects",
    "op.create_table('teams', sa.Column('user_id', sa.Integer(), sa.ForeignKey('users.id')))": r"a new table's reference has ON DELETE, .*: teams \(user_id\)",
    "op.create_index('ix_names', 'llm_call_logs', ['name'])": r"no index is made of a table that grows, .*: \(name\)",
}
"""Migrations that an older server would not survive, and the rule that says so."""
SCRIPT = '''"""Breaks a rule."""
import sqlalchemy as sa
from alembic import op

revision, down_revision = "9999", "{head}"

def batch(table, change):
    with op.batch_alter_table(table) as changed:
        change(changed)

def upgrade():
    {change}
'''


def test_a_server_of_every_version_goes_on_at_every_later_one(empty: Database, history: History) -> None:
    migrate(empty, OLDEST)
    older = [Older(OLDEST, fill(empty, history.rows))]
    shapes = [schema(empty, OLDEST)]
    for version in VERSIONS[VERSIONS.index(OLDEST) + 1 :]:
        migrate(empty, version)
        now = schema(empty, version)
        assert [said for shape in shapes for said in broken(shape, now)] == []
        with empty.write() as connection:
            for server in older if version == VERSIONS[-1] else older[-1:]:
                server.go_on(connection, history.rows)
        older.append(Older(version, tables(empty)))
        shapes.append(now)
    assert examine(empty).found == {}


@pytest.mark.parametrize("database_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)], indirect=True)
@pytest.mark.parametrize("change", BREAKING)
def test_a_migration_that_breaks_a_rule_is_told_which(database_url: str, tmp_path: Path, change: str) -> None:
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "9999_breaking.py").write_text(SCRIPT.format(head=VERSIONS[-1], change=change))
    db = Database(database_url)
    before = schema(db, VERSIONS[-1])
    migrate(db, "9999", folder)
    found = "\n".join(broken(before, schema(db, "9999")))
    db.dispose()
    assert re.search(BREAKING[change].format(VERSIONS[-1]), found), found


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_migration_that_writes_a_large_table_anew_is_told_so(db: Database) -> None:
    before = schema(db, VERSIONS[-1])
    with db.write() as connection:
        connection.execute(text("ALTER TABLE feedback ADD COLUMN number double precision DEFAULT random()"))
    (said,) = broken(before, schema(db, "9999"))
    assert said.startswith("9999, feedback: no table that grows is written anew")


def test_a_server_does_not_mind_what_a_newer_one_has_added(database_url: str, tmp_path: Path) -> None:
    db = Database(database_url)
    known = tables(db).tables
    with db.write() as connection:
        for name in known:
            connection.execute(text(f"ALTER TABLE {name} ADD COLUMN later_maybe VARCHAR(20)"))
            connection.execute(text(f"ALTER TABLE {name} ADD COLUMN later_number INTEGER NOT NULL DEFAULT 7"))
    with open_world(database_url, tmp_path) as world:
        key = world.key(*Scope)
        for _ in range(2):  # into the same cells
            world.log(key, prompt="What is new?", end_user="somebody", response_id="the same")
        assert len(world.client.get("/llm/calls", headers=key).json()["data"]["items"]) == 3
    assert examine(db).found == {}
    db.dispose()


class OlderServer:
    """A server of an older version at work, in threads with connections of their own.

    It writes a call and what goes with it as fast as it can, and reads all tables. `written` has the numbers of the calls
    whose transaction was committed.
    """

    def __init__(self, url: str, version: str, history: History) -> None:
        self.written: list[int] = []
        self.longest = 0.0
        self.is_writing = threading.Event()
        self._db = Database(url)
        self._known = tables(self._db).tables
        self._patterns = {
            name: history.rows[name][0] for name in ("llm_call_logs", "cost_logs", "idempotency", "users")
        }
        self._patterns = {
            name: {column.name: row[column.name] for column in self._known[name].columns}
            for name, row in self._patterns.items()
        }
        self._failed: list[BaseException] = []
        self._stop = threading.Event()

    @contextmanager
    def running(self) -> Iterator[None]:
        """At work until the block ends; fails if anything it did has."""
        threads = [threading.Thread(target=self._again_and_again, args=(do,)) for do in (self._write, self._read)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stop.set()
            for thread in threads:
                thread.join()
            self._db.dispose()
        assert self._failed == []

    def wait_for_more(self) -> None:
        """Wait until it has written some more."""
        enough = len(self.written) + 5
        deadline = time.monotonic() + 2 * BUSY_SECONDS
        while len(self.written) < enough and not self._failed:
            assert time.monotonic() < deadline, "it writes nothing"
            time.sleep(0.005)

    def _again_and_again(self, do: Callable[[], None]) -> None:
        try:
            while not self._stop.is_set():
                started = time.monotonic()
                do()
                self.longest = max(self.longest, time.monotonic() - started)
        except BaseException as error:
            self._failed.append(error)

    def _write(self) -> None:
        number = 1_000_000 + len(self.written)
        changed: dict[str, dict[str, Any]] = {
            "llm_call_logs": {"id": number}, "cost_logs": {"id": number, "llm_call_id": number},
            "idempotency": {"key_hash": number.to_bytes(32)}, "users": {"id": number, "email": f"{number}@example.org"},
        }  # fmt: skip
        self.is_writing.set()
        with self._db.write(BUSY_SECONDS) as connection:
            for name, fields in changed.items():
                connection.execute(insert(self._known[name]).values({**self._patterns[name], **fields}))
            for name, column in (("rollups", "refusals"), ("counters", "value"), ("model_prices", "input")):
                table = self._known[name]
                connection.execute(table.update().values({column: table.c[column] + 1}))
        self.is_writing.clear()
        self.written.append(number)

    def _read(self) -> None:
        with self._db.read() as connection:
            for table in self._known.values():
                connection.execute(select(table).limit(20)).all()


def _check_written(db: Database, server: OlderServer, before: int) -> None:
    known = tables(db).tables
    calls, costs, counters = known["llm_call_logs"].c, known["cost_logs"].c, known["counters"].c
    with db.read() as connection:
        for column in (calls.id, costs.id):
            assert (
                list(connection.scalars(select(column).where(column >= 1_000_000).order_by(column))) == server.written
            )
        assert connection.scalar(select(counters.value).order_by(counters.name)) == before + len(server.written)


def _counter(db: Database) -> int:
    counters = tables(db).tables["counters"].c
    with db.read() as connection:
        return int(connection.scalars(select(counters.value).order_by(counters.name)).first() or 0)


@pytest.mark.parametrize("version", [OLDEST, *(pytest.param(one, marks=pytest.mark.long) for one in VERSIONS[1:-1])])
def test_an_older_server_writes_and_reads_on_while_the_database_is_upgraded(
    empty: Database, empty_database_url: str, history: History, version: str
) -> None:
    migrate(empty, version)
    fill(empty, history.rows)
    before = _counter(empty)
    server = OlderServer(empty_database_url, version, history)

    @event.listens_for(empty.engine, "after_cursor_execute")
    def let_it_come(_c: Connection, _cursor: object, statement: str, *_: object) -> None:
        if statement.startswith(("ALTER", "CREATE TABLE")):  # so that a write is sure to fall into the migration
            assert server.is_writing.wait(BUSY_SECONDS)

    with server.running():
        server.wait_for_more()
        assert upgrade(empty)
        server.wait_for_more()
    assert is_current(empty)
    assert server.longest < BUSY_SECONDS
    _check_written(empty, server, before)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration that waits shortly."""
    monkeypatch.setattr(migrating, "TABLE_SECONDS", 0.2)
    monkeypatch.setattr(migrating, "PAUSE_SECONDS", 0.2)


@contextmanager
def _reading(db: Database, name: str) -> Iterator[None]:
    """Somebody who does not come to the end of reading, such as a backup."""
    with db.read() as connection:
        connection.execute(text(f"SELECT * FROM {name} LIMIT 1"))
        yield


@pytest.mark.usefixtures("impatient")
def test_a_migration_lets_others_pass_while_somebody_reads_for_long(
    empty: Database, empty_database_url: str, history: History
) -> None:
    migrate(empty, OLDEST)
    fill(empty, history.rows)
    server = OlderServer(empty_database_url, OLDEST, history)
    upgrading = threading.Thread(target=upgrade, args=(empty,))
    with ExitStack() as stack:
        stack.callback(upgrading.join)
        stack.enter_context(server.running())
        with _reading(empty, "projects"):
            upgrading.start()
            upgrading.join(BUSY_SECONDS if empty.is_sqlite else 0.7)
            assert is_current(empty) == empty.is_sqlite  # where nobody who reads is in the way
            server.wait_for_more()
        upgrading.join(BUSY_SECONDS)
        server.wait_for_more()
    assert is_current(empty)
    assert server.longest < 1


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("empty_database_url", ["postgresql"], indirect=True)
def test_a_migration_that_cannot_have_its_tables_gives_up_and_says_why(
    empty: Database, history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(empty, OLDEST)
    fill(empty, history.rows)
    monkeypatch.setattr(migrating, "WAIT_SECONDS", 0.6)
    with _reading(empty, "projects"), pytest.raises(DatabaseUnavailable, match=r"in use all the time: .*lock timeout"):
        upgrade(empty)
    with empty.read() as connection:
        assert revision(connection) == "0005"  # what comes next changes the projects
    assert upgrade(empty)

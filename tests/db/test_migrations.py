"""The migrations make just the tables that the code uses, once, however many processes start at a time."""

import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import select, text

import callscope.tables
from callscope.db.engine import Database
from callscope.db.migrate import HEAD, DatabaseTooNew, is_current, known_revisions, upgrade
from callscope.pricing.seed import seed_catalogue
from callscope.store.sql import payload_tables
from callscope.store.sql.bulk import insert_rows


def test_a_migrated_database_has_the_tables_of_the_code(db: Database) -> None:
    with db.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": False})
        assert compare_metadata(context, callscope.tables.metadata) == []


def test_the_newest_migration_is_the_one_that_the_code_expects() -> None:
    assert max(known_revisions()) == HEAD


def test_several_processes_that_start_at_once_migrate_once(tmp_path: Path) -> None:
    databases = [Database(f"sqlite:///{tmp_path / 'new.db'}") for _ in range(4)]
    did_it: list[bool] = []
    threads = [threading.Thread(target=lambda d=d: did_it.append(upgrade(d, seed_catalogue))) for d in databases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(did_it) == [False, False, False, True]
    assert all(is_current(database) for database in databases)
    with databases[0].read() as connection:
        assert connection.scalar(text("SELECT name FROM llm_models WHERE id = 1")) == "gpt-4"
    for database in databases:
        database.dispose()


def test_tables_of_payloads_that_are_there_get_their_column_of_previews(db: Database) -> None:
    with db.write() as connection:
        old = payload_tables.table(2_950, previews=False)
        old.create(connection)
        insert_rows(connection, old, [(1, b"said")])
        connection.execute(text("UPDATE alembic_version SET version_num = '0012'"))
    assert upgrade(db)
    with db.write() as connection:
        table = payload_tables.ensure(connection, 2_950)
        insert_rows(connection, table, [(2, "new", b"said too")])
        insert_rows(connection, old, [(3, b"an older server's")])
        rows = connection.execute(select(table.c.preview, table.c.body).order_by(table.c.call_id)).all()
    assert rows == [(None, b"said"), ("new", b"said too"), (None, b"an older server's")]


def test_a_database_of_a_newer_version_is_left_alone(db: Database) -> None:
    with db.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseTooNew, match="9999"):
        upgrade(db)


def test_a_new_database_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'private.db'}")
    upgrade(database)
    assert (tmp_path / "private.db").stat().st_mode & 0o077 == 0
    assert (tmp_path / "private.db-wal").stat().st_mode & 0o077 == 0
    database.dispose()

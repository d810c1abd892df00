"""Two stores on one database, as two server processes have them."""

from collections.abc import Iterator

import pytest

from callscope.db.engine import Database
from callscope.store.sql.store import SqlStore
from tests.store.witness import Writer

MAX_END_USERS = 3


@pytest.fixture
def writer(db: Database) -> Writer:
    """Writes to the store of the test's database; three end users a day have a row of their own."""
    return Writer(SqlStore(db, max_end_users=MAX_END_USERS))


@pytest.fixture
def other_writer(database_url: str) -> Iterator[Writer]:
    """Another process's way to the same database."""
    database = Database(database_url)
    yield Writer(SqlStore(database, max_end_users=MAX_END_USERS))
    database.dispose()

"""Changing accounts: one transaction, after which no process goes on with what it had cached."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from callscope.db.engine import Database
from callscope.db.versions import Versions, bump

ACCOUNTS = "accounts"
"""The name under which changes of users, keys and projects are announced."""


@contextmanager
def change(db: Database, versions: Versions) -> Iterator[Session]:
    """A writing session; when it has committed, the caches of accounts are dropped here, and soon elsewhere."""
    with db.write_session() as session:
        yield session
        bump(session.connection(), ACCOUNTS)
    versions.announce(ACCOUNTS)

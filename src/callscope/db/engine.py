"""One object for the database: short reads, and writes that wait for their turn.

Every writing transaction, in any process, holds one lock until it has committed: a file lock beside the
SQLite file, an advisory lock on PostgreSQL. One writer at a time is what SQLite allows anyway; taking the
lock before the transaction starts means that nobody ever sees "database is locked", that two processes cannot
deadlock, and that what a transaction reads under the lock is still true when it commits.
"""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session

log = structlog.get_logger(__name__)

WRITE_LOCK = 0x63616C6C  # the advisory lock's number on PostgreSQL: "call"
READ_ONLY = "25006"  # PostgreSQL's word for a transaction that may not write, as on a standby
INCREMENTAL = 2  # SQLite's number for auto_vacuum=INCREMENTAL
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=10000",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA wal_autocheckpoint=16000",  # 64 MB; see callscope.db.checkpoint
)


class DatabaseUnavailable(Exception):
    """The database cannot be reached or written: away, full, or read-only. Nothing was stored."""


class Database:
    """Engines and transactions for one DATABASE_URL.

    Args:
        url: an SQLAlchemy URL, `sqlite:///path` or `postgresql+psycopg://…`.
        read_cache_kib, write_cache_kib: SQLite's page cache for each reading connection and for the writing one.
    """

    def __init__(self, url: str, *, read_cache_kib: int = 4_096, write_cache_kib: int = 32_768) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._turn = threading.Lock()
        self._lock_file: int | None = None
        if self.is_sqlite:
            path = Path(self.url.database or "")
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock_path = path.with_name(path.name + ".lock")
            _make_private(path)
            self._reader = _sqlite_engine(url, begin="BEGIN", cache_kib=read_cache_kib, pool_size=8)
            self._writer = _sqlite_engine(url, begin="BEGIN IMMEDIATE", cache_kib=write_cache_kib, pool_size=1)
        else:
            self._reader = self._writer = create_engine(
                url, pool_size=10, max_overflow=10, pool_pre_ping=True, pool_timeout=10, hide_parameters=True,
                connect_args={"connect_timeout": 5, "application_name": "callscope", "prepare_threshold": 3},
            )  # fmt: skip

    @property
    def engine(self) -> Engine:
        """The engine that writes; for migrations."""
        return self._writer

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A short reading transaction: one consistent state of the data.

        Raises DatabaseUnavailable when the database cannot be reached.
        """
        with self._translated(), self._reader.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A writing transaction under the lock of all writers; committed and synced when the block ends.

        Raises DatabaseUnavailable when it cannot be written; then nothing of it is stored.
        """
        with self._translated():
            if self.is_sqlite:
                with self._turn, self._file_lock(), self._writer.begin() as connection:
                    yield connection
            else:
                with self._writer.begin() as connection:
                    connection.execute(text("SELECT pg_advisory_xact_lock(:n)"), {"n": WRITE_LOCK})
                    yield connection

    @contextmanager
    def read_session(self) -> Iterator[Session]:
        """An ORM session for reading."""
        with self.read() as connection, Session(connection, expire_on_commit=False, autoflush=False) as session:
            yield session

    @contextmanager
    def write_session(self) -> Iterator[Session]:
        """An ORM session in a writing transaction; flushed and committed when the block ends."""
        with self.write() as connection, Session(connection, expire_on_commit=False) as session:
            yield session
            session.flush()

    def checkpoint(self) -> None:
        """Move what is committed from SQLite's log into its file, as far as that goes without waiting for anyone."""
        connection = self._reader.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.OperationalError as error:  # a full disk, say: the writer meets it too, and says so
            log.debug("no checkpoint", reason=str(error))
        finally:
            connection.close()

    def dispose(self) -> None:
        """Close all connections."""
        self._reader.dispose()
        self._writer.dispose()
        if self._lock_file is not None:
            os.close(self._lock_file)
            self._lock_file = None

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """Turns the many ways in which a database can be away into one error."""
        try:
            yield
        except Exception as error:
            if not self._is_away(error):
                raise
            cause = error.orig if isinstance(error, DBAPIError) else error
            raise DatabaseUnavailable(str(cause).partition("\n")[0]) from error

    def _is_away(self, error: Exception) -> bool:
        if isinstance(error, OSError | PoolTimeout):  # the lock file on a full or read-only disk; no connection is free
            return True
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            return True
        # COPY speaks to the driver itself, whose errors come as they are.
        cause = error.orig if isinstance(error, DBAPIError) else error
        driver: Any = self._writer.dialect.loaded_dbapi
        return isinstance(cause, driver.OperationalError) or getattr(cause, "sqlstate", None) == READ_ONLY

    @contextmanager
    def _file_lock(self) -> Iterator[None]:
        if self._lock_file is None:
            self._lock_file = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._lock_file, fcntl.LOCK_EX)
        try:
            yield
        finally:
            fcntl.flock(self._lock_file, fcntl.LOCK_UN)


def _make_private(path: Path) -> None:
    """Make a new database file for its owner alone; SQLite gives its other files the same mode."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return


def _sqlite_engine(url: str, *, begin: str, cache_kib: int, pool_size: int) -> Engine:
    engine = create_engine(
        url, pool_size=pool_size, max_overflow=24, pool_timeout=10, hide_parameters=True,
        connect_args={"isolation_level": None, "check_same_thread": False, "cached_statements": 256},
    )  # fmt: skip

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        # sqlite3 would open transactions by itself, at the wrong moment; the "begin" event below does it instead.
        if connection.execute("PRAGMA auto_vacuum").fetchone() != (INCREMENTAL,):
            # Before anything is in the file. Never again: it is a write, and readers open connections too.
            connection.execute(f"PRAGMA auto_vacuum={INCREMENTAL}")
        for pragma in (*SQLITE_PRAGMAS, f"PRAGMA cache_size=-{cache_kib}"):
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine

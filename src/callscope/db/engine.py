"""One object for the database: short reads, and writes that wait for their turn.

Every writing transaction, in any process, holds one lock until it has committed: a file lock beside the
SQLite file, an advisory lock on PostgreSQL. One writer at a time is what SQLite allows anyway; taking the
lock before the transaction starts means that nobody ever sees "database is locked", that two processes cannot
deadlock, and that what a transaction reads under the lock is still true when it commits.

Nobody waits for the lock without limit: a request must get an answer, and a process must be able to stop.
"""

import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent import futures
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import Session
from sqlalchemy.pool import QueuePool

from callscope.db import postgresql

log = structlog.get_logger(__name__)

WRITE_LOCK = 0x63616C6C  # the advisory lock's number on PostgreSQL: "call"
WAIT_SECONDS = 30.0
"""How long a writer waits for the lock: longer than any other should hold it."""
SQLITE_READERS, POSTGRESQL_READERS = 28, 16
"""Readings at a time in one process. Four processes fit into the 100 connections that PostgreSQL has by default."""
RESERVED = 4
"""Connections that these leave to brief readings."""
READER_SECONDS = 10.0
"""How long one more waits for its turn."""
READ_SECONDS = 20.0
"""How long one statement of a reading transaction may take, on PostgreSQL."""
WRITE_SECONDS = 10.0
"""How long one of a writing transaction may: whoever logs a call waits for it, and hears that it failed within 30."""
STEP_SECONDS = 15.0
"""How long one of a step of work in the background may, while everybody waits."""
PATIENT_SECONDS = 600.0
"""How long one that goes through much may, for a command that an operator waits for."""
EMPTYING_MILLISECONDS = 20
"""How long the log's emptying waits for readers, and whoever writes for it."""
OPENING_SECONDS = 5.0
"""How long a connection to an SQLite file is tried anew while another process makes the file."""
OPENING_PAUSE_SECONDS = 0.05
LOG_BYTES = 64 * 2**20
"""To this SQLite's log is cut when it begins anew, after a long reader had made it grow."""
LONG_LOG, LAST_PAGES = 4_000, 400
"""From so many pages on SQLite's log should begin anew, and so many are moved while writers wait."""
CHECKPOINT_ROUNDS = 8
LOOK_SECONDS = 1.0
"""How often whoever waits looks whether there is still time."""
LOCK_TIMEOUT = "55P03"  # PostgreSQL's word for a lock that was not to be had in time
READ_ONLY = "25006"  # PostgreSQL's word for a transaction that may not write, as on a standby
NO_TABLE = "42P01"  # PostgreSQL's word for a table that is not there
NOT_A_DATABASE = 26  # SQLite's number for a file that is something else
INCREMENTAL = 2  # SQLite's number for auto_vacuum=INCREMENTAL
SQLITE_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA busy_timeout=10000",
    "PRAGMA foreign_keys=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA secure_delete=FAST",  # what is deleted or moved within a page is overwritten: no further page is written for it
    "PRAGMA wal_autocheckpoint=64000",  # 256 MB; see callscope.db.checkpoint
    f"PRAGMA journal_size_limit={LOG_BYTES}",
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
        self.readers = SQLITE_READERS if self.is_sqlite else POSTGRESQL_READERS
        """How many readings there may be at a time."""
        self._places = threading.BoundedSemaphore(self.readers)
        self._lock_file: int | None = None
        self._stops_at = float("inf")
        self.checkpointed_at = float("-inf")
        """When `checkpoint` last ended, by `time.monotonic`."""
        if self.is_sqlite:
            path = Path(self.url.database or "")
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lock_path = path.with_name(path.name + ".lock")
            _make_private(path)
            self._reader = _sqlite_engine(url, begin="BEGIN", cache_kib=read_cache_kib, pool_size=8)
            self._writer = _sqlite_engine(url, begin="BEGIN IMMEDIATE", cache_kib=write_cache_kib, pool_size=1)
        else:
            self._reader = postgresql.reading_engine(
                self.url, self._stopping_at, connections=self.readers + RESERVED, statement_seconds=READ_SECONDS
            )
            self._writer = postgresql.writing_engine(self.url, self._stopping_at)
            for engine in (self._reader, self._writer):
                event.listen(engine, "connect", _check_encoding)

    @property
    def engine(self) -> Engine:
        """The engine that writes; for migrations."""
        return self._writer

    def connections_in_use(self) -> int:
        """How many connections are busy just now."""
        pools = {self._reader.pool, self._writer.pool}
        return sum(pool.checkedout() for pool in pools if isinstance(pool, QueuePool))

    @contextmanager
    def read(self, statement_seconds: float = READ_SECONDS, *, brief: bool = False) -> Iterator[Connection]:
        """A short reading transaction: one consistent state of the data, however many questions.

        Args:
            statement_seconds: how long one of its statements may take, on PostgreSQL.
            brief: it reads a few rows that whoever logs calls may wait for, so it does not stand in line behind slow
                readings.

        Raises DatabaseUnavailable when the database cannot be reached, too many others read, or it takes too long.
        """
        place = nullcontext() if brief else self._place_to_read()
        with self._translated(), place, self._reader.connect() as connection:
            if not self.is_sqlite:
                postgresql.bear(connection, statement_seconds)
                if statement_seconds != READ_SECONDS:
                    postgresql.limit(connection, statement_seconds)
            yield connection

    @contextmanager
    def write(
        self, wait_seconds: float = WAIT_SECONDS, statement_seconds: float | None = WRITE_SECONDS
    ) -> Iterator[Connection]:
        """A writing transaction under the lock of all writers; committed and synced when the block ends.

        Args:
            wait_seconds: how long to wait for the lock.
            statement_seconds: how long one of its statements may take, on PostgreSQL; None: as long as it does.

        Raises DatabaseUnavailable when it cannot be written, takes too long, or the lock is not to be had in time. Then
        nothing of it is stored, unless it was the commit that had no answer: `settled` shows what became of that.
        """
        deadline = time.monotonic() + wait_seconds
        with self._translated(), self._own_turn(deadline):
            if self.is_sqlite:
                with self._file_lock(deadline), self._writer.begin() as connection:
                    yield connection
            else:
                with self._writer.connect() as connection:
                    postgresql.bear(connection, statement_seconds)
                    self._take_advisory_lock(connection, deadline, statement_seconds)
                    yield connection
                    connection.commit()

    @contextmanager
    def settled(self, wait_seconds: float) -> Iterator[Connection]:
        """A reading that sees how every writing transaction before it ended, also one whose connection broke.

        PostgreSQL may still be committing that one: it has ended when the lock of all writers is to be had. SQLite's end
        with their connection. Raises DatabaseUnavailable.
        """
        with self.read(brief=True) if self.is_sqlite else self.write(wait_seconds) as connection:
            yield connection

    def give_up_at(self, moment: float) -> None:
        """For a stop: from this moment (of `time.monotonic`) on nobody waits for the lock, a place to read or PostgreSQL.

        A process does not end before its threads, and one that reads would wait for a silent server.
        """
        self._stops_at = moment

    @contextmanager
    def read_session(self, *, brief: bool = False) -> Iterator[Session]:
        """An ORM session for reading; `brief` is as in `read`."""
        with (
            self.read(brief=brief) as connection,
            Session(connection, expire_on_commit=False, autoflush=False) as session,
        ):
            yield session

    @contextmanager
    def write_session(self) -> Iterator[Session]:
        """An ORM session in a writing transaction; flushed and committed when the block ends."""
        with self.write() as connection, Session(connection, expire_on_commit=False) as session:
            yield session
            session.flush()

    @contextmanager
    def only_here(self, what: str) -> Iterator[bool]:
        """Whether nobody else does `what` (a word of ours) on this database; if so, nobody does until the block ends.

        Whoever dies lets go of it. Raises DatabaseUnavailable.
        """
        with self._translated():
            if self.is_sqlite:
                yield from _only_with_file(self._lock_path.with_suffix(f".{what}.lock"))
            else:
                yield from self._only_with_advisory_lock(what)

    def _only_with_advisory_lock(self, what: str) -> Iterator[bool]:
        with self._place_to_read(), self._reader.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            postgresql.bear(connection, READ_SECONDS)
            key = {"n": WRITE_LOCK, "what": what}
            got = bool(connection.scalar(text("SELECT pg_try_advisory_lock(:n, hashtext(:what))"), key))
            try:
                yield got
            finally:
                if got and not connection.invalidated:
                    connection.scalar(text("SELECT pg_advisory_unlock(:n, hashtext(:what))"), key)

    def checkpoint(self) -> None:
        """Move what is committed from SQLite's log into its file, as far as that goes without waiting for readers.

        SQLite syncs the file, and begins its log anew, only when nothing was written meanwhile. So this goes in rounds,
        each of them over what came during the one before. When little is left of a long log, or there is no end to it,
        writers wait for the last round: else the log would grow until one of them had to move all of it in its commit.

        Raises DatabaseUnavailable, on a full disk for instance.
        """
        with self._translated():
            connection = self._reader.raw_connection()
            try:
                cursor = connection.cursor()
                moved = 0
                for _ in range(CHECKPOINT_ROUNDS):
                    before = moved
                    in_log, moved = _checkpoint(cursor)
                    if in_log <= LONG_LOG or in_log == before or moved < in_log:
                        return  # it is short, or all of it moved and synced, or a reader needs the rest
                    if 0 <= in_log - before <= LAST_PAGES:
                        break
                deadline = time.monotonic() + LOOK_SECONDS
                with suppress(DatabaseUnavailable), self._own_turn(deadline), self._file_lock(deadline):
                    _checkpoint(cursor)
            finally:
                connection.close()
                self.checkpointed_at = time.monotonic()

    def empty_log(self) -> bool:
        """Move all that is committed into SQLite's file and empty its log; gives whether nobody's reading stood in the way.

        Writers wait meanwhile, so `checkpoint` should have been at it just before. Raises DatabaseUnavailable.
        """
        with self._translated(), self._own_turn(time.monotonic() + WAIT_SECONDS):
            connection = self._reader.raw_connection()
            try:
                cursor = connection.cursor()
                cursor.execute(f"PRAGMA busy_timeout={EMPTYING_MILLISECONDS}")
                busy, *_ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                return not busy
            finally:
                connection.invalidate()  # with its short patience it is for nothing else
                connection.close()

    def vacuum(self, names: Sequence[str]) -> None:
        """On PostgreSQL, let the space of deleted rows of these tables (our names) be used again."""
        with self._translated(), self._place_to_read(), self._reader.connect() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT")
            postgresql.bear(connection, None)
            connection.exec_driver_sql("SET statement_timeout = 0")
            for name in names:
                connection.exec_driver_sql(f"VACUUM {name}")
            connection.invalidate()  # with its long patience it is for nothing else

    def dispose(self) -> None:
        """Close all connections."""
        self._reader.dispose()
        self._writer.dispose()
        self.abandon()

    def abandon(self) -> None:
        """In a forked child: let go of the file lock, which the parent may hold, and touch nothing else."""
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
            reason = str(cause).partition("\n")[0]
            raise DatabaseUnavailable(f"{self.url.database}: {reason}" if self.is_sqlite else reason) from error

    def _is_away(self, error: Exception) -> bool:
        if isinstance(error, OSError | PoolTimeout):  # the lock file on a full or read-only disk; no connection is free
            return True
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            return True
        # COPY speaks to the driver itself, whose errors come as they are.
        cause = error.orig if isinstance(error, DBAPIError) else error
        driver: Any = self._writer.dialect.loaded_dbapi
        codes = getattr(cause, "sqlstate", None), getattr(cause, "sqlite_errorcode", None)
        if codes[0] == NO_TABLE and "payload" in str(cause):  # purged since the reading began, and gone at the next one
            return True
        return isinstance(cause, driver.OperationalError) or codes[0] == READ_ONLY or codes[1] == NOT_A_DATABASE

    def _stopping_at(self) -> float:
        return self._stops_at

    @contextmanager
    def _place_to_read(self) -> Iterator[None]:
        deadline = time.monotonic() + READER_SECONDS
        while not self._places.acquire(timeout=self._time_to_wait(deadline, "too many are reading")):
            pass
        try:
            yield
        finally:
            self._places.release()

    def _time_to_wait(self, deadline: float, otherwise: str = "others have been writing all the time") -> float:
        """How long to wait for others before asking this again; raises DatabaseUnavailable when time is up."""
        now = time.monotonic()
        left = min(deadline, self._stops_at) - now
        if left <= 0:
            raise DatabaseUnavailable(postgresql.STOPPING if now >= self._stops_at else otherwise)
        return min(left, LOOK_SECONDS)

    @contextmanager
    def _own_turn(self, deadline: float) -> Iterator[None]:
        """The turn among this process's writers: only one of them stands in line with those of other processes."""
        while not self._turn.acquire(timeout=self._time_to_wait(deadline)):
            pass
        try:
            yield
        finally:
            self._turn.release()

    @contextmanager
    def _file_lock(self, deadline: float) -> Iterator[None]:
        if self._lock_file is None:
            self._lock_file = _open_lock(self._lock_path)
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            locked = self._wait_for_file_lock(deadline)
            os.close(self._lock_file)
            self._lock_file = locked
        try:
            yield
        finally:
            fcntl.flock(self._lock_file, fcntl.LOCK_UN)

    def _wait_for_file_lock(self, deadline: float) -> int:
        """A descriptor that holds the lock.

        A thread stands in the kernel's line for it: who only looked now and then would be passed over by those who
        write all the time. It cannot be called back; what it gets when nobody wants it any more, it gives back.
        """
        got: futures.Future[int] = futures.Future()
        waiting = (_open_lock(self._lock_path), got)
        threading.Thread(target=_stand_in_line, args=waiting, name="callscope-lock", daemon=True).start()
        try:
            while not got.done():
                futures.wait([got], self._time_to_wait(deadline))
        except DatabaseUnavailable:
            if got.cancel():
                raise
        return got.result()

    def _take_advisory_lock(self, connection: Connection, deadline: float, statement_seconds: float | None) -> None:
        while True:
            wait = self._time_to_wait(deadline)
            try:
                postgresql.take_write_lock(connection, WRITE_LOCK, wait, statement_seconds)
                return
            except OperationalError as error:
                if getattr(error.orig, "sqlstate", None) != LOCK_TIMEOUT:
                    raise
                connection.rollback()


def _checkpoint(cursor: Any) -> tuple[int, int]:
    """How many pages are in the log, and how many of them in the file now; -1 while another moves them."""
    _busy, in_log, moved = cursor.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    return in_log, moved


def _open_lock(path: Path) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if os.geteuid() == 0:  # a command of root's must not shut out the server, whose user has the folder
        owner = path.parent.stat()
        os.fchown(descriptor, owner.st_uid, owner.st_gid)
    return descriptor


def _only_with_file(path: Path) -> Iterator[bool]:
    descriptor = _open_lock(path)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def _stand_in_line(descriptor: int, got: "futures.Future[int]") -> None:
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    if got.set_running_or_notify_cancel():
        got.set_result(descriptor)
    else:
        os.close(descriptor)


def _make_private(path: Path) -> None:
    """Make a new database file for its owner alone; SQLite gives its other files the same mode."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return


def _check_encoding(connection: Any, _record: object) -> None:
    """Refuse a PostgreSQL database that cannot hold every text; the server tells its encoding with each connection."""
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise DatabaseUnavailable(
            f"the database is in {encoding}; it must be made with ENCODING 'UTF8' TEMPLATE template0"
        )


def _sqlite_engine(url: str, *, begin: str, cache_kib: int, pool_size: int) -> Engine:
    engine = create_engine(
        url, pool_size=pool_size, max_overflow=24, pool_timeout=10, hide_parameters=True,
        connect_args={"isolation_level": None, "check_same_thread": False, "cached_statements": 256},
    )  # fmt: skip

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        # sqlite3 would open transactions by itself, at the wrong moment; the "begin" event below does it instead.
        deadline = time.monotonic() + OPENING_SECONDS
        while True:
            try:
                set_up(connection)
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= deadline:
                    raise
            time.sleep(OPENING_PAUSE_SECONDS)  # who makes the file switches to a log, and SQLite waits for nobody there

    def set_up(connection: Any) -> None:
        if connection.execute("PRAGMA auto_vacuum").fetchone() != (INCREMENTAL,):
            # Before anything is in the file. Never again: it is a write, and readers open connections too.
            connection.execute(f"PRAGMA auto_vacuum={INCREMENTAL}")
        for pragma in (*SQLITE_PRAGMAS, f"PRAGMA cache_size=-{cache_kib}"):
            connection.execute(pragma)

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine

"""What is read when somebody asks: the process, its queue, the database, the versions."""

import os
import resource
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog
from sqlalchemy import text

from callscope import __version__
from callscope.api.health import Check
from callscope.db.engine import Database, DatabaseUnavailable
from callscope.db.migrate import HEAD
from callscope.ingest.recorder import Recorder
from callscope.monitoring.measures import Description, Labels, Values
from callscope.pricing.book import PriceBook

log = structlog.get_logger(__name__)

PAGE_BYTES = resource.getpagesize()

PROCESS = (
    Description("callscope_queue_rows", "gauge", "Changes that wait to be written."),
    Description("callscope_queue_bytes", "gauge", "Their weight."),
    Description("callscope_queue_max_rows", "gauge", "How many changes may wait."),
    Description("callscope_queue_max_bytes", "gauge", "What they may weigh."),
    Description("callscope_database_connections", "gauge", "Connections to the database that are in use."),
    Description("process_cpu_seconds_total", "counter", "Processor time."),
    Description("process_resident_memory_bytes", "gauge", "Memory; what processes share is in it once for each."),
    Description("process_open_fds", "gauge", "Open files, connections among them."),
    Description("process_max_fds", "gauge", "How many files may be open."),
)
"""Of each process; the sum over all processes is told."""
SERVER = (
    Description("callscope_info", "gauge", "The versions that run.", ("version", "schema", "prices", "database")),
    Description("callscope_processes", "gauge", "Processes that serve."),
    Description("callscope_ready", "gauge", "1 where GET /health/ready finds nothing wrong.", ("check",)),
    Description("callscope_database_bytes", "gauge", "Size of the database; without SQLite's log."),
    Description("callscope_database_wal_bytes", "gauge", "Size of SQLite's log of what is not in its file yet."),
    Description(
        "callscope_lag_seconds", "gauge", "How far something that follows the writes is behind.", ("follower",)
    ),
)
"""Of the server as a whole."""


class ProcessGauges:
    """The state of this process."""

    def __init__(self, db: Database, recorder: Recorder) -> None:
        self._db = db
        self._recorder = recorder

    def __call__(self) -> Values:
        """Each of `PROCESS` that can be known here."""
        usage = resource.getrusage(resource.RUSAGE_SELF)
        rows, size, max_rows, max_bytes = self._recorder.load()
        numbers = {
            "callscope_queue_rows": rows,
            "callscope_queue_bytes": size,
            "callscope_queue_max_rows": max_rows,
            "callscope_queue_max_bytes": max_bytes,
            "callscope_database_connections": self._db.connections_in_use(),
            "process_cpu_seconds_total": usage.ru_utime + usage.ru_stime,
            "process_max_fds": resource.getrlimit(resource.RLIMIT_NOFILE)[0],
        }
        try:
            numbers["process_resident_memory_bytes"] = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_BYTES
            numbers["process_open_fds"] = len(os.listdir("/proc/self/fd"))
        except OSError:  # no Linux
            pass
        return {(name, ()): [float(number)] for name, number in numbers.items()}


class ServerGauges:
    """The state of the database and the versions. The size of a PostgreSQL database is asked for once in a while.

    Args:
        readiness: what GET /health/ready asks, by name.
        lags: gives the seconds that something which follows the writes is behind, by name.
    """

    keep_seconds = 30.0

    def __init__(
        self,
        db: Database,
        book: PriceBook,
        readiness: Mapping[str, Check],
        lags: Mapping[str, Callable[[], float | None]] | None = None,
    ) -> None:
        self._db = db
        self._book = book
        self._readiness = readiness
        self._lags = lags or {}
        self._size = 0.0
        self._size_at = float("-inf")

    def __call__(self) -> Values:
        """Each of `SERVER` that can be known now; asks the database, so for a thread."""
        ready = {check: trouble() for check, trouble in self._readiness.items()}
        prices = self._book.label if self._book.loaded else ""
        version: Labels = (__version__, HEAD, prices, self._db.url.get_backend_name())
        values: Values = {("callscope_info", version): [1]}
        for check, reason in ready.items():
            values["callscope_ready", (check,)] = [0 if reason else 1]
        for follower, lag in self._lags.items():
            behind = lag()
            if behind is not None:
                values["callscope_lag_seconds", (follower,)] = [behind]
        if self._db.is_sqlite:
            path = Path(self._db.url.database or "")
            values["callscope_database_bytes", ()] = [_size(path)]
            values["callscope_database_wal_bytes", ()] = [_size(path.with_name(path.name + "-wal"))]
        elif not ready.get("database"):  # else whoever asks would wait for what is known to be away
            self._ask_size()
            if self._size:
                values["callscope_database_bytes", ()] = [self._size]
        return values

    def _ask_size(self) -> None:
        if time.monotonic() - self._size_at < self.keep_seconds:
            return
        try:
            with self._db.read() as connection:
                self._size = float(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())
        except DatabaseUnavailable as error:
            log.warning("the size of the database cannot be asked", reason=str(error))
        self._size_at = time.monotonic()


def _size(path: Path) -> float:
    try:
        return float(path.stat().st_size)
    except OSError:
        return 0.0

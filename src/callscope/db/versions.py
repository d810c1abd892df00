"""Tells every process that something cached has changed: a number per name, raised with the change itself.

A cache registers with `watch`; its callback runs in this process as soon as `announce` is called, and in the other
processes on the same database within `POLL_SECONDS`.
"""

import threading
from collections.abc import Callable

import structlog
from sqlalchemy import BigInteger, Column, Connection, String, Table, insert, select, update

from callscope.db.engine import Database, DatabaseUnavailable
from callscope.db.types import metadata

POLL_SECONDS = 1.0

versions = Table(
    "versions",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

log = structlog.get_logger(__name__)


def bump(connection: Connection, name: str) -> None:
    """Raise the number of `name`, in the transaction of the change that it tells of."""
    changed = connection.execute(update(versions).where(versions.c.name == name).values(value=versions.c.value + 1))
    if changed.rowcount == 0:
        connection.execute(insert(versions).values(name=name, value=1))


class Versions:
    """The watcher of one process. `start` it once; `stop` it at the end."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._callbacks: dict[str, list[Callable[[], None]]] = {}
        self._seen: dict[str, int] = {}
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def watch(self, name: str, callback: Callable[[], None]) -> None:
        """Have `callback` run, in some thread, after each change of `name`. It must be quick and thread-safe."""
        self._callbacks.setdefault(name, []).append(callback)

    def announce(self, name: str) -> None:
        """Run this process's callbacks now; call it after the transaction with `bump` has committed."""
        for callback in self._callbacks.get(name, ()):
            callback()

    def start(self) -> None:
        """Begin to look for other processes' changes."""
        self._seen = self._read()
        self._thread = threading.Thread(target=self._run, name="callscope-versions", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop looking."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(POLL_SECONDS):
            try:
                now = self._read()
            except DatabaseUnavailable as error:
                log.warning("cannot look for changes", reason=str(error))
                continue
            changed = [name for name, value in now.items() if self._seen.get(name) != value]
            self._seen = now
            for name in changed:
                self.announce(name)

    def _read(self) -> dict[str, int]:
        with self._db.read() as connection:
            rows = connection.execute(select(versions.c.name, versions.c.value))
            return {row.name: row.value for row in rows}

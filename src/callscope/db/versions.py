"""Tells every process that something cached has changed: a number per name, raised with the change itself.

A cache registers with `watch`; its callback runs in this process as soon as `announce` is called, and in the other
processes on the same database within `POLL_SECONDS`.
"""

from collections.abc import Callable

from sqlalchemy import BigInteger, Column, Connection, String, Table, insert, select, update

from callscope.db.engine import Database
from callscope.db.periodic import Periodic
from callscope.db.types import metadata

POLL_SECONDS = 1.0

versions = Table(
    "versions",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", BigInteger, nullable=False),
)


def bump(connection: Connection, name: str) -> None:
    """Raise the number of `name`, in the transaction of the change that it tells of."""
    changed = connection.execute(update(versions).where(versions.c.name == name).values(value=versions.c.value + 1))
    if changed.rowcount == 0:
        connection.execute(insert(versions).values(name=name, value=1))


class Versions(Periodic):
    """The watcher of one process. `start` it once; `stop` it at the end."""

    def __init__(self, db: Database) -> None:
        super().__init__("versions", self._look, POLL_SECONDS)
        self._db = db
        self._callbacks: dict[str, list[Callable[[], None]]] = {}
        self._seen: dict[str, int] = {}

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
        super().start()

    def _look(self) -> None:
        now = self._read()
        changed = [name for name, value in now.items() if self._seen.get(name) != value]
        self._seen = now
        for name in changed:
            self.announce(name)

    def _read(self) -> dict[str, int]:
        with self._db.read(brief=True) as connection:
            rows = connection.execute(select(versions.c.name, versions.c.value))
            return {row.name: row.value for row in rows}

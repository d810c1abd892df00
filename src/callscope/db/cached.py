"""Something read from the database and kept in memory until it changes."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from callscope.db.versions import Versions

T = TypeVar("T")


class Cached(Generic[T]):
    """A value that costs SQL only after a change; safe to use from several threads.

    Args:
        read: reads it from the database.
        versions, name: what tells of its changes.
    """

    def __init__(self, read: Callable[[], T], versions: Versions, name: str) -> None:
        self._read = read
        self._begun = 0
        self._newest = 0  # of the readings begun so far, the one that holds; what began before it is out of date
        self._lock = threading.Lock()
        self.current: T | None = None
        """The value, if it is in memory: for those who must not wait."""
        versions.watch(name, self._drop)

    def get(self, *, again: bool = False) -> T:
        """The value; it is read where it is not in memory, or if it must be read again."""
        current = self.current
        if current is None or again:
            with self._lock:
                self._begun += 1
                begun = self._begun
            current = self._read()
            with self._lock:
                # Else it may be older than what another thread has read meanwhile, or than a change.
                if begun > self._newest:
                    self.current, self._newest = current, begun
        return current

    def _drop(self) -> None:
        with self._lock:
            self._newest = self._begun
            self.current = None

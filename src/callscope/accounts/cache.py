"""A small bounded cache that never keeps what was read before a change."""

import threading
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


class BoundedCache(Generic[K, V]):
    """At most `size` entries, the oldest dropped first; safe to use from several threads.

    Who fills it takes `generation` before reading the database and hands it to `put`: an entry that was read
    before the last `clear` is then not kept.
    """

    def __init__(self, size: int = 10_000) -> None:
        self._size = size
        self._entries: dict[K, V] = {}
        self._lock = threading.Lock()
        self.generation = 0

    def get(self, key: K) -> V | None:
        """The entry, or None."""
        return self._entries.get(key)

    def put(self, key: K, value: V, generation: int) -> None:
        """Keep an entry, unless the cache was cleared since `generation` was taken."""
        with self._lock:
            if generation != self.generation:
                return
            while len(self._entries) >= self._size:
                del self._entries[next(iter(self._entries))]
            self._entries[key] = value

    def clear(self) -> None:
        """Drop everything, also what is being read just now."""
        with self._lock:
            self.generation += 1
            self._entries.clear()

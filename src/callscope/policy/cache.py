"""The response cache that the programs of a project share: answers in memory, the least used ones dropped first.

Each process has its own, and a restart empties it: it saves money, and nothing relies on it.
"""

import json
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import JsonValue

from callscope.api.errors import ApiError, Conflict, NotFound, invalid
from callscope.db.versions import Versions

VERSION = "response-cache"
"""Bump and announce it to have all processes forget all answers: what is erased must not come back out of a cache."""
MAX_ENTRY_BYTES = 262_144
OVERHEAD_BYTES = 500
"""What an entry weighs besides its value."""

Space = int | None
"""Whose an entry is: a project's, or with None that of the keys for all projects."""


class CachingOff(Conflict):
    """An administrator has caching switched off."""

    def __init__(self) -> None:
        super().__init__("Response caching is switched off. An admin can switch it on under Settings.")


class EntryNotFound(NotFound):
    """There is no such entry, or no longer."""

    def __init__(self) -> None:
        super().__init__("The cache has no answer for this request, or no longer.")


class EntryTooLarge(ApiError):
    """The value is over the bound of one entry."""

    status = 413

    def __init__(self, size: int) -> None:
        super().__init__(f"The value has {size} bytes as JSON; the cache takes up to {MAX_ENTRY_BYTES}.")


@dataclass(frozen=True, slots=True)
class Entry:
    """An answer: the JSON of its value, which model gave it, and until when it holds (seconds since the epoch)."""

    value: bytes
    model: str
    expires_at: float


class ResponseCache:
    """The answers of one process; safe to use from several threads.

    Args:
        max_bytes: of all entries together.
        versions: tells when all must be forgotten.
        clock: gives the time in seconds since the epoch.
    """

    def __init__(self, max_bytes: int, versions: Versions, clock: Callable[[], float] = time.time) -> None:
        self._max_bytes = max_bytes
        self._clock = clock
        self._entries: OrderedDict[tuple[Space, str], Entry] = OrderedDict()
        self._lock = threading.Lock()
        self.bytes = 0
        """What the entries weigh."""
        versions.watch(VERSION, self.clear)

    def get(self, space: Space, digest: str) -> Entry:
        """The entry, which counts as used. Raises EntryNotFound."""
        key = space, digest
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None and entry.expires_at <= self._clock():
                self._drop(key)
                entry = None
            if entry is None:
                raise EntryNotFound
            self._entries.move_to_end(key)
        return entry

    def put(self, space: Space, digest: str, value: JsonValue, model: str, ttl_seconds: int) -> Entry:
        """Keep an answer in place of any that there is. Raises EntryTooLarge, Invalid."""
        try:
            document = json.dumps(value, allow_nan=False, separators=(",", ":"), ensure_ascii=False).encode()
        except ValueError as error:  # NaN; half a character
            raise invalid("value", "must be JSON, without NaN and infinities") from error
        if len(document) > MAX_ENTRY_BYTES:
            raise EntryTooLarge(len(document))
        entry, key = Entry(document, model, self._clock() + ttl_seconds), (space, digest)
        with self._lock:
            if key in self._entries:
                self._drop(key)
            self._entries[key] = entry
            self.bytes += _weight(entry)
            while self.bytes > self._max_bytes:
                self._drop(next(iter(self._entries)))
        return entry

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._entries.clear()
            self.bytes = 0

    def _drop(self, key: tuple[Space, str]) -> None:
        self.bytes -= _weight(self._entries.pop(key))


def _weight(entry: Entry) -> int:
    return len(entry.value) + OVERHEAD_BYTES

"""The counts of several processes as one: each keeps a copy of its own in a folder, and who is asked adds them up.

A request for the counts reaches any of the processes, so what it answers is its own counts and the others' as they were
a second ago at most. What processes counted that have ended is kept in one file, since a counter must not fall.
"""

import fcntl
import json
import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from callscope.db.periodic import Periodic
from callscope.monitoring.measures import Values, add

EVERY_SECONDS = 1.0
ENDED = "ended.json"

Both = tuple[Values, Values]
"""What a process counted, and its gauges: these end with it."""


class Sharing(Periodic):
    """One process's part.

    Args:
        folder: the folder of all processes of a server, on one machine; None for a server of one process.
        own: the state of this process.
    """

    def __init__(self, folder: Path | None, own: Callable[[], Both]) -> None:
        super().__init__("sharing", self._write, EVERY_SECONDS, first_seconds=0.0)
        self._folder = folder
        self._own = own
        self._path = None if folder is None else folder / f"{os.getpid()}-{uuid.uuid4().hex[:8]}.json"

    def start(self) -> None:
        """Begin to tell the others, where there may be some."""
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            super().start()

    def stop(self, timeout: float | None = None) -> None:
        """Leave the last counts behind."""
        super().stop(timeout)
        if self._folder is not None and self._folder.is_dir():
            self._write()

    def all(self) -> tuple[Values, int]:
        """The counts and gauges of all processes, and how many processes there are."""
        counts, gauges = self._own()
        processes = 1
        if self._folder is not None:
            with _alone_in(self._folder):
                _gather_ended(self._folder)
                for path in self._folder.glob("*.json"):
                    if path == self._path:
                        continue
                    other = _read(path)
                    add(counts, other[0])
                    if path.name != ENDED:
                        add(gauges, other[1])
                        processes += 1
        return {**counts, **gauges}, processes

    def _write(self) -> None:
        if self._path is not None:
            _write_whole(self._path, [_series(values) for values in self._own()])


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Nobody else gathers or adds up meanwhile."""
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _gather_ended(folder: Path) -> None:
    """Move what ended processes counted into one file, so that the folder does not grow.

    The file names whom it has: whoever is killed before he has removed theirs does not have them counted twice.
    """
    ended = {path.name for path in folder.glob("*-*.json") if not _is_alive(path)}
    if not ended:
        return
    total, there = _read_ended(folder)
    for name in ended - there:
        add(total, _read(folder / name)[0])
    _write_whole(folder / ENDED, [_series(total), [], sorted(ended)])
    for name in ended:
        (folder / name).unlink(missing_ok=True)


def _is_alive(path: Path) -> bool:
    try:
        os.kill(int(path.name.partition("-")[0]), 0)
    except ProcessLookupError:
        return False
    except (ValueError, PermissionError):
        return True
    return True


def _write_whole(path: Path, content: list[Any]) -> None:
    part = path.with_suffix(".part")
    part.write_text(json.dumps(content))
    part.replace(path)


def _read(path: Path) -> Both:
    try:
        counts, gauges, *_ = json.loads(path.read_text())
    except (OSError, ValueError):  # there is none, or a broken one
        return {}, {}
    return _values(counts), _values(gauges)


def _read_ended(folder: Path) -> tuple[Values, set[str]]:
    """What ended processes counted, and the names of the files that were added last: they may still be there."""
    try:
        counts, _, names = json.loads((folder / ENDED).read_text())
    except (OSError, ValueError):
        return {}, set()
    return _values(counts), set(names)


def _series(values: Values) -> list[tuple[str, tuple[str, ...], list[float]]]:
    return [(name, labels, of_each) for (name, labels), of_each in values.items()]


def _values(series: list[tuple[str, list[str], list[float]]]) -> Values:
    return {(name, tuple(labels)): values for name, labels, values in series}

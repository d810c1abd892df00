"""Reads a trace of system calls (strace -f -y) and says which answers were sent before what they promise was synced.

The kernel's own record cannot be fooled: a write, a sync and an answer are in it when and only when they took place.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

STRACE = (
    "strace",
    "-f",
    "-y",
    "-s",
    "4200",
    "-e",
    "trace=fsync,fdatasync,pwrite64,pwritev,write,writev,sendto,sendmsg",
)
"""`-s`: a whole page of the database is shown, so that a row can be found in it."""

SYNCS = {"fsync", "fdatasync"}
_LINE = re.compile(r"^(?P<thread>\d+) +(?P<rest>.*)$")
_CALL = re.compile(r"^(?P<name>\w+)\(\d+<(?P<file>[^>]*)>(?P<rest>.*)$", re.DOTALL)
_UNFINISHED = " <unfinished ...>"
_RESUMED = re.compile(r"^<\.\.\. (?P<name>\w+) resumed>(?P<rest>.*)$")
_RESULT = re.compile(r"= (-?\d+)[^=]*$")


@dataclass(frozen=True, slots=True)
class SystemCall:
    """One system call: `begin` and `end` are its places in the trace."""

    name: str
    file: str
    text: str
    begin: int
    end: int
    result: int


def system_calls(lines: Iterable[str]) -> Iterator[SystemCall]:
    """The completed system calls of a trace, in the order of their ends."""
    begun: dict[str, tuple[int, str]] = {}
    for place, line in enumerate(lines):
        parts = _LINE.match(line)
        if parts is None:
            continue
        thread, text = parts["thread"], parts["rest"]
        begin = place
        if text.endswith(_UNFINISHED):
            begun[thread] = (place, text.removesuffix(_UNFINISHED))
            continue
        resumed = _RESUMED.match(text)
        if resumed is not None:
            if thread not in begun:
                continue
            begin, first = begun.pop(thread)
            text = first + resumed["rest"]
        call, result = _CALL.match(text), _RESULT.search(text)
        if call is not None and result is not None:
            yield SystemCall(call["name"], call["file"], text, begin, place, int(result[1]))


def faults(trace: Path, names: Sequence[str]) -> dict[str, str]:
    """For each call of these names, what is wrong with the order of write, sync and answer; empty if all is well.

    A call's row must be written to the write-ahead log, all of the log must be synced after that, and only then may
    an answer that names it (in its X-Request-ID) and says 201 be sent.
    """
    calls = list(system_calls(trace.read_text(errors="replace").splitlines()))
    found = {}
    for name in names:
        fault = _fault(calls, name)
        if fault is not None:
            found[name] = fault
    return found


def _fault(calls: Sequence[SystemCall], name: str) -> str | None:
    answer = next((call for call in calls if "HTTP/1.1 201" in call.text and name in call.text), None)
    if answer is None:
        return "never answered"
    logged = [call for call in calls if call.file.endswith("-wal") and call.begin < answer.begin]
    if not any(call.name not in SYNCS and name in call.text for call in logged):
        return "answered before its row was written"
    last_write = max(call.end for call in logged if call.name not in SYNCS)
    synced = (c for c in logged if c.name in SYNCS and c.result == 0 and c.begin > last_write and c.end < answer.begin)
    return None if any(synced) else "answered before the log was synced"

"""A client that costs little, since it shares the machine with what it measures: raw HTTP on keep-alive connections."""

import asyncio
import itertools
import time
from collections.abc import Callable


def request(path: str, token: str, body: bytes) -> bytes:
    """A POST as it goes over the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class _Turns:
    """When the next request is due: each in turn `every` seconds after the one before, on whichever connection is free."""

    def __init__(self, every: float) -> None:
        self._every = every
        self._began = time.perf_counter()
        self._turns = itertools.count()

    async def next(self) -> float:
        """Wait until the next one is due; gives since when it has been."""
        if not self._every:
            return time.perf_counter()
        due = self._began + next(self._turns) * self._every
        await asyncio.sleep(due - time.perf_counter())
        return due


async def _connection(
    port: int,
    until: float,
    turns: _Turns,
    next_request: Callable[[], bytes | None],
    answers: list[tuple[float, float]],
    statuses: dict[int, int],
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        due = await turns.next()
        data = next_request()
        if data is None:
            break
        writer.write(data)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
        await reader.readexactly(length)
        now = time.perf_counter()
        answers.append((now, now - due))
        status = int(head.split(b" ", 2)[1])
        statuses[status] = statuses.get(status, 0) + 1
    writer.close()


def drive(
    port: int,
    connections: int,
    for_seconds: float,
    next_request: Callable[[], bytes | None],
    every: float = 0.0,
    answers: list[tuple[float, float]] | None = None,
) -> tuple[float, list[float], dict[int, int]]:
    """Send requests on so many connections; gives the seconds it took, those of each request, and the statuses.

    Args:
        port: of the server.
        connections: how many, each with one request at a time.
        for_seconds: how long.
        next_request: gives the next one; None ends it.
        every: one is due each so many seconds, and the time it waits for a free connection counts as its own; 0: as
            soon as there is one.
        answers: takes each answer's moment, in order, by `time.perf_counter`, and the seconds it was waited for.
    """
    answers = [] if answers is None else answers
    statuses: dict[int, int] = {}

    async def run() -> None:
        turns = _Turns(every)
        until = time.perf_counter() + for_seconds
        await asyncio.gather(
            *(_connection(port, until, turns, next_request, answers, statuses) for _ in range(connections))
        )

    started = time.perf_counter()
    asyncio.run(run())
    return time.perf_counter() - started, sorted(waited for _, waited in answers), statuses


def quantile(ordered: list[float], share: float) -> float:
    """The nearest-rank quantile of sorted values."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

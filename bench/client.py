"""A client that costs little, since it shares the machine with what it measures: raw HTTP on keep-alive connections."""

import asyncio
import time
from collections.abc import Callable


def request(path: str, token: str, body: bytes) -> bytes:
    """A POST as it goes over the wire."""
    head = (
        f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _connection(
    port: int, until: float, next_request: Callable[[], bytes | None], seconds: list[float], statuses: dict[int, int]
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while time.perf_counter() < until:
        data = next_request()
        if data is None:
            break
        started = time.perf_counter()
        writer.write(data)
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0])
        await reader.readexactly(length)
        seconds.append(time.perf_counter() - started)
        status = int(head.split(b" ", 2)[1])
        statuses[status] = statuses.get(status, 0) + 1
    writer.close()


def drive(
    port: int, connections: int, for_seconds: float, next_request: Callable[[], bytes | None]
) -> tuple[float, list[float], dict[int, int]]:
    """Send requests on so many connections; gives the seconds it took, those of each request, and the statuses."""
    seconds: list[float] = []
    statuses: dict[int, int] = {}

    async def run() -> None:
        until = time.perf_counter() + for_seconds
        await asyncio.gather(*(_connection(port, until, next_request, seconds, statuses) for _ in range(connections)))

    started = time.perf_counter()
    asyncio.run(run())
    return time.perf_counter() - started, sorted(seconds), statuses


def quantile(ordered: list[float], share: float) -> float:
    """The nearest-rank quantile of sorted values."""
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

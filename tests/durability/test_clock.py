"""The clock is set back under load: calls are taken all the same, once each, and nothing that was acknowledged is lost."""

import struct
import sys
from pathlib import Path

import httpx
import pytest

from tests.durability import clocked
from tests.durability.load import Load, check_stored, check_totals
from tests.durability.server import Server

MICROS_PER_HOUR = 3_600_000_000


class Clock:
    """The clock of a server."""

    def __init__(self, file: Path) -> None:
        self._file = file
        file.write_bytes(bytes(8))
        self.command = (sys.executable, clocked.__file__, str(file), "serve", "--port", "0")

    def set(self, hours: float) -> None:
        """Set it so far off."""
        with self._file.open("r+b") as file:
            file.write(struct.pack("<q", int(hours * MICROS_PER_HOUR)))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("leaps", [(-2.5,), pytest.param((-2.5, 0.5, -30, -4, 1), marks=pytest.mark.long)])
def test_a_clock_that_is_set_under_load_costs_and_doubles_no_call(
    database_url: str, tmp_path: Path, leaps: tuple[float, ...]
) -> None:
    clock = Clock(tmp_path / "clock")
    server = Server(database_url, tmp_path / "data", command=clock.command)
    try:
        load = Load(server.login())
        headers = {"Authorization": f"Bearer {load.token}", "Content-Type": "application/json"}
        retried = [load.make("/llm/log-calls", 5) for _ in range(5)]
        with httpx.Client(base_url=server.url, headers=headers, timeout=30) as http, load.running(server, clients=4):
            assert all(load.send(http, request) for request in retried)
            first = {call["name"]: load.acknowledged[call["name"]] for one in retried for call in one.calls}
            for hours in (*leaps, 0):
                load.wait_for_more_than(len(load.acknowledged) + 200)
                clock.set(hours)
                load.wait_for_more_than(len(load.acknowledged) + 200)
                assert all(load.send(http, request) for request in retried)
                assert {name: load.acknowledged[name] for name in first} == first
                assert server.ready().status_code == 200
        load.send_unanswered(server)
        check_stored(load, database_url)
        clock.set(max(0, *leaps) + 1)  # what was logged ahead counts when its time has come
        check_totals(load, server, load.token)
        server.check_rollups()
    finally:
        server.kill()

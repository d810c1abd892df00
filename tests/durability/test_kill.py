"""`kill -9` at any moment loses nothing that was acknowledged, and counts nothing twice."""

import os
import random
import signal
import time
from pathlib import Path

import pytest

from tests.durability.load import Load, check_stored, check_totals
from tests.durability.server import Server

WORKERS = (2, 1, 1, 4)
"""How many workers serve in each round, in turn."""


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("rounds", [2, pytest.param(20, marks=pytest.mark.long)])
def test_a_killed_server_has_kept_every_acknowledged_call_once(database_url: str, tmp_path: Path, rounds: int) -> None:
    seed = time.time_ns()
    print(f"seed {seed}")
    rng = random.Random(seed)
    server = Server(database_url, tmp_path / "data", workers=WORKERS[0])
    try:
        token = server.login()
        load = Load(token, seed)
        for number in range(1, rounds + 1):
            before = len(load.acknowledged)
            with load.running(server):
                load.wait_for_more_than(before)
                time.sleep(rng.uniform(0, 1))
                if server.workers():  # one of them first: the others go on, and a new one takes its place
                    os.kill(rng.choice(server.workers()), signal.SIGKILL)
                    time.sleep(rng.uniform(0, 1))
                server.kill()
            server = Server(database_url, tmp_path / "data", workers=WORKERS[number % len(WORKERS)])
            check_stored(load, database_url)
            load.send_unanswered(server)
            check_totals(load, server, token)
        check_stored(load, database_url)
        server.check_rollups()
    finally:
        server.kill()

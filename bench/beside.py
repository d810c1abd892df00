"""How long logging waits while something large goes on beside it: a purge, an export, a backup.

    python -m bench.beside FOLDER [--calls 200000] [--rate 2000]

It fills the folder with calls and with one old week's payloads of a kilobyte (100,000), logs `--rate` calls a second in
batches of 10 on 16 connections, first alone, then beside each: the purge is the server's own, a minute after its start.
Of the purge only the time is counted in which it was under way. A pause is a time in which no batch is acknowledged; a
batch waits for the transaction before its own besides. The disk counts: on one in memory (`/dev/shm`) what is left is what
Callscope itself makes logging wait for.
"""

import argparse
import itertools
import json
import random
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, select, update

from bench import purge as bench_purge
from bench import reprice
from bench.client import drive, quantile, request
from bench.ingest import call
from bench.server import Server
from callscope.accounts.models import Project
from callscope.config import load_config
from callscope.db.engine import Database
from callscope.ingest.row import MICROS_PER_DAY
from callscope.store.sql import payload_tables, tidying
from callscope.store.sql.giving_back import FEW_PAGES

PER_REQUEST = 10
CONNECTIONS = 16
ALONE_SECONDS = 20
LOOK_SECONDS = 0.1


def fill(folder: Path, calls: int) -> int:
    """Calls of 30 days, and payloads that are due to be deleted as soon as a purge looks; gives their table's number."""
    reprice.fill(folder, calls, 3)
    db = Database(load_config(data_dir=folder).database_url)
    number = payload_tables.number(payload_tables.week_at(time.time_ns() // 1_000 - 21 * MICROS_PER_DAY), 7)
    bench_purge.fill(db, number, 2**40)
    with db.write() as connection:
        connection.execute(update(Project).where(Project.__table__.c.id == 1).values(payload_days=7))
    tidying.tidy(db, time.time_ns() // 1_000, lambda: False)  # as a server does all the time
    db.dispose()
    return number


class Load:
    """Calls that are logged at a steady rate, and how long each batch waited."""

    def __init__(self, server: Server, token: str, rate: float) -> None:
        self._server = server
        self._rate = rate
        rng = random.Random(9)  # noqa: S311  # not for secrets
        batches = [[call(rng, full=False) for _ in range(PER_REQUEST)] for _ in range(100)]
        self._bodies = itertools.cycle(
            [request("/llm/log-calls", token, json.dumps(batch).encode()) for batch in batches]
        )

    def beside(self, what: str, work: Callable[[], tuple[float, float] | None] | None) -> None:
        """Log while the work goes on, or for a while; print how long batches waited.

        What the work gives is from when till when it was under way, by `time.perf_counter`; None: from its call on.
        """
        answers: list[tuple[float, float]] = []
        statuses: dict[int, int] = {}
        stop = threading.Event()

        def following() -> bytes | None:
            return None if stop.is_set() else next(self._bodies)

        def logging() -> None:
            seconds = ALONE_SECONDS if work is None else 3_600.0
            every = PER_REQUEST / self._rate
            statuses.update(drive(self._server.port, CONNECTIONS, seconds, following, every, answers)[2])

        thread = threading.Thread(target=logging)
        thread.start()
        began, ended = time.perf_counter(), float("inf")
        if work is not None:
            try:
                began, ended = work() or (began, time.perf_counter())
            finally:
                stop.set()
            print(f"  it took {ended - began:.1f} s", flush=True)
        thread.join()
        if set(statuses) != {201}:
            print(f"  not all were taken: {statuses}", flush=True)
        during = [answer for answer in answers if began <= answer[0] <= ended]
        pause = max(later - earlier for (earlier, _), (later, _) in itertools.pairwise(during))
        waits = sorted(waited for _, waited in during)
        figures = ", ".join(f"p{100 * share:g} {1000 * quantile(waits, share):.1f}" for share in (0.5, 0.99, 0.999))
        rate = PER_REQUEST * len(during) / (during[-1][0] - during[0][0])
        print(
            f"{what}: {rate:,.0f} calls/s, longest pause {1000 * pause:.1f} ms, "
            f"waits in ms: {figures}, longest {1000 * waits[-1]:.1f}",
            flush=True,
        )


def purged(db: Database, number: int) -> tuple[float, float]:
    """Wait until the server, which looks a minute after its start, has deleted what is due; gives from when till when."""
    table = payload_tables.table(number)
    first = select(func.min(table.c.call_id))
    with db.read() as connection:
        least = connection.scalar(first)
    began = 0.0
    while True:
        looked = time.perf_counter()
        time.sleep(LOOK_SECONDS)
        with db.read() as connection:
            if number in payload_tables.existing(connection):
                if not began and connection.scalar(first) != least:
                    began = looked
            elif not began:
                raise SystemExit("the purge was over before it was seen")
            elif connection.exec_driver_sql("PRAGMA freelist_count").scalar_one() <= FEW_PAGES:
                return began, time.perf_counter()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--calls", type=int, default=200_000)
    parser.add_argument("--rate", type=float, default=2_000)
    options = parser.parse_args()
    folder: Path = options.folder
    folder.mkdir(exist_ok=True)
    number = fill(folder, options.calls)
    with Server(folder) as server:
        token = server.login()
        load = Load(server, token, options.rate)

        def purging() -> tuple[float, float]:
            db = Database(load_config(data_dir=folder).database_url)
            try:
                return purged(db, number)
            finally:
                db.dispose()

        def exporting() -> None:
            asked = urllib.request.Request(  # noqa: S310  # our own server
                f"{server.url}/llm/calls/export?days=60&format=csv", headers={"Authorization": f"Bearer {token}"}
            )
            with urllib.request.urlopen(asked) as answer:  # noqa: S310  # our own server
                lines = sum(piece.count(b"\n") for piece in iter(lambda: answer.read(1 << 20), b""))
            print(f"  {lines:,} lines exported", flush=True)

        def backing_up() -> None:
            command = [sys.executable, "-m", "callscope", "backup", str(folder / "backup"), "--data-dir", str(folder)]
            subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603  # ours

        load.beside("alone", None)
        load.beside("beside a purge", purging)
        load.beside("beside an export", exporting)
        load.beside("beside a backup", backing_up)


if __name__ == "__main__":
    main()

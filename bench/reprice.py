"""A million stored calls priced anew while others are logged: how fast, and how long logging waits for it.

    python -m bench.reprice [--calls 1000000] [--projects 3] [--connections 4] [--kill] [--data-dir DIR]

The six models of the calls get prices of their own, so that every call changes. Latencies are those of single calls on
`--connections` connections, first alone, then beside the repricing. `--kill` ends the server with SIGKILL in the
middle, and starts it again. At the end `callscope doctor` compares every total with the rows.
"""

import argparse
import itertools
import json
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

from sqlalchemy import func, select

from bench.client import drive, quantile, request
from bench.fill import copy, seed_calls
from bench.ingest import MODELS, call
from bench.server import Server
from callscope.calls.models import cost_logs
from callscope.config import load_config
from callscope.db.engine import Database
from callscope.store.sql.doctor import examine

ALONE_SECONDS = 15


class Bench:
    """A server on a filled data folder, and the calls that are logged to it."""

    def __init__(self, data_dir: Path, connections: int) -> None:
        self.server = Server(data_dir, log=data_dir / "bench.log")
        self._connections = connections
        rng = random.Random(3)  # noqa: S311  # not for secrets
        self._bodies = itertools.cycle([json.dumps(call(rng, full=False)).encode() for _ in range(500)])

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """The `data` of an answer."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(f"{self.server.url}{path}", data, headers, method=method)  # noqa: S310  # ours
        with urllib.request.urlopen(asked) as answer:  # noqa: S310  # our own server
            return json.load(answer)["data"]

    def log_calls(self, seconds: float, stop: threading.Event, what: str) -> None:
        """Log single calls, and print how long they took."""

        def following() -> bytes | None:
            return None if stop.is_set() else request("/llm/log-call", self.token, next(self._bodies))

        took, waits, statuses = drive(self.server.port, self._connections, seconds, following)
        figures = ", ".join(f"p{100 * share:g} {1000 * quantile(waits, share):.1f} ms" for share in (0.5, 0.99, 0.999))
        rate = sum(statuses.values()) / took
        print(
            f"{what}: {rate:,.0f} calls/s, {figures}, longest {1000 * waits[-1]:.1f} ms, statuses {statuses}",
            flush=True,
        )

    def set_prices(self) -> None:
        """Give each model a price that holds since long ago."""
        models = self.ask("GET", "/llm/models?limit=500")["items"]
        for model in models:
            if (model["name"], model["provider"]) in MODELS:
                price = {"input": 1.25, "output": 7.5, "valid_from": "2020-01-01T00:00:00Z"}
                self.ask("PATCH", f"/llm/models/{model['id']}", {"cost_per_1k_tokens": None, "prices": [price]})

    def wait(self, job: int, until_share: float = 1.0) -> dict[str, Any]:
        """Wait until the repricing has ended, or until so much of it is done."""
        while True:
            found: dict[str, Any] = self.ask("GET", f"/llm/repricings/{job}")
            if found["state"] not in {"queued", "running"}:
                return found
            if until_share < 1 and found["calls_done"] >= until_share * found["calls_total"]:
                return found
            time.sleep(0.2)

    def run(self, *, kill: bool) -> None:
        """Log alone, then beside the repricing."""
        with self.server as server:
            self.token = server.login()
            self.log_calls(ALONE_SECONDS, threading.Event(), "alone")
            self.set_prices()
            job = self.ask("POST", "/llm/repricings", {"all": True})["id"]
            self._beside(job, 0.4 if kill else 1.0)
            if kill:
                server.kill()
        if kill:
            with self.server:
                self._beside(job, 1.0)

    def _beside(self, job: int, share: float) -> None:
        stop = threading.Event()
        logging = threading.Thread(target=self.log_calls, args=(3_600, stop, "beside"))
        logging.start()
        started = time.perf_counter()
        found = self.wait(job, share)
        stop.set()
        logging.join()
        print(f"{found['state']} after {time.perf_counter() - started:.0f} s: {found['calls_done']:,} calls looked at, "
              f"{found['calls_changed']:,} changed, ${found['cost_before']:,.2f} → ${found['cost_after']:,.2f}")  # fmt: skip


def fill(data_dir: Path, calls: int, projects: int) -> None:
    """A data folder with so many calls and their totals."""
    db = seed_calls(data_dir, projects)
    copy(db, calls, 30)
    db.dispose()
    subprocess.run(  # noqa: S603  # our own command
        [sys.executable, "-m", "callscope", "doctor", "--repair", "--data-dir", str(data_dir)], check=True
    )


def check(data_dir: Path) -> None:
    """What the doctor finds, and whether the totals' cost is that of the rows."""
    db = Database(load_config(data_dir=data_dir).database_url)
    with db.read() as connection:
        stored = connection.scalar(select(func.sum(cost_logs.c.estimated_cost)))
    print(f"sum of the rows: {stored:,} nano-dollars; the doctor finds {dict(examine(db).found) or 'nothing'}")
    db.dispose()
    for wait in re.findall(r'"longest_wait_ms": ([\d.]+)', (data_dir / "bench.log").read_text()):
        print(f"one step kept others waiting at most: {wait} ms")


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=1_000_000)
    parser.add_argument("--projects", type=int, default=3)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--kill", action="store_true")
    parser.add_argument("--data-dir", type=Path, help="an empty folder, or one that an earlier run has filled")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = options.data_dir or Path(folder)
        if not (data_dir / "callscope.db").exists():
            fill(data_dir, options.calls, options.projects)
        Bench(data_dir, options.connections).run(kill=options.kill)
        check(data_dir)


if __name__ == "__main__":
    main()

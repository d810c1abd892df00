"""Everything at once for a long time: does memory stay flat, is each answer one that it should be, do totals stay right?

    python -m bench.soak [--minutes 30] [--workers 4] [--rate 300] [--database-url URL] [--data-dir DIR]

Calls come in one by one and in batches, each sent again with its key until it is acknowledged; metrics, lists, searches,
facets and exports are read; live tails are open; calls are rated, end users erased; a project's retention is shortened
again and again, so that there is always something to purge; and backups are made (of SQLite; of PostgreSQL where
`pg_dump` is found). It ends with 1 and says why if

- an answer is neither a success nor a 429 or 503 with `Retry-After`, or a connection breaks off,
- a live tail tells a call twice or out of order, or an export breaks off,
- a call that was acknowledged is not there, or is there twice,
- the doctor finds something, in the data or in the last backup,
- a process has over a sixth more memory (and 24 MiB) in the last quarter than it had in the second.
"""

import argparse
import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean
from typing import Any

import httpx
from sqlalchemy import func, select

from bench.ingest import TURN, call
from bench.server import Server
from callscope.accounts.models import Project
from callscope.calls.models import llm_call_logs
from callscope.config import load_config
from callscope.db.engine import Database
from callscope.store.sql.doctor import examine

KEPT_DAYS = 40
"""The days over which the project with a retention has calls at the beginning."""
READS = (
    "/metrics/summary?days=1", "/metrics/latency?days=7", "/metrics/token-usage?days=7", "/metrics/cost?by=project&days=30",
    "/metrics/error-rate?days=1", "/metrics/cost?by=end_user&days=7", "/llm/calls?limit=100", "/llm/calls?text=parcel&limit=50",
    "/llm/calls?status=error&limit=50", "/llm/calls/facets?field=model", "/llm/calls/facets?field=end_user",
    "/feedback/summary?days=7", "/llm/models?limit=100", "/projects", "/health/ready", "/health/details",
    "/metrics/cost/why?days=7", "/metrics/what-if?days=7&model=gpt-4o-mini", "/llm/unpriced?days=7&limit=20",
)  # fmt: skip
ATTEMPTS = 60


class Soak:
    """One run: its threads, what they count, and what they find wrong."""

    def __init__(self, server: Server, minutes: float, rate: float, database_url: str) -> None:
        self._server = server
        self._seconds = minutes * 60
        self._rate = rate
        self._database_url = database_url
        self._stop = threading.Event()
        self._turn = itertools.count()
        self._lock = threading.Lock()
        self.wrong: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.acknowledged = 0
        self.memory: dict[int, list[tuple[float, float]]] = defaultdict(list)
        self.last_backup: Path | None = None

    def run(self) -> None:
        """All of it, until the time is over and what was begun is acknowledged."""
        self._headers = {"Authorization": f"Bearer {self._server.login()}"}
        self._prepare()
        parts: list[Callable[[], None]] = [
            *[self._log_singles] * 4, *[self._log_batches] * 2, *[self._read] * 2, *[self._follow] * 3,
            self._export, self._rate_calls, self._erase, self._shorten, self._back_up, self._measure,
        ]  # fmt: skip
        threads = [threading.Thread(target=self._guarded, args=(part,)) for part in parts]
        for thread in threads:
            thread.start()
        self._stop.wait(self._seconds)
        self._stop.set()
        for thread in threads:
            thread.join()

    def _guarded(self, part: Callable[[], None]) -> None:
        try:
            part()
        except Exception as error:  # whatever it is, the run has failed
            self._found(f"{part.__name__}: {type(error).__name__}: {error}")

    def _found(self, what: str) -> None:
        with self._lock:
            if not self.wrong[what]:
                print(f"WRONG: {what}", flush=True)
            self.wrong[what] += 1

    def _ask(self, client: httpx.Client, method: str, path: str, **more: Any) -> httpx.Response:
        """An answer that is no 429 or 503; those are waited for, as they say."""
        for _ in range(ATTEMPTS):
            answer = client.request(method, path, **more)
            with self._lock:
                self.done[
                    f"{method} {path.partition('?')[0] if method == 'GET' else 'writes'} {answer.status_code}"
                ] += 1
            if answer.status_code not in {429, 503}:
                break
            wait = answer.headers.get("retry-after")
            if wait is None:
                self._found(f"{method} {path}: {answer.status_code} without Retry-After")
            time.sleep(min(5.0, float(wait or 1)))
        if not answer.is_success:
            self._found(f"{method} {path}: {answer.status_code} {answer.text[:200]}")
        return answer

    def _client(self) -> httpx.Client:
        return httpx.Client(base_url=self._server.url, headers=self._headers, timeout=60)

    def _prepare(self) -> None:
        rng = random.Random(4)  # noqa: S311  # not for secrets
        with self._client() as client:
            first = {**self._fresh(rng), "project": "shop"}  # which is asked for from the beginning
            self._log(client, "/llm/log-call", first, {"Idempotency-Key": "the first"}, 1)
            for day in range(KEPT_DAYS):
                began = (datetime.now(UTC) - timedelta(days=day, hours=1)).isoformat()
                batch = [{**self._fresh(rng), "project": "short", "created_at": began} for _ in range(300)]
                self._ask(client, "POST", "/llm/log-calls", json=batch)

    def _fresh(self, rng: random.Random) -> dict[str, Any]:
        turn = f"{next(self._turn):08x}"
        told: dict[str, Any] = json.loads(json.dumps(call(rng, full=True)).replace(TURN, turn))
        return told

    def _every(self, seconds: float) -> Iterator[None]:
        while not self._stop.wait(seconds):
            yield

    def _log_singles(self) -> None:
        rng = random.Random(threading.get_ident())  # noqa: S311  # not for secrets
        with self._client() as client:
            for _ in self._every(4 / max(1.0, self._rate * 0.2)):
                key = {"Idempotency-Key": f"s{rng.getrandbits(96):x}"}
                self._log(client, "/llm/log-call", self._fresh(rng), key, 1)

    def _log_batches(self) -> None:
        rng = random.Random(threading.get_ident())  # noqa: S311  # not for secrets
        with self._client() as client:
            for _ in self._every(2 * 50 / max(1.0, self._rate * 0.8)):
                key = {"Idempotency-Key": f"b{rng.getrandbits(96):x}"}
                self._log(client, "/llm/log-calls", [self._fresh(rng) for _ in range(50)], key, 50)

    def _log(self, client: httpx.Client, path: str, body: object, key: dict[str, str], calls: int) -> None:
        if self._ask(client, "POST", path, json=body, headers=key).status_code == 201:
            with self._lock:
                self.acknowledged += calls

    def _read(self) -> None:
        with self._client() as client:
            for path, _ in zip(itertools.cycle(READS), self._every(0.05), strict=False):
                self._ask(client, "GET", path)

    def _follow(self) -> None:
        seen = 0
        while not self._stop.is_set():
            path = "/llm/calls/stream?seconds=20" + (f"&after={seen}" if seen else "")
            with self._client() as client, client.stream("GET", path) as stream:
                if stream.status_code != 200:
                    self._found(f"the live tail: {stream.status_code}")
                for line in stream.iter_lines():
                    if line.startswith("id: "):
                        new = int(line[4:])
                        if new <= seen:
                            self._found("a live tail told a call twice or out of order")
                        seen = new
                        self.done["calls told by live tails"] += 1
                    if self._stop.is_set():
                        break

    def _export(self) -> None:
        forms = itertools.cycle(("csv", "ndjson&payloads=true"))
        for form, _ in zip(forms, self._every(10), strict=False):
            with self._client() as client, client.stream("GET", f"/llm/calls/export?days=1&format={form}") as stream:
                if stream.status_code != 200:
                    self._found(f"an export: {stream.status_code}")
                lines = sum(chunk.count(b"\n") for chunk in stream.iter_bytes())
            self.done["exports"] += 1
            self.done["lines exported"] += lines

    def _rate_calls(self) -> None:
        rng = random.Random(5)  # noqa: S311  # not for secrets
        with self._client() as client:
            for _ in self._every(1):
                for one in self._ask(client, "GET", "/llm/calls?limit=5&project=shop").json()["data"]["items"]:
                    self._ask(client, "POST", "/feedback", json={"llm_call_id": one["id"], "rating": rng.randint(1, 5)})

    def _erase(self) -> None:
        rng = random.Random(6)  # noqa: S311  # not for secrets
        with self._client() as client:
            for _ in self._every(max(5.0, self._seconds / 60)):
                self._ask(client, "DELETE", f"/end-users/u-{rng.randint(1, 5000)}")

    def _shorten(self) -> None:
        """Keep a day less of the project with a retention, again and again."""
        with self._client() as client:
            projects = self._ask(client, "GET", "/projects?limit=500").json()["data"]["items"]
            short = next(one["id"] for one in projects if one["name"] == "short")
            for days, _ in zip(range(KEPT_DAYS, 0, -1), self._every(self._seconds / KEPT_DAYS), strict=False):
                self._ask(client, "PATCH", f"/projects/{short}", json={"row_days": days})

    def _back_up(self) -> None:
        if self._database_url.startswith("postgresql") and shutil.which("pg_dump") is None:
            print("no pg_dump here: no backups", flush=True)
            return
        environment = {**os.environ, "CALLSCOPE_DATA_DIR": str(self._server.data_dir)}
        if self._database_url:
            environment |= {"DATABASE_URL": self._database_url, "SECRET_KEY": "a-key-for-benchmarks-only"}
        folder = self._server.data_dir / "backups"
        folder.mkdir(exist_ok=True)
        for number, _ in zip(itertools.count(), self._every(max(10.0, self._seconds / 15)), strict=False):
            file = folder / f"{number}.db"
            command = [sys.executable, "-m", "callscope", "backup", str(file)]
            made = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603  # ours
            if made.returncode:
                self._found(f"backup: {made.stderr[-300:]}")
                continue
            self.done["backups"] += 1
            if self.last_backup is not None:
                self.last_backup.unlink()
            self.last_backup = file

    def _measure(self) -> None:
        began = time.monotonic()
        for _ in self._every(max(0.5, self._seconds / 360)):
            for pid, mib in _memory(self._server):
                self.memory[pid].append((time.monotonic() - began, mib))

    def check_memory(self) -> None:
        """Tell how much each process had, and whether it grew."""
        for pid, looks in self.memory.items():
            quarter = looks[-1][0] / 4
            early = [mib for at, mib in looks if quarter <= at < 2 * quarter]
            late = [mib for at, mib in looks if at >= 3 * quarter]
            if early and late:
                print(f"process {pid}: {mean(early):.0f} MiB in the second quarter, {mean(late):.0f} in the last, "
                      f"at most {max(mib for _, mib in looks):.0f}")  # fmt: skip
                if mean(late) > mean(early) * 7 / 6 + 24:
                    self._found("memory grows")

    def check_rows(self, url: str) -> None:
        """Whether what was acknowledged is there once, and the totals are those of the rows."""
        db = Database(url)
        with db.read() as connection:
            query = select(func.count()).where(llm_call_logs.c.is_call, llm_call_logs.c.project_id != _short(db))
            stored = connection.scalar(query)
        print(f"{self.acknowledged:,} calls acknowledged, {stored:,} stored")
        if stored != self.acknowledged:
            self._found("calls acknowledged and calls stored are not the same")
        self._examine(db, "the data")
        if self.last_backup is not None and db.is_sqlite:
            backup = Database(f"sqlite:///{self.last_backup}")
            self._examine(backup, "the last backup")

    def _examine(self, db: Database, what: str) -> None:
        found = examine(db).found
        print(f"the doctor finds in {what}: {dict(found) or 'nothing'}")
        if found.total():
            self._found(f"the doctor finds something in {what}")
        db.dispose()


def _short(db: Database) -> int:
    with db.read_session() as session:
        return session.scalars(select(Project.id).where(Project.name == "short")).one()


def _memory(server: Server) -> Iterator[tuple[int, float]]:
    """The server's processes and the MiB that each holds for itself or its share of (PSS)."""
    assert server.process is not None  # it runs
    main = server.process.pid
    children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
    for pid in [main, *map(int, children)]:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
            name = Path(f"/proc/{pid}/cmdline").read_text()
        except OSError:
            continue
        if "resource_tracker" not in name:
            yield pid, next(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def main() -> None:
    """Run it and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--rate", type=float, default=300, help="calls a second")
    parser.add_argument("--database-url", default="")
    parser.add_argument("--data-dir", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data_dir = options.data_dir or Path(folder)
        data_dir.mkdir(exist_ok=True)
        url = options.database_url or load_config(data_dir=data_dir).database_url
        with Server(
            data_dir, workers=options.workers, database_url=options.database_url, log=data_dir / "soak.log"
        ) as server:
            soak = Soak(server, options.minutes, options.rate, options.database_url)
            soak.run()
        soak.check_memory()
        soak.check_rows(url)
        for what, count in sorted(soak.done.items()):
            print(f"  {count:>9,}  {what}")
    if soak.wrong:
        print("\n".join(f"WRONG {count:,} times: {what}" for what, count in soak.wrong.items()))
        sys.exit(1)
    print("nothing wrong")


if __name__ == "__main__":
    main()

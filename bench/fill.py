"""Fills a data folder with many calls for the reading benchmarks, in minutes instead of an hour.

    python -m bench.fill DATA_DIR [--calls 10000000] [--projects 40] [--days 30]    (or what DATABASE_URL names)

A few thousand calls go through the store as always; then their rows are copied within the database, each copy at a
later time, with a latency and ids of its own; then `callscope doctor --repair` computes the rollups from the rows.
"""

import argparse
import random
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import text

from bench.ingest import call
from callscope.accounts import setup
from callscope.api.rights import Caller, Role
from callscope.app import create_app
from callscope.calls.models import cost_logs, llm_call_logs
from callscope.calls.schemas import CallIn
from callscope.config import load_config
from callscope.db.engine import Database
from callscope.db.migrate import upgrade
from callscope.ingest.changes import Submission
from callscope.pricing.seed import seed_catalogue

SEEDS = 20_000
MICROS_PER_DAY = 86_400_000_000
COPIED = {
    "id": "id + :offset",
    "created_at": "CAST(:start + (id - 1) * :step AS INTEGER)",
    "day": "CAST((:start + (id - 1) * :step) / 86400000000 AS INTEGER)",
    "latency_ms": "round(latency_ms * (0.7 + ((id * 7919 + :offset) % 1000) / 1600.0), 3)",
    "response_id": "'r-' || (id + :offset)",
    "trace_id": "printf('%032x', (id + :offset) * 2654435761)",
    "span_id": "printf('%016x', id + :offset)",
    "session_id": "'s-' || ((id * 31 + :offset / 50) % 400000)",
    "end_user": "'u-' || ((id * 17 + :offset) % 20000)",
    "payload_table": "NULL",
    "payload_id": "NULL",
}

"""What differs between a copy and its seed, on SQLite."""
ON_POSTGRESQL = {
    "created_at": "CAST(CAST(:start AS float) + (id - 1) * CAST(:step AS float) AS bigint)",
    "day": "CAST(CAST(:start AS float) + (id - 1) * CAST(:step AS float) AS bigint) / 86400000000",
    "latency_ms": "round(CAST(latency_ms * (0.7 + ((id * 7919 + :offset) % 1000) / 1600.0) AS numeric), 3)",
    "trace_id": "lpad(to_hex((id + :offset) * 2654435761), 32, '0')",
    "span_id": "lpad(to_hex(id + :offset), 16, '0')",
}


def seed_calls(data_dir: Path, projects: int) -> Database:
    """A new database with the calls that are copied."""
    config = load_config(data_dir=data_dir)
    app = create_app(config)
    parts = app.state
    upgrade(parts.db, seed_catalogue)
    setup.prepare(parts.db, config)
    caller = Caller("bench", user_id=1, role=Role.ADMIN)
    rng = random.Random(7)  # noqa: S311  # not for secrets
    for _ in range(SEEDS // 1000):
        batch = []
        for _ in range(1000):
            entry = call(rng, full=True) | {"project": f"team-{rng.randrange(projects):02d}", "prompt": None}
            batch.append(CallIn.model_validate(entry | {"response": None, "response_id": None, "trace_id": None}))
        filed = parts.calls._filed(caller, batch)  # no HTTP in between
        puts = parts.calls._intake.puts(caller, filed, datetime.now(UTC))
        parts.store.apply(uuid.uuid4().hex, [Submission(puts)], time.time_ns() // 1000, [])
    db: Database = parts.db
    return db


def copy(db: Database, calls: int, days: int) -> None:
    """Copy the seeds over the days before now; the seeds themselves are dropped."""
    start = time.time_ns() // 1000 - days * MICROS_PER_DAY
    rounds = calls // SEEDS
    window = days * MICROS_PER_DAY / rounds
    names = [column.name for column in llm_call_logs.columns]
    copied = COPIED if db.is_sqlite else COPIED | ON_POSTGRESQL
    values = ", ".join(copied.get(name, name) for name in names)
    costs = [column.name for column in cost_logs.columns]
    cost_values = ", ".join(f"{name} + :offset" if name in {"id", "llm_call_id"} else name for name in costs)
    for index in range(rounds):
        bound = {"offset": (index + 1) * SEEDS, "start": start + index * window, "step": window / SEEDS}
        with db.write(statement_seconds=None) as connection:
            insert = f"INSERT INTO llm_call_logs ({', '.join(names)}) SELECT {values}"  # our names
            connection.execute(text(f"{insert} FROM llm_call_logs WHERE id <= {SEEDS}"), bound)
            insert = f"INSERT INTO cost_logs ({', '.join(costs)}) SELECT {cost_values}"  # our names
            connection.execute(text(f"{insert} FROM cost_logs WHERE id <= {SEEDS}"), bound)
        print(f"\r{(index + 1) * SEEDS:,} calls", end="", flush=True)
    smaller = "min" if db.is_sqlite else "least"
    with db.write(statement_seconds=None) as connection:
        for table in ("llm_call_logs", "cost_logs"):
            connection.execute(text(f"DELETE FROM {table} WHERE id <= {SEEDS}"))  # noqa: S608  # our names
        for table in ("rollups", "rollup_histograms", "rollup_end_users", "rollup_api_keys", "end_user_admissions"):
            connection.execute(text(f"DELETE FROM {table}"))  # noqa: S608  # our names
        # As if each had come by itself: so many end users have a row of their own, which the doctor gives them.
        admitted = f"SELECT day, project_id, {smaller}(10000, count(DISTINCT end_user)) FROM llm_call_logs"  # noqa: S608  # our word
        connection.execute(text(f"INSERT INTO end_user_admissions {admitted} GROUP BY day, project_id"))
        connection.execute(
            text("UPDATE counters SET value = :next WHERE name = 'call_id'"), {"next": calls + SEEDS + 1}
        )
    print()


def main() -> None:
    """Fill the folder; run `callscope doctor --repair` on it afterwards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--calls", type=int, default=10_000_000)
    parser.add_argument("--projects", type=int, default=40)
    parser.add_argument("--days", type=int, default=30)
    options = parser.parse_args()
    started = time.perf_counter()
    copy(seed_calls(options.data_dir, options.projects), options.calls, options.days)
    print(f"{options.calls:,} calls in {time.perf_counter() - started:.0f} s; now: callscope doctor --repair")


if __name__ == "__main__":
    main()

"""How long a purge of payloads takes, and how long each step keeps others waiting: `python -m bench.purge FOLDER`.

It makes a new SQLite database in the folder with one week's payloads of a kilobyte and purges them.
"""

import os
import sys
import time
import zlib
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import insert

from callscope.accounts.models import Project
from callscope.db.engine import Database
from callscope.db.migrate import upgrade
from callscope.db.pace import Pace
from callscope.ingest.row import MICROS_PER_DAY
from callscope.pricing.seed import seed_catalogue
from callscope.store.sql import payload_tables
from callscope.store.sql.bulk import insert_rows
from callscope.store.sql.store import SqlStore

PAYLOADS = 100_000
AT_ONCE = 5_000


def fill(db: Database, number: int, first_id: int) -> None:
    """Put payloads of a kilobyte, which cannot be packed, into the table of that number."""
    for start in range(first_id, first_id + PAYLOADS, AT_ONCE):
        rows = [(call_id, "", zlib.compress(os.urandom(1_000), 1)) for call_id in range(start, start + AT_ONCE)]
        with db.write() as connection:
            insert_rows(connection, payload_tables.ensure(connection, number), rows)


def main(folder: Path) -> None:
    """Fill, purge, and tell."""
    db = Database(f"sqlite:///{folder / 'purge.db'}")
    upgrade(db, seed_catalogue)
    now = time.time_ns() // 1000
    number = payload_tables.number(payload_tables.week_at(now), 7)
    fill(db, number, 1)
    with db.write() as connection:
        project = {"id": 1, "name": "default", "description": "", "created_at": datetime.now(UTC), "payload_days": 7}
        connection.execute(insert(Project).values(project | {"payloads_purged": 0}))
    waits: list[float] = []
    wrote = Pace.wrote

    def noting(self: Pace, changes: int, seconds: float) -> None:
        waits.append(seconds)
        wrote(self, changes, seconds)

    Pace.wrote = noting  # type: ignore[method-assign]  # only here, to look on
    started = time.monotonic()
    done = SqlStore(db).purge(now + 15 * MICROS_PER_DAY)
    took = time.monotonic() - started
    waits.sort()
    print(f"{done.payloads:,} payloads, {done.tables} table in {took:.1f} s, {len(waits)} steps")
    told = [f"{share:.0%} {1000 * waits[int(share * (len(waits) - 1))]:.1f}" for share in (0.5, 0.99, 1.0)]
    print(f"the lock was held for, ms: {', '.join(told)}")
    db.dispose()


if __name__ == "__main__":
    main(Path(sys.argv[1]))

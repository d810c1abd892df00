"""How long it takes to find who costs most, where each project has as many end users a day as are told apart.

    python -m bench.end_users FOLDER [--projects 10] [--days 30]

Fills the sums by end user of a new database in FOLDER, and prints p50 and p95 of 10 looks in the store, for one project
and for all of them.
"""

import argparse
import random
import time
from pathlib import Path

from bench.client import quantile
from callscope.db.engine import Database
from callscope.db.migrate import upgrade
from callscope.metrics.models import rollup_end_users
from callscope.store.queries import SideKind
from callscope.store.sql.bulk import add_rows
from callscope.store.sql.store import SqlStore
from callscope.store.sql.totals import MAX_END_USERS

FIRST_DAY = 20_000
ROUNDS = 10
TOP = 100


def fill(db: Database, projects: int, days: int) -> None:
    """Sums for each project and day, of the same end users."""
    rng = random.Random(1)  # noqa: S311  # not for secrets
    names = [f"user-{rng.getrandbits(40):010x}@example.com" for _ in range(MAX_END_USERS)]
    for day in range(FIRST_DAY, FIRST_DAY + days):
        with db.write() as connection:
            for project in range(1, projects + 1):
                rows = [
                    (day, project, n, rng.randint(1, 20), 0, rng.randrange(5_000), rng.randrange(10**9), 0)
                    for n in names
                ]
                add_rows(connection, rollup_end_users, rows)


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--projects", type=int, default=10)
    parser.add_argument("--days", type=int, default=30)
    options = parser.parse_args()
    db = Database(f"sqlite:///{options.folder / 'callscope.db'}")
    upgrade(db)
    fill(db, options.projects, options.days)
    store, days = SqlStore(db), (FIRST_DAY, FIRST_DAY + options.days)
    for count in (1, options.projects):
        chosen, seconds = frozenset(range(1, count + 1)), []
        for _ in range(ROUNDS):
            started = time.perf_counter()
            with store.reading() as reading:
                reading.side_totals(SideKind.END_USER, chosen, days, TOP)
            seconds.append(time.perf_counter() - started)
        seconds.sort()
        p50, p95 = 1000 * quantile(seconds, 0.5), 1000 * quantile(seconds, 0.95)
        print(f"{count} project{'s' if count > 1 else ''}: p50 {p50:.0f} ms, p95 {p95:.0f} ms")
    db.dispose()


if __name__ == "__main__":
    main()

"""How long a search takes among many calls of which many have a text of 1 kB.

    python -m bench.fill DATA_DIR --projects 40
    python -m bench.search DATA_DIR [--texts 1000000] [--rounds 30]

The newest calls get texts, once: words as frequent as in a language, and one that is in three of them. Prints how fast
they are indexed, then p50 and p95 of searches over HTTP, one at a time, in milliseconds.
"""

import argparse
import json
import random
import time
import urllib.parse
import urllib.request
import zlib
from itertools import accumulate
from pathlib import Path

from sqlalchemy import func, select, update

from bench.client import quantile
from bench.server import Server
from callscope.calls.models import llm_call_logs
from callscope.config import load_config
from callscope.db.engine import Database
from callscope.db.migrate import upgrade
from callscope.pricing.seed import seed_catalogue
from callscope.search.follower import Indexer
from callscope.store.sql import payload_tables
from callscope.store.sql.bulk import insert_rows

RARE = "quetzalcoatl"
TEXTS, VOCABULARY, WORDS = 5_000, 50_000, 160
SEARCHES = {
    "a rare word": RARE,
    "a common word": "w0",
    "two common words": "w0 w3",
    "a phrase": '"w0 w1"',
    "how a word begins": "w12*",
    "a common word without another": "w1 -w0",
    "a word that is nowhere": "nowhere",
}
ROWS = 2_000


def write_texts(db: Database, count: int) -> None:
    """Give the newest calls a text each."""
    rng = random.Random(11)  # noqa: S311  # not for secrets
    weights = list(accumulate(1 / rank for rank in range(1, VOCABULARY + 1)))
    ranks = range(VOCABULARY)
    texts = [" ".join(f"w{rank}" for rank in rng.choices(ranks, cum_weights=weights, k=WORDS)) for _ in range(TEXTS)]
    calls = llm_call_logs.c
    number = payload_tables.number(payload_tables.week_at(time.time_ns() // 1000))
    with db.read() as connection:
        last = connection.scalar(select(func.max(calls.id))) or 0
    rare = {last - count + 7, last - count // 2, last - 7}
    for start in range(last - count + 1, last + 1, ROWS):
        ids = range(start, min(start + ROWS, last + 1))
        rows = []
        for call_id in ids:
            text = f"{texts[call_id % TEXTS]} order{call_id}{f' {RARE}' if call_id in rare else ''}"
            rows.append((call_id, zlib.compress(json.dumps({"prompt": text}).encode(), 1)))
        with db.write() as connection:
            insert_rows(connection, payload_tables.ensure(connection, number), rows)
            here = (calls.id >= ids[0]) & (calls.id <= ids[-1])
            connection.execute(update(llm_call_logs).where(here).values(payload_table=number, payload_id=calls.id))
        print(f"\r{ids[-1] - last + count:,} texts", end="", flush=True)
    print()


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--texts", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    db = Database(load_config(data_dir=options.data_dir).database_url)
    upgrade(db, seed_catalogue)
    with db.read() as connection:
        there = bool(payload_tables.existing(connection))
    if not there:
        write_texts(db, options.texts)
    started = time.perf_counter()
    Indexer(db).catch_up()
    print(f"indexed in {time.perf_counter() - started:.0f} s")
    db.dispose()
    with Server(options.data_dir) as server:
        token = server.login()
        for name, text in SEARCHES.items():
            query = urllib.parse.urlencode({"text": text, "limit": 50})
            asked = urllib.request.Request(  # noqa: S310  # our own server
                f"{server.url}/llm/calls?{query}", headers={"Authorization": f"Bearer {token}"}
            )
            took, found = [], 0
            for _ in range(options.rounds):
                begun = time.perf_counter()
                with urllib.request.urlopen(asked) as answer:  # noqa: S310  # our own server
                    found = len(json.load(answer)["data"]["items"])
                took.append(1_000 * (time.perf_counter() - begun))
            took.sort()
            print(f"{name:32} p50 {quantile(took, 0.5):7.1f} ms   p95 {quantile(took, 0.95):7.1f} ms   {found} found")


if __name__ == "__main__":
    main()

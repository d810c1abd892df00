"""A purge that is killed again and again comes to its end: what is due is gone, nothing else, and every total stays."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select, text

from callscope.calls.models import llm_call_logs
from callscope.db.engine import Database
from callscope.store.sql.doctor import examine
from tests.durability.server import Server
from tests.store import plain

OLD, YOUNG = 4_000, 50
PURGE = """
import sys, time
from callscope.db.engine import Database
from callscope.store.sql.store import SqlStore
SqlStore(Database(sys.argv[1])).purge(time.time_ns() // 1_000)
"""


def _call(number: int, days_ago: float) -> dict[str, Any]:
    return {
        "model": "gpt-4", "prompt_tokens": 10, "completion_tokens": number % 7, "latency_ms": number, "status": "success",
        "prompt": f"{number} " * 50, "response": "so it is", "response_id": f"answer {number // 2}",
        "created_at": (datetime.now(UTC) - timedelta(days=days_ago)).isoformat(),
    }  # fmt: skip


@pytest.mark.long
def test_a_killed_purge_comes_to_its_end(database_url: str, tmp_path: Path) -> None:
    server = Server(database_url, tmp_path / "data")
    try:
        with httpx.Client(base_url=server.url, timeout=40) as http:
            http.headers["Authorization"] = f"Bearer {server.login()}"
            for start in range(0, OLD, 1_000):
                batch = [_call(n, 10 + n % 10) for n in range(start, start + 1_000)]
                http.post("/llm/log-calls", json=batch).raise_for_status()
            young = http.post("/llm/log-calls", json=[_call(OLD + n, 1) for n in range(YOUNG)]).json()["data"]
            http.patch("/projects/1", json={"row_days": 5}).raise_for_status()
        server.stop()
    finally:
        server.kill()
    db = Database(database_url)
    before = plain.totals(db)
    seconds, killed = 0.8, 0
    while True:
        purge = subprocess.Popen([sys.executable, "-c", PURGE, database_url])
        try:
            assert purge.wait(seconds) == 0
            break
        except subprocess.TimeoutExpired:
            purge.kill()
            purge.wait()
            killed += 1
            seconds = min(60, seconds * 1.6)
        assert examine(db).found.total() == 0
    assert killed
    with db.read() as connection:
        assert set(connection.scalars(select(llm_call_logs.c.id).where(llm_call_logs.c.is_call))) == {
            one["id"] for one in young
        }
        assert connection.scalar(text("SELECT count(*) FROM cost_logs")) == connection.scalar(
            text("SELECT count(*) FROM llm_call_logs")
        )
    assert plain.totals(db) == before
    assert examine(db).found.total() == 0
    db.dispose()

"""A server under load goes on while the database gets what a newer version has: no call is refused, lost or counted twice."""

import time
from pathlib import Path

import pytest
from sqlalchemy import text

from callscope.db.engine import Database
from tests.db.schemas import tables
from tests.durability.load import Load, check_stored, check_totals
from tests.durability.server import Server


@pytest.mark.long
@pytest.mark.parametrize("workers", [1, 3])
def test_a_server_under_load_survives_every_column_that_a_newer_one_adds(
    database_url: str, tmp_path: Path, workers: int
) -> None:
    server = Server(database_url, tmp_path / "data", workers=workers)
    newer = Database(database_url)
    try:
        load = Load(server.login())
        with load.running(server):
            load.wait_for_more_than(50)
            for name in tables(newer).tables:
                with newer.write() as connection:
                    connection.execute(text(f"ALTER TABLE {name} ADD COLUMN later_maybe VARCHAR(20)"))
                    connection.execute(text(f"ALTER TABLE {name} ADD COLUMN later_number INTEGER NOT NULL DEFAULT 7"))
                server.get("/metrics/summary", load.token)
                server.get("/llm/calls", load.token)
                time.sleep(0.05)
            load.wait_for_more_than(len(load.acknowledged) + 50)
        load.send_unanswered(server)
        assert set(load.statuses) == {201}
        check_stored(load, database_url)
        check_totals(load, server, load.token)
        server.check_rollups()
        assert "rror" not in server.log()
    finally:
        server.kill()
        newer.dispose()

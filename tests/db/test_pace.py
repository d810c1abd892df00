"""What is done in many steps leaves room for others."""

from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from callscope.db.engine import Database
from callscope.db.pace import in_steps

PIECE = 200_000


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_steps_write_goes_into_the_file_before_the_last_of_them(db: Database) -> None:
    file = Path(db.url.database or "")
    with db.write() as connection:
        connection.execute(text("CREATE TABLE pieces (piece BLOB)"))
    before, sizes = file.stat().st_size, []

    def step(connection: Connection, limit: int) -> int:
        connection.execute(text("INSERT INTO pieces VALUES (randomblob(:size))"), {"size": PIECE})
        sizes.append(file.stat().st_size)
        return limit if len(sizes) < 100 else 0

    in_steps(db, step, lambda: False)
    assert sizes[-1] > before + 50 * PIECE, "that many a commit would have to move"

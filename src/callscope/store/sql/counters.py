"""A few numbers that are kept beside the calls: the next call id, the floor below which there are no minute cells, the clock.

They are read and written with every commit, so their statements are plain strings: composing them would cost more than
running them.
"""

from sqlalchemy import Connection

from callscope.store.sql.bulk import replace_rows
from callscope.store.sql.tables import counters

CALL_ID = "call_id"
MINUTE_FLOOR = "minute_floor"


def read(connection: Connection, name: str, default: int) -> int:
    """The number of that name (one of ours, never from outside), or `default` where it was never written."""
    statement = f"SELECT value FROM counters WHERE name = '{name}'"  # noqa: S608  # our names
    value = connection.exec_driver_sql(statement).scalar()
    return default if value is None else int(value)


def write(connection: Connection, name: str, value: int) -> None:
    """Keep a number."""
    replace_rows(connection, counters, [(name, value)])

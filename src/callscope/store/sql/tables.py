"""The tables that only the SQL store itself knows: idempotency, committed batches, counters, payloads."""

from sqlalchemy import BigInteger, Column, Connection, Integer, LargeBinary, MetaData, String, Table

from callscope.db.types import metadata

counters = Table(
    "counters",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", BigInteger, nullable=False),
    comment="the next call id; the floor below which there are no minute cells",
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("hour", Integer, primary_key=True, autoincrement=False),
    Column("key_hash", LargeBinary(32), primary_key=True),
    Column("body_hash", LargeBinary(32), nullable=False),
    Column("call_ids", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
    comment="keys of the last 24 hours; the hour leads, so that old ones are dropped in one sweep",
)

commits = Table(
    "commits",
    metadata,
    Column("batch_id", String(32), primary_key=True),
    Column("committed_at", BigInteger, nullable=False),
    comment="the last hour's batches: tells whether a commit whose answer was lost took place",
)

MICROS_PER_WEEK = 7 * 86_400_000_000


def payload_table_number(arrived_micros: int) -> int:
    """Which table takes payloads that arrive now: one a week, so that old ones can be dropped whole."""
    return arrived_micros // MICROS_PER_WEEK


def payload_table(number: int) -> Table:
    """The table of that number. It is not in the shared metadata: such tables come and go with the weeks."""
    return Table(
        f"payloads_{number:d}",
        MetaData(),
        Column("call_id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
        Column("body", LargeBinary, nullable=False),
    )


def ensure_payload_table(connection: Connection, number: int) -> Table:
    """The table of that number, made if it is not there, in the caller's transaction."""
    table = payload_table(number)
    table.create(connection, checkfirst=True)
    return table

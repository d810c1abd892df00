"""The tables that only the SQL store itself knows: idempotency, committed batches, counters."""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, String, Table

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

payload_indexes = Table(
    "payload_indexes",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("indexed_to", BigInteger, nullable=False),
    Column("words_version", Integer, nullable=False),
    Column("removed", BigInteger, nullable=False),
    comment="of each table of payloads: up to which id they can be found by their words, and what was a word then",
)

payloads_unindexed = Table(
    "payloads_unindexed",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("call_id", BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
    comment="payloads that came to a call later than it, and wait for their index",
)

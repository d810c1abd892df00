"""What of the payloads can be found by its words."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema up. What is stored already is indexed afterwards, beside the writing."""
    op.create_table(
        "payload_indexes",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("indexed_to", sa.BigInteger(), nullable=False),
        sa.Column("words_version", sa.Integer(), nullable=False),
        sa.Column("removed", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_payload_indexes")),
        comment="of each table of payloads: up to which id they can be found by their words, and what was a word then",
    )
    op.create_table(
        "payloads_unindexed",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("call_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("number", "call_id", name=op.f("pk_payloads_unindexed")),
        comment="payloads that came to a call later than it, and wait for their index",
        sqlite_with_rowid=False,
    )

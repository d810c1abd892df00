"""How many requests an API key, and how many calls a project, may send within a minute."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column(
        "api_keys", sa.Column("requests_per_minute", sa.Integer(), nullable=True, comment="null: as many as it likes")
    )
    op.add_column(
        "projects", sa.Column("calls_per_minute", sa.Integer(), nullable=True, comment="null: as many as come")
    )
    of = "of the subject: 1 requests of a key, 2 calls of a project"
    op.create_table(
        "rate_counts",
        sa.Column("kind", sa.SmallInteger(), nullable=False, comment=of),
        sa.Column("subject_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("minute", sa.Integer(), autoincrement=False, nullable=False, comment="since the epoch"),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("kind", "subject_id", "minute", name=op.f("pk_rate_counts")),
    )

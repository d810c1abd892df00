"""How long a project keeps its calls, and erasures of end users."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None

PROJECT_COLUMNS = {
    "payload_days": "how long prompts and answers are kept; null: for ever",
    "row_days": "how long calls are kept; null: for ever",
    "rows_from": "the first UTC day of which there are calls; null: all",
    "payloads_from": "the first week of arrival of which there are payloads",
}


def upgrade() -> None:
    """Bring the schema up."""
    for name, comment in PROJECT_COLUMNS.items():
        op.add_column("projects", sa.Column(name, sa.Integer(), nullable=True, comment=comment))
    purged = "the week up to which older ones are deleted"
    op.add_column(
        "projects", sa.Column("payloads_purged", sa.Integer(), nullable=False, server_default="0", comment=purged)
    )
    op.create_table(
        "erasures",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("end_user", sa.String(length=200), nullable=True, comment="null once it is done"),
        sa.Column("project_id", sa.Integer(), nullable=True),
        sa.Column("bound", sa.BigInteger(), nullable=False, comment="calls with this id and later ones are new data"),
        sa.Column("calls", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.String(length=320), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasures")),
    )
    op.create_index(op.f("ix_erasures_state"), "erasures", ["state"], unique=False)

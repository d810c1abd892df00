"""How long an answer of the response cache may be used again."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column(
        "system_settings", sa.Column("cache_ttl_seconds", sa.Integer(), nullable=False, server_default="3600")
    )

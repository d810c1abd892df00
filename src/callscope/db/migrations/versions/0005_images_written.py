"""Images in completions have a sum of their own."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column("rollups", sa.Column("image_output_tokens", sa.BigInteger(), nullable=False, server_default="0"))

"""An administrator's prices have an end and all kinds, a flat rate has a date, and a model may be priced as another."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema up."""
    op.add_column(
        "llm_models",
        sa.Column("flat_since", sa.BigInteger(), nullable=True, comment="from when on it costs that; null: ever"),
    )
    op.add_column("llm_models", sa.Column("priced_as_provider", sa.String(length=100), nullable=True))
    op.add_column(
        "llm_models",
        sa.Column("priced_as_model", sa.String(length=200), nullable=True, comment="the price book's model that it is"),
    )
    op.add_column(
        "model_prices", sa.Column("valid_to", sa.BigInteger(), nullable=True, comment="null: until a later one")
    )
    for kind in (
        "reasoning", "audio_input", "audio_output", "image_input", "image_output", "request", "server_tool",
    ):  # fmt: skip
        op.add_column("model_prices", sa.Column(kind, sa.BigInteger(), nullable=True))
    op.add_column("model_prices", sa.Column("steps", sa.JSON(), nullable=True))

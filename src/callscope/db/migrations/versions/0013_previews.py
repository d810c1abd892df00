"""What a list shows of a payload lies beside it, so that no list unpacks it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema up: tables of payloads are one a week, and newer ones have the column when they are made."""
    look = sa.inspect(op.get_bind())
    for name in look.get_table_names():
        is_payloads = name.startswith("payloads_") and name.removeprefix("payloads_").isdecimal()
        if is_payloads and "preview" not in {column["name"] for column in look.get_columns(name)}:
            comment = "null: it was stored without; empty: there is nothing to show"
            op.add_column(name, sa.Column("preview", sa.Text(), nullable=True, comment=comment))

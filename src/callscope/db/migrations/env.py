"""How Alembic runs here: on the connection that `callscope.db.migrate` hands over, in its transaction."""

from typing import Any

from alembic import context
from alembic.autogenerate.api import AutogenContext

from callscope.db.types import JSONList, UTCTime, metadata


def _render(kind: str, value: object, _context: AutogenContext) -> Any:
    """Migrations name the stored type, not ours: they must still run when ours has changed."""
    if kind == "type" and isinstance(value, UTCTime):
        return "sa.BigInteger()"
    if kind == "type" and isinstance(value, JSONList):
        return "sa.JSON()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_item=_render,
    transaction_per_migration=False,
    render_as_batch=False,
)
context.run_migrations()

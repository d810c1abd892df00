"""Writes a new migration: what the tables in the code have that those of a freshly migrated database lack."""

import sys
import tempfile
from pathlib import Path

from alembic import command
from alembic.config import Config

import callscope.tables  # noqa: F401  # fills the metadata
from callscope.db.engine import Database
from callscope.db.migrate import SCRIPTS, known_revisions, upgrade


def main() -> None:
    """Write `versions/NNNN_message.py`; read it before you commit it."""
    number = f"{int(max(known_revisions(), default='0')) + 1:04d}"
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    with tempfile.TemporaryDirectory() as folder:
        db = Database(f"sqlite:///{Path(folder) / 'empty.db'}")
        if known_revisions():
            upgrade(db)
        with db.write() as connection:
            config.attributes["connection"] = connection
            command.revision(config, message=" ".join(sys.argv[1:]), autogenerate=True, rev_id=number)
        db.dispose()


main()

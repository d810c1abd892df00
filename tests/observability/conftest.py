"""A handle on a database in this process, for tests that are about the client alone."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import callscope
from callscope.observability.handle import Handle


@pytest.fixture
def handle(sqlite_template: Path, tmp_path: Path) -> Iterator[Handle]:
    """A handle on an SQLite file of its own."""
    path = tmp_path / "callscope.db"
    shutil.copyfile(sqlite_template, path)
    with callscope.connect(f"sqlite:///{path}") as connected:
        yield connected

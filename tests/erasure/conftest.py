"""A started server, and an admin who asks it; what runs by itself there runs when a test says so."""

from collections.abc import Iterator

import pytest
from fastapi import FastAPI

from tests.repricing.conftest import Admin, asked_by_admin


@pytest.fixture
def admin(app: FastAPI) -> Iterator[Admin]:
    app.state.eraser._every_seconds = app.state.eraser._first_seconds = 3_600.0
    with asked_by_admin(app) as admin:
        yield admin

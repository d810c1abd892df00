"""A started server, and calls to find in it."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from callscope.search import follower
from tests.caller import Api, admin_of


@pytest.fixture
def _by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests say when the index catches up."""
    monkeypatch.setattr(follower, "EVERY_SECONDS", 3_600.0)


@pytest.fixture
def api(_by_hand: None, app: FastAPI, client: TestClient) -> Api:
    """The started server, for an admin."""
    return admin_of(app, client)

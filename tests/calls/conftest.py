"""The started server, for an admin."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.caller import Api, admin_of


@pytest.fixture
def _untidied(monkeypatch: pytest.MonkeyPatch) -> None:
    """The server does not tidy up by itself: cells of minutes are all there."""
    monkeypatch.setattr("callscope.ingest.housekeeping.FIRST_SECONDS", 3_600.0)


@pytest.fixture
def api(_untidied: None, app: FastAPI, client: TestClient) -> Api:
    """The started server, for an admin."""
    return admin_of(app, client)

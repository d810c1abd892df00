"""The started server, for an admin."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.caller import Api, admin_of


@pytest.fixture
def api(untidied: None, app: FastAPI, client: TestClient) -> Api:
    """The started server, for an admin."""
    return admin_of(app, client)

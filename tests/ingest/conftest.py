"""The started server, for an admin."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.caller import Api, admin_of


@pytest.fixture
def api(app: FastAPI, client: TestClient) -> Api:
    """The started server, for an admin."""
    return admin_of(app, client)


CALL = {
    "model": "gpt-4",
    "provider": "openai",
    "prompt_tokens": 5,
    "completion_tokens": 150,
    "latency_ms": 20,
    "status": "success",
}
"""A call that is fine as it is."""

"""A started server whose repricings begin at once, and an admin who asks it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from callscope.accounts.users import NewUser
from callscope.api.rights import Caller, Role

ROOT = Caller(name="the tests", role=Role.ADMIN)
CALL = {"model": "house-llama", "provider": "vllm", "latency_ms": 20, "status": "success", "end_user": "ann"}


class Admin:
    """The server as an admin sees it."""

    def __init__(self, client: TestClient, token: str) -> None:
        self.client = client
        self._headers = {"Authorization": f"Bearer {token}"}

    def ask(self, method: str, path: str, body: Any = None, status: int = 200) -> Any:
        """The `data` of the answer, or the whole of an error."""
        answer = self.client.request(method, path, json=body, headers=self._headers)
        assert answer.status_code == status, answer.text
        return answer.json()["data"] if status < 400 else answer.json()

    def log(self, *calls: dict[str, Any]) -> list[int]:
        """Log calls of a model that nobody knows the price of; gives their ids."""
        sent = [{**CALL, "prompt_tokens": 1_000_000, "completion_tokens": 0, **call} for call in calls]
        return [receipt["id"] for receipt in self.ask("POST", "/llm/log-calls", sent, 201)]

    def set_prices(self, *prices: dict[str, Any], model: str = "house-llama") -> int:
        """Give a model prices; gives its id."""
        (found,) = self.ask("GET", f"/llm/models?q={model}")["items"]
        self.ask("PATCH", f"/llm/models/{found['id']}", {"prices": list(prices)})
        return int(found["id"])

    def reprice(self, **body: Any) -> Any:
        """A repricing, once it has ended."""
        asked = self.ask("POST", "/llm/repricings", body, 202)
        deadline = time.monotonic() + 60
        while asked["state"] in {"queued", "running"}:
            assert time.monotonic() < deadline, asked
            time.sleep(0.02)
            asked = self.ask("GET", f"/llm/repricings/{asked['id']}")
        return asked


@contextmanager
def asked_by_admin(app: FastAPI) -> Iterator[Admin]:
    """The app, started, and an admin who asks it."""
    with TestClient(app, base_url="http://127.0.0.1:8000", client=("127.0.0.1", 50_000)) as client:
        accounts = app.state.accounts
        accounts.passwords.rounds = 4
        user = accounts.users.create(ROOT, NewUser("root@example.org", "correct horse", role=Role.ADMIN))
        yield Admin(client, accounts.token_for(user))


@pytest.fixture
def admin(app: FastAPI) -> Iterator[Admin]:
    repricer = app.state.repricer
    repricer.settle_seconds, repricer._every_seconds, repricer._first_seconds = 0.0, 0.02, 0.02
    with asked_by_admin(app) as admin:
        yield admin

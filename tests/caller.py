"""The server as one caller sees it: a client whose caller the test names, without a login."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI, Request
from fastapi.testclient import TestClient

from callscope.api.rights import Caller, Role, Scope

ADMIN = Caller("admin@example.com", user_id=1, role=Role.ADMIN)
SCOPES = frozenset({Scope.INGEST, Scope.METRICS, Scope.CALLS})


@dataclass
class Api:
    """The server as one caller sees it."""

    app: FastAPI
    client: TestClient
    caller: Caller = ADMIN
    callers: dict[str, Caller] = field(default_factory=dict)

    def _headers(self) -> dict[str, str]:
        self.callers[self.caller.name] = self.caller
        return {"X-Test-Caller": self.caller.name}

    def get(self, path: str, asked: Mapping[str, Any] | None = None, *, expect: int = 200, **query: Any) -> Any:
        answer = self.client.get(path, params={**(asked or {}), **query}, headers=self._headers())
        assert answer.status_code == expect, answer.text
        return answer.json()["data"] if expect == 200 else answer.json()

    def post(self, path: str, body: Any, expect: int = 201, headers: dict[str, str] | None = None) -> Any:
        answer = self.client.post(path, json=body, headers=self._headers() | (headers or {}))
        assert answer.status_code == expect, answer.text
        return answer.json()["data"] if expect < 400 else answer.json()

    def change(self, method: str, path: str, body: Any, expect: int = 200) -> Any:
        """PUT or PATCH something."""
        answer = self.client.request(method, path, json=body, headers=self._headers())
        assert answer.status_code == expect, answer.text
        return answer.json()["data"] if expect < 400 else answer.json()

    def log(self, calls: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
        """Log calls, a thousand at a time; gives their receipts."""
        receipts = []
        for start in range(0, len(calls), 1_000):
            receipts += self.post("/llm/log-calls", calls[start : start + 1_000])
        return receipts

    def limited_to(self, *projects: str) -> "Api":
        """The same server for a viewer who has these projects, and may read calls."""
        ids = frozenset(project.id for project in self.app.state.projects.all() if project.name in projects)
        caller = Caller(
            "viewer " + " ".join(projects), user_id=2, role=Role.VIEWER, project_ids=ids, can_read_calls=True
        )
        return Api(self.app, self.client, caller, self.callers)

    def with_key(self, number: int) -> "Api":
        """The same server for an API key."""
        return Api(self.app, self.client, Caller(f"key {number}", api_key_id=number, scopes=SCOPES), self.callers)


def admin_of(app: FastAPI, client: TestClient) -> Api:
    """The started server, for an admin."""
    api = Api(app, client)

    async def authenticate(request: Request) -> Caller | None:
        return api.callers.get(request.headers.get("X-Test-Caller", ""))

    app.state.authenticate = authenticate
    return api

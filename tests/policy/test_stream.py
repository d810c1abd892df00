"""/policy/stream on a real server: a change arrives, a revoked key and a stop end it, and it holds nothing."""

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.cli.test_serve import SERVE, Server, log_in, started

WITHIN_SECONDS = 2.0
"""What is promised; what is asserted has room for a machine that is busy."""


class Reader:
    """Reads a stream in a thread."""

    def __init__(self, url: str, key: str, **headers: str) -> None:
        self.lines: list[str] = []
        self.ended = threading.Event()
        self._url = url
        self._headers = {"Authorization": f"Bearer {key}", **headers}
        self.status = 0
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        try:
            with httpx.stream("GET", f"{self._url}/policy/stream", headers=self._headers, timeout=60) as answer:
                self.status = answer.status_code
                for line in answer.iter_lines():
                    self.lines.append(line)
        except httpx.HTTPError:
            pass
        self.ended.set()

    @property
    def policies(self) -> list[dict[str, Any]]:
        return [json.loads(line.removeprefix("data: ")) for line in self.lines if line.startswith("data: ")]

    def wait_for(self, count: int) -> dict[str, Any]:
        """The policy number `count`, counted from one."""
        deadline = time.monotonic() + 30
        while len(self.policies) < count:
            assert time.monotonic() < deadline, self.lines
            time.sleep(0.02)
        return self.policies[count - 1]


class Admin:
    """An administrator's session."""

    def __init__(self, server: Server) -> None:
        self.url = server.url
        token = log_in(server).json()["access_token"]
        self._client = httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}, timeout=30)

    def key(self, *scopes: str) -> tuple[int, str]:
        made = self._client.post("/api-keys", json={"name": "k", "scopes": list(scopes)}).json()["data"]
        return made["id"], made["secret"]

    def change(self, **settings: object) -> None:
        self._client.put("/settings", json=settings).raise_for_status()

    def revoke(self, key: int) -> None:
        self._client.delete(f"/api-keys/{key}").raise_for_status()


@contextmanager
def serving(folder: Path, *more: str) -> Iterator[tuple[Server, Admin]]:
    with started(folder, *SERVE, *more) as server:
        yield server, Admin(server)


def threads_of(server: Server) -> int:
    return len(os.listdir(f"/proc/{server.process.pid}/task"))


def test_a_change_is_told_and_the_end_is_no_wait(tmp_path: Path) -> None:
    with serving(tmp_path) as (server, admin):
        number, secret = admin.key("ingest")
        _, other_secret = admin.key("gateway")
        first = Reader(server.url, secret)
        known = first.wait_for(1)
        assert first.lines[:2] == [": callscope", ""]
        assert first.lines[2:4] == ["event: policy", f"id: {known['version']}"]
        threads = threads_of(server)
        others = [Reader(server.url, other_secret, **{"Last-Event-ID": known["version"]}) for _ in range(20)]
        admin.change(claude_haiku_45_enabled=False)
        told = [first.wait_for(2), *(reader.wait_for(1) for reader in others)]
        assert all(policy["disabled_models"][0]["key"] == "claude-haiku-4-5" for policy in told)
        assert threads_of(server) - threads < 20  # no thread each
        admin.revoke(number)
        assert first.ended.wait(30)
        assert not any(reader.ended.is_set() for reader in others)
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
        assert time.monotonic() - began < 5  # the server waits 5 seconds for what does not end by itself
        assert all(reader.ended.wait(5) for reader in others)


def test_a_change_in_one_process_is_told_by_the_others(tmp_path: Path) -> None:
    with serving(tmp_path, "--workers", "2") as (server, admin):
        _, secret = admin.key("ingest")
        readers = [Reader(server.url, secret) for _ in range(8)]
        for reader in readers:
            reader.wait_for(1)
        admin.change(max_tokens_per_request=1000)
        assert {reader.wait_for(2)["max_tokens_per_request"] for reader in readers} == {1000}
        server.process.send_signal(signal.SIGTERM)
        server.process.wait(20)


@pytest.mark.parametrize("key", ["", "cs_wrong"])
def test_a_stream_is_for_keys(tmp_path: Path, key: str) -> None:
    with serving(tmp_path) as (server, _):
        answer = httpx.get(f"{server.url}/policy/stream", headers={"X-API-Key": key} if key else {}, timeout=30)
        assert answer.status_code == 401

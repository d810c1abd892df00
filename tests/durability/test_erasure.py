"""A server that is killed while it erases an end user: the next one ends it, nothing is left, and every total is right."""

import time
from pathlib import Path

import httpx
import pytest

from tests.durability.server import Server

CALLS = 3_000
NAME = "zebedee-4711"
CALL = {"model": "gpt-4", "prompt_tokens": 10, "completion_tokens": 5, "latency_ms": 5, "status": "success"}


@pytest.mark.long
def test_a_killed_erasure_comes_to_its_end(database_url: str, tmp_path: Path) -> None:
    server = Server(database_url, tmp_path / "data")
    try:
        token = server.login()
        with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}, timeout=40) as http:
            for _ in range(0, CALLS, 1_000):
                batch = [{**CALL, "end_user": NAME, "prompt": f"{NAME} said {i}"} for i in range(1_000)]
                http.post("/llm/log-calls", json=batch).raise_for_status()
            asked = http.delete(f"/end-users/{NAME}").raise_for_status().json()["data"]
        path = f"/erasures/{asked['id']}"
        deadline = time.monotonic() + 90
        while server.get(path, token)["calls"] == 0:
            assert time.monotonic() < deadline
        server.kill()
        server = Server(database_url, tmp_path / "data")
        server.check_rollups()
        while (found := server.get(path, token))["state"] != "done":
            assert time.monotonic() < deadline, server.log()[-3000:]
            time.sleep(0.02)
        assert found["calls"] == CALLS
        server.check_rollups()
        assert server.get("/llm/calls?end_user=" + NAME, token)["items"] == []
        assert NAME not in server.log()
    finally:
        server.kill()

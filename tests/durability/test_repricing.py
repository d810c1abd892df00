"""A server that is killed while it prices stored calls anew: the next one ends it, and every total is right."""

import time
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.durability.server import Server

CALLS = 3_000
PRICE = {"input": 1, "output": 2, "valid_from": "2020-01-01T00:00:00Z"}
OF_UNKNOWN_PRICE = {
    "model": "house-llama", "provider": "vllm", "prompt_tokens": 1_000_000, "completion_tokens": 0, "latency_ms": 5,
    "status": "success",
}  # fmt: skip


@pytest.mark.parametrize("end", ["kill", pytest.param("stop", marks=pytest.mark.long)])
def test_a_repricing_that_is_broken_off_comes_to_the_same_end(database_url: str, tmp_path: Path, end: str) -> None:
    server = Server(database_url, tmp_path / "data")
    try:
        token = server.login()
        with httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"}, timeout=40) as http:
            for start in range(0, CALLS, 1_000):
                batch = [{**OF_UNKNOWN_PRICE, "end_user": f"user-{i % 50}"} for i in range(start, start + 1_000)]
                http.post("/llm/log-calls", json=batch).raise_for_status()
            (model,) = http.get("/llm/models?q=house-llama").json()["data"]["items"]
            http.patch(f"/llm/models/{model['id']}", json={"prices": [PRICE]}).raise_for_status()
            asked = http.post("/llm/repricings", json={"model_id": model["id"]}).raise_for_status()
        path = f"/llm/repricings/{asked.json()['data']['id']}"
        _wait(server, token, path, lambda found: found["calls_done"] > 0)
        if end == "kill":
            server.kill()
        else:
            assert server.stop() == 0
        server = Server(database_url, tmp_path / "data")
        server.check_rollups()
        found = _wait(server, token, path, lambda found: found["state"] not in {"queued", "running"})
        assert (found["state"], found["calls_done"], found["calls_changed"]) == ("done", CALLS, CALLS)
        assert (found["cost_before"], found["cost_after"]) == (0, CALLS)
        assert (found["unpriced_before"], found["unpriced_after"]) == (CALLS, 0)
        assert server.get("/metrics/summary", token)["total_cost"] == CALLS
        server.check_rollups()
    finally:
        server.kill()


def _wait(server: Server, token: str, path: str, until: Any) -> Any:
    deadline = time.monotonic() + 90
    while True:
        found = server.get(path, token)
        if until(found):
            return found
        assert time.monotonic() < deadline, f"{found}\n{server.log()[-3000:]}"
        time.sleep(0.01)

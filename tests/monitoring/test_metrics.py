"""GET /metrics: what Prometheus reads is what happened, over all processes, and for nobody who may not know."""

import re
import subprocess
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from callscope.ingest.recorder import Recorder
from callscope.monitoring.measures import Counter, Histogram, state, text
from callscope.monitoring.sharing import Sharing

CALL = {"model": "gpt-4o-mini", "prompt_tokens": 10, "completion_tokens": 2, "latency_ms": 7, "status": "success"}
LINE = re.compile(r'([a-z_]+)(\{([a-z_]+="([^"\\\n]|\\.)*",?)+\})? (-?[0-9.e+-]+)')


def scraped(client: TestClient) -> dict[str, float]:
    """Every series by its name and labels; each line must be as the format says."""
    answer = client.get("/metrics")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    found: dict[str, float] = {}
    for line in answer.text.splitlines():
        if not line.startswith("#"):
            match = LINE.fullmatch(line)
            assert match, line
            found[match[1] + (match[2] or "")] = float(match[5])
    return found


@pytest.fixture
def login(client: TestClient) -> dict[str, str]:
    sent = client.post("/auth/login", json={"email": "admin@example.com", "password": "admin123"})
    return {"Authorization": f"Bearer {sent.json()['access_token']}"}


def test_what_happens_is_counted(
    app: FastAPI, client: TestClient, login: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.post("/llm/log-calls", json=[CALL] * 3, headers=login).status_code == 201
    assert client.post("/llm/log-call", json={}, headers=login).status_code == 422
    client.get("/llm/calls/123456789", headers=login)
    client.get("/somebody@example.org")
    monkeypatch.setattr(Recorder, "is_full", property(lambda _self: True))
    assert client.post("/llm/log-call", json=CALL, headers=login).status_code == 429
    monkeypatch.undo()
    found = scraped(client)
    many = 'method="POST",route="/llm/log-calls"'
    one = 'callscope_http_requests_total{method="POST",route="/llm/log-call"'
    assert found[f'callscope_http_requests_total{{{many},status="201"}}'] == 1
    assert (found[f'{one},status="422"}}'], found[f'{one},status="429"}}']) == (1, 1)
    assert found['callscope_http_requests_total{method="GET",route="/llm/calls/{call_id}",status="404"}'] == 1
    assert found[f'callscope_http_request_seconds_bucket{{{many},le="+Inf"}}'] == 1
    assert found['callscope_ingest_rows_total{result="stored"}'] == 3
    assert found['callscope_ingest_rows_total{result="queue_full"}'] == 1
    assert found["callscope_commit_rows_count"] == 1
    assert found["callscope_commit_rows_sum"] == 3
    assert found['callscope_ready{check="database"}'] == found['callscope_ready{check="queue"}'] == 1
    assert found["callscope_queue_rows"] == 0 < found["callscope_queue_max_rows"]
    assert found["callscope_database_bytes"] > 100_000
    assert found["process_resident_memory_bytes"] > 1e7
    assert found["process_cpu_seconds_total"] > 0
    assert not any("example.org" in series or "123456789" in series for series in found)


def test_who_is_elsewhere_needs_a_key_for_all_projects(app: FastAPI, client: TestClient, login: dict[str, str]) -> None:
    far = TestClient(app, base_url="http://obs.example.org", client=("203.0.113.9", 40_000))

    def asked_with(scope: str, project: str | None) -> int:
        body = {"name": f"{scope} {project}", "scopes": [scope], "project": project}
        made = client.post("/api-keys", json=body, headers=login)
        assert made.status_code == 201, made.text
        return far.get("/metrics", headers={"Authorization": f"Bearer {made.json()['data']['secret']}"}).status_code

    assert far.get("/metrics").status_code == 401
    assert client.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"}).status_code == 401
    assert (asked_with("metrics", None), asked_with("metrics", "default"), asked_with("ingest", None)) == (
        200,
        403,
        403,
    )


def test_the_text_has_bins_that_add_up_and_labels_that_cannot_break_it() -> None:
    times, odd = Histogram("seconds", "Times.", (0.1, 1.0)), Counter("odd_total", "Odd.", ("name",))
    for value in (0.05, 0.1, 0.5, 7):
        times.observe((), value)
    odd.add(('a"b\\c\nd',))
    assert text([times.description, odd.description], state([times, odd])).splitlines()[2:] == [
        'seconds_bucket{le="0.1"} 2', 'seconds_bucket{le="1"} 3', 'seconds_bucket{le="+Inf"} 4',
        "seconds_sum 7.65", "seconds_count 4",
        "# HELP odd_total Odd.", "# TYPE odd_total counter", r'odd_total{name="a\"b\\c\nd"} 1',
    ]  # fmt: skip


def test_counts_of_all_processes_add_up_and_stay_when_one_ends(tmp_path: Path) -> None:
    def process(number: float) -> Sharing:
        return Sharing(tmp_path, lambda: ({("calls", ("a",)): [number]}, {("memory", ()): [100.0]}))

    ended = subprocess.Popen(["true"])
    ended.wait()
    one, other, gone = process(1), process(10), process(100)
    other.start()
    other.stop()  # and leaves what it has counted
    gone.start()
    gone.stop()
    path = next(path for path in tmp_path.glob("*.json") if "[100]" in path.read_text().replace("[[", ""))
    path.rename(tmp_path / f"{ended.pid}-0.json")
    both = {("calls", ("a",)): [111.0], ("memory", ()): [200.0]}
    assert one.all() == (both, 2)
    assert one.all() == (both, 2), "what an ended process counted is counted once"
    (tmp_path / "1-broken.json").write_text("[[")
    assert one.all()[0] == both


def test_who_is_killed_while_he_gathers_has_nothing_counted_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Sharing(tmp_path, lambda: ({("calls", ()): [1.0]}, {}))

    def ended(count: float) -> None:
        process = subprocess.Popen(["true"])
        process.wait()
        (tmp_path / f"{process.pid}-{count:.0f}.json").write_text(f'[[["calls", [], [{count}]]], []]')

    def killed(_path: Path, missing_ok: bool = False) -> None:
        raise SystemExit(missing_ok)

    for count, total in ((10, 11), (100, 111), (1_000, 1_111)):
        ended(count)
        with monkeypatch.context() as patch:
            patch.setattr(Path, "unlink", killed)
            with pytest.raises(SystemExit):
                one.all()
        if count > 10:  # and once more before it is put right
            assert one.all()[0] == {("calls", ()): [total]}
    assert one.all()[0] == {("calls", ()): [1_111]}
    assert len(list(tmp_path.glob("*.json"))) == 1

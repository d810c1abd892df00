"""The sync comes before the answer: what was acknowledged outlives the machine, not only the process."""

import json
import shutil
import subprocess
import sys
import uuid
from pathlib import Path

import httpx
import pytest

from tests.durability import trace
from tests.durability.server import Server

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")

CALL = {"model": "gpt-4", "prompt_tokens": 7, "completion_tokens": 2, "latency_ms": 12.5, "status": "success"}

CARELESS_SERVER = """
import socket, sqlite3, sys
path, synchronous, when, *names = sys.argv[1:]
database = sqlite3.connect(path, isolation_level=None)
database.execute("PRAGMA journal_mode=WAL")
database.execute(f"PRAGMA synchronous={synchronous}")
database.execute("CREATE TABLE calls (name TEXT)")
near, far = socket.socketpair()
for name in names:
    answer = f"HTTP/1.1 201 Created\\r\\nX-Request-ID: {name}\\r\\n\\r\\n".encode()
    database.execute("BEGIN")
    database.execute("INSERT INTO calls VALUES (?)", (name,))
    if when == "answer-first":
        near.sendall(answer)
    database.execute("COMMIT")
    if when == "answer-last":
        near.sendall(answer)
"""
"""What a server does with a call, without the server: it writes rows and answers, in the order that is asked for."""


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_each_call_is_synced_before_it_is_acknowledged(database_url: str, tmp_path: Path) -> None:
    written = tmp_path / "trace"
    server = Server(database_url, tmp_path / "data", before=[*trace.STRACE, "--seccomp-bpf", "-o", str(written)])
    try:
        headers = {"Authorization": f"Bearer {server.login()}"}
        names = [f"call-{uuid.uuid4().hex}" for _ in range(20)]
        with httpx.Client(base_url=server.url, headers=headers, timeout=30) as http:
            for name in names:
                content = json.dumps(CALL | {"name": name})
                answer = http.post(
                    "/llm/log-call", content=content, headers={"X-Request-ID": name, "Content-Type": "application/json"}
                )
                assert answer.status_code == 201, answer.text
    finally:
        server.kill()
    assert trace.faults(written, names) == {}


@pytest.mark.parametrize(
    ("synchronous", "when", "fault"),
    [
        ("FULL", "answer-last", None),
        ("FULL", "answer-first", "answered before its row was written"),
        ("OFF", "answer-last", "answered before the log was synced"),
        ("NORMAL", "answer-last", "answered before the log was synced"),
    ],
)
def test_an_answer_before_the_sync_would_be_found(
    tmp_path: Path, synchronous: str, when: str, fault: str | None
) -> None:
    names = ["first-call", "second-call", "third-call"]
    written = tmp_path / "trace"
    arguments = [str(tmp_path / "careless.db"), synchronous, when, *names]
    command = [*trace.STRACE, "-o", str(written), sys.executable, "-c", CARELESS_SERVER, *arguments]
    subprocess.run(command, check=True, timeout=60)
    assert trace.faults(written, names) == ({} if fault is None else dict.fromkeys(names, fault))

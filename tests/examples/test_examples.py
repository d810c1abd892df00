"""Each example runs as it stands against the mock provider, and leaves the calls that it makes."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.provider import running

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
CALLS = {
    "openai_chat.py": [("gpt-4o", 155, 0), ("gpt-5-mini", 159, 0), ("text-embedding-3-small", 11, 0), ("gpt-4o", 0, 1)],
    "anthropic_messages.py": [("claude-sonnet-5-5", 2040, 0)],
    "streaming.py": [("gpt-4o", 0, 0), ("claude-haiku-4-5", 0, 0), ("gpt-4o", 0, 0)],
    "async_calls.py": [*[("gpt-4o-mini", 155, 0)] * 9, ("gpt-4o-mini", 0, 2)],
    "agent.py": [("gpt-4o", 0, 0), ("gpt-4o", 0, 0)],
    "notebook.ipynb": [("gpt-4", 155, 0), ("gpt-4", 155, 0), ("gpt-4", 0, 1)],
}
"""The calls of each example in their order: model, tokens (0: not told here), status."""


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    with running() as address:
        yield address


def environment(provider: str, folder: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT / "src"),
        "CALLSCOPE_DATA_DIR": str(folder / "data"), "OPENAI_BASE_URL": f"{provider}/v1",
        "ANTHROPIC_BASE_URL": provider,
    }  # fmt: skip


def code_of(example: Path) -> str:
    """The code of an example; of a notebook its cells, one after the other."""
    text = example.read_text(encoding="utf-8")
    if example.suffix == ".py":
        return text
    return "\n".join("".join(cell["source"]) for cell in json.loads(text)["cells"] if cell["cell_type"] == "code")


def calls(folder: Path) -> list[sqlite3.Row]:
    with sqlite3.connect(folder / "data" / "callscope.db") as connection:
        connection.row_factory = sqlite3.Row
        return connection.execute(
            "SELECT m.name, prompt_tokens + completion_tokens AS tokens, status, c.* FROM llm_call_logs c"
            " JOIN llm_models m ON m.id = c.model_id ORDER BY c.created_at, c.id"
        ).fetchall()


@pytest.mark.parametrize("name", CALLS)
def test_an_example_runs_and_its_calls_are_recorded(name: str, provider: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", code_of(EXAMPLES / name)], env=environment(provider, tmp_path), cwd=tmp_path,
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    found = calls(tmp_path)
    assert sorted((call["name"], call["status"]) for call in found) == sorted(
        (name, status) for name, _, status in CALLS[name]
    )
    told = sorted(tokens for _, tokens, _ in CALLS[name] if tokens)
    assert [tokens for tokens in sorted(call["tokens"] for call in found) if tokens in told] == told
    if name == "agent.py":
        assert len({call["trace_id"] for call in found}) == 1
        assert {(call["session_id"], call["end_user"]) for call in found} == {("chat-77", "customer-17")}


def test_the_web_application_answers_and_names_its_users(provider: str, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "fastapi_app:app", "--app-dir", str(EXAMPLES), "--port", str(port)]
    app = subprocess.Popen(command, env=environment(provider, tmp_path), cwd=tmp_path, stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 60
        while True:
            try:
                headers = {"X-User": "customer-17", "X-Chat": "chat-77"}
                asked = httpx.get(f"http://127.0.0.1:{port}/ask", params={"question": "What is AI?"}, headers=headers)
                break
            except httpx.ConnectError:
                assert time.monotonic() < deadline
                time.sleep(0.2)
        assert asked.json()["answer"]
    finally:
        app.send_signal(signal.SIGTERM)
        app.wait(20)
    (call,) = calls(tmp_path)
    assert (call["name"], call["end_user"], call["session_id"]) == ("gpt-4o-mini", "customer-17", "chat-77")


def test_each_example_is_tested_and_listed() -> None:
    files = {path.name for path in EXAMPLES.iterdir() if path.suffix in {".py", ".ipynb"}}
    assert files == {*CALLS, "fastapi_app.py"}
    assert all(f"[{name}]({name})" in (EXAMPLES / "README.md").read_text() for name in files)

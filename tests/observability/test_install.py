"""`pip install callscope` beside an application's own pins: it changes none of them, and works."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.docs.documents import ROOT
from tests.observability.server import LocalServer

PINS = ["pydantic==1.10.24", "sqlalchemy==1.4.54", "fastapi==0.99.1", "httpx==0.27.2"]
PROGRAM = """
import sys, pydantic, sqlalchemy, fastapi, callscope
db = callscope.connect(sys.argv[1], api_key=sys.argv[2])
class Answer(pydantic.BaseModel):
    text: str
    usage: dict
def ask(prompt): return Answer(text="ok", usage={"prompt_tokens": 5, "completion_tokens": 150})
result = callscope.LLMObservabilityWrapper(db, model_id=1).call_llm(ask, "What is AI?", wait=True)
assert result["log_id"], result
try:
    callscope.connect()
except callscope.observability.errors.NotConnected as error:
    assert "callscope[server]" in str(error)
else:
    raise SystemExit("it connected without a server's packages")
"""


def uv(*arguments: str | Path) -> str:
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    command = [sys.executable, "-m", "uv", *map(str, arguments)]
    return subprocess.run(
        command, env=environment | {"UV_SYSTEM_CERTS": "1", "UV_NO_CONFIG": "1"}, cwd=ROOT, capture_output=True,
        text=True, timeout=600, check=True,
    ).stdout  # fmt: skip


@pytest.mark.long
@pytest.mark.timeout(900)
def test_an_applications_own_pins_stay_and_calls_arrive(sqlite_template: Path, tmp_path: Path) -> None:
    (tmp_path / "callscope.db").write_bytes(sqlite_template.read_bytes())
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path], cwd=ROOT, check=True)
    (wheel,) = tmp_path.glob("*.whl")
    python = tmp_path / "application/bin/python"
    uv("venv", "--python", sys.executable, tmp_path / "application")
    uv("pip", "install", "--python", python, *PINS)
    before = set(uv("pip", "freeze", "--python", python).splitlines())
    uv("pip", "install", "--python", python, wheel)
    after = set(uv("pip", "freeze", "--python", python).splitlines())
    assert before < after
    assert {line.partition(" ")[0].partition("=")[0] for line in after - before} == {"callscope"}
    server = LocalServer(tmp_path)
    with server.running():
        run = subprocess.run(
            [python, "-I", "-c", PROGRAM, server.url, server.key()], cwd=tmp_path, capture_output=True, text=True,
            timeout=100, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        assert len(server.calls()) == 1

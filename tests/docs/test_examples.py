"""The examples of the docs work as pasted, one after the other, on a new server."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.documents import ROOT, bash_blocks

WITH_EXAMPLES = ["README.md", "docs/getting-started.md", "docs/api.md"]
PRELUDE = """
set -euo pipefail
curl() { command curl --no-progress-meter --fail-with-body --max-time 30 "$@"; }
"""
"""What a reader has by himself: he sees when an answer is an error."""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a new server, started as its users start it, on a free port and a data folder of its own."""
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(tmp_path), "PYTHONPATH": str(ROOT / "src"),
        "CALLSCOPE_DATA_DIR": str(tmp_path / "data"),
    }  # fmt: skip
    command = [sys.executable, "-m", "callscope", "serve", "--port", "0"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            yield _address(process, tmp_path / "log")
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)


def _address(process: subprocess.Popen[str], log: Path) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        found = re.search(r"http://[\w.]+:(\d+)", line)
        if found:
            _wait_until_ready(found[0])
            return found[0]
    pytest.fail(f"the server did not start: {log.read_text()}")


def _wait_until_ready(address: str) -> None:
    ready = ["curl", "--silent", "--fail", "--retry", "50", "--retry-all-errors", "--retry-delay", "1"]
    subprocess.run([*ready, f"{address}/health/ready"], check=True, stdout=subprocess.DEVNULL, timeout=60)


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_the_examples_work_as_pasted(name: str, server: str, tmp_path: Path) -> None:
    assert shutil.which("curl"), "the examples need curl"
    blocks = bash_blocks(ROOT / name)
    assert blocks
    script = PRELUDE + "\n".join(f"echo '--- example {i}'\n{block}" for i, block in enumerate(blocks, start=1))
    folder = tmp_path / "reader"
    folder.mkdir()
    run = subprocess.run(
        ["bash", "-c", re.sub(r"http://localhost:8000", server.replace("127.0.0.1", "localhost"), script)],
        cwd=folder, env={"PATH": os.environ["PATH"], "HOME": str(folder)},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
    assert run.stdout.count(f"--- example {len(blocks)}\n") == 1
    assert '"detail"' not in run.stdout

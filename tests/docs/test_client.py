"""The Python examples of the client's page work as pasted, one after the other."""

import os
import subprocess
import sys
from pathlib import Path

from tests.docs.documents import ROOT, python_blocks
from tests.observability.server import LocalServer
from tests.provider import running


def test_the_examples_of_the_client_work_as_pasted(sqlite_template: Path, tmp_path: Path) -> None:
    (tmp_path / "callscope.db").write_bytes(sqlite_template.read_bytes())
    server = LocalServer(tmp_path)
    with server.running(), running() as provider:
        places = {
            "http://localhost:8000": server.url, "http://localhost:8900": provider, "cs_YOUR_KEY": server.key(),
        }  # fmt: skip
        script = "\n".join([*python_blocks(ROOT / "docs/client.md"), "assert db.flush(), db.dropped"])
        for written, real in places.items():
            script = script.replace(written, real)
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "CALLSCOPE_DATA_DIR": str(tmp_path / "own")}
        run = subprocess.run(
            [sys.executable, "-c", script], cwd=tmp_path, env=environment | {"PYTHONPATH": str(ROOT / "src")},
            capture_output=True, text=True, timeout=100, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr
        assert "'total_tokens': 155" in run.stdout
        assert not run.stderr
        assert not server.calls()  # the second `connect` went on, to the data folder

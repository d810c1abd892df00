"""Everything at once on four processes, for a short while: the long form is `python -m bench.soak`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.durability.test_backup import TOOLS

ROOT = Path(__file__).parents[2]


@pytest.mark.long
def test_nothing_goes_wrong_while_everything_happens_at_once(database_url: str, tmp_path: Path) -> None:
    made = subprocess.run(
        [
            sys.executable, "-m", "bench.soak", "--minutes", "0.6", "--rate", "150", "--data-dir", str(tmp_path),
            "--database-url", database_url,
        ],
        cwd=ROOT, env={**os.environ, "PATH": f"{TOOLS}:{os.environ['PATH']}"}, capture_output=True, text=True, timeout=400, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout[-3_000:] + made.stderr[-1_000:]
    assert "nothing wrong" in made.stdout

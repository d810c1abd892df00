"""A server of its own process, as a user starts it, on a data folder of a test."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

ROOT = Path(__file__).parents[2]
_ADDRESS = re.compile(r"address +(\S+)")


def environment(data_dir: Path) -> dict[str, str]:
    """What a command of this checkout is run with."""
    return {
        "PATH": os.environ["PATH"], "HOME": str(data_dir), "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1",
        "CALLSCOPE_DATA_DIR": str(data_dir), "CALLSCOPE_LOG_LEVEL": "warning",
    }  # fmt: skip


def fill(data_dir: Path, calls: int) -> None:
    """Make a month of believable calls in a new data folder."""
    command = [sys.executable, "-m", "callscope", "demo", "--calls", str(calls)]
    subprocess.run(command, env=environment(data_dir), check=True, stdout=subprocess.DEVNULL, cwd=data_dir)


@contextmanager
def serving(data_dir: Path) -> Iterator[str]:
    """Start a server on the folder; gives its address."""
    data_dir.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-m", "callscope", "serve", "--port", "0"]
    with (data_dir / "log").open("w") as log:
        process = subprocess.Popen(
            command, cwd=data_dir, env=environment(data_dir), stdout=subprocess.PIPE, stderr=log, text=True
        )
        try:
            assert process.stdout is not None
            address = next((found[1] for line in process.stdout if (found := _ADDRESS.search(line))), None)
            assert address, f"the server did not start: {(data_dir / 'log').read_text()}"
            httpx.get(f"{address}/health/live", timeout=30).raise_for_status()
            yield address
        finally:
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=20)


def session_cookie(address: str, email: str, password: str) -> str:
    """Log in; gives what the browser sends from then on."""
    body = {"email": email, "password": password, "cookie": True}
    answer = httpx.post(f"{address}/auth/login", json=body, headers={"Origin": address}, timeout=30)
    answer.raise_for_status()
    return answer.cookies["callscope_session"]

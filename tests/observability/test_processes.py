"""Whole programs: with many threads and tasks, that fork, and that end while the server is in whatever state."""

import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.docs.documents import ROOT
from tests.observability.server import LocalServer

PROGRAM = ROOT / "tests/observability/program.py"


def run(how: str, url: str, key: str = "cs_none") -> subprocess.CompletedProcess[str]:
    """The program's end. Newer Pythons warn of every fork in a process with threads: that is what is tested here."""
    return subprocess.run(
        [sys.executable, str(PROGRAM), how, url, key],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT / "src"), "PYTHONWARNINGS": "ignore::DeprecationWarning"},
        capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip


@contextmanager
def answering(response: bytes | None) -> Iterator[str]:
    """A server that gives this answer to everything, or with None takes connections and says nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            held = []
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                held.append(connection)
                if response is not None:
                    threading.Thread(target=talk, args=(connection,), daemon=True).start()

        def talk(connection: socket.socket) -> None:
            with connection:
                while connection.recv(2**20):
                    connection.sendall(response or b"")

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"


BUSY = b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 30\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


LONG = pytest.mark.long
STATES = [
    ("threads", "away"), ("tasks", "silent"), pytest.param("threads", "silent", marks=LONG),
    pytest.param("tasks", "away", marks=LONG), pytest.param("threads", "busy", marks=LONG), ("tasks", "busy"),
]  # fmt: skip


@pytest.mark.parametrize(("how", "server"), STATES)
def test_a_server_that_takes_nothing_does_not_stop_a_program(how: str, server: str) -> None:
    if server == "away":
        done = run(how, "http://127.0.0.1:9")
    else:
        with answering(BUSY if server == "busy" else None) as url:
            done = run(how, url)
    assert done.returncode == 0, done.stderr
    made, dropped, waiting = map(int, re.findall(r"=(\d+)", done.stdout))
    assert dropped + waiting == made
    assert waiting <= 1_000
    assert done.stderr.count("Callscope could not record calls") == 1


@pytest.mark.parametrize("how", ["fork", "daemon", "stream"])
def test_what_forks_and_ends_is_recorded_once(how: str, sqlite_template: Path, tmp_path: Path) -> None:
    (tmp_path / "callscope.db").write_bytes(sqlite_template.read_bytes())
    expected = {
        "fork": [*(f"child {n}, {turn}" for n in range(3) for turn in range(5)), "parent, after", "parent, before"],
        "daemon": ["after", "before"],
        "stream": ["left open"],
    }[how]
    server = LocalServer(tmp_path)
    with server.running():
        done = run(how, server.url, server.key())
        assert (done.returncode, done.stderr) == (0, "")
        deadline = time.monotonic() + 30
        while len(server.calls()) < len(expected) and time.monotonic() < deadline:  # a daemon is not waited for
            time.sleep(0.05)
        assert sorted(str(call.preview) for call in server.calls()) == sorted(expected)


@pytest.mark.parametrize("how", ["fork", "stream"])
def test_the_same_holds_for_a_database_in_the_process(how: str, sqlite_template: Path, tmp_path: Path) -> None:
    (tmp_path / "callscope.db").write_bytes(sqlite_template.read_bytes())
    done = run(how, f"sqlite:///{tmp_path}/callscope.db")
    assert (done.returncode, done.stderr) == (0, "")
    server = LocalServer(tmp_path)
    with server.running():
        assert len(server.calls()) == (17 if how == "fork" else 1)

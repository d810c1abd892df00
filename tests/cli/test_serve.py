"""`callscope serve` and `main.py` as real processes: they start, say where they are, answer, and stop when told."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONUNBUFFERED": "1"}
SERVE = (sys.executable, "-m", "callscope", "serve", "--port", "0")


@dataclass
class Server:
    process: subprocess.Popen[str]
    url: str
    banner: str


@contextmanager
def started(folder: Path, *command: str, **environment: str) -> Iterator[Server]:
    settings = {**ENVIRONMENT, "CALLSCOPE_DATA_DIR": str(folder / "data"), **environment}
    process = subprocess.Popen(
        command, env=settings, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        banner = ""
        while not (found := re.search(r"address +(\S+)\n(?:.*\n){2}", banner)):
            line = process.stdout.readline()
            assert line, f"it ended: {banner}"
            banner += line
        httpx.get(f"{found[1]}/health/live", timeout=30).raise_for_status()
        yield Server(process, found[1], banner)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout:
            process.stdout.close()


def log_in(server: Server) -> httpx.Response:
    login = {"email": "admin@example.com", "password": "admin123"}
    return httpx.post(f"{server.url}/auth/login", json=login, timeout=30)


def stop(server: Server, by: signal.Signals) -> tuple[int, float]:
    began = time.monotonic()
    server.process.send_signal(by)
    return server.process.wait(timeout=20), time.monotonic() - began


def test_it_says_where_it_is_and_how_to_log_in(tmp_path: Path) -> None:
    with started(tmp_path, *SERVE) as server:
        assert str(tmp_path / "data" / "callscope.db") in server.banner
        assert "admin@example.com / admin123" in server.banner
        assert log_in(server).status_code == 200
        assert "server" not in httpx.get(server.url).headers
        assert httpx.get(f"{server.url}/health/ready", timeout=30).status_code == 200
        code, seconds = stop(server, signal.SIGTERM)
        assert code == 0
        assert seconds < 10


def test_it_does_not_speak_of_demo_logins_that_do_not_work(tmp_path: Path) -> None:
    with started(tmp_path, *SERVE, CALLSCOPE_DEMO_USERS="off") as server:
        assert "admin123" not in server.banner


def test_several_processes_answer_at_one_address(tmp_path: Path) -> None:
    with started(tmp_path, *SERVE, "--workers", "2") as server:
        for _ in range(5):
            assert log_in(server).status_code == 200
        code, seconds = stop(server, signal.SIGTERM)
        assert code == 0
        assert seconds < 10


def test_an_interrupt_stops_it(tmp_path: Path) -> None:
    with started(tmp_path, *SERVE) as server:
        code, _ = stop(server, signal.SIGINT)
        assert code == 130


def test_main_py_serves_from_a_checkout(tmp_path: Path) -> None:
    with started(tmp_path, sys.executable, str(ROOT / "main.py"), "--port", "0", PYTHONPATH="") as server:
        assert log_in(server).status_code == 200


def test_gunicorn_takes_main_app(tmp_path: Path) -> None:
    pytest.importorskip("gunicorn")
    command = (
        sys.executable, "-m", "gunicorn", "-w", "2", "-k", "uvicorn.workers.UvicornWorker", "main:app",
        "--chdir", str(ROOT), "-b", "127.0.0.1:0",
    )  # fmt: skip
    settings = {**ENVIRONMENT, "CALLSCOPE_DATA_DIR": str(tmp_path / "data")}
    process = subprocess.Popen(
        command, env=settings, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        start_new_session=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        written = ""
        while not (found := re.search(r"Listening at: (\S+)", written)):
            line = process.stdout.readline()
            assert line, f"it ended: {written}"
            written += line
        answer = httpx.get(f"{found[1]}/health/ready", timeout=60)
        assert answer.json()["data"]["ready"] is True
        process.terminate()
        process.wait(timeout=20)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout:
            process.stdout.close()

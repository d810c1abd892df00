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

from callscope.config import load_config
from callscope.server import banner

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
        assert "/docs" not in server.banner
        assert "a link that makes the first admin" in server.banner


def test_it_warns_where_the_demo_logins_work_from_everywhere() -> None:
    assert "FROM EVERYWHERE" in banner(load_config(CALLSCOPE_DEMO_USERS="everywhere"), "demo everywhere")


def test_it_shows_the_database_as_it_was_given_without_its_password() -> None:
    shown = banner(load_config(DATABASE_URL="postgres://u:very-private@db.example.com/calls"), "admin")
    assert "postgres://u:***@db.example.com/calls" in shown


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
        assert code == 0
        assert server.process.stdout is not None
        assert server.process.stdout.read() == ""


def test_main_py_serves_from_a_checkout(tmp_path: Path) -> None:
    with started(tmp_path, sys.executable, str(ROOT / "main.py"), "--port", "0", PYTHONPATH="") as server:
        assert log_in(server).status_code == 200


def main_py(*arguments: str, folder: Path, isolated: bool = False) -> subprocess.CompletedProcess[str]:
    python = [sys.executable, "-I", "-S"] if isolated else [sys.executable]
    settings = {**os.environ, "CALLSCOPE_DATA_DIR": str(folder / "data")}
    return subprocess.run(
        [*python, str(ROOT / "main.py"), *arguments], env=settings, cwd=folder,
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_main_py_runs_other_commands(tmp_path: Path) -> None:
    assert main_py("migrate", folder=tmp_path).stdout == "The database is up to date.\n"
    assert "admin@example.com" in main_py("user", "list", folder=tmp_path).stdout


def test_main_py_says_what_is_missing(tmp_path: Path) -> None:
    done = main_py("--port", "0", folder=tmp_path, isolated=True)
    assert done.returncode == 1
    assert done.stderr == "callscope: typer is not installed here; first: pip install -r requirements.txt\n"


def test_gunicorn_takes_main_app(tmp_path: Path) -> None:
    pytest.importorskip("gunicorn")
    command = (
        sys.executable, "-m", "gunicorn", "-w", "2", "-k", "callscope.workers.BoundedWorker", "main:app",
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
        large = httpx.get(f"{found[1]}/health/live", headers={"X-Large": "a" * 70_000}, timeout=60)
        assert large.status_code == 431, "the bounds of connections hold here too"
        process.terminate()
        process.wait(timeout=20)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if process.stdout:
            process.stdout.close()

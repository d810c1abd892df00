"""A real server process, started as its users start it, and the few things that are done to it here."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx

import callscope

SOURCES = Path(callscope.__file__).parents[1]
SECRET = "a-secret-for-tests-only-0123456789"
START_SECONDS = 60.0
DEMO = {"email": "admin@example.com", "password": "admin123"}
SERVE = (sys.executable, "-m", "callscope", "serve", "--port", "0")


class Server:
    """A running server, the leader of a process group of its own.

    Args:
        database_url: where its data is; the database may be empty.
        folder: its working and data folder; the log is there too, and goes on over restarts.
        workers: how many processes serve.
        settings: more of the environment; nothing of the tests' own environment but PATH gets there.
        before: a command that runs it, as `strace …`.
        command: another way of starting it; it must say its address as `http://…` on either output.
    """

    def __init__(
        self,
        database_url: str,
        folder: Path,
        *,
        workers: int = 1,
        settings: Mapping[str, str] | None = None,
        before: Sequence[str] = (),
        command: Sequence[str] = (),
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._environment = {
            "PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(SOURCES), "DATABASE_URL": database_url,
            "CALLSCOPE_DATA_DIR": str(folder), "SECRET_KEY": SECRET, **(settings or {}),
        }  # fmt: skip
        self._log = folder / "log"
        command = command or (*SERVE, "--workers", str(workers))
        begin = self._log.stat().st_size if self._log.exists() else 0
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                [*before, *command], cwd=folder, env=self._environment, stdout=log, stderr=log, start_new_session=True
            )
        try:
            self.url = self._find_address(begin)
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise

    def log(self) -> str:
        """All that was printed and logged, by all servers in this folder."""
        return self._log.read_text()

    def kill(self) -> None:
        """End all its processes at once, as `kill -9` and a power cut do. A server that has ended stays as it is."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def terminate(self) -> None:
        """Ask it to stop, and do not wait."""
        self.process.terminate()

    def stop(self) -> int:
        """Ask it to stop; gives its exit code."""
        self.terminate()
        return self.process.wait(20)

    def workers(self) -> list[int]:
        """The process ids of its workers."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]

    def login(self) -> str:
        """The demo admin's access token. It holds after a restart as well."""
        token: str = (
            httpx.post(f"{self.url}/auth/login", json=DEMO, timeout=30).raise_for_status().json()["access_token"]
        )
        return token

    def get(self, path: str, token: str) -> Any:
        """The `data` of a GET."""
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.get(f"{self.url}{path}", headers=headers, timeout=30).raise_for_status().json()["data"]

    def ready(self) -> httpx.Response:
        """What /health/ready says."""
        return httpx.get(f"{self.url}/health/ready", timeout=30)

    def check_rollups(self) -> None:
        """Have `callscope doctor` compare every rollup with the rows."""
        command = [sys.executable, "-m", "callscope", "doctor"]
        done = subprocess.run(
            command, cwd=self._folder, env=self._environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr

    def _find_address(self, begin: int) -> str:
        while True:
            found = re.search(r"http://127\.0\.0\.1:\d+", self.log()[begin:])
            if found:
                return found[0]
            assert self.process.poll() is None, f"the server did not start:\n{self.log()[begin:]}"
            time.sleep(0.02)

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                if self.ready().status_code == 200:
                    return
            except httpx.TransportError:
                pass
            assert self.process.poll() is None, f"the server ended:\n{self.log()}"
            assert time.monotonic() < deadline, f"the server does not become ready:\n{self.log()}"
            time.sleep(0.02)

"""A Callscope server for a benchmark: a process of its own, started as a user starts it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType


class Server:
    """`callscope serve` on a free port. Use it as a context manager."""

    def __init__(self, data_dir: Path, *, workers: int = 1, database_url: str = "", log: Path | None = None) -> None:
        self.data_dir = data_dir
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._workers = workers
        self._database_url = database_url
        self._log = log
        self.seconds_to_first_answer = 0.0
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Server":
        level = "warning" if self._log is None else "info"
        environment = {**os.environ, "CALLSCOPE_DATA_DIR": str(self.data_dir), "CALLSCOPE_LOG_LEVEL": level}
        if self._database_url:
            environment |= {"DATABASE_URL": self._database_url, "SECRET_KEY": "a-key-for-benchmarks-only"}
        command = [sys.executable, "-m", "callscope", "serve", "--port", str(self.port)]
        command += ["--workers", str(self._workers)]
        started = time.perf_counter()
        with (self._log or Path(os.devnull)).open("ab") as log:
            errors = None if self._log is None else log
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=errors)  # noqa: S603  # our own
        while True:
            try:
                with urllib.request.urlopen(f"{self.url}/health/live", timeout=1):  # noqa: S310  # our own server
                    break
            except OSError:
                if self.process.poll() is not None:
                    raise SystemExit("the server did not start") from None
                time.sleep(0.01)
        self.seconds_to_first_answer = time.perf_counter() - started
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(30)

    def kill(self) -> None:
        """End it at once, as `kill -9` does."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)

    def login(self) -> str:
        """An access token of the demo admin."""
        body = json.dumps({"email": "admin@example.com", "password": "admin123"}).encode()
        request = urllib.request.Request(  # noqa: S310  # our own server
            f"{self.url}/auth/login", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request) as response:  # noqa: S310  # our own server
            token: str = json.load(response)["access_token"]
        return token

    def cpu_seconds(self) -> float:
        """Processor time that the process has used so far."""
        assert self.process is not None
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_mib(self) -> float:
        """Resident memory of the process, in MiB."""
        return self._status_mib("VmRSS")

    def peak_mib(self) -> float:
        """The most memory that the process has had since `forget_peak`, in MiB."""
        return self._status_mib("VmHWM")

    def forget_peak(self) -> None:
        """Let the most memory so far be what it is now."""
        assert self.process is not None
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def _status_mib(self, name: str) -> float:
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(next(line for line in status.splitlines() if line.startswith(name)).split()[1]) / 1024


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])

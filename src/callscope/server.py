"""`callscope serve`: looks whether the server can start here, says where it is, and runs it under uvicorn."""

import errno
import os
import signal
import socket
import sys
import tempfile
import time
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

from callscope import __version__
from callscope.config import Config

if TYPE_CHECKING:
    import uvicorn
    from fastapi import FastAPI

BACKLOG = 2_048
# Open streams would hold a stop for ever; what is queued is written after they are cut. Both stay within 10 seconds.
GRACE_SECONDS = 6


class CannotStart(Exception):
    """The server cannot start as it is set up; the message is the one line that the operator reads."""


def serve(config: Config, workers: int) -> None:
    """Run until a signal says stop: SIGTERM and Ctrl-C finish what was begun. Raises CannotStart."""
    from callscope.logs import configure

    configure(config.log_level, config.log_format)
    check_folders(config)
    demo = _demo_works(config)
    listening = listen(config.host, config.port)
    config = config.model_copy(update={"port": listening.getsockname()[1]})
    print(banner(config, demo=demo), flush=True)  # noqa: T201  # this is for the terminal, not for the log
    if workers == 1:
        _run_here(config, listening)
    else:
        _run_workers(config, listening, workers)


def check_folders(config: Config) -> None:
    """Raise CannotStart unless the folders that will be written can be: the data folder, or where DATABASE_URL points."""
    if not config.is_sqlite:
        return
    database = Path(config.database_url.removeprefix("sqlite:///")).parent
    folders = {database: "DATABASE_URL" if config.database_url_setting else "CALLSCOPE_DATA_DIR"}
    if not config.secret_key_setting:
        folders[config.data_dir] = "CALLSCOPE_DATA_DIR"
    for folder, setting in folders.items():
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            raise CannotStart(f"{setting}: {folder} cannot be written: {error.strerror or error}") from error


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
    except OSError as error:
        what = "is in use already" if error.errno == errno.EADDRINUSE else f"cannot be had: {error.strerror or error}"
        raise CannotStart(f"port {port} on {host} {what}; choose another with --port or --host") from error
    listening.set_inheritable(True)
    return listening


def banner(config: Config, *, demo: bool) -> str:
    """Where the server is, where its data is, and how to log in."""
    from sqlalchemy import make_url

    address = config.public_url or f"http://{_host_to_type(config.host)}:{config.port}"
    url = make_url(config.database_url)
    data = url.database if config.is_sqlite else url.render_as_string(hide_password=True)
    login = f"{address}/docs"
    if demo:
        login = "admin@example.com / admin123, a demo login for this machine (until there is another admin)"
    return f"Callscope {__version__}\n  address  {address}\n  data     {data}\n  log in   {login}"


def _demo_works(config: Config) -> bool:
    """Whether to speak of the demo login. Raises CannotStart when a PostgreSQL server cannot be reached."""
    from sqlalchemy.exc import SQLAlchemyError

    from callscope.accounts.demo import any_works
    from callscope.api.local import is_loopback
    from callscope.db.engine import Database, DatabaseUnavailable

    reachable = config.demo_users == "everywhere" or (not config.public_url and is_loopback(config.host))
    db = Database(config.database_url)
    try:
        with db.read_session() as session:
            return any_works(session, config, time.time()) and reachable
    except (DatabaseUnavailable, SQLAlchemyError) as error:
        if config.is_sqlite or not isinstance(error, DatabaseUnavailable):  # a first start: there are no tables yet
            return config.demo_users != "off" and reachable
        raise CannotStart(f"DATABASE_URL: {error}") from error
    finally:
        db.dispose()


def _host_to_type(host: str) -> str:
    if host in {"0.0.0.0", "::", ""}:  # noqa: S104  # compared, not bound
        return "localhost"
    return f"[{host}]" if ":" in host else host


def _uvicorn(app: "FastAPI | str", workers: int) -> "uvicorn.Config":
    """How uvicorn runs `app`. Forwarding headers are left to us: only the configured hops count."""
    import uvicorn

    return uvicorn.Config(
        app, workers=workers, loop="uvloop", http="httptools", ws="none", lifespan="on", log_config=None,
        access_log=False, proxy_headers=False, server_header=False, backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )  # fmt: skip


def _run_here(config: Config, listening: socket.socket) -> None:
    import uvicorn

    from callscope.app import create_app

    signal.signal(signal.SIGTERM, _stopped)  # uvicorn hands the signal on once it has stopped in good order
    uvicorn.Server(_uvicorn(create_app(config), workers=1)).run(sockets=[listening])


def _stopped(_signal: int, _frame: FrameType | None) -> None:
    sys.exit(0)


def _run_workers(config: Config, listening: socket.socket, workers: int) -> None:
    """Several processes on one socket. They read the environment, so what the command line said goes there."""
    from uvicorn.supervisors import Multiprocess

    os.environ.update(
        CALLSCOPE_HOST=config.host, CALLSCOPE_PORT=str(config.port), CALLSCOPE_DATA_DIR=str(config.data_dir.absolute())
    )
    Multiprocess(_uvicorn("callscope.asgi:app", workers), sockets=[listening]).run()

"""`callscope.connect`: the one handle to a server, or to a database in this process."""

import os
import threading
from typing import TYPE_CHECKING, Any

from callscope.observability.cache import ResponseCache, SharedCache
from callscope.observability.environment import API_KEY, ENVIRONMENT, PROJECT, URL
from callscope.observability.errors import NotConnected
from callscope.observability.follow import FollowedPolicy
from callscope.observability.handle import Handle
from callscope.observability.sender import Sender
from callscope.observability.transport import HttpTransport, PolicySource, Transport

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    Database = Handle | Session | Engine | str | None
else:
    Database = Any

QUEUE_CALLS = 10_000
QUEUE_BYTES = 32 * 2**20
EXIT_SECONDS = 3.0
EMBEDDED_EXIT_SECONDS = 10.0


def connect(
    target: Database = None,
    *,
    api_key: str | None = None,
    project: str | None = None,
    environment: str | None = None,
    capture_content: bool = True,
    queue_calls: int = QUEUE_CALLS,
    queue_bytes: int = QUEUE_BYTES,
    exit_seconds: float | None = None,
) -> Handle:
    """Connect to where calls are recorded.

    Args:
        target: a server's address, `http://…` or `https://…`; or a database for this process to write into by itself,
            with no server running: `sqlite:///…`, `postgresql://…`, a SQLAlchemy `Engine` or `Session` (this needs
            `callscope[server]`). Left out, it is the server that `CALLSCOPE_URL` names, else the data folder's database,
            which `callscope serve` shows.
        api_key: the server's key, `cs_…`, with scope `ingest` or `gateway`; `CALLSCOPE_API_KEY` if it is left out.
        project, environment: what calls belong to that do not say it; `CALLSCOPE_PROJECT` and `CALLSCOPE_ENVIRONMENT`.
        capture_content: whether prompts, answers and parameters are recorded; if not, no answer is kept on the server for
            other programs either.
        queue_calls, queue_bytes: what may wait in memory to be recorded; beyond it calls are dropped, and counted.
        exit_seconds: how long the end of the program may take to record what is left: 3 seconds with a server, 10 with
            a database, unless it is said.

    Raises NotConnected for what cannot be used. A server that is away is no error: calls are sent when it is back.
    """
    if isinstance(target, Handle):
        return target
    where = target if target is not None else os.environ.get(URL) or None
    transport: Transport
    policies: PolicySource
    shared = None
    if isinstance(where, str) and where.startswith(("http://", "https://")):
        key = _key(api_key or os.environ.get(API_KEY) or None)
        url = where.rstrip("/")
        transport, policies, shared = HttpTransport(url, key), FollowedPolicy(url, key), SharedCache(url, key)
    else:
        embedded = _embedded(where)
        transport, policies = embedded, embedded.policies
    if exit_seconds is None:
        exit_seconds = EMBEDDED_EXIT_SECONDS if shared is None else EXIT_SECONDS
    sender = Sender(transport, max_calls=queue_calls, max_bytes=queue_bytes, exit_seconds=exit_seconds)
    cache = ResponseCache(shared if capture_content else None)
    sender.also_after_fork(policies.after_fork, cache.after_fork, *([] if shared is None else [shared.after_fork]))
    handle = Handle(
        sender,
        policies,
        cache,
        waits=shared is None,
        capture_content=capture_content,
        project=project or os.environ.get(PROJECT) or None,
        environment=environment or os.environ.get(ENVIRONMENT) or None,
    )
    policies.current  # noqa: B018  # has the settings on their way
    return handle


def _key(key: str | None) -> str | None:
    if key is not None and not (key.isascii() and key.isprintable() and " " not in key):
        raise NotConnected("the api_key is none: it has only letters, digits, - and _, as in cs_YOUR_KEY")
    return key


def handle_of(target: Database) -> Handle:
    """The handle to use: the one given, or one for this process that all who name the same database share."""
    if isinstance(target, Handle):
        return target
    address = target if isinstance(target, str) or target is None else _address(target)
    with _lock:
        handle = _handles.get(address)
        if handle is None or handle.closed:
            handle = _handles[address] = connect(address)
        return handle


_handles: dict[str | None, Handle] = {}
_lock = threading.Lock()


def _embedded(target: Any) -> Any:
    try:
        from callscope.embedded import Embedded
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.startswith("callscope"):
            raise
        raise NotConnected(
            "only the client is installed here: name a server, callscope.connect('http://…', api_key='cs_…') or "
            f"{URL}, or install 'callscope[server]' to write into a database without one"
        ) from None
    return Embedded(target if isinstance(target, str) or target is None else _address(target))


def _address(target: Any) -> str:
    """The address of the database that a SQLAlchemy session or engine is on."""
    engine = target.get_bind() if hasattr(target, "get_bind") else target
    url = getattr(engine, "url", None) or getattr(getattr(engine, "engine", None), "url", None)
    if url is None:
        raise NotConnected(f"{type(target).__name__} is neither an address nor a SQLAlchemy session or engine")
    return str(url.render_as_string(hide_password=False))

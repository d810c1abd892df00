"""The two engines on PostgreSQL: one that reads, one that writes, and what their sessions are set to.

A reading transaction is REPEATABLE READ, READ ONLY: one state of the data for all its questions. A writing one is READ
COMMITTED: it must see what was committed before it got the lock of all writers. Each has connections of its own, so that
slow readers leave the writer his.
"""

import math
import time
from collections.abc import Callable
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, text

MARGIN_SECONDS = 2.0
"""So much longer than the server's own bound on a statement its silence is borne."""
IDLE_SECONDS = 30
"""How long a writing transaction may wait for its client. Where the network swallowed him, the lock is then free again."""
STOPPING = "Callscope stops and does not wait for the database any more"
CONNECTING: dict[str, str | int] = {
    "connect_timeout": 5, "application_name": "callscope",
    "keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3, "tcp_user_timeout": 15_000,
}  # fmt: skip
"""Options of libpq; what the URL says goes before."""
NOTICE_LOST_CLIENTS = """
    SELECT set_config('tcp_keepalives_idle', '30', false), set_config('tcp_keepalives_interval', '10', false),
           set_config('tcp_keepalives_count', '3', false)"""
# A plan for any values knows neither how many ids a statement names nor which days. Made while a table was small, it went
# through all calls of a day for each id: a batch of a thousand calls took five seconds and more.
PLAN_FOR_THE_VALUES = "SELECT set_config('plan_cache_mode', 'force_custom_plan', false)"
LIMIT_STATEMENTS = "SELECT set_config('statement_timeout', %s, false)"
# `remote_write` stays: like `on` it waits for this server's disk, and for the standby's memory only by its administrator's
# decision. Said for the session, it holds also when the server's configuration is changed later.
SYNC_COMMITS = """
    SELECT set_config('synchronous_commit', CASE WHEN now IN ('off', 'local') THEN 'on' ELSE now END, false)
    FROM current_setting('synchronous_commit') AS now"""
TAKE_WRITE_LOCK = text(
    "SELECT set_config('lock_timeout', :wait, true), pg_advisory_xact_lock(:n), set_config('lock_timeout', '0', true), "
    "set_config('statement_timeout', :statement, true), set_config('idle_in_transaction_session_timeout', :idle, true)"
)
LIMIT_TRANSACTION = text("SELECT set_config('statement_timeout', :statement, true)")


def reading_engine(url: URL, stops_at: Callable[[], float], *, connections: int, statement_seconds: float) -> Engine:
    """The engine for `Database.read`; a statement may take so long unless `limit` says something else.

    From `stops_at()` on, a moment of `time.monotonic`, no answer is waited for.
    """
    size = connections // 2
    engine = _engine(url, stops_at, "REPEATABLE READ", pool_size=size, max_overflow=connections - size)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        connection.read_only = True
        _set(
            connection, (NOTICE_LOST_CLIENTS, ()), (PLAN_FOR_THE_VALUES, ()),
            (LIMIT_STATEMENTS, (_milliseconds(statement_seconds),)),
        )  # fmt: skip

    return engine


def writing_engine(url: URL, stops_at: Callable[[], float]) -> Engine:
    """The engine for `Database.write`. One thread of a process writes at a time, so one connection is enough."""
    engine = _engine(url, stops_at, "READ COMMITTED", pool_size=1, max_overflow=1)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: object) -> None:
        _set(
            connection, (NOTICE_LOST_CLIENTS, ()), (PLAN_FOR_THE_VALUES, ()), (LIMIT_STATEMENTS, ("0",)),
            (SYNC_COMMITS, ()),
        )  # fmt: skip

    return engine


def bear(connection: Connection, seconds: float | None) -> None:
    """Let the server be silent for as long as a statement may take (None: for ever), until the connection is given back."""
    driver: Any = connection.connection.driver_connection
    driver.answer_seconds = float("inf") if seconds is None else seconds + MARGIN_SECONDS


def limit(connection: Connection, seconds: float) -> None:
    """Let each statement of a reading transaction take so long."""
    connection.execute(LIMIT_TRANSACTION, {"statement": _milliseconds(seconds)})


def take_write_lock(connection: Connection, number: int, wait_seconds: float, statement_seconds: float | None) -> None:
    """Take the lock of all writers for a transaction, and bound its statements, or not (None)."""
    values = {
        "n": number,
        "wait": _milliseconds(wait_seconds),
        "statement": _milliseconds(statement_seconds),
        "idle": _milliseconds(None if statement_seconds is None else IDLE_SECONDS),
    }
    connection.execute(TAKE_WRITE_LOCK, values)


def _engine(
    url: URL, stops_at: Callable[[], float], isolation_level: Any, *, pool_size: int, max_overflow: int
) -> Engine:
    engine = create_engine(
        url, isolation_level=isolation_level, pool_size=pool_size, max_overflow=max_overflow, pool_pre_ping=True,
        pool_timeout=10, hide_parameters=True,
        connect_args={
            **{name: value for name, value in CONNECTING.items() if name not in url.query},
            "prepare_threshold": 3, "client_encoding": "utf8",
        },
    )  # fmt: skip

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: object, _record: object, arguments: Any, options: Any) -> Any:
        from callscope.db.answering import AnsweringConnection, NoAnswer

        left = stops_at() - time.monotonic()
        if left <= 0:
            raise NoAnswer(STOPPING)
        if left < math.inf:
            options = {**options, "connect_timeout": max(1, int(left))}
        connection = AnsweringConnection.connect(*arguments, **options)
        connection.stops_at = stops_at
        return connection

    @event.listens_for(engine, "checkin")
    def _rest(connection: Any, _record: object) -> None:
        if connection is not None:
            connection.answer_seconds = type(connection).answer_seconds

    return engine


def _set(connection: Any, *settings: tuple[str, tuple[str, ...]]) -> None:
    """Change settings of the session, outside a transaction: a rollback would undo them."""
    connection.autocommit = True
    for statement, values in settings:
        connection.execute(statement, values)
    connection.autocommit = False


def _milliseconds(seconds: float | None) -> str:
    """As PostgreSQL takes it, where 0 is no bound."""
    return "0" if seconds is None else f"{max(1, int(1_000 * seconds))}ms"

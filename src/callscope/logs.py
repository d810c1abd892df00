"""What the server writes to its log: one event a line, as JSON unless a person watches, without secrets or payloads.

Modules log through `structlog.get_logger(__name__)`; the libraries' loggers come out of the same end. Nothing is set
up until `configure` is called, which the command line and `callscope.asgi` do, once a process.
"""

import logging
import sys
import traceback
from collections.abc import Iterator
from contextvars import ContextVar
from types import TracebackType
from typing import Literal

import structlog
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

request_id: ContextVar[str] = ContextVar("callscope_request_id", default="")
"""The id of the request that is being answered; the middleware sets it, and every event of the request carries it."""

HIDDEN = "(hidden)"
SECRETS = ("authorization", "cookie", "password", "token", "secret", "api_key", "apikey")
TOKEN_COUNTS = ("tokens", "token_version")  # prompt_tokens and the like are numbers that one wants to see
_MESSAGE_LIMIT = 300


def configure(level: str, style: Literal["auto", "json", "console"]) -> None:
    """Send structlog's and the libraries' events to standard error.

    Args:
        level: `debug`, `info`, `warning` or `error`; what is below it is dropped.
        style: `auto` is `console` where standard error is a terminal, else `json`.
    """
    threshold = logging.getLevelNamesMapping()[level.upper()]
    for_people = style == "console" or (style == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        _add_request_id,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(_safe_trace),
        hide_secrets,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(threshold),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(for_people)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(threshold)
    _quieten_libraries(threshold)


def _renderer(for_people: bool) -> Processor:
    if for_people:
        return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=0)
    return structlog.processors.JSONRenderer(ensure_ascii=False)


def _quieten_libraries(threshold: int) -> None:
    """Libraries speak up from warnings on; uvicorn's chatter and its access log (it has query strings) are left out."""
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "alembic", "sqlalchemy", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers = []
        logger.propagate = True
        logger.setLevel(max(threshold, logging.WARNING))
    logging.getLogger("uvicorn.access").setLevel(logging.CRITICAL)


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace the values of fields whose names say that they may be secret: a net under code that should not log them."""
    for name, value in event.items():
        if _may_be_secret(name):
            event[name] = HIDDEN
        elif isinstance(value, dict):
            event[name] = hide_secrets(_logger, _method, dict(value))
    return event


def _may_be_secret(name: object) -> bool:
    lowered = str(name).lower().replace("-", "_")
    return not lowered.endswith(TOKEN_COUNTS) and any(word in lowered for word in SECRETS)


def _add_request_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    current = request_id.get()
    if current:
        event["request_id"] = current
    return event


def _safe_trace(exc_info: ExcInfo) -> str:
    return safe_trace(exc_info[1])


def safe_trace(error: BaseException) -> str:
    """A trace without what people sent: no local variables, and no values where an error's text would repeat them."""
    lines: list[str] = []
    for index, (link, one) in enumerate(_chain(error)):
        if index:
            lines.append(link)
        lines.extend(_frames(one.__traceback__))
        lines.append(f"{type(one).__module__}.{type(one).__qualname__}: {_safe_message(one)}")
    return "\n".join(lines)


def _chain(error: BaseException) -> Iterator[tuple[str, BaseException]]:
    """The error, and what led to it, the outermost first; of a group its first members."""
    seen: set[int] = set()
    link = ""
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield link, current
        if isinstance(current, BaseExceptionGroup):
            link, current = "in this group:", current.exceptions[0]
        elif current.__cause__ is not None:
            link, current = "caused by:", current.__cause__
        else:
            link, current = "while handling:", None if current.__suppress_context__ else current.__context__


def _frames(trace: TracebackType | None) -> list[str]:
    return [f'  File "{frame.filename}", line {frame.lineno}, in {frame.name}' for frame in traceback.extract_tb(trace)]


def _safe_message(error: BaseException) -> str:
    """The error's text; only its kind for errors that quote data (validation errors and databases' errors)."""
    from fastapi.exceptions import ValidationException
    from pydantic import ValidationError
    from sqlalchemy.exc import DBAPIError

    if isinstance(error, ValidationError | ValidationException):
        return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['type']}" for one in error.errors())[:_MESSAGE_LIMIT]
    if isinstance(error, DBAPIError):  # the first line; PostgreSQL's second quotes the row
        return str(error.orig).partition("\n")[0][:_MESSAGE_LIMIT]
    if any("psycopg" in base.__module__ for base in type(error).__mro__):
        return str(error).partition("\n")[0][:_MESSAGE_LIMIT]
    return str(error)[:_MESSAGE_LIMIT]

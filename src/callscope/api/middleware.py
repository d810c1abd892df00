"""What happens to every request before and after its route: one thin layer, since every logged call goes through it.

It gives the request an id, bounds its body (also what gzip unpacks to), adds the security headers, and turns whatever
went wrong unexpectedly into a 500 that says nothing but the id; the log has the rest.
"""

import asyncio
import random
import re
import time
from collections.abc import Callable, Collection, Mapping
from urllib.parse import unquote_to_bytes

import structlog
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callscope.api.body import HELD_BYTES, SMALL_BODY, BodyTooLarge, BoundedBody, HeldBodies
from callscope.api.errors import error_response
from callscope.config import Config
from callscope.logs import request_id as current_request_id
from callscope.logs import safe_trace

log = structlog.get_logger(__name__)

GZIP_FROM_BYTES = 1_024
GZIP_LEVEL = 4  # level 9, the default, takes four times as long for a few per cent
UNDECODABLE = "\N{REPLACEMENT CHARACTER}"
TEMPORARY_REDIRECT = 307
"""Told by Starlette alone, from an address with a slash too many or too few to the right one."""
DEFAULT_POLICY = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

STOPPING = (
    "The server was stopped before this was done, and may or may not have done it. "
    "With an Idempotency-Key it is safe to send a call again."
)
UNEXPECTED = "Something went wrong here. The log has more about it, under the request id."

_SANE_ID = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")
_numbers = random.Random()  # noqa: S311  # tells requests apart, protects nothing; a system call costs the event loop
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", DEFAULT_POLICY),
    (b"cache-control", b"no-store"),
)
_TO_A_SERVER = re.compile(rb"^https?://[^/]*/*", re.IGNORECASE)
_NO_BODY = frozenset({"GET", "HEAD", "OPTIONS"})


Observe = Callable[[str, str, int, float], None]
"""Told of each request: method, route, status (0 where the caller hung up), seconds until the answer began."""


def _nobody(_method: str, _route: str, _status: int, _seconds: float) -> None: ...


def install(
    app: FastAPI,
    config: Config,
    large_bodies: Mapping[str, int] | None = None,
    observe: Observe = _nobody,
    unpacked: Collection[str] = (),
) -> None:
    """Put the layers around `app`; the last one added is the outermost.

    Args:
        large_bodies: what bodies may have at these paths, one that ends in `/` with what follows it; all others take
            `SMALL_BODY`.
        observe: told of each request.
        unpacked: the paths whose answers are never packed, since that would hold up the others for too long.
    """
    app.add_middleware(
        RequestMiddleware,
        max_body_bytes=config.max_body_bytes,
        large_bodies=large_bodies or {},
        observe=observe,
        unpacked=unpacked,
        log_requests=config.log_level == "debug",
    )
    if config.cors_origins:
        # Outermost, so that a page of these origins can read errors as well.
        app.add_middleware(
            CORSMiddleware,
            allow_origins=config.cors_origins,
            allow_credentials=True,
            allow_methods=("GET", "POST", "PUT", "PATCH", "DELETE"),
            allow_headers=(
                "Authorization",
                "Content-Type",
                "Content-Encoding",
                "Idempotency-Key",
                "X-Request-ID",
                "X-API-Key",
            ),
            expose_headers=("X-Request-ID", "Retry-After", "Content-Disposition"),
            max_age=600,
        )


def _new_id() -> bytes:
    return b"%016x" % _numbers.getrandbits(64)


class RequestMiddleware:
    """See the module's description. `log_requests` writes a line for each request: method, route, status, time."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        max_body_bytes: int,
        large_bodies: Mapping[str, int],
        observe: Observe,
        unpacked: Collection[str],
        log_requests: bool,
    ) -> None:
        self._app = app
        self._observe = observe
        self._unpacked = frozenset(unpacked)
        self._gzip = GZipMiddleware(app, minimum_size=GZIP_FROM_BYTES, compresslevel=GZIP_LEVEL)
        self._small_body = min(SMALL_BODY, max_body_bytes)
        self._body_limits = {path: min(limit, max_body_bytes) for path, limit in large_bodies.items()}
        self._held = HeldBodies(max(HELD_BYTES, 4 * max_body_bytes))
        self._log_requests = log_requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started_at = time.perf_counter()
        id_given, length, encoding, accepts_gzip = _read_headers(scope)
        request_id = id_given or _new_id()
        current_request_id.set(request_id.decode())
        status = 0
        answered_at: float | None = None
        body: BoundedBody | None = None

        async def send_with_headers(message: Message) -> None:
            nonlocal status, answered_at
            if message["type"] == "http.response.start":
                status = message["status"]
                answered_at = time.perf_counter()
                _add_headers(message, request_id)
            await send(message)

        try:
            _check_address(scope)
            limit = self._body_limit(scope["path"])
            if length is not None and length > limit:
                raise BodyTooLarge(limit)
            if scope["method"] not in _NO_BODY:
                receive = body = BoundedBody(scope, receive, encoding, limit, self._held)
            # Compression is worth its time for what is read, not for the receipts of what is written.
            app = (
                self._gzip
                if accepts_gzip and scope["method"] == "GET" and scope["path"] not in self._unpacked
                else self._app
            )
            await app(scope, receive, send_with_headers)
        except HTTPException as error:
            if status:
                raise
            answer = error_response(error.status_code, error.detail, headers=dict(error.headers or {}))
            await answer(scope, receive, send_with_headers)
        except ClientDisconnect:  # hung up before the whole body was here: nothing was done, and nobody waits
            log.debug("caller hung up", method=scope["method"], route=_route(scope))
        except asyncio.CancelledError:  # the stop waits only so long
            if status:
                raise
            answer = error_response(503, STOPPING, headers={"Retry-After": "5"}, request_id=request_id.decode())
            await answer(scope, receive, send_with_headers)
        except Exception as error:
            log.error("unexpected error", method=scope["method"], route=_route(scope), exception=safe_trace(error))
            if status:  # the answer has begun: all that is left is to break it off
                raise
            answer = error_response(500, UNEXPECTED, request_id=request_id.decode())
            await answer(scope, receive, send_with_headers)
        finally:
            if body is not None:
                body.close()
            self._observe(scope["method"], _route(scope), status, (answered_at or time.perf_counter()) - started_at)
            if self._log_requests:
                took_ms = round((time.perf_counter() - started_at) * 1_000, 1)
                log.debug("request", method=scope["method"], route=_route(scope), status=status, ms=took_ms)

    def _body_limit(self, path: str) -> int:
        limits = self._body_limits
        return limits.get(path) or limits.get(path[: path.rfind("/") + 1], self._small_body)


def _check_address(scope: Scope) -> None:
    """Raise HTTPException for an address that holds NUL, or whose path is not UTF-8.

    Servers decode what is not to U+FFFD, which may make somebody else's name of it; a name with that in it is UTF-8.
    """
    raw_path = scope.get("raw_path") or b""
    if b"\0" in raw_path or "\0" in scope["path"] or b"%00" in scope["query_string"]:
        raise HTTPException(422, "An address cannot hold the character NUL.")
    if UNDECODABLE in scope["path"]:
        try:
            unquote_to_bytes(raw_path).decode()
        except UnicodeDecodeError:
            raise HTTPException(422, "The path of an address must be UTF-8, percent-encoded.") from None


def _read_headers(scope: Scope) -> tuple[bytes | None, int | None, bytes | None, bool]:
    """A request id that can be trusted to be harmless, the body's length, its encoding, and whether gzip is accepted."""
    request_id = length = encoding = None
    accepts_gzip = False
    for name, value in scope["headers"]:
        if name == b"content-length":
            length = int(value) if value.isdigit() else None
        elif name == b"content-encoding":
            encoding = value.strip().lower()
        elif name == b"accept-encoding":
            accepts_gzip = b"gzip" in value
        elif name == b"x-request-id" and _SANE_ID.fullmatch(value):
            request_id = value
    return request_id, length, encoding, accepts_gzip


def _add_headers(message: Message, request_id: bytes) -> None:
    headers = list(message.get("headers", ()))  # a copy: a response object may be sent more than once
    if message["status"] == TEMPORARY_REDIRECT:
        headers = [(name, _within(value) if name == b"location" else value) for name, value in headers]
    present = {name for name, _ in headers}
    headers.extend(pair for pair in _HEADERS if pair[0] not in present)
    headers.append((b"x-request-id", request_id))
    message["headers"] = headers


def _within(location: bytes) -> bytes:
    """Where a redirect leads, without scheme and host.

    Only who stands in front knows these: behind a proxy that speaks HTTPS it would lead to plain HTTP, and a program
    would send its key there, and the body again.
    """
    return _TO_A_SERVER.sub(b"/", location)


def _route(scope: Scope) -> str:
    """The route's template, such as `/users/{user_id}`: what is in a path's place may be somebody's name."""
    return getattr(scope.get("route"), "path", "-")

"""What happens to every request before and after its route: one thin layer, since every logged call goes through it.

It gives the request an id, bounds its body (also what gzip unpacks to), adds the security headers, and turns whatever
went wrong unexpectedly into a 500 that says nothing but the id; the log has the rest.
"""

import random
import re
import time
import zlib

import structlog
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from callscope.api.errors import error_response
from callscope.config import Config
from callscope.logs import request_id as current_request_id
from callscope.logs import safe_trace

log = structlog.get_logger(__name__)

GZIP_FROM_BYTES = 1_024
GZIP_LEVEL = 4  # level 9, the default, takes four times as long for a few per cent
DEFAULT_POLICY = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

UNEXPECTED = "Something went wrong here. The log has more about it, under the request id."

_SANE_ID = re.compile(rb"[A-Za-z0-9._:/+=-]{1,128}")
_numbers = random.Random()  # noqa: S311  # tells requests apart, protects nothing; a system call costs the event loop
_HEADERS = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"content-security-policy", DEFAULT_POLICY),
    (b"cache-control", b"no-store"),
)
_NO_BODY = frozenset({"GET", "HEAD", "OPTIONS"})


def install(app: FastAPI, config: Config) -> None:
    """Put the layers around `app`; the last one added is the outermost."""
    app.add_middleware(
        RequestMiddleware, max_body_bytes=config.max_body_bytes, log_requests=config.log_level == "debug"
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


class BodyTooLarge(HTTPException):
    """The body is over the limit, as sent or as unpacked."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"The body is larger than {limit} bytes. Send it in smaller parts.")


class BadGzip(HTTPException):
    """The body says that it is gzip and is not, or ends too early."""

    def __init__(self) -> None:
        super().__init__(400, "The body is not valid gzip.")


class RequestMiddleware:
    """See the module's description. `log_requests` writes a line for each request: method, route, status, time."""

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, log_requests: bool) -> None:
        self._app = app
        self._gzip = GZipMiddleware(app, minimum_size=GZIP_FROM_BYTES, compresslevel=GZIP_LEVEL)
        self._max_body_bytes = max_body_bytes
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

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _add_headers(message, request_id)
            await send(message)

        try:
            if b"\0" in scope.get("raw_path", b"") or "\0" in scope["path"] or b"%00" in scope["query_string"]:
                raise HTTPException(422, "An address cannot hold the character NUL.")
            if length is not None and length > self._max_body_bytes:
                raise BodyTooLarge(self._max_body_bytes)
            if scope["method"] not in _NO_BODY and (encoding is not None or length is None):
                receive = _BoundedBody(scope, receive, encoding, self._max_body_bytes)
            # Compression is worth its time for what is read, not for the receipts of what is written.
            app = self._gzip if accepts_gzip and scope["method"] == "GET" else self._app
            await app(scope, receive, send_with_headers)
        except HTTPException as error:
            if status:
                raise
            await error_response(error.status_code, error.detail)(scope, receive, send_with_headers)
        except ClientDisconnect:  # hung up before the whole body was here: nothing was done, and nobody waits
            log.debug("caller hung up", method=scope["method"], route=_route(scope))
        except Exception as error:
            log.error("unexpected error", method=scope["method"], route=_route(scope), exception=safe_trace(error))
            if status:  # the answer has begun: all that is left is to break it off
                raise
            answer = error_response(500, UNEXPECTED, request_id=request_id.decode())
            await answer(scope, receive, send_with_headers)
        finally:
            if self._log_requests:
                took_ms = round((time.perf_counter() - started_at) * 1_000, 1)
                log.debug("request", method=scope["method"], route=_route(scope), status=status, ms=took_ms)


class _BoundedBody:
    """`receive` for a body whose size nobody promised, or that is packed: counts, unpacks, and stops at the limit."""

    def __init__(self, scope: Scope, receive: Receive, encoding: bytes | None, limit: int) -> None:
        self._receive = receive
        self._limit = limit
        self._sent = self._unpacked = 0
        self._gzip: zlib._Decompress | None = None
        if encoding in {b"gzip", b"x-gzip"}:
            self._gzip = _decompressor()
            # What follows sees a plain body of unknown length.
            scope["headers"] = [
                pair for pair in scope["headers"] if pair[0] not in {b"content-encoding", b"content-length"}
            ]
        elif encoding not in {None, b"", b"identity"}:
            raise HTTPException(415, "The body's Content-Encoding is not known here; send gzip, or nothing packed.")

    async def __call__(self) -> Message:
        """The next part of the body. Raises BodyTooLarge or BadGzip."""
        message = await self._receive()
        if message["type"] != "http.request":
            return message
        body: bytes = message.get("body", b"")
        more: bool = message.get("more_body", False)
        self._sent += len(body)
        if self._sent > self._limit:
            raise BodyTooLarge(self._limit)
        if self._gzip is not None:
            self._gzip, body = self._unpack(self._gzip, body)
            if not more and self._sent and not self._gzip.eof:
                raise BadGzip
        return {"type": "http.request", "body": body, "more_body": more}

    def _unpack(self, gzip: "zlib._Decompress", packed: bytes) -> tuple["zlib._Decompress", bytes]:
        """What `packed` unpacks to, and the decompressor to go on with."""
        parts = []
        while packed:
            if gzip.eof:  # gzip files may follow one another
                gzip = _decompressor()
            try:
                part = gzip.decompress(packed, self._limit - self._unpacked + 1)
            except zlib.error:
                raise BadGzip from None
            self._unpacked += len(part)
            if self._unpacked > self._limit:
                raise BodyTooLarge(self._limit)
            parts.append(part)
            packed = gzip.unused_data
        return gzip, b"".join(parts)


def _decompressor() -> "zlib._Decompress":
    return zlib.decompressobj(zlib.MAX_WBITS | 16)  # 16: a gzip header is expected


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
    present = {name for name, _ in headers}
    headers.extend(pair for pair in _HEADERS if pair[0] not in present)
    headers.append((b"x-request-id", request_id))
    message["headers"] = headers


def _route(scope: Scope) -> str:
    """The route's template, such as `/users/{user_id}`: what is in a path's place may be somebody's name."""
    return getattr(scope.get("route"), "path", "-")

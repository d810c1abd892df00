"""Receiving a body: how large it may be, how long it may take, and how much of all bodies is held at once.

A body is read before it is asked who sends it, so these bounds hold for everybody.
"""

import asyncio
import zlib

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

SMALL_BODY = 65_536
"""What every body may have, as sent and as unpacked; some paths may have more."""
HELD_BYTES = 128 * 2**20
"""What the bodies of all requests together may have, as unpacked; each counts until it is answered."""
PATIENCE_SECONDS = 30
SLOWEST_BYTES_PER_SECOND = 16_384
"""A body must be whole within the patience, and a second more for so many bytes that have come."""
MOST_GZIP_PARTS = 2_000
"""Files that may follow one another in a gzipped body. Each costs something even if there is nothing in it."""


class BodyTooLarge(HTTPException):
    """The body is over the limit, as sent or as unpacked."""

    def __init__(self, limit: int) -> None:
        super().__init__(413, f"The body is larger than {limit} bytes. Send it in smaller parts.")


class BodyTooSlow(HTTPException):
    """The body did not come in time."""

    def __init__(self) -> None:
        super().__init__(
            408, "The body did not come in time. Send it again, or in smaller parts.", {"Connection": "close"}
        )


class BadGzip(HTTPException):
    """The body says that it is gzip and is not, or ends too early."""

    def __init__(self) -> None:
        super().__init__(400, "The body is not valid gzip.")


class TooManyGzipParts(HTTPException):
    """The body is made of more gzip files than anybody needs."""

    def __init__(self) -> None:
        super().__init__(400, f"The body has more than {MOST_GZIP_PARTS:,} gzip files in it. Pack it as a whole.")


class TooManyBodies(HTTPException):
    """The bodies of other requests fill the memory that there is for them."""

    def __init__(self) -> None:
        super().__init__(
            429, "The server is taking in more than it can hold. Send this again in a moment.", {"Retry-After": "1"}
        )


class HeldBodies:
    """How many bytes of bodies are held, by all requests of one event loop."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held = 0

    def take(self, size: int) -> None:
        """Count bytes that came. Raises TooManyBodies."""
        if self._held + size > self._limit:
            raise TooManyBodies
        self._held += size

    def let_go(self, size: int) -> None:
        """Count bytes no longer."""
        self._held -= size


class BoundedBody:
    """`receive` for one request: counts, unpacks, and stops at the limits.

    Args:
        encoding: the request's Content-Encoding. What follows sees a plain body.
        limit: of the body's bytes, as sent and as unpacked.
        held: what the body is counted in until `close`.
    """

    def __init__(self, scope: Scope, receive: Receive, encoding: bytes | None, limit: int, held: HeldBodies) -> None:
        self._receive = receive
        self._limit = limit
        self._held = held
        self._sent = self._unpacked = 0
        self._began_at: float | None = None
        self._whole = False
        self._gzip: zlib._Decompress | None = None
        self._gzip_parts = 1
        if encoding in {b"gzip", b"x-gzip"}:
            self._gzip = _decompressor()
            # What follows sees a plain body of unknown length.
            scope["headers"] = [
                pair for pair in scope["headers"] if pair[0] not in {b"content-encoding", b"content-length"}
            ]
        elif encoding not in {None, b"", b"identity"}:
            raise HTTPException(415, "The body's Content-Encoding is not known here; send gzip, or nothing packed.")

    async def __call__(self) -> Message:
        """The next part of the body. Raises BodyTooLarge, BodyTooSlow, TooManyBodies, BadGzip or TooManyGzipParts."""
        if self._whole:  # what is left to hear of is that the caller hung up
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._deadline()):
                message = await self._receive()
        except TimeoutError:
            raise BodyTooSlow from None
        if message["type"] != "http.request":
            return message
        body: bytes = message.get("body", b"")
        self._whole = not message.get("more_body", False)
        self._sent += len(body)
        if self._sent > self._limit:
            raise BodyTooLarge(self._limit)
        if self._gzip is None:
            self._count(len(body))
        else:
            self._gzip, body = self._unpack(self._gzip, body)
            if self._whole and self._sent and not self._gzip.eof:
                raise BadGzip
        return {"type": "http.request", "body": body, "more_body": not self._whole}

    def close(self) -> None:
        """The request is answered: its body is held no longer."""
        self._held.let_go(self._unpacked)
        self._unpacked = 0

    def _deadline(self) -> float:
        if self._began_at is None:
            self._began_at = asyncio.get_running_loop().time()
        return self._began_at + PATIENCE_SECONDS + self._sent / SLOWEST_BYTES_PER_SECOND

    def _count(self, size: int) -> None:
        if self._unpacked + size > self._limit:
            raise BodyTooLarge(self._limit)
        self._held.take(size)
        self._unpacked += size

    def _unpack(self, gzip: "zlib._Decompress", packed: bytes) -> tuple["zlib._Decompress", bytes]:
        """What `packed` unpacks to, and the decompressor to go on with."""
        parts = []
        while packed:
            if gzip.eof:  # gzip files may follow one another
                gzip = _decompressor()
                self._gzip_parts += 1
                if self._gzip_parts > MOST_GZIP_PARTS:
                    raise TooManyGzipParts
            try:
                part = gzip.decompress(packed, self._limit - self._unpacked + 1)
            except zlib.error:
                raise BadGzip from None
            self._count(len(part))
            parts.append(part)
            packed = gzip.unused_data
        return gzip, b"".join(parts)


def _decompressor() -> "zlib._Decompress":
    return zlib.decompressobj(zlib.MAX_WBITS | 16)  # 16: a gzip header is expected

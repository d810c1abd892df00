"""An export as an answer over HTTP."""

import asyncio
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain

import structlog
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from callscope.api.errors import ApiError
from callscope.api.rights import Caller, may_read_calls, optional_caller
from callscope.api.streams import within
from callscope.calls.exporting import Format

log = structlog.get_logger(__name__)

MEDIA_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.NDJSON: "application/x-ndjson",
    Format.PARQUET: "application/vnd.apache.parquet",
}


SLOW_SECONDS = 60.0
"""Whoever takes nothing for so long is let go: his place is another's."""
RIGHTS_SECONDS = 2.0
"""How often it is looked whether the caller may still read what he takes out."""


class RightEnded(Exception):
    """The caller may not read these calls any more; breaks the file off."""


class Download(StreamingResponse):
    """Sends a file while it is made, and gives its place back whatever becomes of it.

    The first piece is made at once, so that what cannot be begun is an error, and no file that breaks off.

    Args:
        pieces: of the file. What they raise breaks the connection off.
        take_room: takes a place, and gives what gives it back; may raise.
        request, caller: whose file it is.
    """

    def __init__(
        self, pieces: Iterator[bytes], form: Format, take_room: Callable[[Caller], Callable[[], None]], request: Request,
        caller: Caller,
    ) -> None:  # fmt: skip
        self._request = request
        self._caller = caller
        self._release = take_room(caller)
        try:
            first = next(pieces, b"")
        except BaseException:
            self._release()
            raise
        name = f"callscope-calls-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{form}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Accel-Buffering": "no"}
        super().__init__(filter(None, chain([first], pieces)), media_type=MEDIA_TYPES[form], headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it. Where the right to it ends, the file has no end, and the server closes the connection."""
        try:
            await super().__call__(scope, receive, send)
        except RightEnded:
            log.info("an export was broken off: the right to read it ended")
        finally:
            self._release()

    async def stream_response(self, send: Send) -> None:
        """Send it piece by piece, as fast as it is taken and as long as the caller may have it."""
        send_soon = within(SLOW_SECONDS, send)
        loop = asyncio.get_running_loop()
        looked_at = loop.time()

        async def send_if_allowed(message: Message) -> None:
            nonlocal looked_at
            if loop.time() - looked_at >= RIGHTS_SECONDS:
                await self._check()
                looked_at = loop.time()
            await send_soon(message)

        await super().stream_response(send_if_allowed)

    async def _check(self) -> None:
        try:
            now = await optional_caller(self._request)
        except ApiError as error:
            raise RightEnded from error
        if now is None or not may_read_calls(now):
            raise RightEnded
        begun_with = self._caller.project_ids
        if now.project_ids is not None and (begun_with is None or not begun_with <= now.project_ids):
            raise RightEnded

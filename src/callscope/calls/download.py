"""An export as an answer over HTTP."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import chain

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from callscope.api.streams import within
from callscope.calls.exporting import Format

MEDIA_TYPES = {
    Format.CSV: "text/csv; charset=utf-8",
    Format.NDJSON: "application/x-ndjson",
    Format.PARQUET: "application/vnd.apache.parquet",
}


SLOW_SECONDS = 60.0
"""Whoever takes nothing for so long is let go: his place is another's."""


class Download(StreamingResponse):
    """Sends a file while it is made, and gives its place back whatever becomes of it.

    The first piece is made at once, so that what cannot be begun is an error, and no file that breaks off.

    Args:
        pieces: of the file. What they raise breaks the connection off.
        take_room: takes a place, and gives what gives it back; may raise.
    """

    def __init__(self, pieces: Iterator[bytes], form: Format, take_room: Callable[[], Callable[[], None]]) -> None:
        self._release = take_room()
        try:
            first = next(pieces, b"")
        except BaseException:
            self._release()
            raise
        name = f"callscope-calls-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{form}"
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Accel-Buffering": "no"}
        super().__init__(filter(None, chain([first], pieces)), media_type=MEDIA_TYPES[form], headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._release()

    async def stream_response(self, send: Send) -> None:
        """Send it piece by piece, as fast as it is taken."""
        await super().stream_response(within(SLOW_SECONDS, send))

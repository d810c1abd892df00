"""Server-sent events, and when their streams must end."""

import asyncio
import signal
from collections.abc import AsyncIterator

import structlog
from starlette.responses import StreamingResponse
from starlette.types import Message, Send

KEEP_ALIVE_SECONDS = 15.0
SLOW_SECONDS = 30.0
"""A reader who takes nothing for so long is let go."""

log = structlog.get_logger(__name__)


def within(seconds: float, send: Send) -> Send:
    """What sends as `send` does, and raises TimeoutError if a reader takes nothing for so long."""

    async def send_soon(message: Message) -> None:
        async with asyncio.timeout(seconds):
            await send(message)

    return send_soon


class EventStream(StreamingResponse):
    """Server-sent events, for readers who keep up."""

    media_type = "text/event-stream"

    def __init__(self, content: AsyncIterator[str]) -> None:
        super().__init__(content, headers={"X-Accel-Buffering": "no"})

    async def stream_response(self, send: Send) -> None:
        """Send the events; a reader who takes nothing any more ends it."""
        try:
            await super().stream_response(within(SLOW_SECONDS, send))
        except TimeoutError:
            log.debug("a reader of a stream takes nothing any more")


def server_stops() -> bool:
    """Whether the server that runs this process was told to stop; under uvicorn its signal handler belongs to it."""
    server = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return bool(getattr(server, "should_exit", False))

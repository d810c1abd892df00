"""What a connection may take, before its request is there and until its answer is taken: memory, time, and its place.

Uvicorn waits for a request without end and keeps whatever headers come, from anybody; and it keeps an answer as long as
nobody takes it. Here is what bounds that; bodies have bounds of their own, in `api.body`.
"""

import asyncio
import resource
from functools import cache

from httptools import HttpParserError
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from callscope.api.body import SLOWEST_BYTES_PER_SECOND
from callscope.api.errors import error_response

MAX_HEADER_BYTES = 65_536
"""Of the request line and the headers together. A line counts `LINE_BYTES` more, since short ones cost as much."""
LINE_BYTES = 32
HEADER_SECONDS = 15.0
"""Within this time the headers must be whole."""
LINGER_SECONDS = 5.0
"""So long a request may go on with its body once it is answered: if it was cut off, the answer might not arrive."""
READER_SECONDS = 60.0
"""Within this time what waits for a reader must be taken, and a second more for `SLOWEST_BYTES_PER_SECOND` of it."""
GRACE_SECONDS = 5
"""So long a stop waits for requests; open streams would hold it for ever. With `app.STOP_SECONDS` for what is queued, a
stop stays within 10 seconds."""
KEEP_ALIVE_SECONDS = 65
"""So long a connection may wait for its next request. With uvicorn's 5 seconds requests were lost under load that came just
when it was closed; proxies keep theirs for a minute, and should be the first to close."""
MOST_CONNECTIONS = 2_000

TOO_MANY_HEADERS = f"The address and the headers of a request may have {MAX_HEADER_BYTES} bytes together."
_BUSY = error_response(
    503,
    "The server has more connections than it can serve. Try again shortly.",
    headers={"Retry-After": "1", "Connection": "close"},
)


class HeadersTooLarge(HttpParserError):
    """The headers are over the limit."""


@cache
def max_connections() -> int:
    """How many connections one process serves. Some of the files that it may open must be left for the database."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return MOST_CONNECTIONS if files == resource.RLIM_INFINITY else min(MOST_CONNECTIONS, files * 3 // 4)


class BoundedConnection(HttpToolsProtocol):
    """A connection of uvicorn's, with bounds."""

    header_seconds = HEADER_SECONDS
    linger_seconds = LINGER_SECONDS
    reader_seconds = READER_SECONDS

    _awaits_headers = True
    _unparsed_bytes = 0
    """What came since headers, or a part of a body, were last complete."""
    _timer: asyncio.TimerHandle | None = None
    _reader_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        """Somebody connected. Those beyond what can be answered with a 503 are cut off at once."""
        super().connection_made(transport)
        if len(self.connections) > max_connections() * 9 // 8:
            transport.abort()
        else:
            self._close_after(self.header_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is closed."""
        self._stop_timer()
        self._await_reader_no_longer()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        """More waits for the reader than should be held."""
        super().pause_writing()
        self._await_reader()

    def resume_writing(self) -> None:
        """The reader has taken what waited for him."""
        super().resume_writing()
        self._await_reader_no_longer()

    def data_received(self, data: bytes) -> None:
        """Some bytes came."""
        self._unparsed_bytes += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._unparsed_bytes > MAX_HEADER_BYTES:
            self._refuse(431, TOO_MANY_HEADERS)
        elif self._awaits_headers and self._unparsed_bytes and self._timer is None:
            self._close_after(self.header_seconds)

    def on_headers_complete(self) -> None:
        """A request begins."""
        if len(self.url) + sum(len(name) + len(value) + LINE_BYTES for name, value in self.headers) > MAX_HEADER_BYTES:
            self._refuse(431, TOO_MANY_HEADERS)
            raise HeadersTooLarge
        self._stop_timer()
        self._awaits_headers = False
        self._unparsed_bytes = 0
        self.app = _BUSY if len(self.connections) > max_connections() else self.config.loaded_app
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A part of a body came."""
        self._unparsed_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is whole; what follows is the next one."""
        self._stop_timer()
        self._awaits_headers = True
        self._unparsed_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """A request is answered, which may be before its body was whole."""
        super().on_response_complete()
        if not self.flow.write_paused:  # else he is awaited already, and the next answer must not give him more time
            self._await_reader()
        if not self._awaits_headers and self.cycle.response_complete:
            self._close_after(self.linger_seconds)

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot be parsed, unless that was done."""
        if not self.transport.is_closing():
            self._refuse(400, "This is not HTTP as the server can read it.")

    def _refuse(self, status: int, detail: str) -> None:
        """Close the connection; with an answer, if no other one is on its way."""
        if not self._is_answering():
            answer = error_response(status, detail, headers={"Connection": "close"})
            lines = [b"%s: %s\r\n" % header for header in answer.raw_headers]
            self.transport.write(b"".join([STATUS_LINE[status], *lines, b"\r\n", bytes(answer.body)]))
            self._await_reader()
        self.transport.close()

    def _is_answering(self) -> bool:
        return bool(self.cycle) and not self.cycle.response_complete

    def _close_after(self, seconds: float) -> None:
        self._stop_timer()
        self._timer = self.loop.call_later(seconds, self._close)

    def _close(self) -> None:
        self._timer = None
        if not self._is_answering():
            self.transport.close()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _await_reader(self) -> None:
        """Cut the connection off unless what waits for the reader is taken in time: to close it would wait for him, too."""
        self._await_reader_no_longer()
        if waiting := self.transport.get_write_buffer_size():
            seconds = self.reader_seconds + waiting / SLOWEST_BYTES_PER_SECOND
            self._reader_timer = self.loop.call_later(seconds, self._cut_off)

    def _cut_off(self) -> None:
        self._reader_timer = None
        if self.transport.get_write_buffer_size():
            self.transport.abort()

    def _await_reader_no_longer(self) -> None:
        if self._reader_timer is not None:
            self._reader_timer.cancel()
            self._reader_timer = None

"""The live tail: whoever listens is told of each call within a second of its commit, whichever process logged it.

Ids rise in the order of commits, so what is new is what has a higher id, also where its time is long past. One task in
each process asks the database for the highest id, as long as anybody listens, and wakes the readers; each then asks for
its own filter's calls. A reader holds no thread and no queue: one who is slow finds more left out at his next look.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import NamedTuple

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request

from callscope.api.errors import ApiError, TooMany, Unavailable
from callscope.api.rights import Caller, may_read_calls, optional_caller
from callscope.api.streams import KEEP_ALIVE_SECONDS, server_stops
from callscope.calls.filters import AskedCalls
from callscope.calls.payload import unpack
from callscope.calls.presenting import Presenter
from callscope.db.engine import DatabaseUnavailable
from callscope.metrics.filters import Selector
from callscope.search.query import TextQuery
from callscope.search.words import words_of
from callscope.store.protocol import Reading, TelemetryStore
from callscope.store.queries import Arrivals

MAX_READERS = 100
"""In one process: each new call costs a look for each of them."""
OF_ONE_CALLER = 10
AT_ONCE = 2
"""Looks at a time, so that listening leaves threads and connections to everything else."""
TEXTS_AT_ONCE = 1
"""Looks into texts besides: they take long, and nobody else waits for them."""
POLL_SECONDS = 0.3
LOOK_SECONDS = 0.5
MOST_CALLS = 50
"""A reader is told so many calls in a look, the newest, and how many were left out: 100 a second at most."""
MOST_TEXTS = 500
"""In so many calls of a look a text is looked for."""
MOST_TEXT_BYTES = 64_000_000
"""And in so much of what they say, unpacked."""
TEXT_SECONDS = 0.3
"""And for so long."""
CATCH_UP_ROWS = 100_000
"""So far back it is looked for what a reader has missed."""
RIGHTS_SECONDS = 2.0
"""How often it is looked whether a reader may still read."""
RETRY_MS = 2_000


class TooManyReaders(Unavailable):
    """As many live tails as there may be are open."""

    def __init__(self) -> None:
        super().__init__(f"{MAX_READERS} live tails are open here already. Ask GET /llm/calls now and then instead.")


class TooManyOfYours(TooMany):
    """As many live tails as one caller may have are open."""

    def __init__(self) -> None:
        super().__init__(f"{OF_ONE_CALLER} live tails of yours are open here already.", retry_after=10)


class Look(NamedTuple):
    """What came: calls as events, how many were left out (`at_least`: and maybe more), and up to which id that is all."""

    events: Sequence[str]
    left_out: int
    at_least: bool
    up_to: int


class CallFeed:
    """The live tails of one process. All but `_look` and `_newest` runs in the event loop."""

    def __init__(self, store: TelemetryStore, selector: Selector, presenter: Presenter) -> None:
        self._store = store
        self._selector = selector
        self._presenter = presenter
        self._readers = dict[asyncio.Event, Caller]()
        self._following: asyncio.Task[None] | None = None
        self._places = CapacityLimiter(AT_ONCE)
        self._text_places = CapacityLimiter(TEXTS_AT_ONCE)
        self._threads = CapacityLimiter(AT_ONCE + TEXTS_AT_ONCE)
        self._known = 0
        self._stopping = False

    async def begin(self, caller: Caller, asked: AskedCalls, after: int | None) -> int:
        """The id behind which a stream begins: `after`, else that of the newest call now.

        Raises TooManyReaders, TooManyOfYours, DatabaseUnavailable, and what `AskedCalls.of` does.
        """
        if len(self._readers) >= MAX_READERS:
            raise TooManyReaders
        if list(self._readers.values()).count(caller.in_any_session()) >= OF_ONE_CALLER:
            raise TooManyOfYours
        await to_thread.run_sync(asked.of, self._selector, caller, limiter=self._places)
        newest = await to_thread.run_sync(self._newest, limiter=self._places)
        return newest if after is None else min(after, newest)  # a database that was put back has fewer

    async def events(
        self, request: Request, caller: Caller, asked: AskedCalls, after: int, seconds: float | None
    ) -> AsyncIterator[str]:
        """Each call that comes after this id and that the filters select, as server-sent events for its caller.

        Ends when the caller may not read calls any more, when the server stops, and after so many seconds, if any are
        told.
        """
        loop = asyncio.get_running_loop()
        ends_at = float("inf") if seconds is None else loop.time() + seconds
        with self._listening(caller) as woken:
            yield f": callscope\nretry: {RETRY_MS}\n\n"
            told_at = loop.time()
            while not self._stopping:
                woken.clear()
                try:
                    look = await self._looked(request, asked, after)
                except ApiError:
                    return
                if look is not None:
                    after = look.up_to
                    if look.left_out or look.at_least:
                        told = json.dumps({"left_out": look.left_out, "at_least": look.at_least})
                        yield f"event: gap\ndata: {told}\n\n"
                        told_at = loop.time()
                    if look.events:
                        yield "".join(look.events)
                        told_at = loop.time()
                if loop.time() >= ends_at:
                    return
                if loop.time() - told_at >= KEEP_ALIVE_SECONDS:
                    yield ": still here\n\n"
                    told_at = loop.time()
                await asyncio.sleep(min(LOOK_SECONDS, ends_at - loop.time()))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(RIGHTS_SECONDS, ends_at - loop.time())):
                        await woken.wait()

    async def _looked(self, request: Request, asked: AskedCalls, after: int) -> Look | None:
        """What is new for a reader; None while the database is away. Raises ApiError where he may not read any more."""
        try:
            async with self._places if asked.wanted.text is None else self._text_places:
                caller = await optional_caller(request)  # once there is a place: it may have been long in coming
                if caller is None or not may_read_calls(caller):
                    raise TailEnded
                return await to_thread.run_sync(self._look, caller, asked, after, limiter=self._threads)
        except DatabaseUnavailable:
            return None

    def _look(self, caller: Caller, asked: AskedCalls, after: int) -> Look:
        wanted = asked.of(self._selector, caller)  # anew, since projects and models may be new, and rights withdrawn
        with self._store.reading() as reading:
            newest = reading.newest_id()
            if newest <= after:
                return Look((), 0, False, after)
            begin = max(after, newest - CATCH_UP_ROWS)
            most = MOST_CALLS if wanted.text is None else MOST_TEXTS
            found = reading.arrived(wanted, (begin, newest), most)
            at_least = begin > after
            if wanted.text is not None:
                found, is_all = _with_text(reading, wanted.text, found)
                at_least = at_least or not is_all
            previews = reading.previews([row.call for row in found.rows])
        summaries = self._presenter.summaries(found.rows, previews)
        events = [f"event: call\nid: {one.id}\ndata: {one.model_dump_json()}\n\n" for one in summaries]
        return Look(events, found.left_out, at_least, newest)

    @contextlib.contextmanager
    def _listening(self, caller: Caller) -> Iterator[asyncio.Event]:
        woken = asyncio.Event()
        self._readers[woken] = caller.in_any_session()
        if self._following is None or self._following.done():
            self._following = asyncio.get_running_loop().create_task(self._follow())
        try:
            yield woken
        finally:
            del self._readers[woken]

    async def _follow(self) -> None:
        """Wake the readers when calls have come, and end their streams when the server stops."""
        while self._readers and not self._stopping:
            await asyncio.sleep(POLL_SECONDS)
            newest = self._known
            with contextlib.suppress(DatabaseUnavailable):
                newest = await to_thread.run_sync(self._newest, limiter=self._places)
            self._stopping = server_stops()
            if newest != self._known or self._stopping:
                self._known = newest
                for woken in self._readers:
                    woken.set()

    def _newest(self) -> int:
        with self._store.reading() as reading:
            return reading.newest_id()


def _with_text(reading: Reading, text: TextQuery, found: Arrivals) -> tuple[Arrivals, bool]:
    """Those in which the text is, and whether it was looked for in all.

    It is looked for in the calls themselves, since their index follows some seconds behind; the newest come first.
    """
    having = set[int]()
    left, ends_at = MOST_TEXT_BYTES, time.monotonic() + TEXT_SECONDS
    is_all = found.left_out == 0
    newest_first = [row.call for row in reversed(found.rows)]
    for call_id, bodies in reading.each_payload(newest_first):
        document, size = unpack(bodies)
        if text.is_in(words_of(document)):
            having.add(call_id)
        left -= size
        if left < 0 or time.monotonic() >= ends_at:
            is_all = is_all and call_id == newest_first[-1].id
            break
    rows = [row for row in found.rows if row.call.id in having]
    return Arrivals(rows[-MOST_CALLS:], max(0, len(rows) - MOST_CALLS)), is_all


class TailEnded(ApiError):
    """The reader may not read calls any more."""

    status = 403

    def __init__(self) -> None:
        super().__init__("The right to read calls has ended.")

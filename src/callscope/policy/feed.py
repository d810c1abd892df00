"""The streams of `/policy/stream`: who is told, when to look, when to end.

A stream is one coroutine that sleeps; it holds no thread and no connection to the database. A change that any process
makes is seen here within `versions.POLL_SECONDS`, and wakes the streams `GATHER_SECONDS` later: many changes in a row,
such as new models that calls name, are one.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from callscope.api.errors import ApiError, Unavailable
from callscope.api.rights import Authenticate
from callscope.api.streams import KEEP_ALIVE_SECONDS, server_stops
from callscope.db.engine import DatabaseUnavailable
from callscope.db.versions import Versions
from callscope.policy.service import SOURCES, Policy, PolicyService

MAX_STREAMS = 1_000
"""In one process, which serves 2,000 connections."""
GATHER_SECONDS = 0.25
LOOK_SECONDS = 0.25
"""How often it is looked whether the server stops, as long as there are streams."""
RETRY_SECONDS = 1.0
"""How soon the policy is read again after the database was away."""


class TooManyStreams(Unavailable):
    """As many streams as there may be are open."""

    def __init__(self) -> None:
        super().__init__(
            f"{MAX_STREAMS} programs follow the policy here already. Ask GET /policy now and then instead."
        )


class PolicyFeed:
    """The streams of one process. All but `watch`'s callback runs in the event loop."""

    def __init__(self, policies: PolicyService, versions: Versions) -> None:
        self._policies = policies
        self._streams = set[asyncio.Event]()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._gathering: asyncio.TimerHandle | None = None
        self._looking: asyncio.Task[None] | None = None
        self._turn = asyncio.Lock()
        self._stopping = False
        for name in SOURCES:
            versions.watch(name, self._changed)

    def check_room(self) -> None:
        """Raise TooManyStreams if there is no room for another stream."""
        if len(self._streams) >= MAX_STREAMS:
            raise TooManyStreams

    async def events(self, request: Request, known: str | None, seconds: float | None) -> AsyncIterator[str]:
        """The policy for the key of a request at once, unless its version is the `known` one, and after each change.

        Ends when the key does not hold any more, when the server stops, and after so many seconds, if any are told.
        """
        loop = asyncio.get_running_loop()
        ends_at = None if seconds is None else loop.time() + seconds
        with self._listening() as woken:
            yield ": callscope\n\n"
            while not self._stopping:
                woken.clear()
                try:
                    policy = await self._policy(request)
                except ApiError:
                    return
                if policy is not None and policy.told.version != known:
                    known = policy.told.version
                    yield f"event: policy\nid: {known}\ndata: {policy.json}\n\n"
                pause = RETRY_SECONDS if policy is None else KEEP_ALIVE_SECONDS
                if ends_at is not None:
                    pause = min(pause, ends_at - loop.time())
                    if pause <= 0:
                        return
                try:
                    async with asyncio.timeout(pause):
                        await woken.wait()
                except TimeoutError:
                    yield ": still here\n\n"

    async def _policy(self, request: Request) -> Policy | None:
        """The policy for whoever asks; None while the database is away. Raises ApiError where the key does not hold."""
        authenticate: Authenticate = request.app.state.authenticate
        async with self._turn:  # what the first one reads, the others find in memory
            try:
                caller = await authenticate(request)
                if caller is None:
                    return None
                return self._policies.cached(caller) or await run_in_threadpool(self._policies.get, caller)
            except DatabaseUnavailable:
                return None

    @contextlib.contextmanager
    def _listening(self) -> Iterator[asyncio.Event]:
        woken = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._streams.add(woken)
        if self._looking is None or self._looking.done():
            self._looking = self._loop.create_task(self._look())
        try:
            yield woken
        finally:
            self._streams.discard(woken)

    def _changed(self) -> None:
        """Something changed, says some thread."""
        loop = self._loop
        if loop is not None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(self._gather)

    def _gather(self) -> None:
        if self._gathering is None and self._streams:
            self._gathering = asyncio.get_running_loop().call_later(GATHER_SECONDS, self._wake)

    def _wake(self) -> None:
        self._gathering = None
        for woken in self._streams:
            woken.set()

    async def _look(self) -> None:
        """End the streams when the server stops: it waits for them first, and tells the application afterwards."""
        while self._streams and not self._stopping:
            await asyncio.sleep(LOOK_SECONDS)
            if server_stops():
                self._stopping = True
                self._wake()

"""A bound on how long a program waits for a call that knows none: the call goes on beside, and is no longer waited for."""

import asyncio
import contextlib
import contextvars
import inspect
import queue
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from typing import Any

from callscope.observability.errors import CallTimedOut


class Deadline:
    """Runs functions, one after the other, on a thread of its own until time is up.

    Python cannot end a function from outside, so the thread of one that hangs stays until it returns; it is a daemon and
    keeps no process from ending.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = time.monotonic() + seconds
        self._work: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def run(self, function: Callable[[], Any]) -> Any:
        """What the function gives or raises; raises CallTimedOut when time is up before."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="callscope-call", daemon=True)
            self._thread.start()
        done: Future[Any] = Future()
        context = contextvars.copy_context()
        self._work.put((done, lambda: context.run(function)))
        try:
            return done.result(max(0.0, self._until - time.monotonic()))
        except TimeoutError:
            if done.done():  # the function's own
                raise
            raise CallTimedOut(self._seconds) from None

    def end(self) -> None:
        """Let the thread go."""
        self._work.put(None)

    def iterate(self, stream: Any) -> Iterator[Any]:
        """The pieces of a stream, read within the same bound."""
        iterator = iter(stream)
        try:
            while (piece := self.run(lambda: next(iterator, self))) is not self:
                yield piece
        finally:
            self.end()
            close = getattr(stream, "close", None)
            if close is not None:
                with contextlib.suppress(ValueError):  # a generator that is just being waited for
                    close()

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            done, function = work
            try:
                done.set_result(function())
            except BaseException as error:
                done.set_exception(error)


async def within_seconds(function: Callable[[], Any], seconds: float | None) -> Any:
    """What the function gives, awaited if it must be; raises CallTimedOut when time is up before."""
    timeout = asyncio.timeout(seconds)
    try:
        async with timeout:
            answer = function()
            return await answer if inspect.isawaitable(answer) else answer
    except TimeoutError:
        if seconds is None or not timeout.expired():  # the function's own
            raise
        raise CallTimedOut(seconds) from None


async def iterate_until(stream: Any, until: float, seconds: float) -> AsyncIterator[Any]:
    """The pieces of a stream; raises CallTimedOut at a moment of the event loop's clock."""
    iterator = aiter(stream)
    while True:
        timeout = asyncio.timeout_at(until)
        try:
            async with timeout:
                piece = await anext(iterator)
        except StopAsyncIteration:
            return
        except TimeoutError:
            if not timeout.expired():  # the stream's own
                raise
            raise CallTimedOut(seconds) from None
        yield piece

"""A receipt that is not there yet. Much cheaper to make than a future, since there is one for each call."""

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable, Sequence
from functools import partial

from callscope.observability.transport import Receipt


class Pending:
    """What the receipt of a call will be. `receipt` is None until it is there, and for good if there is an `error`."""

    __slots__ = ("_callbacks", "error", "is_settled", "receipt")

    def __init__(self) -> None:
        self.receipt: Receipt | None = None
        self.error: str | None = None
        self.is_settled = False
        self._callbacks: list[Callable[[], None]] = []

    def settle(self, receipt: Receipt | None, error: str | None = None) -> None:
        """It is there, or it is known that there will be none."""
        with _lock:
            self.receipt, self.error, self.is_settled = receipt, error, True
            callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback()

    def then(self, callback: Callable[[], None]) -> None:
        """Have something done when it is settled, in whichever thread that happens; now, if it is."""
        with _lock:
            if not self.is_settled:
                self._callbacks.append(callback)
                return
        callback()


_lock = threading.Lock()
"""For all of them: it is held for the time of an assignment."""


def _after_fork() -> None:
    """In a child, where no thread is left that would let it go."""
    global _lock  # noqa: PLW0603  # there is one for the process
    _lock = threading.Lock()


os.register_at_fork(after_in_child=_after_fork)


def wait(pending: Sequence[Pending], seconds: float) -> None:
    """Wait until all are settled, so many seconds at most for each."""
    for one in pending:
        settled = threading.Event()
        one.then(settled.set)
        settled.wait(seconds)


def _tell(loop: asyncio.AbstractEventLoop, settled: asyncio.Event) -> None:
    with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
        loop.call_soon_threadsafe(settled.set)


async def await_all(pending: Sequence[Pending], seconds: float) -> None:
    """The same within an event loop, which goes on meanwhile."""
    loop = asyncio.get_running_loop()
    for one in pending:
        settled = asyncio.Event()
        one.then(partial(_tell, loop, settled))
        try:
            async with asyncio.timeout(seconds):
                await settled.wait()
        except TimeoutError:
            return

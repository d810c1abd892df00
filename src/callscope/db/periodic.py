"""What a process does by itself beside its requests: a step, again and again, on a thread of its own."""

import threading
from collections.abc import Callable

import structlog

from callscope.db.engine import DatabaseUnavailable

log = structlog.get_logger(__name__)


class Periodic:
    """Takes a step every `every_seconds` until it is stopped. Where one fails, that is logged, and the next one comes.

    Args:
        name: of the thread and in the log.
        step: what is done; long ones look at `stopping` now and then.
        first_seconds: how long until the first step, where that is not `every_seconds`.
        before: what the thread does once, at its start.
    """

    def __init__(
        self,
        name: str,
        step: Callable[[], None],
        every_seconds: float,
        *,
        first_seconds: float | None = None,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        self._name = name
        self._step = step
        self._every_seconds = every_seconds
        self._first_seconds = every_seconds if first_seconds is None else first_seconds
        self._before = before
        self._trouble = ""
        self._stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name=f"callscope-{self._name}", daemon=True)
        self._thread.start()

    def stop(self, timeout: float | None = None) -> None:
        """End after the step that is under way, for which it waits at most `timeout` seconds."""
        self._stopped.set()
        if self._thread is not None:
            self._thread.join(timeout)

    def stopping(self) -> bool:
        """Whether it has been told to stop."""
        return self._stopped.is_set()

    def _run(self) -> None:
        self._take(self._before)
        pause = self._first_seconds
        while not self._stopped.wait(pause):
            pause = self._every_seconds
            self._take(self._step)

    def _take(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Exception as error:
            if repr(error) != self._trouble:  # once, not as often as it is tried
                self._trouble = repr(error)
                expected = isinstance(error, DatabaseUnavailable)
                log.warning("a step failed", what=self._name, reason=str(error), exc_info=not expected)
        else:
            self._trouble = ""

"""A connection to PostgreSQL that does not wait for ever.

The server's `statement_timeout` bounds what it works on, but a server that is stopped, or behind a network that swallows
everything, ends nothing; and neither libpq nor psycopg has a bound of its own.
"""

import time
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from psycopg.abc import PQGen

from callscope.db.postgresql import STOPPING

T = TypeVar("T")

INTERVAL_SECONDS = 0.1
REST_SECONDS = 3.0
"""How long whoever takes a connection waits for its first sign of life. A new one is tried then, for five seconds more; whoever
logs a call when the database hangs may wait for that twice, after a write that hung, and hears of it within 30 seconds."""


class NoAnswer(psycopg.OperationalError):
    """The database was silent too long, or Callscope stops; what became of the statement is not known."""


class AnsweringConnection(psycopg.Connection[Any]):
    """Is closed, with `NoAnswer`, once the server has not been heard of for `answer_seconds` during a statement.

    From the moment `stops_at()` on (of `time.monotonic`) hardly any silence is borne: nobody wants the answer any more.
    """

    answer_seconds = REST_SECONDS
    stops_at: Callable[[], float] = staticmethod(lambda: float("inf"))

    def wait(self, gen: PQGen[T], interval: float = INTERVAL_SECONDS, timeout: float | None = None) -> T:
        """See psycopg, which has everything that talks to the server wait here."""
        answered = self._answered(gen)
        try:
            return super().wait(answered, interval) if timeout is None else super().wait(answered, interval, timeout)
        except NoAnswer:
            self.close()
            raise

    def _answered(self, gen: PQGen[T]) -> PQGen[T]:
        heard_at = time.monotonic()
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if ready:
                    heard_at = time.monotonic()
                elif time.monotonic() >= self.stops_at():
                    raise NoAnswer(STOPPING)
                elif time.monotonic() - heard_at >= self.answer_seconds:
                    raise NoAnswer(f"the database has not answered for {self.answer_seconds:.0f} seconds")
                wanted = gen.send(ready)
        except StopIteration as done:
            value: T = done.value
            return value

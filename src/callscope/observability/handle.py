"""What `connect` gives: where calls are recorded, and what the settings say. One for a server and for a database."""

import asyncio
import time
import weakref
from collections.abc import Callable
from types import TracebackType

from callscope.observability.cache import ResponseCache
from callscope.observability.encoding import Call
from callscope.observability.pending import Pending
from callscope.observability.policy import Policy
from callscope.observability.sender import Sender
from callscope.observability.streams import StreamState
from callscope.observability.transport import PolicySource

LOOK_SECONDS = 0.01


class Handle:
    """Records calls and knows the settings. Safe to use from threads, tasks and forked processes.

    Args:
        waits: whether `call_llm` waits for the receipt unless it is told otherwise.
        capture_content: whether prompts, answers and parameters are recorded.
        project, environment: what calls belong to that do not say it themselves.
    """

    def __init__(
        self,
        sender: Sender,
        policies: PolicySource,
        cache: ResponseCache,
        *,
        waits: bool,
        wait_seconds: float = 10.0,
        capture_content: bool = True,
        project: str | None = None,
        environment: str | None = None,
    ) -> None:
        self.cache = cache
        self.waits = waits
        self.wait_seconds = wait_seconds
        self.capture_content = capture_content
        self.project = project
        self.environment = environment
        self.open_streams: weakref.WeakSet[StreamState] = weakref.WeakSet()
        self.closed = False
        self._sender = sender
        self._policies = policies
        sender.before_end(self._end_streams)

    @property
    def policy(self) -> Policy:
        """The settings as they are known now."""
        return self._policies.current

    @property
    def dropped(self) -> int:
        """How many calls of this process could not be recorded."""
        return self._sender.dropped

    @property
    def waiting(self) -> int:
        """How many calls have not been recorded yet."""
        return self._sender.waiting

    def wait_for_policy(self) -> None:
        """Before a program's first call: give the settings a moment to arrive. Later it returns at once."""
        while self._policies.wait_seconds() > 0:
            time.sleep(LOOK_SECONDS)

    async def await_policy(self) -> None:
        """The same within an event loop, which goes on meanwhile."""
        while self._policies.wait_seconds() > 0:  # noqa: ASYNC110  # another thread's doing, and a second at most
            await asyncio.sleep(LOOK_SECONDS)

    def send(self, call: Call, *, receipt: bool = False, urgent: bool = False) -> Pending | None:
        """Record a call; returns at once. With `receipt` there is what will have it."""
        call.setdefault("project", self.project)
        call.setdefault("environment", self.environment)
        return self._sender.put(call, receipt=receipt, urgent=urgent)

    def later(self, task: Callable[[], None]) -> None:
        """Do something small in the background, if there is time for it."""
        self._sender.later(task)

    def flush(self, timeout: float = 10.0) -> bool:
        """Wait until what has ended so far is recorded; gives whether it is, within so many seconds."""
        return self._sender.flush(timeout)

    def close(self, timeout: float = 10.0) -> bool:
        """Record what there is and let go of threads and connections; gives whether all could be recorded."""
        self.closed = True
        self._end_streams()
        self._policies.close()
        return self._sender.close(timeout)

    def __enter__(self) -> "Handle":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _end_streams(self) -> None:
        for state in list(self.open_streams):
            state.abandon()

"""The one door: everything that is to be stored waits here for the next transaction.

What arrives while a transaction is being written is collected and written as the next one; only when that has been
committed and synced are all its callers told. So the cost of a sync is shared by whoever comes at the same time, and
what was acknowledged is on the disk.
"""

import asyncio
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field

import structlog

from callscope.api.errors import ApiError, TooMany, Unavailable
from callscope.db.engine import DatabaseUnavailable
from callscope.ingest.changes import Outcome, Receipt, Submission
from callscope.monitoring.server import ServerMeasures
from callscope.store.protocol import Writer

log = structlog.get_logger(__name__)

MAX_BATCH_ROWS = 5_000
"""Changes in one transaction: large enough to share its cost, small enough that nobody waits long behind it."""
GATHER_STEP_SECONDS = 0.0005
GATHER_STEPS = 40
"""A transaction costs some milliseconds however few rows it has: while more keeps arriving, it waits a little."""
FEW_ROWS = 64
CONFIRM_SECONDS = 10.0
"""How long it is asked for what became of a commit that had no answer."""
OVERDUE_SECONDS = 5.0
"""From when on a write that has not ended counts as the state of things."""
FAILING_SECONDS = 5.0
"""How long a failed write counts as the state of things while nothing new is tried."""


class QueueFull(TooMany):
    """More is waiting than may be kept in memory; nothing of this request was taken."""

    def __init__(self) -> None:
        super().__init__("The server is taking in more than it can write. Send this again in a moment.", retry_after=1)


class NotStored(Unavailable):
    """The database is away or full: nothing of this request was stored."""

    def __init__(self) -> None:
        super().__init__(
            "The database cannot be written just now, so nothing of this was stored. Send it again shortly."
        )


class Unconfirmed(Unavailable):
    """The database went away during a commit: it may be stored, or not."""

    def __init__(self) -> None:
        super().__init__(
            "The database went away while this was being written, and may or may not have it. "
            "With an Idempotency-Key it is safe to send it again."
        )


_RESULTS: dict[type, str] = {type(None): "stored", NotStored: "not_stored", Unconfirmed: "unconfirmed"}


@dataclass(slots=True)
class _Waiting:
    submission: Submission
    done: Callable[[Outcome], None]
    loop: asyncio.AbstractEventLoop | None


@dataclass(slots=True)
class QueueState:
    """How full the queue is."""

    rows: int = 0
    size: int = 0
    waiting: deque[_Waiting] = field(default_factory=deque)


class Recorder:
    """Collects submissions and writes them in groups, on a thread of its own.

    Args:
        store: where they are written.
        max_rows, max_bytes: what may wait in memory; beyond it QueueFull is raised.
        measures: where it is counted.
    """

    def __init__(
        self,
        store: Writer,
        *,
        max_rows: int = 20_000,
        max_bytes: int = 64 * 2**20,
        measures: ServerMeasures | None = None,
    ) -> None:
        self._store = store
        self._measures = measures or ServerMeasures()
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._state = QueueState()
        self._changed = threading.Condition()
        self._stopping = False
        self._failed_at = float("-inf")
        self._writing_since = float("inf")
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to write."""
        self._thread = threading.Thread(target=self._run, name="callscope-recorder", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 10.0) -> bool:
        """Write what is waiting, then stop. Gives whether all of it was written within `timeout` seconds."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join(timeout)
        with self._changed:
            left = list(self._state.waiting)
            self._state.waiting.clear()
        _tell([(waiting, Outcome(error=NotStored())) for waiting in left])
        return not left and (self._thread is None or not self._thread.is_alive())

    @property
    def is_full(self) -> bool:
        """Whether the next submission would be refused."""
        return self._state.rows >= self._max_rows or self._state.size >= self._max_bytes

    def check_room(self) -> None:
        """Raise QueueFull where the next submission would be refused: for before it is known what that is."""
        if self.is_full:
            self._measures.written("queue_full", 1)
            raise QueueFull

    def load(self) -> tuple[int, int, int, int]:
        """Rows and bytes that wait, and the bounds of both."""
        return self._state.rows, self._state.size, self._max_rows, self._max_bytes

    def trouble(self) -> str | None:
        """Why the next submission would probably be refused; None when all is well.

        On a disk that is nearly full a small trial may succeed where calls do not fit: only the calls can tell.
        """
        if self.is_full:
            return "it is full"
        if time.monotonic() - self._writing_since >= OVERDUE_SECONDS:
            return "the last write to the database has not ended"
        if time.monotonic() - self._failed_at < FAILING_SECONDS:
            return "the last calls could not be written to the database"
        return None

    def submit(self, submission: Submission) -> "Future[Outcome]":
        """Hand something over from a thread; the future is done once it is on disk.

        Raises QueueFull.
        """
        future: Future[Outcome] = Future()
        future.set_running_or_notify_cancel()  # what is taken is written: nobody can call it back
        self._enqueue(_Waiting(submission, future.set_result, None))
        return future

    async def record(self, submission: Submission) -> Sequence[Receipt]:
        """Hand something over from the event loop and wait until it is on disk.

        Raises QueueFull, NotStored, or the error of the submission itself.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Outcome] = loop.create_future()

        def done(outcome: Outcome) -> None:
            if not future.done():
                future.set_result(outcome)

        self._enqueue(_Waiting(submission, done, loop))
        return receipts_of(await future)

    def _enqueue(self, waiting: _Waiting) -> None:
        submission = waiting.submission
        with self._changed:
            if self._stopping:
                raise NotStored
            if self.is_full:
                self._measures.written("queue_full", len(submission.changes))
                raise QueueFull
            self._state.waiting.append(waiting)
            self._state.rows += len(submission.changes)
            self._state.size += submission.size
            if len(self._state.waiting) == 1:
                self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                while not self._state.waiting and not self._stopping:
                    self._changed.wait()
                if not self._state.waiting:
                    return
            self._gather()
            group = self._take()
            results = self._write(group)
            self._count(results)
            _tell(results)
            with self._changed:
                self._state.rows -= sum(len(waiting.submission.changes) for waiting in group)
                self._state.size -= sum(waiting.submission.size for waiting in group)

    def _count(self, results: Sequence[tuple[_Waiting, Outcome]]) -> None:
        for waiting, outcome in results:
            self._measures.written(_RESULTS.get(type(outcome.error), "refused"), len(waiting.submission.changes))

    def _gather(self) -> None:
        quiet = 0
        for _ in range(GATHER_STEPS):
            rows = self._state.rows
            if rows >= FEW_ROWS or self._stopping or quiet == 4:  # steps in which nothing came
                return
            time.sleep(GATHER_STEP_SECONDS)
            quiet = quiet + 1 if self._state.rows == rows else 0

    def _take(self) -> list[_Waiting]:
        group: list[_Waiting] = []
        rows = 0
        with self._changed:
            queue = self._state.waiting
            while queue and (not group or rows + len(queue[0].submission.changes) <= MAX_BATCH_ROWS):
                waiting = queue.popleft()
                rows += len(waiting.submission.changes)
                group.append(waiting)
        return group

    def _write(self, group: list[_Waiting]) -> list[tuple[_Waiting, Outcome]]:
        submissions = [waiting.submission for waiting in group]
        try:
            outcomes = self._apply(submissions)
        except DatabaseUnavailable as error:
            self._failed_at = time.monotonic()
            log.error("nothing stored", reason=str(error), submissions=len(group))
            return [(waiting, Outcome(error=NotStored())) for waiting in group]
        except Unconfirmed:
            self._failed_at = time.monotonic()
            log.error("not known whether it is stored", submissions=len(group))
            return [(waiting, Outcome(error=Unconfirmed())) for waiting in group]
        except Exception as error:
            if len(group) == 1:
                if not isinstance(error, ApiError):
                    log.exception("a submission could not be stored")
                return [(group[0], Outcome(error=error))]
            # One of them breaks the transaction for all: halved again and again, until it is alone in its own.
            half = len(group) // 2
            return [*self._write(group[:half]), *self._write(group[half:])]
        self._failed_at = float("-inf")
        return list(zip(group, outcomes, strict=True))

    def _apply(self, submissions: Sequence[Submission]) -> list[Outcome]:
        batch_id = uuid.uuid4().hex
        outcomes: list[Outcome] = []
        began = time.perf_counter()
        self._writing_since = time.monotonic()
        try:
            self._store.apply(batch_id, submissions, time.time_ns() // 1000, outcomes)
            rows = sum(len(submission.changes) for submission in submissions)
            self._measures.committed(rows, time.perf_counter() - began)
        except DatabaseUnavailable:
            # The connection may have broken after the commit took place: then it is stored, and must be acknowledged.
            if not (outcomes and self._was_applied(batch_id)):
                raise
        finally:
            self._writing_since = float("inf")
        return outcomes

    def _was_applied(self, batch_id: str) -> bool:
        """Whether a batch was committed. Raises Unconfirmed if that is not to be learned in time."""
        deadline, pause = time.monotonic() + CONFIRM_SECONDS, 0.1
        while (left := deadline - time.monotonic()) > 0:
            try:
                return self._store.was_applied(batch_id, left)
            except DatabaseUnavailable:
                if self._stopping:
                    break
                time.sleep(min(pause, left))
                pause *= 2
        raise Unconfirmed


def receipts_of(outcome: Outcome) -> Sequence[Receipt]:
    """The receipts of an outcome; raises why there are none."""
    if outcome.error is not None:
        raise outcome.error
    return outcome.receipts


def _tell(results: Sequence[tuple[_Waiting, Outcome]]) -> None:
    """Tell all callers, those of one event loop in one call to it."""
    loops: dict[asyncio.AbstractEventLoop, list[tuple[_Waiting, Outcome]]] = {}
    for waiting, outcome in results:
        if waiting.loop is None:
            waiting.done(outcome)
        else:
            loops.setdefault(waiting.loop, []).append((waiting, outcome))
    for loop, group in loops.items():
        try:
            loop.call_soon_threadsafe(_deliver, group)
        except RuntimeError:  # the loop is closed: nobody waits any more
            log.warning("callers went away before they could be told", count=len(group))


def _deliver(group: Sequence[tuple[_Waiting, Outcome]]) -> None:
    for waiting, outcome in group:
        waiting.done(outcome)

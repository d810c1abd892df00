"""Takes calls from the program and sends them from a thread of its own.

The program never waits for it and is never broken by it: what does not fit into the queue, or cannot be delivered, is
dropped and counted, and said once in the log. The thread is started by the first call, in each process anew, and does
not keep a process from ending.
"""

import atexit
import logging
import os
import random
import threading
import time
import uuid
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from callscope.observability.encoding import Call, encode, weight
from callscope.observability.pending import Pending
from callscope.observability.transport import UNREACHABLE, Answer, Transport

log = logging.getLogger("callscope")

BATCH_CALLS = 500
BATCH_BYTES = 4 * 2**20
LINGER_SECONDS = 0.5
"""How long a call waits for others to be sent with it."""
REQUEST_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.25
LONGEST_PAUSE_SECONDS = 30.0
TRIES_ON_ERROR = 4
"""How often a batch that makes the server fail is tried again before the call in it that does so is looked for."""
MAX_TASKS = 100
GRACE_SECONDS = 0.25
"""How much longer than it may take to send what is left the end of the thread is waited for."""
ENDED = "the program ended before they were taken"
FORK_SECONDS = 1.0
"""How long a fork waits for what is queued, since the parent may go on to end without a word, as a daemon's does."""


@dataclass(slots=True)
class _Queued:
    call: Call
    weight: int
    done: Pending | None


class Sender:
    """A bounded queue and the thread that empties it.

    Args:
        transport: where calls go.
        max_calls, max_bytes: what may wait in memory, under way included; beyond it calls are dropped.
        exit_seconds: how long the end of the program may take to send what is left.
    """

    def __init__(self, transport: Transport, *, max_calls: int, max_bytes: int, exit_seconds: float) -> None:
        self._transport = transport
        self._max_calls = max_calls
        self._max_bytes = max_bytes
        self._exit_seconds = exit_seconds
        self._dropped = 0
        self._last_words: Callable[[], None] = _nothing
        self._after_fork: Sequence[Callable[[], None]] = ()
        self._begin()
        _senders.add(self)
        atexit.register(self._at_exit)

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._queue: deque[_Queued] = deque()
        self._tasks: deque[Callable[[], None]] = deque(maxlen=MAX_TASKS)
        self._calls = 0
        self._bytes = 0
        self._urgent = False
        self._closing = False
        self._give_up_at = float("inf")
        self._failing = False
        self._has_warned = False
        self._thread: threading.Thread | None = None

    @property
    def dropped(self) -> int:
        """How many calls of this process were not recorded."""
        return self._dropped

    @property
    def waiting(self) -> int:
        """How many calls are queued or under way."""
        return self._calls

    def put(self, call: Call, *, receipt: bool = False, urgent: bool = False) -> Pending | None:
        """Queue a call; returns at once.

        Args:
            call: what is sent.
            receipt: whether there is to be something that will have the receipt.
            urgent: send it now, without waiting for others.
        """
        done = Pending() if receipt else None
        queued = _Queued(call, weight(call), done)
        with self._lock:
            if self._closing:
                reason = "it was made after the connection was closed"
            elif self._calls >= self._max_calls or self._bytes + queued.weight > self._max_bytes:
                reason = "the queue is full"
            elif not self._is_running():
                reason = "the program is ending"
            else:
                self._queue.append(queued)
                self._calls += 1
                self._bytes += queued.weight
                self._urgent |= urgent
                if urgent or len(self._queue) == 1 or len(self._queue) == BATCH_CALLS:
                    self._changed.notify()
                return done
        self._drop([queued], reason)
        return done

    def flush(self, timeout: float) -> bool:
        """Send what is queued now; gives whether all of it has been sent within so many seconds."""
        with self._changed:
            self._urgent = True
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._calls == 0, timeout)
            return self._calls == 0

    def close(self, timeout: float) -> bool:
        """Send what is queued, then end the thread; gives whether all was sent. What is left then is dropped."""
        atexit.unregister(self._at_exit)
        _senders.discard(self)
        with self._changed:
            dropped = self._dropped
            self._closing = True
            self._give_up_at = time.monotonic() + timeout
            self._changed.notify_all()
            thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(timeout + GRACE_SECONDS)
        with self._changed:
            left = list(self._queue)
            self._queue.clear()
            self._forget(left)
            under_way = self._calls
        self._drop(left, ENDED)
        self._count_dropped(under_way, ENDED)
        if thread is None or not thread.is_alive():
            self._transport.close()
        return self._dropped == dropped

    def later(self, task: Callable[[], None]) -> None:
        """Have a small task done by the thread, when it has time; of too many the oldest are left out."""
        with self._changed:
            if not self._closing and self._is_running():
                self._tasks.append(task)
                self._changed.notify()

    def before_end(self, callback: Callable[[], None]) -> None:
        """Have something done when the program ends, before the last calls are sent."""
        self._last_words = callback

    def also_after_fork(self, *callbacks: Callable[[], None]) -> None:
        """Have something done in each child process."""
        self._after_fork = callbacks

    def _at_exit(self) -> None:
        try:
            self._last_words()
        finally:
            self.close(self._exit_seconds)

    def _is_running(self) -> bool:
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="callscope-sender", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # Python is shutting down
                return False
            self._thread = thread
        return True

    def _run(self) -> None:
        while True:
            batch = self._next_batch()
            if batch:
                self._send(batch)
            elif not self._do_task():
                return

    def _do_task(self) -> bool:
        """Do one of the small tasks; gives whether to go on."""
        with self._changed:
            if self._closing:
                return False
            task = self._tasks.popleft() if self._tasks else _nothing
        try:
            task()
        except Exception:  # it was nothing that anybody waits for
            log.debug("a background task of Callscope failed", exc_info=True)
        return True

    def _next_batch(self) -> list[_Queued]:
        """The next calls to be sent together; none when there is a task to be done, or it is time to end."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._tasks or self._closing)
            if not self._queue:
                return []
            self._changed.wait_for(
                lambda: self._urgent or self._closing or len(self._queue) >= BATCH_CALLS, LINGER_SECONDS
            )
            batch: list[_Queued] = []
            size = 0
            while self._queue and len(batch) < BATCH_CALLS and (not batch or size < BATCH_BYTES):
                batch.append(self._queue.popleft())
                size += batch[-1].weight
            if not self._queue:
                self._urgent = False
            return batch

    def _send(self, batch: list[_Queued]) -> None:
        """Deliver a batch; of one that is not taken as it is, the calls that can be."""
        groups = [self._encoded(batch)]
        while groups:
            group = groups.pop()
            if group:
                groups += self._settle(group, self._deliver(group))

    def _encoded(self, batch: list[_Queued]) -> list[tuple[_Queued, bytes]]:
        encoded = []
        for queued in batch:
            try:
                encoded.append((queued, encode(queued.call)))
            except Exception as error:  # whatever a program's own objects raise when they are written
                self._finish([queued], f"it cannot be written as JSON ({type(error).__name__})")
        return encoded

    def _deliver(self, group: list[tuple[_Queued, bytes]]) -> Answer:
        """Send until there is an answer that stands, or time is up."""
        body = b"[" + b",".join(line for _, line in group) + b"]"
        key = uuid.uuid4().hex
        attempt = 0
        while True:
            timeout = min(REQUEST_SECONDS, self._give_up_at - time.monotonic())
            if timeout <= 0:
                return Answer(UNREACHABLE, detail=ENDED)
            answer = self._once(body, key, timeout)
            self._failing = answer.is_temporary
            if answer.status == 500 and attempt >= TRIES_ON_ERROR:
                return answer
            if not answer.is_temporary or not self._pause(attempt, answer.retry_after):
                return answer
            attempt += 1

    def _once(self, body: bytes, key: str, timeout: float) -> Answer:
        try:
            return self._transport.deliver(body, key, timeout)
        except Exception as error:  # an answer that no server of ours gives
            return Answer(400, detail=f"{type(error).__name__}: {error}")

    def _pause(self, attempt: int, wanted: float | None) -> bool:
        """Wait before the next attempt; False when there is no time for one."""
        longest = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(attempt, 10))
        pause = longest * random.uniform(0.5, 1.0)  # noqa: S311  # spreads senders, hides nothing
        until = time.monotonic() + (pause if wanted is None else wanted + random.uniform(0, 0.25))  # noqa: S311
        with self._changed:
            was_closing = self._closing
            self._changed.wait_for(
                lambda: self._closing != was_closing, max(0.0, min(until, self._give_up_at) - time.monotonic())
            )
        return time.monotonic() < self._give_up_at

    def _settle(self, group: list[tuple[_Queued, bytes]], answer: Answer) -> list[list[tuple[_Queued, bytes]]]:
        """Finish what the answer decides; gives the groups to be sent again."""
        calls = [queued for queued, _ in group]
        if answer.status == 201:
            self._finish(calls, None, answer)
            return []
        bad = [queued for place, queued in enumerate(calls) if place in answer.bad]
        if answer.status == 422 and bad and len(group) > 1:
            self._finish(bad, next(iter(answer.bad.values())))
            return [[one for place, one in enumerate(group) if place not in answer.bad]]
        if answer.status == 403:
            by_project: dict[object, list[tuple[_Queued, bytes]]] = {}
            for one in group:
                by_project.setdefault(one[0].call.get("project"), []).append(one)
            if len(by_project) > 1:
                return list(by_project.values())
        elif answer.status in {413, 422, 500} and len(group) > 1:
            return [group[: len(group) // 2], group[len(group) // 2 :]]
        self._finish(calls, f"{answer.status or 'no connection'}: {answer.detail}")
        return []

    def _finish(self, calls: list[_Queued], reason: str | None, answer: Answer | None = None) -> None:
        """Take calls off the books: as recorded, or as dropped for a reason."""
        if reason is not None:
            self._drop(calls, reason)
        elif answer is not None:
            for queued, receipt in zip(calls, answer.receipts, strict=False):
                if queued.done is not None:
                    queued.done.settle(receipt)
        with self._changed:
            self._forget(calls)
            self._changed.notify_all()

    def _forget(self, calls: list[_Queued]) -> None:
        self._calls -= len(calls)
        self._bytes -= sum(queued.weight for queued in calls)

    def _drop(self, calls: list[_Queued], reason: str) -> None:
        self._count_dropped(len(calls), reason)
        for queued in calls:
            if queued.done is not None:
                queued.done.settle(None, reason)

    def _count_dropped(self, count: int, reason: str) -> None:
        if count == 0:
            return
        with self._changed:
            self._dropped += count
            is_first = not self._has_warned
            self._has_warned = True
        if is_first:
            log.warning(
                "Callscope could not record calls: %s. The program goes on; `dropped` counts what is not recorded.",
                reason,
            )

    def before_fork(self) -> None:
        """Get the queue out, if the other side takes it, and hold the lock so that the child has it free."""
        if self._calls and not self._failing:
            self.flush(FORK_SECONDS)
        self._changed.acquire()

    def after_fork_in_parent(self) -> None:
        """Go on."""
        self._changed.release()

    def after_fork_in_child(self) -> None:
        """Begin anew: what is queued is the parent's to send."""
        self._dropped = 0
        self._begin()
        self._transport.after_fork()
        for callback in self._after_fork:
            callback()


_senders: "weakref.WeakSet[Sender]" = weakref.WeakSet()


_forking: list[Sender] = []


def _nothing() -> None:
    return None


def _before_fork() -> None:
    _forking[:] = _senders
    for sender in _forking:
        sender.before_fork()


def _after_fork_in_parent() -> None:
    for sender in _forking:
        sender.after_fork_in_parent()


def _after_fork_in_child() -> None:
    for sender in _forking:
        sender.after_fork_in_child()


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)

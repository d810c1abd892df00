"""Keeps a program's settings those of the server: follows `/policy/stream`, and asks `/policy` where that cannot be.

When the server is away the last known settings hold. All of it is done by a thread that does not keep a process from
ending; a fork's child starts one of its own.
"""

import contextlib
import json
import logging
import random
import socket
import threading
import time
from collections.abc import Iterator

import httpx

from callscope.observability.policy import Policy, policy_of
from callscope.observability.transport import client

log = logging.getLogger("callscope")

FIRST_SECONDS = 2.0
"""How long the first call of a program waits for the settings at most; a server that is there answers in some ms."""
SILENCE_SECONDS = 40.0
"""A stream that says nothing for so long is dead: the server says something every 15 seconds."""
POLL_SECONDS = 2.0
POLLS_BEFORE_STREAM = 15
"""Where the server gives no stream, it is asked for one again after so many looks at `/policy`."""
LONGEST_PAUSE_SECONDS = 5.0
NO_RIGHT_SECONDS = 60.0


class FollowedPolicy:
    """The policy of one server, for one key."""

    def __init__(self, url: str, api_key: str | None) -> None:
        self._url = url
        self._api_key = api_key
        self._policy = Policy()
        self._has_warned = False
        self._begin()

    def _begin(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._settled = threading.Event()
        self._first_until = float("inf")
        self._response: httpx.Response | None = None

    @property
    def current(self) -> Policy:
        """The settings as they are known now. The first look at them starts the thread."""
        if self._thread is None:
            self._start()
        return self._policy

    def wait_seconds(self) -> float:
        """How long the first call should wait; 0 once the settings are known, or cannot be."""
        if self._settled.is_set() or self._stopping.is_set():
            return 0.0
        self.current  # noqa: B018  # starts the thread
        return max(0.0, self._first_until - time.monotonic())

    def after_fork(self) -> None:
        """Begin anew in a child; what the parent knew holds until then."""
        self._begin()

    def close(self) -> None:
        """Stop following."""
        self._stopping.set()
        self._wake()
        if self._thread is not None:
            self._thread.join(1.0)

    def _start(self) -> None:
        with self._lock:
            if self._thread is not None or self._stopping.is_set():
                return
            self._first_until = time.monotonic() + FIRST_SECONDS
            thread = threading.Thread(target=self._run, name="callscope-policy", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # Python is shutting down
                self._settled.set()
            else:
                self._thread = thread

    def _run(self) -> None:
        failures = 0
        polls_left = 0
        with client(self._url, self._api_key) as http:
            while not self._stopping.is_set():
                streamed = polls_left == 0
                status = self._attempt(http, stream=streamed)
                self._settled.set()
                if status in {401, 403}:
                    pause = NO_RIGHT_SECONDS
                    self._warn(status)
                elif status == 0:
                    failures += 1
                    pause = min(LONGEST_PAUSE_SECONDS, 0.25 * 2.0 ** min(failures, 6))
                else:
                    failures = 0
                    pause = 0.2 if streamed and status == 200 else POLL_SECONDS
                    polls_left = polls_left - 1 if not streamed else 0 if status == 200 else POLLS_BEFORE_STREAM
                self._stopping.wait(pause * random.uniform(0.75, 1.0))  # noqa: S311  # spreads clients, hides nothing

    def _attempt(self, http: httpx.Client, *, stream: bool) -> int:
        """Read the settings, then follow the stream as long as it goes; gives the last status, 0 for no connection."""
        try:
            answer = http.get("/policy")
            if answer.status_code != 200:
                return answer.status_code
            self._take(answer.json()["data"])
            return self._follow(http) if stream else 200
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            return 0
        except (ValueError, KeyError, TypeError, AttributeError):  # it answers, but is no server of ours
            return 404

    def _follow(self, http: httpx.Client) -> int:
        headers = {"Accept": "text/event-stream", "Last-Event-ID": self._policy.version}
        timeout = httpx.Timeout(10, read=SILENCE_SECONDS)
        with http.stream("GET", "/policy/stream", headers=headers, timeout=timeout) as response:
            self._response = response
            try:
                if response.status_code == 200:
                    for data in _events(response):
                        self._take(json.loads(data))
                        if self._stopping.is_set():
                            break
                return response.status_code
            finally:
                self._response = None

    def _take(self, data: dict[str, object]) -> None:
        self._policy = policy_of(data)
        self._settled.set()

    def _wake(self) -> None:
        """Have the thread, which may be waiting for the server's next word, see that it is over."""
        response = self._response
        if response is None:
            return
        stream = response.extensions.get("network_stream")
        connection = stream.get_extra_info("socket") if stream is not None else None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _warn(self, status: int) -> None:
        if not self._has_warned:
            self._has_warned = True
            log.warning(
                "Callscope does not tell this program its settings (%s): it needs a key with scope ingest or gateway. "
                "Switched-off models and caps do not hold here.",
                status,
            )


def _events(response: httpx.Response) -> Iterator[str]:
    """The data of each event of a stream."""
    data: list[str] = []
    for line in response.iter_lines():
        if line.startswith("data:"):
            data.append(line[5:].removeprefix(" "))
        elif not line and data:
            yield "\n".join(data)
            data = []

"""Several clients that log calls as fast as they can, and keep book of what they were promised."""

import json
import random
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from sqlalchemy import select

from callscope.calls.models import llm_call_logs
from callscope.db.engine import Database
from tests.durability.server import Server

TRY_AGAIN = {429, 503}


@dataclass(frozen=True, slots=True)
class Request:
    """Calls that are sent together, under one idempotency key: the same bytes each time."""

    path: str
    calls: Sequence[dict[str, Any]]
    key: str = field(default_factory=lambda: uuid.uuid4().hex)

    @property
    def body(self) -> bytes:
        """The body, as it goes over the wire."""
        return json.dumps(self.calls if self.path.endswith("s") else self.calls[0]).encode()


def a_call(rng: random.Random) -> dict[str, Any]:
    """A call with a name that no other has."""
    call: dict[str, Any] = {
        "name": uuid.uuid4().hex,
        "model": rng.choice(["gpt-4o-mini", "gpt-4", "claude-sonnet-4-5", f"house-model-{rng.randrange(6)}"]),
        "prompt_tokens": rng.randrange(5_000),
        "completion_tokens": rng.randrange(2_000),
        "latency_ms": rng.randrange(1, 60_000),
        "status": rng.choice(["success", "success", "success", "error", "timeout"]),
        "environment": rng.choice(["production", "staging", "test"]),
        "project": rng.choice(["default", "search", "support"]),
        "end_user": f"user-{rng.randrange(40)}",
    }
    if rng.random() < 0.3:
        call["prompt"] = "What is a ledger? " * rng.randrange(1, 40)
    return call


class Load:
    """What was sent and what was answered, over any number of servers on one database.

    `acknowledged` has the receipt of each call that was answered with 201, by name; `unanswered` the requests that
    were not.
    """

    def __init__(self, token: str, seed: int = 0, *, largest: int = 60) -> None:
        self.token = token
        self.acknowledged: dict[str, dict[str, Any]] = {}
        self.calls: dict[str, dict[str, Any]] = {}
        self.unanswered: list[Request] = []
        self.statuses: Counter[int] = Counter()
        self.surprises: list[str] = []
        self._largest = largest
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        self._rng = random.Random(seed)
        self._lock = threading.Lock()

    @contextmanager
    def running(self, server: Server, clients: int = 6) -> Iterator[None]:
        """Clients at work until the block ends; whatever has no answer then is in `unanswered`."""
        stop = threading.Event()
        rngs = [random.Random(self._rng.random()) for _ in range(clients)]
        threads = [threading.Thread(target=self._client, args=(server.url, stop, rng)) for rng in rngs]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            stop.set()
            for thread in threads:
                thread.join()

    def wait_for_more_than(self, count: int) -> None:
        """Wait until more calls than that have been acknowledged."""
        deadline = time.monotonic() + 20
        while len(self.acknowledged) <= count:
            assert time.monotonic() < deadline, f"nothing is taken: {self.statuses} {self.surprises}"
            time.sleep(0.01)

    def send_unanswered(self, server: Server) -> None:
        """Send what has no answer once more, with the same keys; all of it must be taken now."""
        requests, self.unanswered = self.unanswered, []
        with self._http(server.url) as http:
            for request in requests:
                assert self.send(http, request), f"not taken after the restart: {self.statuses}\n{server.log()[-3000:]}"

    def send(self, http: httpx.Client, request: Request) -> bool:
        """Send a request; gives whether it was taken."""
        try:
            answer = http.post(request.path, content=request.body, headers={"Idempotency-Key": request.key})
        except httpx.TransportError:
            return False
        with self._lock:
            self.statuses[answer.status_code] += 1
            if answer.status_code in TRY_AGAIN:
                if "retry-after" not in answer.headers:
                    self.surprises.append(f"{answer.status_code} without Retry-After")
                return False
            if answer.status_code != 201:
                self.surprises.append(f"{answer.status_code} {answer.text[:300]}")
                return False
            self.note(request, answer)
        return True

    def note(self, request: Request, answer: httpx.Response) -> None:
        """Remember what a 201 promised."""
        data = answer.json()["data"]
        for call, receipt in zip(request.calls, data if isinstance(data, list) else [data], strict=True):
            self.calls[call["name"]] = call
            self.acknowledged[call["name"]] = receipt

    def make(self, path: str, count: int) -> Request:
        """A request with new calls."""
        return Request(path, [a_call(self._rng) for _ in range(count)])

    def _client(self, url: str, stop: threading.Event, rng: random.Random) -> None:
        with self._http(url) as http:
            while not stop.is_set():
                request = self._request(rng)
                while not self.send(http, request):
                    if stop.wait(0.02):
                        self.unanswered.append(request)
                        return

    def _request(self, rng: random.Random) -> Request:
        if rng.random() < 0.5:
            return Request("/llm/log-call", [a_call(rng)])
        return Request("/llm/log-calls", [a_call(rng) for _ in range(rng.randrange(1, self._largest))])

    def _http(self, url: str) -> httpx.Client:
        return httpx.Client(base_url=url, headers=self._headers, timeout=40)


def check_stored(load: Load, database_url: str) -> None:
    """Every acknowledged call is in the database once, under the id of its receipt, with its own figures."""
    columns = llm_call_logs.c
    db = Database(database_url)
    try:
        with db.read() as connection:
            rows = connection.execute(
                select(columns.name, columns.id, columns.prompt_tokens, columns.completion_tokens)
            ).all()
    finally:
        db.dispose()
    times = Counter(row.name for row in rows)
    assert [name for name, count in times.items() if count > 1] == [], "calls that are there more than once"
    assert load.acknowledged.keys() - times.keys() == set(), "calls that were acknowledged and are lost"
    stored = {row.name: tuple(row[1:]) for row in rows if row.name in load.acknowledged}
    assert stored == {
        name: (receipt["id"], load.calls[name]["prompt_tokens"], load.calls[name]["completion_tokens"])
        for name, receipt in load.acknowledged.items()
    }


def check_totals(load: Load, server: Server, token: str) -> None:
    """Nothing is unanswered, and the summary is exactly the sum of what was acknowledged."""
    assert load.unanswered == []
    assert load.surprises == []
    found = server.get("/metrics/summary", token)
    calls, receipts = load.calls.values(), load.acknowledged.values()
    costs = [receipt["estimated_cost"] for receipt in receipts]
    assert {
        "calls": found["calls"],
        "errors": found["errors"],
        "prompt_tokens": found["prompt_tokens"],
        "completion_tokens": found["completion_tokens"],
        "unpriced_calls": found["unpriced_calls"],
        "cost_nanos": round(found["total_cost"] * 10**9),
    } == {
        "calls": len(calls),
        "errors": sum(call["status"] != "success" for call in calls),
        "prompt_tokens": sum(call["prompt_tokens"] for call in calls),
        "completion_tokens": sum(call["completion_tokens"] for call in calls),
        "unpriced_calls": costs.count(None),
        "cost_nanos": sum(round(cost * 10**9) for cost in costs if cost is not None),
    }

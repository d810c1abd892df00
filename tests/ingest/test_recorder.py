"""The one door: what is acknowledged is stored, overload is refused, and one bad submission harms nobody else."""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy.exc import DataError
from starlette.types import Message

from callscope.db.engine import Database, DatabaseUnavailable
from callscope.ingest import recorder as recording
from callscope.ingest.changes import Erase, Outcome, Rate, Receipt, Reprice, Submission, Withdraw
from callscope.ingest.recorder import NotStored, QueueFull, Recorder, Unconfirmed
from callscope.ingest.row import CallRow
from callscope.store.errors import CallNotFound, ProjectForbidden
from callscope.store.sql.store import SqlStore
from tests.caller import Api
from tests.ingest.conftest import CALL
from tests.store.witness import NOW, put, rows_of


class Gate:
    """A store that writes only while the gate is open, and fails as it is told."""

    def __init__(self, store: SqlStore) -> None:
        self.store = store
        self.open = threading.Event()
        self.open.set()
        self.arrived = threading.Event()
        self.failures: list[Exception] = []
        self.after_commit: list[Exception] = []
        self.unanswered = False

    def apply(self, batch_id: str, submissions: Sequence[Submission], now_micros: int, outcomes: list[Outcome]) -> None:
        self.arrived.set()
        assert self.open.wait(20)
        if self.failures:
            raise self.failures.pop()
        self.store.apply(batch_id, submissions, now_micros, outcomes)
        if self.after_commit:
            raise self.after_commit.pop()

    def was_applied(self, batch_id: str, wait_seconds: float) -> bool:
        if self.unanswered:
            raise DatabaseUnavailable("nobody can be asked")
        return self.store.was_applied(batch_id, wait_seconds)


@pytest.fixture
def gate(db: Database) -> Gate:
    return Gate(SqlStore(db))


@pytest.fixture
def recorder(gate: Gate) -> Iterator[Recorder]:
    recorder = Recorder(gate, max_rows=6, max_bytes=1_000)
    recorder.start()
    yield recorder
    gate.open.set()
    recorder.stop()


def _one(**fields: Any) -> Submission:
    return Submission([put(**fields)], size=10)


def _record(recorder: Recorder, submission: Submission) -> Sequence[Receipt]:
    outcome = recorder.submit(submission).result(60)
    if outcome.error is not None:
        raise outcome.error
    return outcome.receipts


def test_what_arrives_together_is_written_together_and_answered_each_for_itself(
    db: Database, gate: Gate, recorder: Recorder
) -> None:
    gate.open.clear()
    futures = [recorder.submit(_one(prompt_tokens=tokens)) for tokens in range(5)]
    gate.open.set()
    receipts = [future.result(20).receipts[0] for future in futures]
    assert [receipt.total_tokens for receipt in receipts] == [10, 11, 12, 13, 14]
    assert [row.id for row in rows_of(db)] == sorted(receipt.call_id for receipt in receipts)


def test_beyond_the_bound_nothing_is_taken_until_there_is_room(db: Database, gate: Gate, recorder: Recorder) -> None:
    gate.open.clear()
    futures = [recorder.submit(_one()) for _ in range(6)]
    with pytest.raises(QueueFull):
        recorder.submit(_one())
    gate.open.set()
    assert all(future.result(20).error is None for future in futures)
    while recorder.is_full:
        pass
    _record(recorder, _one())
    assert len(rows_of(db)) == 7


def test_the_queue_is_bounded_in_bytes_too(gate: Gate, recorder: Recorder) -> None:
    gate.open.clear()
    future = recorder.submit(Submission([put()], size=1_000))
    with pytest.raises(QueueFull):
        recorder.submit(_one())
    gate.open.set()
    assert future.result(20).error is None


def test_stopping_writes_what_waits_and_takes_nothing_more(db: Database, gate: Gate, recorder: Recorder) -> None:
    gate.open.clear()
    futures = [recorder.submit(_one())]
    assert gate.arrived.wait(20)
    futures += [recorder.submit(_one()) for _ in range(4)]
    stopped: list[bool] = []
    thread = threading.Thread(target=lambda: stopped.append(recorder.stop()))
    thread.start()
    gate.open.set()
    thread.join(20)
    assert stopped == [True]
    assert all(future.result(0).error is None for future in futures)
    assert len(rows_of(db)) == 5
    with pytest.raises(NotStored):
        recorder.submit(_one())


def test_what_cannot_be_written_in_time_is_not_acknowledged(gate: Gate, recorder: Recorder) -> None:
    gate.open.clear()
    first = recorder.submit(_one())
    assert gate.arrived.wait(20)
    second = recorder.submit(_one())
    assert not recorder.stop(timeout=0.1)
    assert isinstance(second.result(20).error, NotStored)
    gate.open.set()
    assert first.result(20).error is None


def test_without_a_database_nothing_is_acknowledged_and_it_recovers_by_itself(
    db: Database, gate: Gate, recorder: Recorder
) -> None:
    gate.failures = [DatabaseUnavailable("away")]
    with pytest.raises(NotStored):
        _record(recorder, _one())
    assert rows_of(db) == []
    _record(recorder, _one())
    assert len(rows_of(db)) == 1


def test_a_commit_whose_answer_was_lost_is_acknowledged(db: Database, gate: Gate, recorder: Recorder) -> None:
    gate.after_commit = [DatabaseUnavailable("the connection broke")]
    (receipt,) = _record(recorder, _one())
    assert [row.id for row in rows_of(db)] == [receipt.call_id]


def test_a_commit_of_which_nothing_is_to_be_learned_is_neither_acknowledged_nor_denied(
    gate: Gate, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "CONFIRM_SECONDS", 0.3)
    gate.after_commit = [DatabaseUnavailable("the connection broke")]
    gate.unanswered = True
    with pytest.raises(Unconfirmed):
        _record(recorder, _one())
    assert recorder.trouble() == "the last calls could not be written to the database"
    _record(recorder, _one())
    assert recorder.trouble() is None


def test_a_write_that_does_not_end_is_trouble(gate: Gate, recorder: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recording, "OVERDUE_SECONDS", 0.3)
    gate.open.clear()
    waiting = recorder.submit(_one())
    assert gate.arrived.wait(20)
    time.sleep(0.4)
    assert recorder.trouble() == "the last write to the database has not ended"
    gate.open.set()
    assert waiting.result(20).error is None
    assert recorder.trouble() is None


def test_a_caller_who_gives_up_harms_nobody(recorder: Recorder, gate: Gate) -> None:
    gate.open.clear()
    recorder.submit(_one())
    assert gate.arrived.wait(20)
    recorder.submit(_one()).cancel()
    gate.open.set()
    _record(recorder, _one())


def _breaks(_: CallRow) -> None:
    raise DataError("a price that breaks the transaction", None, ValueError())


@pytest.mark.parametrize(
    "bad",
    [Rate(99, "ann", 5, None, None, NOW), Erase(99), Withdraw(99), Reprice(1, _breaks, NOW)],
    ids=lambda bad: type(bad).__name__,
)
def test_one_bad_submission_of_a_group_fails_alone(
    db: Database, gate: Gate, recorder: Recorder, bad: Rate | Erase | Withdraw | Reprice
) -> None:
    _record(recorder, _one())
    gate.open.clear()
    good = [recorder.submit(_one())]
    broken = recorder.submit(Submission([bad]))
    good += [recorder.submit(_one()) for _ in range(2)]
    gate.open.set()
    assert isinstance(broken.result(20).error, CallNotFound | DataError)
    assert all(future.result(20).error is None for future in good)
    assert len(rows_of(db)) == 4


def test_a_submission_is_made_whole_or_not_at_all(db: Database, recorder: Recorder) -> None:
    (receipt,) = _record(recorder, _one())
    forbidden = Rate(receipt.call_id, "ann", 5, None, None, NOW, frozenset({2}))
    for last, error in ((Erase(99), CallNotFound), (forbidden, ProjectForbidden)):
        with pytest.raises(error):
            _record(recorder, Submission([put(), Rate(receipt.call_id, "bob", 4, None, None, NOW), last]))
    (row,) = rows_of(db)
    assert row.rating_4 == 0


def test_a_full_queue_answers_429_and_says_when_to_come_again(app: FastAPI, api: Api) -> None:
    state = app.state.recorder._state
    state.rows += 10**9
    answer = api.client.post("/llm/log-call", json=CALL, headers={"X-Test-Caller": api.caller.name})
    assert answer.status_code == 401
    api.get("/metrics/summary")  # now the caller is known
    answer = api.client.post("/llm/log-call", json=CALL, headers={"X-Test-Caller": api.caller.name})
    assert (answer.status_code, answer.json()["status"]) == (429, 429)
    assert int(answer.headers["Retry-After"]) >= 1
    state.rows -= 10**9
    api.post("/llm/log-call", CALL)
    assert api.get("/metrics/summary")["calls"] == 1


@pytest.mark.parametrize("path", ["/llm/log-call", "/llm/log-calls"])
def test_with_a_full_queue_no_body_is_read(app: FastAPI, api: Api, path: str) -> None:
    api.get("/metrics/summary")  # now the caller is known
    sent: list[Message] = []

    async def receive() -> Message:
        raise AssertionError("the body was read")

    async def send(message: Message) -> None:
        sent.append(message)

    headers = {"X-Test-Caller": api.caller.name, "Content-Type": "application/json", "Content-Length": "1000000"}
    scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 50_000), "server": ("127.0.0.1", 8_000), "scheme": "http", "http_version": "1.1",
        "state": {},
    }  # fmt: skip
    app.state.recorder._state.rows += 10**9
    asyncio.run(app(scope, receive, send))
    app.state.recorder._state.rows -= 10**9
    assert sent[0]["status"] == 429
    assert int(dict(sent[0]["headers"])[b"retry-after"]) >= 1

"""What is recorded on a server arrives there, once; and whatever the server does, the program goes on."""

import json
import logging
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import callscope
from callscope.observability.encoding import MAX_TEXT_CHARS, encode
from callscope.observability.pending import wait
from callscope.observability.sender import Sender
from callscope.observability.transport import UNREACHABLE, Answer, Receipt
from tests.observability.server import LocalServer


@pytest.fixture
def server(sqlite_template: Path, tmp_path: Path) -> LocalServer:
    (tmp_path / "callscope.db").write_bytes(sqlite_template.read_bytes())
    return LocalServer(tmp_path)


def answer(prompt: str) -> dict[str, Any]:
    return {"text": "ok", "usage": {"prompt_tokens": 5, "completion_tokens": 150}}


class Scripted:
    """A transport that gives these answers in turn, and the last one from then on; `open` holds it up."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.bodies: list[bytes] = []
        self.keys: list[str] = []
        self.open = threading.Event()
        self.open.set()

    def deliver(self, body: bytes, key: str, timeout: float) -> Answer:
        self.bodies.append(body)
        self.keys.append(key)
        self.open.wait(30)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def after_fork(self) -> None: ...

    def close(self) -> None: ...


def taken(count: int) -> Answer:
    return Answer(201, [Receipt(number, 0.5) for number in range(1, count + 1)])


def sender(transport: Scripted, **bounds: Any) -> Sender:
    return Sender(transport, **{"max_calls": 100, "max_bytes": 2**20, "exit_seconds": 1.0, **bounds})


def call(**fields: Any) -> dict[str, Any]:
    return {
        "model": "gpt-4o",
        "prompt_tokens": 1,
        "completion_tokens": 1,
        "latency_ms": 1,
        "status": "success",
        **fields,
    }


def test_calls_arrive_with_what_the_wrapper_saw(server: LocalServer) -> None:
    with server.running(), callscope.connect(server.url, api_key=server.key(project="shop")) as db:
        wrapper = callscope.LLMObservabilityWrapper(db, model_id=1)
        result = wrapper.call_llm(answer, "What is AI?")
        assert (result["success"], result["log_id"]) == (True, None)
        assert db.flush()
        (recorded,) = server.calls()
        assert (recorded.project, recorded.total_tokens, recorded.preview) == ("shop", 155, "What is AI?")
        waited = wrapper.call_llm(answer, "And ML?", wait=True)
        assert waited["log_id"] == server.calls()[0].id
        assert waited["metrics"]["estimated_cost"] == pytest.approx(0.00465)
        assert result["log_id"] == recorded.id


def test_a_server_that_was_away_gets_all_once(server: LocalServer) -> None:
    with server.running():
        key = server.key()
    with callscope.connect(server.url, api_key=key) as db:
        wrapper = callscope.LLMObservabilityWrapper(db, model_id=1)
        for number in range(30):
            assert wrapper.call_llm(answer, f"question {number}")["success"]
        assert db.waiting == 30
        with server.running():
            assert db.flush(30)
            wrapper.call_llm(answer, "one more", wait=True)
            assert sorted(one.preview for one in server.calls()) == sorted(
                [*(f"question {number}" for number in range(30)), "one more"]
            )
    assert db.dropped == 0


def test_an_answer_about_calls_that_were_not_sent_ends_in_dropped_calls_not_in_sending_for_ever() -> None:
    transport = Scripted(Answer(422, bad={7: "model: is unknown"}, detail="is wrong"))
    sending = sender(transport)
    for _ in range(4):
        sending.put(call())
    assert sending.flush(10)
    assert sending.dropped == 4
    assert len(transport.bodies) <= 7, "the batch, its halves, each call"


def test_a_call_that_the_server_does_not_take_is_dropped_alone(
    server: LocalServer, caplog: pytest.LogCaptureFixture
) -> None:
    with server.running(), callscope.connect(server.url, api_key=server.key()) as db:
        for tokens in (1, 10**12, 2, 3):
            db.send(call(prompt_tokens=tokens))
        assert db.flush()
        assert sorted(one.prompt_tokens for one in server.calls()) == [1, 2, 3]
        assert db.dropped == 1
        for project in ("default", "other"):
            db.send(call(project=project, user_id=99))
        assert db.flush()
        assert db.dropped == 3
    (warning,) = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert "prompt_tokens" in warning.getMessage()


def test_a_call_for_a_project_that_is_not_the_keys_is_dropped_alone(server: LocalServer) -> None:
    with server.running(), callscope.connect(server.url, api_key=server.key(project="shop")) as db:
        for project in (None, "shop", "bank", None):
            db.send(call(project=project))
        assert db.flush()
        assert (len(server.calls()), db.dropped) == (3, 1)


def test_whatever_is_in_a_call_it_is_recorded(server: LocalServer) -> None:
    class Thing:
        def __repr__(self) -> str:
            raise RuntimeError

    circle: list[Any] = []
    circle.append(circle)
    odd: Sequence[Any] = ["\ud800", "a\x00b", {1: float("nan")}, b"bytes", {"a", "b"}, circle, "x" * 300_000, ("t",)]
    with server.running(), callscope.connect(server.url, api_key=server.key()) as db:
        for value in odd:
            db.send(call(prompt=value, response={"value": value}, metadata={"v": value}, name=str(value)[:500]))
        db.send(call(tags=["", "t" * 500, *"abc" * 50], end_user="", session_id="s" * 500, error_message="e" * 10_000))
        assert db.flush(30)
        assert (db.dropped, len(server.calls())) == (0, len(odd) + 1)
        db.send(call(prompt=Thing()))
        assert db.flush(30)
        assert db.dropped == 1


def test_long_texts_are_cut_and_say_so(server: LocalServer) -> None:
    with server.running(), callscope.connect(server.url, api_key=server.key()) as db:
        db.send(call(prompt="x" * 300_000))
        assert db.flush()
        stored = server.whole(server.calls()[0].id)
    assert len(stored.prompt) == MAX_TEXT_CHARS
    assert stored.prompt.endswith("[cut, 300,000 characters]")


def test_a_batch_is_sent_again_with_the_same_key_until_it_is_taken() -> None:
    transport = Scripted(Answer(UNREACHABLE), Answer(503), Answer(429, retry_after=0.01), taken(2))
    with_calls = sender(transport)
    pending = [one for n in range(2) if (one := with_calls.put(call(), receipt=True, urgent=n == 1))]
    wait(pending, 30)
    assert [one.receipt.log_id for one in pending if one.receipt] == [1, 2]
    assert len(set(transport.keys)) == 1
    assert len(set(transport.bodies)) == 1
    assert with_calls.close(5)


def test_a_call_that_makes_the_server_fail_does_not_hold_up_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing(Scripted):
        def deliver(self, body: bytes, key: str, timeout: float) -> Answer:
            return Answer(500) if b"poison" in body else taken(body.count(b"{"))

    monkeypatch.setattr("callscope.observability.sender.FIRST_PAUSE_SECONDS", 0.001)
    sending = sender(Failing())
    for name in ("a", "b", "poison", "c"):
        sending.put(call(name=name))
    assert sending.flush(30)
    assert sending.dropped == 1
    sending.close(1)


def test_a_full_queue_drops_and_never_waits(caplog: pytest.LogCaptureFixture) -> None:
    transport = Scripted(taken(500))
    transport.open.clear()
    bounded = sender(transport, max_calls=10)
    for _ in range(50):
        bounded.put(call())
    assert (bounded.waiting, bounded.dropped) == (10, 40)
    by_size = sender(transport, max_bytes=10_000)
    by_size.put(call(prompt="x" * 9_000))
    by_size.put(call(prompt="x" * 9_000))
    assert (by_size.waiting, by_size.dropped) == (1, 1)
    assert [record.getMessage() for record in caplog.records if "queue is full" in record.getMessage()]
    assert len(caplog.records) == 2
    transport.open.set()
    assert bounded.close(30)
    assert by_size.close(30)


@pytest.mark.parametrize("status", [UNREACHABLE, 429, 500])
def test_the_end_of_a_program_waits_no_longer_than_it_may(status: int) -> None:
    away = sender(Scripted(Answer(status, retry_after=60 if status == 429 else None)))
    for _ in range(5):
        away.put(call())
    assert not away.close(0.3)
    assert (away.waiting, away.dropped) == (0, 5)
    assert away._thread is not None
    assert not away._thread.is_alive()


def test_nothing_is_sent_to_a_server_that_does_not_know_the_key(server: LocalServer) -> None:
    with server.running(), callscope.connect(server.url, api_key="cs_wrong") as db:
        assert callscope.LLMObservabilityWrapper(db, model_id=1).call_llm(answer, "Hi", wait=True)["log_id"] is None
        assert db.dropped == 1


def test_long_names_that_begin_alike_stay_two() -> None:
    first, second = (json.loads(encode({"end_user": "x" * 250 + end, "tags": ["y" * 150 + end]})) for end in "ab")
    for one in (first, second):
        assert (len(one["end_user"]), len(one["tags"][0])) == (200, 100)
    assert first["end_user"] != second["end_user"]
    assert first["tags"] != second["tags"]
    assert json.loads(encode({"end_user": "x" * 200}))["end_user"] == "x" * 200

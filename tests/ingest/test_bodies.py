"""What is in a body is bounded, whatever its size: no body takes the memory or the time that others need."""

import gc
import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callscope.calls import parsing
from callscope.ingest.recorder import Recorder
from tests.caller import Api
from tests.ingest.conftest import CALL

JSON = {"Content-Type": "application/json"}
NDJSON = {"Content-Type": "application/x-ndjson"}


def refused(api: Api, path: str, body: bytes, kind: dict[str, str] = JSON) -> dict[str, object]:
    answer = api.client.post(path, content=body, headers=api._headers() | kind)
    assert answer.status_code == 422, answer.text
    found: dict[str, object] = answer.json()
    return found


@pytest.mark.parametrize("count", [1_001, 30_000])
def test_a_batch_of_too_many_calls_is_refused_with_one_sentence(api: Api, count: int) -> None:
    for one in (b"{}", json.dumps(CALL).encode()):
        answer = refused(api, "/llm/log-calls", b"[" + b",".join([one] * count) + b"]")
        assert answer["detail"] == "body: holds more than 1,000 calls; send it as several batches"
        lines = refused(api, "/llm/log-calls", b"\n".join([one] * count), NDJSON)
        assert lines["detail"] == answer["detail"]


def test_lines_without_end_are_not_taken_apart(api: Api) -> None:
    assert "more than 1,000 calls" in str(refused(api, "/llm/log-calls", b"\n" * 1_000_000, NDJSON)["detail"])


def test_a_call_of_very_many_unknown_fields_is_refused_with_one_sentence(api: Api) -> None:
    unknown = b"{" + b",".join(b'"%d":1' % number for number in range(30_000)) + b"}"
    one = refused(api, "/llm/log-call", unknown)
    assert one["errors"] == [{"field": "body", "message": "has more fields than a call can have"}]
    batch = refused(api, "/llm/log-calls", b"[" + json.dumps(CALL).encode() + b"," + unknown + b"]")
    assert batch["errors"] == [{"field": "1", "message": "has more fields than a call can have"}]


def test_what_is_in_an_unknown_field_is_not_looked_at(api: Api) -> None:
    unknown = {"prompts": [{"role": "user", "content": [{"text": "Where is it?"}]}] * 2_000, "colour": 1}
    expected = [{"field": name, "message": "is not known here"} for name in unknown]
    assert api.post("/llm/log-call", CALL | unknown, expect=422)["errors"] == expected


@pytest.mark.parametrize("kind", [JSON, NDJSON])
def test_a_large_batch_is_checked_no_further_than_an_answer_has_room(api: Api, kind: dict[str, str]) -> None:
    bad = json.dumps(CALL | {"unknown": [[]] * 400, "latency_ms": -1}).encode()
    calls = [json.dumps(CALL).encode(), *[bad] * 500]
    body = b"\n".join(calls) if kind is NDJSON else b"[" + b" , ".join(calls) + b"]"
    errors = refused(api, "/llm/log-calls", body, kind)["errors"]
    assert isinstance(errors, list)
    assert [error["field"] for error in errors[:2]] == ["1.latency_ms", "1.unknown"]
    assert len(errors) == 100
    assert errors[-1] == {"field": "body", "message": "was not looked at after call 50"}


def test_a_large_batch_that_is_no_array_of_calls_is_refused(api: Api) -> None:
    call = json.dumps(CALL | {"metadata": {"many": [[]] * 40_000}}).encode()
    assert api.log(json.loads(b"[" + call + b"]"))
    for body in (b"[%b", b"%b]", b"[%b,]", b"[,%b]", b"[%b%b]", b"[%b 1]", b"[1, %b]", b'{"calls": [%b]}', b'[%b,"]'):
        answer = refused(api, "/llm/log-calls", body.replace(b"%b", call))
        assert answer["errors"], body
        assert answer["detail"] == "body: is not a JSON array of calls", body


def test_a_call_of_more_values_than_a_conversation_has_is_refused(api: Api) -> None:
    answer = api.post("/llm/log-call", CALL | {"metadata": {"many": [0] * 100_001}}, expect=422)
    assert answer["detail"] == "body: holds more than 100,000 values, which is more than a call may have"


TEXT = st.text('"\\{}[],: ab', max_size=6)
VALUE = st.recursive(TEXT, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner), max_leaves=4)


@given(st.lists(st.dictionaries(TEXT, VALUE, max_size=3), max_size=4), st.sampled_from([None, 1]))
def test_an_array_is_cut_where_its_objects_end(objects: list[dict[str, object]], indent: int | None) -> None:
    body = json.dumps(objects, indent=indent).encode()
    assert [json.loads(element) for element in parsing._elements(body)] == objects


def test_the_first_hundred_errors_are_named_and_the_others_counted(api: Api) -> None:
    answer = api.post("/llm/log-calls", [CALL | {"latency_ms": -1}] * 1_000, expect=422)
    assert [error["field"] for error in answer["errors"]] == [f"{place}.latency_ms" for place in range(100)]
    assert answer["detail"].endswith("(and 999 more)")


def test_more_values_than_a_server_should_hold_are_refused(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_PARTS", 50_000)
    values: list[object] = [[], 0, "a"]
    for value in values:
        answer = api.post("/llm/log-calls", [CALL | {"metadata": {"many": [value] * 30_000}}] * 2, expect=422)
        assert "send fewer calls at once" in answer["detail"]


def test_a_text_counts_as_one_value_whatever_it_holds(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parsing, "MAX_CALL_PARTS", 50_000)
    text = '[1,2,"three\\"},{",' * 10_000
    assert api.get(f"/llm/calls/{api.post('/llm/log-call', CALL | {'prompt': text})['id']}")["prompt"] == text
    unfinished = '"' + '\\"' * 100_000 + "," * 100_000
    assert "json" in str(refused(api, "/llm/log-call", unfinished.encode())["detail"]).lower()


def test_a_full_batch_of_conversations_is_far_below_the_bound(api: Api) -> None:
    message = {"role": "user", "content": [{"type": "text", "text": "Where is my parcel, [4711], {now}? " * 20}]}
    body = json.dumps([CALL | {"prompt": [message] * 10, "tags": ["a", "b"], "metadata": {"a": {"b": [1, 2]}}}] * 1_000)
    assert parsing.parse_batch(body.encode())
    assert sum(1 for _ in parsing._PARTS.finditer(body.encode())) < parsing.MAX_PARTS / 5


def calls_in_memory() -> int:
    return sum(type(one).__name__ == "CallIn" for one in gc.get_objects())


def test_what_was_parsed_is_let_go_before_a_call_waits_to_be_written(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed = []

    def record(self: Recorder, submission: object) -> object:
        deadline = time.monotonic() + 10
        while calls_in_memory() and time.monotonic() < deadline:
            time.sleep(0.01)  # the thread that parsed them lets go of them a moment later
        parsed.append(calls_in_memory())
        return original(self, submission)  # type: ignore[arg-type]  # handed on as it came

    original = Recorder.record
    monkeypatch.setattr(Recorder, "record", record)
    api.log([CALL] * 100)
    assert parsed == [0]

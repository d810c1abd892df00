"""The wrapper with a database in this process: what the seed's example shows, and what becomes of everything else."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

import callscope
from callscope.observability.errors import CallTimedOut, ModelDisabled, NotConnected, TokenCapExceeded
from callscope.observability.handle import Handle
from tests.observability.recorded import calls_of, change_settings


def answer(prompt: str) -> dict[str, Any]:
    return {"text": "A field of computer science.", "usage": {"prompt_tokens": 5, "completion_tokens": 150}}


@pytest.fixture
def db(database_url: str) -> Iterator[Handle]:
    with callscope.connect(database_url) as handle:
        yield handle


def test_a_call_is_recorded_and_priced(db: Handle) -> None:
    wrapper = callscope.LLMObservabilityWrapper(db, user_id=1, model_id=1)
    result = wrapper.call_llm(answer, "What is AI?")
    assert result["success"]
    assert result["text"] == "A field of computer science."
    assert result["metrics"]["total_tokens"] == 155
    assert result["metrics"]["estimated_cost"] == pytest.approx(0.00465)
    call = calls_of(db)[0]
    assert (call["id"], call["user_id"], call["name"]) == (result["log_id"], 1, "answer")
    assert (call["prompt"], call["response"]) == ("What is AI?", "A field of computer science.")


def test_a_session_or_an_engine_is_taken_for_the_database(database_url: str) -> None:
    engine = create_engine(database_url)
    with Session(engine) as session:
        wrapper = callscope.LLMObservabilityWrapper(session, model_id="gpt-4o")
        assert wrapper.handle is callscope.LLMObservabilityWrapper(engine).handle
        result = wrapper.call_llm(answer, "What is AI?", end_user="u-1", tags=["a"])
    call = calls_of(wrapper.handle)[0]
    assert (call["id"], call["model"], call["end_user"], call["tags"]) == (result["log_id"], "gpt-4o", "u-1", ["a"])
    wrapper.handle.close()
    engine.dispose()


def test_a_text_is_counted_by_estimate(db: Handle) -> None:
    result = callscope.LLMObservabilityWrapper(db, model_id="gpt-4o").call_llm(
        lambda prompt: "four words of text", "Hi"
    )
    call = calls_of(db)[0]
    assert call["usage_estimated"]
    assert call["completion_tokens"] == result["metrics"]["completion_tokens"] == 5


def failing(prompt: str) -> str:
    raise ConnectionError("the provider is away")


def test_an_error_is_recorded_and_returned_or_raised(db: Handle) -> None:
    wrapper = callscope.LLMObservabilityWrapper(db, model_id="gpt-4o")
    result = wrapper.call_llm(failing, "Hi")
    assert not result["success"]
    assert result["error"] == "ConnectionError: the provider is away"
    with pytest.raises(ConnectionError):
        wrapper.call_llm(failing, "Hi", raise_errors=True)
    assert [(call["status"], call["error_type"]) for call in calls_of(db)] == [("error", "ConnectionError")] * 2


def test_a_timeout_ends_the_wait(db: Handle) -> None:
    wrapper = callscope.LLMObservabilityWrapper(db, model_id="gpt-4o", timeout=0.05)
    started = time.monotonic()
    result = wrapper.call_llm(lambda prompt: time.sleep(30), "Hi")
    assert time.monotonic() - started < 20
    assert result["error"] == "CallTimedOut: no answer within 0.05 s"
    with pytest.raises(CallTimedOut):
        asyncio.run(wrapper.acall_llm(lambda prompt: asyncio.sleep(30), "Hi", raise_errors=True))
    assert [call["status"] for call in calls_of(db)] == ["timeout", "timeout"]


def words(prompt: str) -> Iterator[dict[str, Any]]:
    yield {"text": "one "}
    yield {"text": "two", "usage": {"prompt_tokens": 7, "completion_tokens": 2}}


async def async_words(prompt: str) -> AsyncIterator[str]:
    for word in ("one ", "two"):
        yield word


def test_a_stream_is_recorded_when_it_has_been_read(db: Handle) -> None:
    result = callscope.LLMObservabilityWrapper(db, model_id="gpt-4o").call_llm(words, "Hi")
    assert result["metrics"]["total_tokens"] is None
    assert [piece["text"] for piece in result["response"]] == ["one ", "two"]
    assert result == {**result, "text": "one two", "metrics": {**result["metrics"], "total_tokens": 9}}
    call = calls_of(db)[0]
    assert (call["response"], call["prompt_tokens"], call["usage_estimated"]) == ("one two", 7, False)
    assert call["time_to_first_token_ms"] is not None


def test_an_asynchronous_stream_is_recorded(db: Handle) -> None:
    async def read() -> list[str]:
        result = await callscope.LLMObservabilityWrapper(db, model_id="gpt-4o").acall_llm(async_words, "Hi")
        return [piece async for piece in result["response"]]

    assert asyncio.run(read()) == ["one ", "two"]
    assert calls_of(db)[0]["response"] == "one two"


@pytest.mark.parametrize("how", ["closed", "forgotten", "never read"])
def test_a_stream_that_is_not_read_to_its_end_is_recorded_all_the_same(db: Handle, how: str) -> None:
    result = callscope.LLMObservabilityWrapper(db, model_id="gpt-4o").call_llm(words, "Hi")
    if how != "never read":
        next(result["response"])
    if how == "closed":
        result["response"].close()
    del result
    call = calls_of(db)[0]
    assert (call["status"], call["usage_estimated"]) == ("success", True)
    assert call["metadata"] == {"stream": "not read to its end"}


def test_a_stream_that_breaks_is_an_error_with_what_was_read(db: Handle) -> None:
    def broken(prompt: str) -> Iterator[str]:
        yield "half a "
        raise ConnectionError("cut off")

    result = callscope.LLMObservabilityWrapper(db, model_id="gpt-4o").call_llm(broken, "Hi")
    with pytest.raises(ConnectionError):
        list(result["response"])
    assert result["success"] is False
    call = calls_of(db)[0]
    assert (call["status"], call["response"]) == ("error", "half a ")


def test_a_timeout_ends_the_wait_for_the_pieces_of_a_stream(db: Handle) -> None:
    wrapper = callscope.LLMObservabilityWrapper(db, model_id="gpt-4o", timeout=0.2)

    def slow(prompt: str) -> Iterator[str]:
        yield "one "
        time.sleep(30)

    async def async_slow(prompt: str) -> AsyncIterator[str]:
        yield "one "
        await asyncio.sleep(30)

    async def read() -> None:
        async for _ in (await wrapper.acall_llm(async_slow, "Hi"))["response"]:
            pass

    with pytest.raises(CallTimedOut):
        list(wrapper.call_llm(slow, "Hi")["response"])
    with pytest.raises(CallTimedOut):
        asyncio.run(read())
    assert [(call["status"], call["response"]) for call in calls_of(db)] == [("timeout", "one ")] * 2


def test_a_function_that_must_be_awaited_is_told_apart(db: Handle) -> None:
    async def ask(prompt: str) -> str:
        return "ok"

    wrapper = callscope.LLMObservabilityWrapper(db, model_id="gpt-4o")
    assert "acall_llm" in wrapper.call_llm(ask, "Hi")["error"]
    assert asyncio.run(wrapper.acall_llm(ask, "Hi"))["text"] == "ok"


def test_a_program_goes_on_when_its_handle_is_closed(db: Handle) -> None:
    wrapper = callscope.LLMObservabilityWrapper(db, model_id="gpt-4o")
    db.close()
    assert wrapper.call_llm(answer, "Hi")["success"]
    assert db.dropped == 1


def test_a_call_within_a_call_is_counted_once(db: Handle) -> None:
    inner = callscope.LLMObservabilityWrapper(db, model_id="gpt-4o")

    def agent(prompt: str) -> str:
        return f"{inner.call_llm(answer, prompt)['text']} {inner.call_llm(answer, prompt)['text']}"

    outer = callscope.LLMObservabilityWrapper(db, model_id="gpt-4o", session_id="chat-1")
    result = outer.call_llm(agent, "What is AI?")
    assert result["metrics"]["total_tokens"] == 310
    assert [call["session_id"] for call in calls_of(db)] == ["chat-1", "chat-1"]


@pytest.mark.parametrize("name", ["claude-haiku-4-5", "anthropic/claude-haiku-4.5", "claude-haiku-4-5@20251001"])
def test_a_model_that_is_switched_off_is_refused(db: Handle, name: str) -> None:
    change_settings(db, claude_haiku_45_enabled=False)
    wrapper = callscope.LLMObservabilityWrapper(db, model_id=name)
    result = wrapper.call_llm(failing, "Hi")
    assert "switched off by an administrator" in result["error"]
    with pytest.raises(ModelDisabled):
        wrapper.call_llm(failing, "Hi", raise_errors=True)
    assert all("switched off" in call["refused"] for call in calls_of(db))


def test_the_cap_on_tokens_holds_for_what_is_sent_and_asked_for(db: Handle) -> None:
    change_settings(db, max_tokens_per_request=100)
    wrapper = callscope.LLMObservabilityWrapper(db, model_id="gpt-4o", raise_errors=True)
    asked = []
    with pytest.raises(TokenCapExceeded):
        wrapper.call_llm(lambda prompt, max_tokens: asked.append(max_tokens), "Hi", max_tokens=100)
    with pytest.raises(TokenCapExceeded):
        wrapper.call_llm(asked.append, "word " * 100)
    assert not asked
    assert wrapper.call_llm(lambda prompt, max_tokens: "ok", "Hi", max_tokens=50)["success"]


def test_an_equal_request_is_answered_from_the_cache_while_caching_is_on(db: Handle) -> None:
    wrapper = callscope.LLMObservabilityWrapper(db, model_id=1)
    assert not wrapper.call_llm(answer, "What is AI?")["cache_hit"]
    assert not wrapper.call_llm(answer, "What is AI?")["cache_hit"]
    change_settings(db, enable_caching=True)
    results = [wrapper.call_llm(answer, "What is AI?") for _ in range(2)]
    assert [result["cache_hit"] for result in results] == [False, True]
    assert results[0]["response"] == results[1]["response"]
    call = calls_of(db)[0]
    assert (call["cache_hit"], call["estimated_cost"]) == (True, 0)
    assert call["saved_cost"] == pytest.approx(0.00465)
    assert not wrapper.call_llm(answer, "What is ML?")["cache_hit"]
    assert not wrapper.call_llm(warm, "What is AI?", temperature=1.0)["cache_hit"]
    assert not wrapper.call_llm(warm, "What is AI?", temperature=1.0)["cache_hit"]
    assert wrapper.call_llm(warm, "What is AI?", temperature=1.0, cache=True)["cache_hit"] is False
    assert wrapper.call_llm(warm, "What is AI?", temperature=1.0, cache=True)["cache_hit"] is True


def warm(prompt: str, temperature: float) -> dict[str, Any]:
    return answer(prompt)


def test_prompts_and_answers_need_not_be_recorded(database_url: str) -> None:
    with callscope.connect(database_url, capture_content=False, project="quiet") as db:
        callscope.LLMObservabilityWrapper(db, model_id=1).call_llm(answer, "a secret")
        call = calls_of(db)[0]
    assert (call["prompt"], call["response"], call["project"]) == (None, None, "quiet")


def test_a_database_that_cannot_be_used_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "no.db").write_text("no database" * 100)
    with pytest.raises(NotConnected):
        callscope.connect(f"sqlite:///{tmp_path}/no.db")


def test_a_key_that_can_be_none_is_said_at_once() -> None:
    for key in ("cs_…", "cs_a key", "cs_a\n"):
        with pytest.raises(NotConnected, match="api_key"):
            callscope.connect("http://127.0.0.1:9", api_key=key)

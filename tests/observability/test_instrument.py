"""The real clients of OpenAI and Anthropic against the mock provider: what is recorded is what the provider says."""

import asyncio
import gc
import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx2
import openai
import pytest

import callscope
from callscope.observability.errors import CallscopeError, ModelDisabled
from callscope.observability.handle import Handle
from tests.observability.recorded import calls_of, change_settings
from tests.provider import running

QUESTION = "What is AI?"
TOLD = "[mock prompt_tokens=900 completion_tokens=80 cached_tokens=300 reasoning_tokens=20 text='One two three four.']"
WRITTEN = (
    "[mock prompt_tokens=900 completion_tokens=80 cached_tokens=300 cache_write_tokens=200 cache_write_1h_tokens=50]"
)
PARAMETERS: Any = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running() as url:
        yield url


@pytest.fixture
def gpt(address: str, handle: Handle) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{address}/v1", api_key="any", max_retries=0) as client:
        yield callscope.instrument(client, handle, provider="openai")


@pytest.fixture
def claude(address: str, handle: Handle) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=address, api_key="any", max_retries=0) as client:
        yield callscope.instrument(client, handle)


def say(text: str) -> Any:  # plain dicts, as users write them
    return [{"role": "user", "content": text}]


def only_call(handle: Handle) -> dict[str, Any]:
    (call,) = calls_of(handle)
    return call


def tokens(call: dict[str, Any]) -> tuple[int, ...]:
    """Prompt, cached, written to the cache, for an hour, completion, reasoning."""
    return tuple(
        call[f"{kind}_tokens"]
        for kind in ("prompt", "cached", "cache_write", "cache_write_1h", "completion", "reasoning")
    )


def test_a_chat_completion(gpt: openai.OpenAI, handle: Handle) -> None:
    answer = gpt.chat.completions.create(model="gpt-4o", messages=say(QUESTION + TOLD), temperature=0.5)
    assert isinstance(answer, openai.types.chat.ChatCompletion)
    call = only_call(handle)
    assert tokens(call) == (900, 300, 0, 0, 80, 20)
    assert (call["model"], call["provider"], call["response_id"]) == ("gpt-4o", "openai", answer.id)
    assert (call["prompt"], call["response"]) == (say(QUESTION + TOLD), "One two three four.")
    assert call["request_params"] == {"temperature": 0.5}
    # gpt-4o: 2.50 dollars per million in, 1.25 from the cache, 10 out
    assert call["estimated_cost"] == pytest.approx((600 * 2.5 + 300 * 1.25 + 80 * 10) / 1e6)


def test_a_message(claude: anthropic.Anthropic, handle: Handle) -> None:
    answer = claude.messages.create(
        model="claude-sonnet-4-5", max_tokens=500, system="Be brief.", messages=say(QUESTION + WRITTEN)
    )
    call = only_call(handle)
    assert tokens(call) == (900, 300, 200, 50, 80, 0)
    assert (call["provider"], call["response_id"]) == ("anthropic", answer.id)
    assert call["prompt"] == [{"role": "system", "content": "Be brief."}, *say(QUESTION + WRITTEN)]
    # claude-sonnet-4-5: 3 in, 0.30 from the cache, 3.75 and 6 to write to it, 15 out
    cost = 400 * 3 + 300 * 0.3 + 150 * 3.75 + 50 * 6 + 80 * 15
    assert call["estimated_cost"] == pytest.approx(cost / 1e6)


def test_a_response_and_an_embedding(gpt: openai.OpenAI, handle: Handle) -> None:
    answer = gpt.responses.create(model="gpt-4o", input=QUESTION + TOLD, instructions="Be brief.")
    made = gpt.embeddings.create(model="text-embedding-3-small", input=["one two", "three"])
    assert len(made.data) == 2
    embedding, response = calls_of(handle)
    assert (embedding["prompt_tokens"], embedding["completion_tokens"]) == (made.usage.prompt_tokens, 0)
    assert tokens(response) == (900, 300, 0, 0, 80, 20)
    assert (response["response_id"], response["response"]) == (answer.id, answer.output_text)


def test_a_chat_stream_tells_its_tokens_and_the_program_sees_what_it_asked_for(
    gpt: openai.OpenAI, handle: Handle
) -> None:
    stream = gpt.chat.completions.create(model="gpt-4o", messages=say(QUESTION + TOLD), stream=True)
    assert isinstance(stream, openai.Stream)
    chunks = list(stream)
    assert all(chunk.choices for chunk in chunks)
    call = only_call(handle)
    assert tokens(call) == (900, 300, 0, 0, 80, 20)
    assert (call["response"], call["usage_estimated"]) == ("One two three four.", False)
    assert call["time_to_first_token_ms"] is not None
    asked = {"include_usage": True}
    chunks = list(
        gpt.chat.completions.create(model="gpt-4o", messages=say(QUESTION), stream=True, stream_options=asked)  # type: ignore[call-overload]  # a plain dict
    )
    assert chunks[-1].usage is not None


def test_a_server_that_will_not_tell_the_tokens_of_a_stream_is_asked_without(handle: Handle) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(json.loads(request.content))
        if "stream_options" in asked[-1]:
            return httpx2.Response(400, json={"error": {"message": "Extra inputs are not permitted: stream_options"}})
        chunk = {
            "id": f"c{len(asked)}",
            "object": "chat.completion.chunk",
            "choices": [{"index": 0, "delta": {"content": "Hello"}}],
        }
        return httpx2.Response(200, text=f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n")

    asked: list[dict[str, Any]] = []
    http = httpx2.Client(transport=httpx2.MockTransport(answer))
    with openai.OpenAI(base_url="http://old.example.com/v1", api_key="any", http_client=http) as client:
        callscope.instrument(client, handle)
        for _ in range(2):
            assert list(client.chat.completions.create(model="gpt-4o", messages=say(QUESTION), stream=True))
    assert ["stream_options" in body for body in asked] == [True, False, False]
    assert [(call["status"], call["usage_estimated"]) for call in calls_of(handle)] == [("success", True)] * 2


def test_streams_of_responses_and_messages(gpt: openai.OpenAI, claude: anthropic.Anthropic, handle: Handle) -> None:
    events = list(gpt.responses.create(model="gpt-4o", input=QUESTION + TOLD, stream=True))
    assert events[-1].type == "response.completed"
    pieces = list(claude.messages.create(model="claude-sonnet-4-5", max_tokens=500, messages=say(WRITTEN), stream=True))
    with claude.messages.stream(model="claude-sonnet-4-5", max_tokens=500, messages=say(WRITTEN)) as stream:
        text = "".join(stream.text_stream)
    helped, message, response = calls_of(handle)
    assert pieces
    assert tokens(response) == (900, 300, 0, 0, 80, 20)
    assert tokens(message) == tokens(helped) == (900, 300, 200, 50, 80, 0)
    assert helped["response"] == text == message["response"]


def test_asynchronous_clients(address: str, handle: Handle) -> None:
    async def ask() -> None:
        async with openai.AsyncOpenAI(base_url=f"{address}/v1", api_key="any") as gpt:
            callscope.instrument(gpt, handle)
            await gpt.chat.completions.create(model="gpt-4o", messages=say(QUESTION + TOLD))
            stream = await gpt.chat.completions.create(model="gpt-4o", messages=say(QUESTION + TOLD), stream=True)
            assert all([chunk.choices async for chunk in stream])
        async with anthropic.AsyncAnthropic(base_url=address, api_key="any") as claude:
            callscope.instrument(claude, handle)
            asked: dict[str, Any] = {"model": "claude-sonnet-4-5", "max_tokens": 500, "messages": say(WRITTEN)}
            async with claude.messages.stream(**asked) as helped:
                assert await helped.get_final_text()

    asyncio.run(ask())
    message, stream, chat = calls_of(handle)
    assert tokens(chat) == tokens(stream) == (900, 300, 0, 0, 80, 20)
    assert tokens(message) == (900, 300, 200, 50, 80, 0)


def test_tool_calls_are_recorded(gpt: openai.OpenAI, claude: anthropic.Anthropic, handle: Handle) -> None:
    question = say("How is it in Paris?")
    function: Any = {"type": "function", "function": {"name": "weather", "parameters": PARAMETERS}}
    gpt.chat.completions.create(model="gpt-4o", messages=question, tools=[function])
    list(gpt.chat.completions.create(model="gpt-4o", messages=question, tools=[function], stream=True))
    tool: Any = {"name": "weather", "input_schema": PARAMETERS}
    claude.messages.create(model="claude-sonnet-4-5", max_tokens=500, messages=question, tools=[tool])
    for call in calls_of(handle):
        (called,) = call["response"]["tool_calls"]
        assert called["function"]["name"] == "weather"
        assert "city" in called["function"]["arguments"]


def test_errors_and_timeouts_are_raised_as_ever_and_recorded(
    gpt: openai.OpenAI, claude: anthropic.Anthropic, handle: Handle
) -> None:
    with pytest.raises(openai.RateLimitError):
        gpt.chat.completions.create(model="gpt-4o", messages=say("[mock status=429]"))
    with pytest.raises(openai.APITimeoutError):
        gpt.with_options(timeout=0.2).chat.completions.create(model="gpt-4o", messages=say("[mock delay_ms=5000]"))
    with pytest.raises(anthropic.APIStatusError):
        claude.messages.create(model="claude-sonnet-4-5", max_tokens=5, messages=say("[mock status=529]"))
    overloaded, late, limited = calls_of(handle)
    assert (limited["status"], limited["error_kind"], limited["model"]) == ("error", "rate_limit", "gpt-4o")
    assert late["status"] == "timeout"
    assert (overloaded["status"], overloaded["error_kind"]) == ("error", "overloaded")
    assert {call["total_tokens"] for call in (overloaded, late, limited)} == {0}


@pytest.mark.parametrize("how", ["closed", "left", "forgotten"])
def test_a_stream_that_is_not_read_to_its_end(gpt: openai.OpenAI, handle: Handle, how: str) -> None:
    stream = gpt.chat.completions.create(model="gpt-4o", messages=say(QUESTION), stream=True)
    if how == "left":
        with stream:
            next(stream)
    else:
        next(stream)
        if how == "closed":
            stream.close()
    del stream
    gc.collect()
    call = only_call(handle)
    assert (call["status"], call["usage_estimated"]) == ("success", True)
    assert call["metadata"]["stream"] == "not read to its end"


def test_raw_responses_are_what_they_were(gpt: openai.OpenAI, handle: Handle) -> None:
    raw = gpt.chat.completions.with_raw_response.create(model="gpt-4o", messages=say(QUESTION + TOLD))
    assert raw.headers["content-type"] == "application/json"
    assert raw.parse().usage is not None
    assert tokens(only_call(handle)) == (900, 300, 0, 0, 80, 20)


def test_a_call_seen_by_the_wrapper_too_is_counted_once(gpt: openai.OpenAI, handle: Handle) -> None:
    def ask(prompt: str) -> str:
        return gpt.chat.completions.create(model="gpt-4o", messages=say(prompt)).choices[0].message.content or ""

    result = callscope.LLMObservabilityWrapper(handle, end_user="u-1").call_llm(ask, QUESTION + TOLD)
    call = only_call(handle)
    assert (call["end_user"], call["name"]) == ("u-1", "ask")
    assert result["log_id"] == call["id"]
    assert result["metrics"]["total_tokens"] == 980


def test_a_call_that_others_report_too_is_counted_once(gpt: openai.OpenAI, handle: Handle) -> None:
    answer = gpt.chat.completions.create(model="gpt-4o", messages=say(QUESTION))
    callscope.LLMObservabilityWrapper(handle, model_id="gpt-4o").call_llm(lambda prompt: answer, QUESTION)
    assert only_call(handle)["witnesses"] == 2


def test_calls_carry_the_ids_of_what_they_are_made_in(gpt: openai.OpenAI, handle: Handle) -> None:
    @callscope.observe(session_id="chat-1", tags=["agent"])
    def agent() -> None:
        with callscope.observe("plan", tags=["plan"]) as plan:
            gpt.chat.completions.create(model="gpt-4o", messages=say(QUESTION))
            seen.append(plan)

    seen: list[Any] = []
    agent()
    call = only_call(handle)
    assert (call["trace_id"], call["parent_span_id"]) == (seen[0].trace_id, seen[0].span_id)
    assert (call["session_id"], call["tags"], call["name"]) == ("chat-1", ["agent", "plan"], "plan")


def test_the_settings_hold(gpt: openai.OpenAI, claude: anthropic.Anthropic, handle: Handle) -> None:
    change_settings(handle, claude_haiku_45_enabled=False, enable_caching=True)
    with pytest.raises(ModelDisabled):
        claude.messages.create(model="claude-haiku-4-5-20251001", max_tokens=5, messages=say(QUESTION))
    answers = [gpt.chat.completions.create(model="gpt-4o", messages=say(QUESTION)) for _ in range(2)]
    assert answers[0] == answers[1]
    assert isinstance(answers[1], openai.types.chat.ChatCompletion)
    again, first, refused = calls_of(handle)
    assert (again["cache_hit"], first["cache_hit"]) == (True, False)
    assert again["saved_cost"] == first["estimated_cost"]
    assert refused["refused"]


def test_what_is_no_client_is_refused(handle: Handle) -> None:
    with pytest.raises(CallscopeError, match="LLMObservabilityWrapper"):
        callscope.instrument(object(), handle)


def test_instrumenting_twice_records_once(gpt: openai.OpenAI, handle: Handle) -> None:
    callscope.instrument(gpt, handle).chat.completions.create(model="gpt-4o", messages=say(QUESTION))
    assert only_call(handle)["witnesses"] == 1

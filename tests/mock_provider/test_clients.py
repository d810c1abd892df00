"""The real clients against the mock: what they ask is what they are answered, in their own types and errors."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import anthropic
import httpx
import openai
import pytest

from callscope.mock_provider.app import Options
from callscope.observability.mock_llm import count_tokens
from tests.provider import running

QUESTION = "What is AI?"
WEATHER: Any = {
    "type": "object",
    "properties": {"city": {"type": "string"}, "unit": {"enum": ["celsius", "kelvin"]}, "days": {"type": "integer"}},
    "required": ["city", "unit"],
}


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with running() as url:
        yield url


@pytest.fixture
def gpt(address: str) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{address}/v1", api_key="any", max_retries=0) as client:
        yield client


@pytest.fixture
def claude(address: str) -> Iterator[anthropic.Anthropic]:
    with anthropic.Anthropic(base_url=address, api_key="any", max_retries=0) as client:
        yield client


def say(text: str) -> Any:  # plain dicts, as users write them
    return [{"role": "user", "content": text}]


def test_a_chat_completion_has_text_and_usage(gpt: openai.OpenAI) -> None:
    answer = gpt.chat.completions.create(model="gpt-4o", messages=say(QUESTION))
    assert answer.usage is not None
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens, answer.usage.total_tokens) == (5, 150, 155)
    assert count_tokens(answer.choices[0].message.content or "") == 150
    assert (answer.model, answer.choices[0].finish_reason) == ("gpt-4o", "stop")


def test_two_answers_have_two_ids(gpt: openai.OpenAI) -> None:
    ids = {gpt.chat.completions.create(model="m", messages=say("?")).id for _ in range(2)}
    assert len(ids) == 2


@pytest.mark.parametrize("wanted", [True, False])
def test_a_chat_stream_has_its_usage_at_the_end_if_asked(gpt: openai.OpenAI, wanted: bool) -> None:
    chunks = list(
        gpt.chat.completions.create(
            model="gpt-4o",
            messages=say(f"{QUESTION} [mock text='One two three four five.']"),
            stream=True,
            stream_options={"include_usage": wanted},
        )
    )
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == "One two three four five."
    assert [chunk.usage is not None for chunk in chunks[:-1]] == [False] * (len(chunks) - 1)
    assert (chunks[-1].usage is not None) is wanted
    if chunks[-1].usage:
        assert chunks[-1].usage.completion_tokens == count_tokens(text)


def test_a_chat_calls_a_tool_once_and_then_answers(gpt: openai.OpenAI) -> None:
    tool: Any = {"type": "function", "function": {"name": "weather", "parameters": WEATHER}}
    asked: dict[str, Any] = {"model": "gpt-4o", "tools": [tool], "messages": say("How is it in Paris?")}
    first = gpt.chat.completions.create(**asked).choices[0]
    call = first.message.tool_calls[0]
    assert (first.finish_reason, call.function.name) == ("tool_calls", "weather")
    assert json.loads(call.function.arguments) == {"city": "example", "unit": "celsius"}
    asked["messages"] = [
        *say("How is it in Paris?"),
        first.message,
        {"role": "tool", "tool_call_id": call.id, "content": "18°"},
    ]
    second = gpt.chat.completions.create(**asked).choices[0]
    assert (second.finish_reason, second.message.tool_calls) == ("stop", None)


def test_cached_and_reasoning_tokens_are_told_in_openais_words(gpt: openai.OpenAI) -> None:
    told = {
        "X-Mock": "prompt_tokens=2000 cached_tokens=1500 cache_write_tokens=100 completion_tokens=300 reasoning_tokens=256"
    }
    usage = gpt.chat.completions.create(model="gpt-5", messages=say(QUESTION), extra_headers=told).usage
    assert usage is not None
    assert usage.prompt_tokens_details is not None
    assert usage.completion_tokens_details is not None
    assert (usage.prompt_tokens, usage.completion_tokens) == (2000, 300)
    assert usage.prompt_tokens_details.cached_tokens == 1500
    assert usage.prompt_tokens_details.cache_write_tokens == 100
    assert usage.completion_tokens_details.reasoning_tokens == 256


def test_max_tokens_end_an_answer(gpt: openai.OpenAI, claude: anthropic.Anthropic) -> None:
    cut = gpt.chat.completions.create(model="m", messages=say("?"), max_tokens=20)
    assert cut.usage is not None
    assert (cut.choices[0].finish_reason, cut.usage.completion_tokens) == ("length", 20)
    short = claude.messages.create(model="m", messages=say("?"), max_tokens=20)
    assert (short.stop_reason, short.usage.output_tokens) == ("max_tokens", 20)


def test_a_response_and_its_stream_tell_the_same(gpt: openai.OpenAI) -> None:
    whole = gpt.responses.create(model="gpt-5", input=QUESTION)
    with gpt.responses.stream(model="gpt-5", input=QUESTION) as stream:
        deltas = [event.delta for event in stream if event.type == "response.output_text.delta"]
        streamed = stream.get_final_response()
    assert whole.output_text == streamed.output_text == "".join(deltas)
    assert whole.usage == streamed.usage
    assert whole.usage is not None
    assert (whole.usage.input_tokens, whole.usage.output_tokens) == (5, 150)


def test_a_response_calls_a_tool(gpt: openai.OpenAI) -> None:
    tool: Any = {"type": "function", "name": "weather", "parameters": WEATHER, "strict": False}
    answer = gpt.responses.create(model="gpt-5", input=say("Paris?"), tools=[tool])
    call: Any = answer.output[0]
    assert (call.type, call.name) == ("function_call", "weather")
    result: Any = {"type": "function_call_output", "call_id": call.call_id, "output": "18°"}
    last = gpt.responses.create(model="gpt-5", input=[*say("Paris?"), call, result], tools=[tool])
    assert last.output_text


def test_a_message_and_its_stream_tell_the_same(claude: anthropic.Anthropic) -> None:
    asked = f"{QUESTION} [mock cached_tokens=1000 cache_write_tokens=300 cache_write_1h_tokens=100 reasoning_tokens=40]"
    whole = claude.messages.create(model="claude-haiku-4-5", max_tokens=500, messages=say(asked))
    with claude.messages.stream(model="claude-haiku-4-5", max_tokens=500, messages=say(asked)) as stream:
        text = "".join(stream.text_stream)
        streamed = stream.get_final_message()
    assert whole.content[0].type == "text"
    assert text == whole.content[0].text
    assert streamed.usage.model_dump() == whole.usage.model_dump()
    assert whole.usage.cache_read_input_tokens == 1000
    assert whole.usage.cache_creation_input_tokens == 300
    assert whole.usage.cache_creation is not None
    assert whole.usage.cache_creation.ephemeral_1h_input_tokens == 100
    assert whole.usage.output_tokens == 190


def test_a_message_calls_a_tool_also_in_a_stream(claude: anthropic.Anthropic) -> None:
    tool: Any = {"name": "weather", "input_schema": WEATHER}
    with claude.messages.stream(
        model="m",
        max_tokens=500,
        tools=[tool],
        messages=say("Paris?"),
    ) as stream:
        message = stream.get_final_message()
    block = message.content[0]
    assert block.type == "tool_use"
    assert (message.stop_reason, block.name, block.input) == (
        "tool_use",
        "weather",
        {"city": "example", "unit": "celsius"},
    )
    counted = claude.messages.count_tokens(model="m", messages=say(QUESTION))
    assert counted.input_tokens == 5


def test_embeddings_differ_as_their_texts_do(gpt: openai.OpenAI) -> None:
    answer = gpt.embeddings.create(model="text-embedding-3-small", input=["one", "two", "one"], dimensions=256)
    first, second, third = (one.embedding for one in answer.data)
    assert first == third != second
    assert len(first) == 256
    assert sum(value * value for value in first) == pytest.approx(1, rel=1e-5)
    assert answer.usage.prompt_tokens == 3 * count_tokens("one")


@pytest.mark.parametrize(
    ("status", "theirs", "code"),
    [
        (400, openai.BadRequestError, "context_length_exceeded"),
        (401, openai.AuthenticationError, "invalid_api_key"),
        (404, openai.NotFoundError, "model_not_found"),
        (429, openai.RateLimitError, "rate_limit_exceeded"),
        (500, openai.InternalServerError, "server_error"),
    ],
)
def test_errors_are_openais(gpt: openai.OpenAI, status: int, theirs: type[openai.APIStatusError], code: str) -> None:
    with pytest.raises(theirs) as raised:
        gpt.chat.completions.create(model="m", messages=say(f"? [mock status={status} retry_after=7]"))
    assert (raised.value.status_code, raised.value.code) == (status, code)
    assert raised.value.response.headers["retry-after"] == "7"


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (404, "not_found_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (529, "overloaded_error"),
    ],
)
def test_errors_are_anthropics(claude: anthropic.Anthropic, status: int, kind: str) -> None:
    with pytest.raises(anthropic.APIStatusError) as raised:
        claude.messages.create(model="m", max_tokens=9, messages=say(f"? [mock status={status}]"))
    assert raised.value.status_code == status
    assert isinstance(raised.value.body, dict)
    assert raised.value.body["error"]["type"] == kind


def test_a_stream_breaks_where_it_is_told_to(gpt: openai.OpenAI, claude: anthropic.Anthropic) -> None:
    def chunks(marker: str) -> Iterator[object]:
        yield from gpt.chat.completions.create(model="m", messages=say(f"? [mock {marker}]"), stream=True)

    cut = chunks("break_after=3")
    assert [next(cut) is not None for _ in range(3)]
    with pytest.raises(openai.APIConnectionError):
        next(cut)
    with pytest.raises(openai.APIError, match="overloaded"):
        list(chunks("break_after=3 status=503"))
    with (
        pytest.raises(anthropic.APIStatusError, match="Overloaded"),
        claude.messages.stream(model="m", max_tokens=9, messages=say("? [mock break_after=3 status=529]")) as stream,
    ):
        list(stream)


def test_a_pause_is_one(gpt: openai.OpenAI) -> None:
    with pytest.raises(openai.APITimeoutError):
        gpt.chat.completions.create(model="m", messages=say("? [mock delay_ms=60000]"), timeout=0.3)


def test_the_async_clients_are_answered_alike(address: str) -> None:
    async def ask() -> tuple[int, int]:
        async with (
            openai.AsyncOpenAI(base_url=f"{address}/v1", api_key="any") as gpt,
            anthropic.AsyncAnthropic(base_url=address, api_key="any") as claude,
        ):
            stream = await gpt.chat.completions.create(
                model="m", messages=say(QUESTION), stream=True,
                stream_options={"include_usage": True},
            )  # fmt: skip
            usages = [chunk.usage async for chunk in stream if chunk.usage]
            message = await claude.messages.create(model="m", max_tokens=99, messages=say(QUESTION))
            return usages[0].total_tokens, message.usage.output_tokens

    assert asyncio.run(ask()) == (155, 99)


def test_models_are_listed_to_both(gpt: openai.OpenAI, claude: anthropic.Anthropic) -> None:
    assert {model.id for model in gpt.models.list()} == {model.id for model in claude.models.list()}
    assert gpt.models.retrieve("gpt-4o").id == "gpt-4o"


@pytest.mark.parametrize("body", [b"nonsense", b"[]", b"{}", b'{"model": "m"}', b'{"model": "m", "messages": []}'])
@pytest.mark.parametrize("path", ["chat/completions", "responses", "messages", "embeddings"])
def test_a_body_that_cannot_be_used_is_a_400(address: str, path: str, body: bytes) -> None:
    answer = httpx.post(f"{address}/v1/{path}", content=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"]


@pytest.mark.parametrize(
    "marker", ["colour=red", "status=418", "delay_ms=soon", "text='", "arguments={", "delay_ms=9999999"]
)
def test_a_directive_that_is_none_says_so(address: str, marker: str) -> None:
    body = {"model": "m", "messages": say("?")}
    answer = httpx.post(f"{address}/v1/chat/completions", json=body, headers={"X-Mock": marker})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith("mock: ")


def test_what_is_set_for_all_requests_holds() -> None:
    body = {"model": "m", "messages": say(QUESTION)}
    with running(Options(api_key="sk-right")) as url:
        asked = [httpx.post(f"{url}/v1/chat/completions", json=body, headers={"Authorization": f"Bearer sk-{key}"})
                 for key in ("wrong", "right")]  # fmt: skip
        assert [answer.status_code for answer in asked] == [401, 200]
        assert httpx.get(f"{url}/mock/requests").json() == {"total": 2, "by_path": {"/v1/chat/completions": 2}}
    with running(Options(error_rate=0.25, error_status=503)) as url:
        asked = [httpx.post(f"{url}/v1/chat/completions", json=body) for _ in range(8)]
        assert [answer.status_code for answer in asked] == [200, 200, 200, 503] * 2
    with running(Options(rate_limit=2)) as url:
        asked = [httpx.post(f"{url}/v1/chat/completions", json=body) for _ in range(3)]
        assert [answer.status_code for answer in asked] == [200, 200, 429]
        assert 0 < int(asked[2].headers["retry-after"]) <= 61
    with running(Options(context_tokens=100)) as url:
        long = httpx.post(f"{url}/v1/chat/completions", json={"model": "m", "messages": say("word " * 100)})
        assert (long.status_code, long.json()["error"]["code"]) == (400, "context_length_exceeded")

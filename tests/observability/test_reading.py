"""What is read from the answers of clients, given here as the packages and the REST APIs give them."""

from types import SimpleNamespace
from typing import Any

import pytest

from callscope.observability.reading import Usage, chunks_like, read


def made(value: Any) -> Any:
    """The same as objects with attributes."""
    if isinstance(value, dict):
        return SimpleNamespace(**{name: made(one) for name, one in value.items()})
    return [made(one) for one in value] if isinstance(value, list) else value


OPENAI = {
    "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o-2024-08-06", "service_tier": "flex",
    "choices": [{"finish_reason": "stop", "message": {"role": "assistant", "content": "Hello", "tool_calls": None}}],
    "usage": {
        "prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150,
        "prompt_tokens_details": {"cached_tokens": 60, "audio_tokens": 5},
        "completion_tokens_details": {"reasoning_tokens": 20, "audio_tokens": 3},
    },
}  # fmt: skip
RESPONSES = {
    "id": "resp_1", "object": "response", "model": "gpt-5", "status": "completed", "service_tier": "default",
    "output": [
        {"type": "reasoning", "summary": []}, {"type": "web_search_call", "id": "ws_1"},
        {"type": "message", "content": [{"type": "output_text", "text": "Hello"}]},
    ],
    "usage": {
        "input_tokens": 100, "output_tokens": 50, "total_tokens": 150,
        "input_tokens_details": {"cached_tokens": 60, "cache_write_tokens": 10},
        "output_tokens_details": {"reasoning_tokens": 20},
    },
}  # fmt: skip
ANTHROPIC = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-haiku-4-5", "stop_reason": "end_turn",
    "content": [{"type": "thinking", "thinking": "Hm."}, {"type": "text", "text": "Hello"}],
    "usage": {
        "input_tokens": 30, "cache_read_input_tokens": 60, "cache_creation_input_tokens": 10, "output_tokens": 50,
        "cache_creation": {"ephemeral_5m_input_tokens": 6, "ephemeral_1h_input_tokens": 4},
        "server_tool_use": {"web_search_requests": 2, "web_fetch_requests": 1}, "service_tier": "standard",
        "output_tokens_details": {"thinking_tokens": 20},
    },
}  # fmt: skip
GOOGLE = {
    "response_id": "g-1", "model_version": "gemini-2.5-flash",
    "candidates": [
        {"finish_reason": "STOP", "content": {"parts": [{"thought": True, "text": "Hm."}, {"text": "Hello"}]}}
    ],
    "usage_metadata": {
        "prompt_token_count": 90, "candidates_token_count": 30, "thoughts_token_count": 20,
        "cached_content_token_count": 60, "tool_use_prompt_token_count": 10, "total_token_count": 150,
        "prompt_tokens_details": [{"modality": "AUDIO", "token_count": 5}],
    },
}  # fmt: skip
GOOGLE_REST = {
    "responseId": "g-1", "modelVersion": "gemini-2.5-flash",
    "candidates": [{"finishReason": "STOP", "content": {"parts": [{"text": "Hello"}]}}],
    "usageMetadata": {"promptTokenCount": 100, "candidatesTokenCount": 50, "cachedContentTokenCount": 60},
}  # fmt: skip
MISTRAL = {
    "id": "cmpl-1", "object": "chat.completion", "model": "mistral-small-latest",
    "choices": [
        {"finish_reason": "stop", "message": {"content": [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]}}
    ],
    "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150},
}  # fmt: skip
COHERE = {
    "id": "c-1", "finish_reason": "COMPLETE", "message": {"content": [{"type": "text", "text": "Hello"}]},
    "usage": {
        "tokens": {"input_tokens": 100.0, "output_tokens": 50.0}, "cached_tokens": 60.0,
        "billed_units": {"input_tokens": 40.0, "output_tokens": 50.0},
    },
}  # fmt: skip
LANGCHAIN = {
    "id": "run-1", "content": [{"type": "text", "text": "Hello"}], "tool_calls": [],
    "response_metadata": {
        "model_name": "claude-haiku-4-5", "model_provider": "anthropic", "id": "msg_1", "stop_reason": "end_turn"
    },
    "usage_metadata": {
        "input_tokens": 100, "output_tokens": 50, "total_tokens": 150,
        "input_token_details": {"cache_read": 60, "cache_creation": 10},
        "output_token_details": {"reasoning": 20},
    },
}  # fmt: skip
XAI = {**OPENAI, "usage": {
    "prompt_tokens": 100, "completion_tokens": 30, "total_tokens": 150, "completion_tokens_details": {"reasoning_tokens": 20},
}}  # fmt: skip
OPENROUTER = {**OPENAI, "usage": {"prompt_tokens": 100, "completion_tokens": 50, "total_tokens": 150, "cost": 0.0012}}
PLAIN = {"content": "Hello", "usage": {"input_tokens": 100, "output_tokens": 50, "cached_tokens": 60}}

KNOWN: list[tuple[dict[str, Any], dict[str, Any], Usage]] = [
    (
        OPENAI,
        {"model": "gpt-4o-2024-08-06", "response_id": "chatcmpl-1", "finish_reason": "stop", "service_tier": "flex"},
        Usage(100, 50, cached_tokens=60, reasoning_tokens=20, audio_input_tokens=5, audio_output_tokens=3),
    ),
    (
        RESPONSES,
        {"model": "gpt-5", "response_id": "resp_1", "finish_reason": "completed"},
        Usage(100, 50, cached_tokens=60, cache_write_tokens=10, reasoning_tokens=20, server_tool_calls=1),
    ),
    (
        ANTHROPIC,
        {"model": "claude-haiku-4-5", "provider": "anthropic", "response_id": "msg_1", "finish_reason": "end_turn"},
        Usage(
            100, 50, cached_tokens=60, cache_write_tokens=10, cache_write_1h_tokens=4, reasoning_tokens=20, server_tool_calls=2
        ),
    ),
    (
        GOOGLE,
        {"model": "gemini-2.5-flash", "provider": "google", "response_id": "g-1", "finish_reason": "STOP"},
        Usage(100, 50, cached_tokens=60, reasoning_tokens=20, audio_input_tokens=5),
    ),
    (GOOGLE_REST, {"model": "gemini-2.5-flash", "response_id": "g-1"}, Usage(100, 50, cached_tokens=60)),
    (MISTRAL, {"model": "mistral-small-latest", "response_id": "cmpl-1"}, Usage(100, 50)),
    (COHERE, {"provider": "cohere", "response_id": "c-1"}, Usage(100, 50, cached_tokens=60)),
    (
        LANGCHAIN,
        {"model": "claude-haiku-4-5", "provider": "anthropic", "response_id": "msg_1", "finish_reason": "end_turn"},
        Usage(100, 50, cached_tokens=60, cache_write_tokens=10, reasoning_tokens=20),
    ),
    (XAI, {}, Usage(100, 50, reasoning_tokens=20)),
    (OPENROUTER, {}, Usage(100, 50, cost=0.0012)),
    (PLAIN, {}, Usage(100, 50, cached_tokens=60)),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "told", "usage"), KNOWN)
def test_tokens_include_what_providers_leave_out(answer: dict[str, Any], told: dict[str, Any], usage: Usage) -> None:
    for form in (answer, made(answer)):
        reading = read(form)
        assert reading.usage == usage
        assert reading.text == "Hello"
        assert {name: getattr(reading, name) for name in told} == told


@pytest.mark.parametrize("answer", ["Hello", {"text": "Hello"}, {"response": "Hello"}, SimpleNamespace(text="Hello")])
def test_a_text_is_a_text_without_usage(answer: Any) -> None:
    assert (read(answer).text, read(answer).usage) == ("Hello", None)


@pytest.mark.parametrize(
    "answer", [None, 7, object(), [], {}, {"choices": [None]}, {"choices": "x"}, {"type": "message"}]
)
def test_what_is_no_answer_tells_nothing(answer: Any) -> None:
    assert (read(answer).text, read(answer).usage) == (None, None)


STREAMS: list[tuple[list[Any], Usage | None]] = [
    ([
        {"type": "message_start", "message": {**ANTHROPIC, "content": []}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Hel"}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "lo"}},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 50}},
    ], Usage(100, 50, cached_tokens=60, cache_write_tokens=10, cache_write_1h_tokens=4, server_tool_calls=2)),
    ([
        {"candidates": [{"content": {"parts": [{"text": "Hel"}]}}], "usage_metadata": {"prompt_token_count": 100}},
        {
            "candidates": [{"finish_reason": "STOP", "content": {"parts": [{"text": "lo"}]}}],
            "usage_metadata": {"prompt_token_count": 100, "candidates_token_count": 50},
        },
    ], Usage(100, 50)),
    ([
        {"data": {"id": "m", "choices": [{"delta": {"content": "Hel"}}]}},
        {"data": {"id": "m", "choices": [{"delta": {"content": "lo"}}], "usage": MISTRAL["usage"]}},
    ], Usage(100, 50)),
    ([
        {"type": "message-start", "id": "c-1"},
        {"type": "content-delta", "delta": {"message": {"content": {"text": "Hello"}}}},
        {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": COHERE["usage"]}},
    ], Usage(100, 50, cached_tokens=60)),
    (["Hel", "lo"], None),
]  # fmt: skip


@pytest.mark.parametrize(("pieces", "usage"), STREAMS)
def test_a_stream_tells_the_same_in_pieces(pieces: list[Any], usage: Usage | None) -> None:
    for form in (pieces, [made(piece) for piece in pieces]):
        chunks = chunks_like(form[0])
        assert chunks is not None
        brought = [chunks.feed(piece) for piece in form]
        assert any(brought)
        assert (chunks.reading().text, chunks.reading().usage) == ("Hello", usage)


def test_the_tokens_of_a_stream_that_broke_off_are_not_known() -> None:
    for pieces, _ in STREAMS[:2]:
        chunks = chunks_like(pieces[0])
        assert chunks is not None
        for piece in pieces[:-1]:
            chunks.feed(piece)
        assert chunks.reading().usage is None

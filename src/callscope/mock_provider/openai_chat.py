"""OpenAI's chat completions."""

import time
from collections.abc import Iterator

from callscope.mock_provider import openai_errors
from callscope.mock_provider.reading import BadRequest, last_of, number, texts_of, tools_of
from callscope.mock_provider.reply import Asked, Json, Reply, Usage
from callscope.observability.mock_llm import pieces

error = openai_errors.error
error_event = openai_errors.error_event


def read(body: Json) -> Asked:
    """What the body asks. Raises BadRequest."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        raise BadRequest("messages: at least one is needed")
    answered = messages[-1].get("role") == "tool"
    offered = [] if answered or body.get("tool_choice") == "none" else body.get("tools") or []
    return Asked(
        openai_errors.model(body),
        texts_of([message.get("content") for message in messages], body.get("tools")),
        last_of(messages),
        number(body, "max_completion_tokens", "max_tokens"),
        tools_of([tool.get("function", tool) for tool in offered], "parameters"),
        bool(body.get("stream")),
    )


def whole(reply: Reply, body: Json) -> Json:
    """The answer as one object."""
    message: Json = {"role": "assistant", "content": reply.text or None, "refusal": None}
    if reply.call:
        message["tool_calls"] = [_call(reply)]
    return {
        **_head(reply, body, "chat.completion"),
        "choices": [{"index": 0, "message": message, "logprobs": None, "finish_reason": _finish(reply)}],
        "usage": usage(reply.usage),
    }


def events(reply: Reply, body: Json) -> Iterator[Json]:
    """The answer in parts; with `stream_options.include_usage` the last one has the usage, and only that."""
    head = _head(reply, body, "chat.completion.chunk")
    asked_for_usage = bool((body.get("stream_options") or {}).get("include_usage"))
    if asked_for_usage:
        head["usage"] = None

    def part(delta: Json, finish: str | None = None) -> Json:
        return {**head, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}]}

    yield part({"role": "assistant", "content": "" if not reply.call else None, "refusal": None})
    for piece in pieces(reply.text):
        yield part({"content": piece})
    if reply.call:
        call = _call(reply)
        yield part({"tool_calls": [{"index": 0, **call, "function": {**call["function"], "arguments": ""}}]})
        for piece in pieces(reply.call.arguments):
            yield part({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]})
    yield part({}, _finish(reply))
    if asked_for_usage:
        yield {**head, "choices": [], "usage": usage(reply.usage)}


def usage(of: Usage) -> Json:
    """Tokens in OpenAI's words."""
    return {
        "prompt_tokens": of.prompt_tokens,
        "completion_tokens": of.completion_tokens,
        "total_tokens": of.prompt_tokens + of.completion_tokens,
        "prompt_tokens_details": {
            "cached_tokens": of.cached_tokens, "cache_write_tokens": of.cache_write_tokens, "audio_tokens": 0,
        },
        "completion_tokens_details": {
            "reasoning_tokens": of.reasoning_tokens, "audio_tokens": 0, "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }  # fmt: skip


def _head(reply: Reply, body: Json, kind: str) -> Json:
    return {
        "id": f"chatcmpl-{reply.id}",
        "object": kind,
        "created": int(time.time()),
        "model": reply.model,
        "service_tier": openai_errors.tier(body),
        "system_fingerprint": "fp_mock",
    }


def _call(reply: Reply) -> Json:
    assert reply.call is not None  # noqa: S101  # asked before
    return {
        "id": f"call_{reply.call.id}",
        "type": "function",
        "function": {"name": reply.call.name, "arguments": reply.call.arguments},
    }


def _finish(reply: Reply) -> str:
    return "tool_calls" if reply.call else "length" if reply.cut else "stop"

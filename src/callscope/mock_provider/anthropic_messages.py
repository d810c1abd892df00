"""Anthropic's messages."""

import json
from collections.abc import Iterator
from typing import Any

from callscope.mock_provider.reading import BadRequest, last_of, number, texts_of, tools_of
from callscope.mock_provider.reply import Asked, Json, Reply, Usage
from callscope.observability.mock_llm import pieces

_KINDS = {
    400: ("invalid_request_error", "prompt is too long: 200001 tokens > 200000 maximum"),
    401: ("authentication_error", "invalid x-api-key"),
    403: ("permission_error", "this API key may not use this resource"),
    404: ("not_found_error", "there is no such model"),
    429: ("rate_limit_error", "this request would exceed the rate limit"),
    500: ("api_error", "Internal server error"),
    529: ("overloaded_error", "Overloaded"),
}


def read(body: Json, *, for_counting: bool = False) -> Asked:
    """What the body asks. Raises BadRequest."""
    model, messages = body.get("model"), body.get("messages")
    if not isinstance(model, str) or not model:
        raise BadRequest("model: Field required")
    if not isinstance(messages, list) or not messages:
        raise BadRequest("messages: at least one message is required")
    if not for_counting and body.get("max_tokens") is None:
        raise BadRequest("max_tokens: Field required")
    choice = (body.get("tool_choice") or {}).get("type")
    offered = [] if _brings_result(messages[-1]) or choice == "none" else body.get("tools") or []
    return Asked(
        model,
        texts_of([body.get("system"), *(message.get("content") for message in messages)], body.get("tools")),
        last_of(messages),
        number(body, "max_tokens"),
        tools_of(offered, "input_schema"),
        bool(body.get("stream")),
    )


def whole(reply: Reply, body: Json) -> Json:
    """The answer as one object."""
    return {**_message(reply), "content": [_block(reply)], "stop_reason": _stop(reply), "usage": _usage(reply.usage)}


def events(reply: Reply, body: Json) -> Iterator[Json]:
    """The answer as the events of a stream: the prompt's tokens are in the first, the answer's in the last but one."""
    usage, block = _usage(reply.usage), _block(reply)
    yield {"type": "message_start", "message": {**_message(reply), "usage": {**usage, "output_tokens": 1}}}
    empty = {**block, "text": ""} if block["type"] == "text" else {**block, "input": {}}
    yield {"type": "content_block_start", "index": 0, "content_block": empty}
    yield {"type": "ping"}
    for piece in pieces(reply.call.arguments if reply.call else reply.text):
        delta = (
            {"type": "input_json_delta", "partial_json": piece} if reply.call else {"type": "text_delta", "text": piece}
        )
        yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    told = {name: value for name, value in usage.items() if name not in {"cache_creation", "service_tier"}}
    yield {"type": "message_delta", "delta": {"stop_reason": _stop(reply), "stop_sequence": None}, "usage": told}
    yield {"type": "message_stop"}


def error(status: int, code: str | None = None, message: str | None = None) -> Json:
    """The body of an error, and of the event in the middle of a stream."""
    kind, usual = _KINDS.get(status, _KINDS[529 if status > 500 else 400])
    return {"type": "error", "error": {"type": code or kind, "message": message or usual}, "request_id": "req_mock"}


def error_event(status: int, code: str | None) -> Json:
    """An error in the middle of a stream."""
    return error(status, code)


def _brings_result(message: Any) -> bool:
    content = message.get("content") if isinstance(message, dict) else None
    return isinstance(content, list) and any(
        isinstance(part, dict) and part.get("type") == "tool_result" for part in content
    )


def _message(reply: Reply) -> Json:
    return {
        "id": f"msg_{reply.id}", "type": "message", "role": "assistant", "model": reply.model, "content": [],
        "stop_reason": None, "stop_sequence": None,
    }  # fmt: skip


def _block(reply: Reply) -> Json:
    if reply.call is None:
        return {"type": "text", "text": reply.text, "citations": None}
    called = json.loads(reply.call.arguments)
    return {"type": "tool_use", "id": f"toolu_{reply.call.id}", "name": reply.call.name, "input": called}


def _stop(reply: Reply) -> str:
    return "tool_use" if reply.call else "max_tokens" if reply.cut else "end_turn"


def _usage(of: Usage) -> Json:
    """Tokens in Anthropic's words: what was read from or written to a cache is not in `input_tokens`."""
    return {
        "input_tokens": of.prompt_tokens - of.cached_tokens - of.cache_write_tokens,
        "cache_creation_input_tokens": of.cache_write_tokens,
        "cache_read_input_tokens": of.cached_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": of.cache_write_tokens - of.cache_write_1h_tokens,
            "ephemeral_1h_input_tokens": of.cache_write_1h_tokens,
        },
        "output_tokens": of.completion_tokens,
        "output_tokens_details": {"thinking_tokens": of.reasoning_tokens},
        "service_tier": "standard",
    }

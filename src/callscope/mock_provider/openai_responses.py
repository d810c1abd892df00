"""OpenAI's responses."""

import time
from collections.abc import Iterator
from typing import Any

from callscope.mock_provider import openai_errors
from callscope.mock_provider.reading import BadRequest, last_of, number, text_of, texts_of, tools_of
from callscope.mock_provider.reply import Asked, Json, Reply, Usage
from callscope.observability.mock_llm import pieces

error = openai_errors.error


def read(body: Json) -> Asked:
    """What the body asks. Raises BadRequest."""
    given: Any = body.get("input")
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    if not isinstance(items, list) or not items:
        raise BadRequest("input: a text or a list of items is needed")
    answered = items[-1].get("type") == "function_call_output"
    offered = [] if answered or body.get("tool_choice") == "none" else body.get("tools") or []
    contents = [item.get("content", item.get("output")) for item in items]
    return Asked(
        openai_errors.model(body),
        texts_of([body.get("instructions"), *contents], body.get("tools")),
        last_of(items) or text_of(body.get("instructions")),
        number(body, "max_output_tokens"),
        tools_of([tool for tool in offered if tool.get("type") == "function"], "parameters"),
        bool(body.get("stream")),
    )


def whole(reply: Reply, body: Json) -> Json:
    """The answer as one object."""
    return _response(reply, body, "incomplete" if reply.cut else "completed")


def events(reply: Reply, body: Json) -> Iterator[Json]:
    """The answer as the events of a stream, each with its number."""
    for number_, event in enumerate(_events(reply, body)):
        yield {**event, "sequence_number": number_}


def error_event(status: int, code: str | None) -> Json:
    """An error in the middle of a stream."""
    told = error(status, code)["error"]
    return {"type": "error", "code": told["code"], "message": told["message"], "param": None}


def _events(reply: Reply, body: Json) -> Iterator[Json]:
    yield {"type": "response.created", "response": _response(reply, body, "in_progress")}
    yield {"type": "response.in_progress", "response": _response(reply, body, "in_progress")}
    yield from _call_events(reply) if reply.call else _text_events(reply)
    done = whole(reply, body)
    yield {"type": f"response.{done['status']}", "response": done}


def _text_events(reply: Reply) -> Iterator[Json]:
    item = _message(reply)
    place = {"item_id": item["id"], "output_index": 0, "content_index": 0}
    empty = {**item["content"][0], "text": ""}
    yield {
        "type": "response.output_item.added",
        "output_index": 0,
        "item": {**item, "content": [], "status": "in_progress"},
    }
    yield {"type": "response.content_part.added", **place, "part": empty}
    for piece in pieces(reply.text):
        yield {"type": "response.output_text.delta", **place, "delta": piece, "logprobs": []}
    yield {"type": "response.output_text.done", **place, "text": reply.text, "logprobs": []}
    yield {"type": "response.content_part.done", **place, "part": item["content"][0]}
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}


def _call_events(reply: Reply) -> Iterator[Json]:
    item = _call(reply)
    place = {"item_id": item["id"], "output_index": 0}
    begun = {**item, "arguments": "", "status": "in_progress"}
    yield {"type": "response.output_item.added", "output_index": 0, "item": begun}
    for piece in pieces(item["arguments"]):
        yield {"type": "response.function_call_arguments.delta", **place, "delta": piece}
    yield {
        "type": "response.function_call_arguments.done", **place, "name": item["name"], "arguments": item["arguments"],
    }  # fmt: skip
    yield {"type": "response.output_item.done", "output_index": 0, "item": item}


def _response(reply: Reply, body: Json, status: str) -> Json:
    ended = status != "in_progress"
    return {
        "id": f"resp_{reply.id}",
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "instructions": body.get("instructions"),
        "max_output_tokens": body.get("max_output_tokens"),
        "metadata": body.get("metadata") or {},
        "model": reply.model,
        "output": [_call(reply) if reply.call else _message(reply)] if ended else [],
        "parallel_tool_calls": True,
        "previous_response_id": body.get("previous_response_id"),
        "service_tier": openai_errors.tier(body),
        "temperature": body.get("temperature", 1.0),
        "tool_choice": body.get("tool_choice") or "auto",
        "tools": body.get("tools") or [],
        "top_p": body.get("top_p", 1.0),
        "usage": _usage(reply.usage) if ended else None,
    }


def _message(reply: Reply) -> Json:
    part = {"type": "output_text", "text": reply.text, "annotations": [], "logprobs": []}
    status = "incomplete" if reply.cut else "completed"
    return {"id": f"msg_{reply.id}", "type": "message", "status": status, "role": "assistant", "content": [part]}


def _call(reply: Reply) -> Json:
    assert reply.call is not None  # noqa: S101  # asked before
    return {
        "id": f"fc_{reply.id}",
        "type": "function_call",
        "status": "completed",
        "call_id": f"call_{reply.call.id}",
        "name": reply.call.name,
        "arguments": reply.call.arguments,
    }


def _usage(of: Usage) -> Json:
    return {
        "input_tokens": of.prompt_tokens,
        "input_tokens_details": {"cached_tokens": of.cached_tokens, "cache_write_tokens": of.cache_write_tokens},
        "output_tokens": of.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": of.reasoning_tokens},
        "total_tokens": of.prompt_tokens + of.completion_tokens,
    }

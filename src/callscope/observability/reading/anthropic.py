"""Anthropic's messages, whole and streamed.

Its `input_tokens` are what was neither read from its cache nor written to it, so the three are added up.
"""

import json
from typing import Any

from callscope.observability.reading.shape import Message, Reading, Usage, count, get, items, joined, text, tool_call

_STREAMED = (
    "message_start", "message_delta", "message_stop", "content_block_start", "content_block_delta", "content_block_stop",
    "ping",
)  # fmt: skip


def matches(answer: Any) -> bool:
    """Whether an answer, or an event of a stream, has this form."""
    kind = get(answer, "type")
    if kind == "message":
        return isinstance(get(answer, "content"), list)
    return kind in _STREAMED


def read(answer: Any) -> Reading:
    """What the message tells."""
    blocks = items(answer, "content")
    usage = get(answer, "usage")
    return Reading(
        text=joined([block for block in blocks if get(block, "type") == "text"]),
        tool_calls=[_tool_call(block) for block in blocks if get(block, "type") == "tool_use"] or None,
        usage=None if usage is None else _usage(usage),
        model=text(answer, "model"),
        provider="anthropic",
        response_id=text(answer, "id"),
        finish_reason=text(answer, "stop_reason"),
        service_tier=text(usage, "service_tier"),
    )


class Chunks:
    """A streamed message. It begins with what went in and ends with what came out."""

    def __init__(self) -> None:
        self._message: Any = None
        self._usage = Usage()
        self._is_complete = False
        self._finish_reason: str | None = None
        self._texts: list[str] = []
        self._calls: dict[Any, Message] = {}

    def feed(self, chunk: Any) -> bool:
        """Take an event. Those that a helper of the client adds (`text`, `input_json`) repeat what others told."""
        kind = get(chunk, "type")
        if kind == "message_start":
            self._message = get(chunk, "message")
            self._usage = _usage(get(self._message, "usage"))
        elif kind == "message_delta":
            self._finish_reason = text(get(chunk, "delta"), "stop_reason") or self._finish_reason
            self._end(get(chunk, "usage"))
        elif kind == "content_block_start":
            block = get(chunk, "content_block")
            if get(block, "type") == "tool_use":
                self._calls[get(chunk, "index")] = tool_call(get(block, "id"), get(block, "name"), "")
        elif kind == "content_block_delta":
            return self._add(get(chunk, "index"), get(chunk, "delta"))
        return False

    def reading(self) -> Reading:
        """What the events so far tell; tokens only once all are known."""
        reading = read(self._message)
        reading.text = "".join(self._texts) or None
        reading.tool_calls = list(self._calls.values()) or None
        reading.usage = self._usage if self._is_complete else None
        reading.finish_reason = self._finish_reason
        return reading

    def _add(self, index: Any, delta: Any) -> bool:
        said = text(delta, "text")
        if said:
            self._texts.append(said)
        call = self._calls.get(index)
        if call is not None:
            call["function"]["arguments"] += text(delta, "partial_json") or ""
        return True

    def _end(self, told: Any) -> None:
        """The last count of tokens, which is of the whole message; what it leaves out was told at the start."""
        if told is None:
            return
        self._is_complete = True
        if get(told, "input_tokens") is not None:
            write_1h = self._usage.cache_write_1h_tokens
            self._usage = _usage(told)
            self._usage.cache_write_1h_tokens = self._usage.cache_write_1h_tokens or write_1h
            return
        self._usage.completion_tokens = count(told, "output_tokens")
        self._usage.reasoning_tokens = count(get(told, "output_tokens_details"), "thinking_tokens")
        self._usage.server_tool_calls = _server_tool_calls(told) or self._usage.server_tool_calls


def _usage(told: Any) -> Usage:
    read_from_cache, written = count(told, "cache_read_input_tokens"), count(told, "cache_creation_input_tokens")
    return Usage(
        count(told, "input_tokens") + read_from_cache + written,
        count(told, "output_tokens"),
        cached_tokens=read_from_cache,
        cache_write_tokens=written,
        cache_write_1h_tokens=count(get(told, "cache_creation"), "ephemeral_1h_input_tokens"),
        reasoning_tokens=count(get(told, "output_tokens_details"), "thinking_tokens"),
        server_tool_calls=_server_tool_calls(told),
    )


def _server_tool_calls(told: Any) -> int:
    return count(get(told, "server_tool_use"), "web_search_requests")  # fetching is free of charge


def _tool_call(block: Any) -> Message:
    return tool_call(get(block, "id"), get(block, "name"), json.dumps(get(block, "input"), default=str))

"""Cohere's chat, in both versions of its API, and its embeddings; whole and streamed."""

from typing import Any

from callscope.observability.reading.shape import (
    Message,
    Reading,
    Usage,
    count,
    dig,
    get,
    items,
    joined,
    made_by,
    text,
    tool_call,
)

_STREAMED = (
    "message-start", "message-end", "content-start", "content-delta", "content-end", "tool-plan-delta",
    "tool-call-start", "tool-call-delta", "tool-call-end", "citation-start", "citation-end",
)  # fmt: skip


def matches(answer: Any) -> bool:
    """Whether an answer, or an event of a stream, has this form."""
    if made_by(answer, "cohere") or get(answer, "type") in _STREAMED:
        return True
    return dig(answer, "meta", "billed_units") is not None or dig(answer, "usage", "billed_units") is not None


def read(answer: Any) -> Reading:
    """What the answer tells."""
    message = get(answer, "message")
    calls = items(message, "tool_calls")
    return Reading(
        text=joined(items(message, "content")) or text(answer, "text"),
        tool_calls=[tool_call(get(c, "id"), *_function(c)) for c in calls] or None,
        usage=_usage(get(answer, "usage") or get(answer, "meta")),
        provider="cohere",
        response_id=text(answer, "id") or text(answer, "response_id") or text(answer, "generation_id"),
        finish_reason=text(answer, "finish_reason"),
    )


class Chunks:
    """A streamed chat of version 2. Tokens come with its last event."""

    def __init__(self) -> None:
        self._reading = Reading(provider="cohere")
        self._texts: list[str] = []
        self._calls: list[Message] = []

    def feed(self, chunk: Any) -> bool:
        """Take an event."""
        kind, delta = get(chunk, "type"), get(chunk, "delta")
        call = dig(delta, "message", "tool_calls")
        if kind == "message-start":
            self._reading.response_id = text(chunk, "id")
        elif kind == "content-delta":
            self._texts.append(text(dig(delta, "message", "content"), "text") or "")
            return True
        elif kind == "tool-call-start":
            self._calls.append(tool_call(get(call, "id"), *_function(call)))
            return True
        elif kind == "tool-call-delta" and self._calls:
            self._calls[-1]["function"]["arguments"] += text(get(call, "function"), "arguments") or ""
        elif kind == "message-end":
            self._reading.finish_reason = text(delta, "finish_reason")
            self._reading.usage = _usage(get(delta, "usage"))
        return False

    def reading(self) -> Reading:
        """What the events so far tell."""
        self._reading.text = "".join(self._texts) or None
        self._reading.tool_calls = self._calls or None
        return self._reading


def _function(call: Any) -> tuple[Any, str]:
    return dig(call, "function", "name"), text(get(call, "function"), "arguments") or ""


def _usage(told: Any) -> Usage | None:
    """The tokens that were processed; where only those billed are told, these."""
    counted = get(told, "tokens") or get(told, "billed_units")
    if counted is None:
        return None
    return Usage(
        count(counted, "input_tokens"), count(counted, "output_tokens"), cached_tokens=count(told, "cached_tokens")
    )

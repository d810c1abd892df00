"""OpenAI's responses, whole and streamed. The stream's last event holds the whole response."""

from typing import Any

from callscope.observability.reading.shape import Message, Reading, Usage, count, get, items, text, tool_call

_SERVER_TOOLS = ("web_search_call", "file_search_call", "code_interpreter_call", "image_generation_call")


def matches(answer: Any) -> bool:
    """Whether an answer, or an event of a stream, has this form."""
    kind = get(answer, "type")
    return get(answer, "object") == "response" or (isinstance(kind, str) and kind.startswith("response."))


def read(answer: Any) -> Reading:
    """What the response tells."""
    output = items(answer, "output")
    parts = [part for item in output if get(item, "type") == "message" for part in items(item, "content")]
    texts = [text(part, "text") or text(part, "refusal") for part in parts]
    usage = _usage(get(answer, "usage"))
    if usage is not None:
        usage.server_tool_calls = sum(get(item, "type") in _SERVER_TOOLS for item in output)
    return Reading(
        text="".join(one for one in texts if one) or None,
        tool_calls=[_tool_call(item) for item in output if get(item, "type") == "function_call"] or None,
        usage=usage,
        model=text(answer, "model"),
        response_id=text(answer, "id"),
        finish_reason=text(get(answer, "incomplete_details"), "reason") or text(answer, "status"),
        service_tier=text(answer, "service_tier"),
    )


class Chunks:
    """A streamed response."""

    def __init__(self) -> None:
        self._response: Any = None
        self._texts: list[str] = []

    def feed(self, chunk: Any) -> bool:
        """Take an event."""
        self._response = get(chunk, "response") or self._response
        kind = get(chunk, "type")
        if not isinstance(kind, str) or not kind.endswith(".delta"):
            return False
        if kind == "response.output_text.delta":
            self._texts.append(text(chunk, "delta") or "")
        return True

    def reading(self) -> Reading:
        """What the events so far tell."""
        reading = read(self._response)
        reading.text = reading.text or "".join(self._texts) or None
        return reading


def _usage(told: Any) -> Usage | None:
    if told is None:
        return None
    into, out = get(told, "input_tokens_details"), get(told, "output_tokens_details")
    return Usage(
        count(told, "input_tokens"),
        count(told, "output_tokens"),
        cached_tokens=count(into, "cached_tokens"),
        cache_write_tokens=count(into, "cache_write_tokens"),
        reasoning_tokens=count(out, "reasoning_tokens"),
    )


def _tool_call(item: Any) -> Message:
    return tool_call(get(item, "call_id"), get(item, "name"), get(item, "arguments"))

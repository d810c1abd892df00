"""LangChain's messages and chunks, and the `LLMResult` of its older interface."""

import json
from typing import Any

from callscope.observability.reading.shape import Reading, Usage, count, get, items, joined, made_by, text, tool_call


def matches(answer: Any) -> bool:
    """Whether an answer, or a chunk of one, has this form."""
    if get(answer, "response_metadata") is not None and get(answer, "content") is not None:
        return True
    return made_by(answer, "langchain_core") and get(answer, "generations") is not None


def read(answer: Any) -> Reading:
    """What the message tells; of an `LLMResult`, its first generation."""
    if get(answer, "generations") is not None:
        first = next(iter(items(answer, "generations")), None)
        generation = next(iter(first), None) if isinstance(first, list) else first
        message = get(generation, "message")
        return read(message) if message is not None else Reading(text=text(generation, "text"))
    told, content = get(answer, "response_metadata"), get(answer, "content")
    return Reading(
        text=content or None if isinstance(content, str) else joined(content) if isinstance(content, list) else None,
        tool_calls=[
            tool_call(get(c, "id"), get(c, "name"), json.dumps(get(c, "args"), default=str))
            for c in items(answer, "tool_calls")
        ]
        or None,
        usage=_usage(get(answer, "usage_metadata")),
        model=text(told, "model_name") or text(told, "model"),
        provider=text(told, "model_provider"),
        response_id=text(told, "id") or _provider_id(answer),
        finish_reason=text(told, "finish_reason") or text(told, "stop_reason"),
        service_tier=text(told, "service_tier"),
    )


class Chunks:
    """A streamed message. LangChain's chunks add up by themselves, tokens included."""

    def __init__(self) -> None:
        self._sum: Any = None

    def feed(self, chunk: Any) -> bool:
        """Take a chunk."""
        self._sum = chunk if self._sum is None else self._sum + chunk
        return bool(get(chunk, "content") or items(chunk, "tool_call_chunks"))

    def reading(self) -> Reading:
        """What the chunks so far tell."""
        return read(self._sum)


def _provider_id(answer: Any) -> str | None:
    """The message's id where it is the provider's; LangChain makes ids of its own, which begin with `run-` or `lc_`."""
    own = text(answer, "id")
    return None if own is None or own.startswith(("run-", "lc_", "lc-")) else own


def _usage(told: Any) -> Usage | None:
    """LangChain's counts include everything, as ours do."""
    if told is None:
        return None
    into, out = get(told, "input_token_details"), get(told, "output_token_details")
    written_1h = count(into, "ephemeral_1h_input_tokens")
    written = count(into, "cache_creation") or written_1h + count(into, "ephemeral_5m_input_tokens")
    return Usage(
        count(told, "input_tokens"),
        count(told, "output_tokens"),
        cached_tokens=count(into, "cache_read"),
        cache_write_tokens=written,
        cache_write_1h_tokens=written_1h,
        reasoning_tokens=count(out, "reasoning"),
        audio_input_tokens=count(into, "audio"),
        audio_output_tokens=count(out, "audio"),
    )

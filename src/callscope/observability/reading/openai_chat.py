"""OpenAI's chat completions and legacy completions, and the many clients that answer in this form.

Among them LiteLLM, which says the provider besides, and Mistral, whose content may be a list and whose stream wraps each
chunk in `data`.
"""

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
    number,
    text,
    tool_call,
)


def matches(answer: Any) -> bool:
    """Whether an answer, or a chunk of one, has this form."""
    return isinstance(get(answer, "choices"), list) or isinstance(dig(answer, "data", "choices"), list)


def read(answer: Any) -> Reading:
    """What the answer tells; of several choices the first one's text."""
    reading = _head(answer)
    choice = next(iter(items(answer, "choices")), None)
    message = get(choice, "message")
    reading.text = _text(get(message, "content")) or text(message, "refusal") or text(choice, "text")
    reading.tool_calls = [_tool_call(call) for call in items(message, "tool_calls")] or None
    reading.finish_reason = text(choice, "finish_reason")
    return reading


def usage(told: Any) -> Usage | None:
    """Tokens as OpenAI counts them: the prompt includes cached tokens, the completion reasoning."""
    if told is None:
        return None
    into, out = get(told, "prompt_tokens_details"), get(told, "completion_tokens_details")
    prompt, completion = count(told, "prompt_tokens"), count(told, "completion_tokens")
    reasoning = count(out, "reasoning_tokens")
    if reasoning and count(told, "total_tokens") == prompt + completion + reasoning:
        completion += reasoning  # xAI counts it beside the completion
    return Usage(
        prompt,
        completion,
        cached_tokens=count(into, "cached_tokens") or count(told, "prompt_cache_hit_tokens"),  # DeepSeek's name for it
        cache_write_tokens=count(into, "cache_write_tokens") or count(into, "cache_creation_tokens"),  # LiteLLM's
        reasoning_tokens=reasoning,
        audio_input_tokens=count(into, "audio_tokens"),
        audio_output_tokens=count(out, "audio_tokens"),
        image_tokens=count(into, "image_tokens"),
        cost=number(told, "cost"),  # OpenRouter's, in dollars
    )


class Chunks:
    """A streamed chat completion. Usage comes with the last chunk, if it was asked for."""

    def __init__(self) -> None:
        self._head = Reading()
        self._texts: list[str] = []
        self._calls: dict[int, Message] = {}
        self._finish_reason: str | None = None

    def feed(self, chunk: Any) -> bool:
        """Take a chunk."""
        chunk = get(chunk, "data") if get(chunk, "choices") is None else chunk
        head, before = _head(chunk), self._head
        for name in ("model", "provider", "response_id", "service_tier", "usage"):
            setattr(before, name, getattr(head, name) or getattr(before, name))
        choice = next(iter(items(chunk, "choices")), None)
        delta = get(choice, "delta")
        self._finish_reason = text(choice, "finish_reason") or self._finish_reason
        said = _text(get(delta, "content")) or text(delta, "refusal") or text(choice, "text")
        if said:
            self._texts.append(said)
        calls = items(delta, "tool_calls")
        for position, call in enumerate(calls):
            self._add_call(position, call)
        return bool(said or calls or text(delta, "reasoning_content") or text(delta, "reasoning"))

    def reading(self) -> Reading:
        """What the chunks so far tell."""
        reading = self._head
        reading.text = "".join(self._texts) or None
        reading.tool_calls = list(self._calls.values()) or None
        reading.finish_reason = self._finish_reason
        return reading

    def _add_call(self, position: int, piece: Any) -> None:
        index = get(piece, "index")
        call = self._calls.setdefault(index if isinstance(index, int) else position, tool_call(None, None, ""))
        call["id"] = text(piece, "id") or call["id"]
        function = call["function"]
        function["name"] = text(get(piece, "function"), "name") or function["name"]
        function["arguments"] += text(get(piece, "function"), "arguments") or ""


def _head(answer: Any) -> Reading:
    return Reading(
        usage=usage(get(answer, "usage")),
        model=text(answer, "model"),
        provider=_provider(answer),
        response_id=text(answer, "id"),
        service_tier=text(answer, "service_tier"),
    )


def _provider(answer: Any) -> str | None:
    """The provider, where the client says it; OpenAI's own client is used for many others."""
    if made_by(answer, "mistralai"):
        return "mistral"
    if made_by(answer, "litellm"):
        return text(get(answer, "_hidden_params"), "custom_llm_provider")
    return None


def _text(content: Any) -> str | None:
    return content or None if isinstance(content, str) else joined(content) if isinstance(content, list) else None


def _tool_call(call: Any) -> Message:
    return tool_call(get(call, "id"), dig(call, "function", "name"), dig(call, "function", "arguments"))

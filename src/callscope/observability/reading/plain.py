"""What has no form of a client's: a text, or a dict (or object) with a text and, if wanted, `usage`."""

from typing import Any

from callscope.observability.reading.shape import Reading, Usage, count, get, number, text

_TEXTS = ("text", "content", "response", "output_text")
_SAME_NAMES = (
    "cached_tokens", "cache_write_tokens", "cache_write_1h_tokens", "reasoning_tokens", "audio_input_tokens",
    "audio_output_tokens", "image_tokens", "server_tool_calls",
)  # fmt: skip


def matches(answer: Any) -> bool:
    """Whether there is something to read at all."""
    return isinstance(answer, str) or get(answer, "usage") is not None or _text(answer) is not None


def read(answer: Any) -> Reading:
    """What the answer tells. Tokens go by our names or by `input_tokens` and `output_tokens`, all of them included."""
    if isinstance(answer, str):
        return Reading(text=answer)
    return Reading(
        text=_text(answer),
        usage=_usage(get(answer, "usage")),
        model=text(answer, "model"),
        provider=text(answer, "provider"),
        response_id=text(answer, "response_id") or text(answer, "id"),
        finish_reason=text(answer, "finish_reason"),
        service_tier=text(answer, "service_tier"),
    )


class Chunks:
    """A stream of texts, or of dicts with a text each; the last one that has `usage` tells the tokens of all."""

    def __init__(self) -> None:
        self._last = Reading()
        self._texts: list[str] = []

    def feed(self, chunk: Any) -> bool:
        """Take a piece."""
        told = read(chunk)
        if told.text:
            self._texts.append(told.text)
        for name in ("usage", "model", "provider", "response_id", "finish_reason", "service_tier"):
            setattr(self._last, name, getattr(told, name) or getattr(self._last, name))
        return bool(told.text)

    def reading(self) -> Reading:
        """What the pieces so far tell."""
        self._last.text = "".join(self._texts) or None
        return self._last


def _text(answer: Any) -> str | None:
    return next((found for name in _TEXTS if (found := text(answer, name))), None)


def _usage(told: Any) -> Usage | None:
    if told is None:
        return None
    prompt = count(told, "prompt_tokens") or count(told, "input_tokens")
    completion = count(told, "completion_tokens") or count(told, "output_tokens")
    return Usage(
        prompt,
        completion,
        **{name: count(told, name) for name in _SAME_NAMES},
        cost=number(told, "cost"),
    )

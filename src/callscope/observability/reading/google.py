"""Google GenAI's `GenerateContentResponse`, as an object or as the REST API writes it. A chunk has the same form.

Its `candidates_token_count` leaves out thoughts, its `prompt_token_count` what tools brought in; both are added.
"""

import json
from typing import Any

from callscope.observability.reading.shape import Message, Reading, Usage, count, dig, get, items, text, tool_call

_NAMES = {
    "usage": ("usage_metadata", "usageMetadata"),
    "prompt": ("prompt_token_count", "promptTokenCount"),
    "candidates": ("candidates_token_count", "candidatesTokenCount"),
    "thoughts": ("thoughts_token_count", "thoughtsTokenCount"),
    "cached": ("cached_content_token_count", "cachedContentTokenCount"),
    "tools": ("tool_use_prompt_token_count", "toolUsePromptTokenCount"),
    "prompt details": ("prompt_tokens_details", "promptTokensDetails"),
    "candidates details": ("candidates_tokens_details", "candidatesTokensDetails"),
    "count": ("token_count", "tokenCount"),
    "id": ("response_id", "responseId"),
    "model": ("model_version", "modelVersion"),
    "finish": ("finish_reason", "finishReason"),
    "call": ("function_call", "functionCall"),
}
"""Python's and JSON's names of a field."""


def matches(answer: Any) -> bool:
    """Whether an answer, or a chunk of one, has this form."""
    return isinstance(get(answer, "candidates"), list) or _get(_get(answer, "usage"), "prompt") is not None


def read(answer: Any) -> Reading:
    """What the answer tells; of several candidates the first one's text, without thoughts."""
    candidate = next(iter(items(answer, "candidates")), None)
    parts = [part for part in items(get(candidate, "content"), "parts") if get(part, "thought") is not True]
    calls = [call for part in parts if (call := _get(part, "call")) is not None]
    finish = _get(candidate, "finish")
    return Reading(
        text="".join(one for part in parts if (one := text(part, "text"))) or None,
        tool_calls=[_tool_call(call) for call in calls] or None,
        usage=_usage(_get(answer, "usage")),
        model=_text(answer, "model"),
        provider="google",
        response_id=_text(answer, "id"),
        finish_reason=text(finish, "value") or (finish if isinstance(finish, str) else None),
    )


class Chunks:
    """A streamed answer. Each chunk may count the tokens so far; the last count is the whole."""

    def __init__(self) -> None:
        self._last = Reading(provider="google")
        self._texts: list[str] = []
        self._calls: list[Message] = []

    def feed(self, chunk: Any) -> bool:
        """Take a chunk."""
        told = read(chunk)
        self._texts.append(told.text or "")
        self._calls += told.tool_calls or []
        for name in ("usage", "model", "response_id", "finish_reason"):
            setattr(self._last, name, getattr(told, name) or getattr(self._last, name))
        return bool(told.text or told.tool_calls)

    def reading(self) -> Reading:
        """What the chunks so far tell; tokens only once the answer has ended."""
        reading = self._last
        reading.text = "".join(self._texts) or None
        reading.tool_calls = self._calls or None
        if reading.finish_reason is None:
            reading.usage = None
        return reading


def _get(value: Any, field: str) -> Any:
    python, json_name = _NAMES[field]
    found = get(value, python)
    return get(value, json_name) if found is None else found


def _text(value: Any, field: str) -> str | None:
    found = _get(value, field)
    return found if isinstance(found, str) and found else None


def _count(value: Any, field: str) -> int:
    return count({field: _get(value, field)}, field)


def _usage(told: Any) -> Usage | None:
    if told is None:
        return None
    thoughts = _count(told, "thoughts")
    return Usage(
        _count(told, "prompt") + _count(told, "tools"),
        _count(told, "candidates") + thoughts,
        cached_tokens=_count(told, "cached"),
        reasoning_tokens=thoughts,
        audio_input_tokens=_of_kind(told, "prompt details", "AUDIO"),
        audio_output_tokens=_of_kind(told, "candidates details", "AUDIO"),
        image_tokens=_of_kind(told, "prompt details", "IMAGE"),
    )


def _of_kind(told: Any, field: str, modality: str) -> int:
    details = _get(told, field)
    if not isinstance(details, list):
        return 0
    return sum(
        _count(one, "count") for one in details if modality in {get(one, "modality"), dig(one, "modality", "value")}
    )


def _tool_call(call: Any) -> Message:
    return tool_call(get(call, "id"), get(call, "name"), json.dumps(get(call, "args"), default=str))

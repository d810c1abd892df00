"""How many tokens a text has, about, where nobody has counted them."""

import re
from collections.abc import Iterable
from typing import Any

BYTES_PER_TOKEN = 4
"""Of UTF-8: what tokenizers of today's models come to on English prose, and near enough for other languages."""
_TOKENS_ASKED_FOR = ("max_tokens", "max_completion_tokens", "max_output_tokens", "max_tokens_to_sample")
_MEDIA = re.compile(r"data:[\w/+.-]+;base64,")
_DEPTH = 12
MAX_PARTS = 50_000
"""What is looked at of a value: an object may lead to a whole program, and round in circles."""


def estimated_tokens(value: Any) -> int:
    """The tokens of a prompt or an answer: of all texts in it, without images and the like in base64. Never raises."""
    size, stack = 0, [(value, _DEPTH)]
    for _ in range(MAX_PARTS):
        if not stack:
            break
        part, depth = stack.pop()
        if isinstance(part, str):
            size += _text_bytes(part)
        elif depth:
            stack += [(one, depth - 1) for one in _parts(part)]
    return -(-size // BYTES_PER_TOKEN)


def tokens_asked_for(params: Any) -> int:
    """How many tokens a request lets the model write; 0 where it does not say."""
    for name in _TOKENS_ASKED_FOR:
        number = params.get(name)
        if isinstance(number, int) and not isinstance(number, bool):
            return number
    config = params.get("config") or params.get("generation_config")  # Google GenAI's
    number = config.get("max_output_tokens") if isinstance(config, dict) else getattr(config, "max_output_tokens", None)
    return number if isinstance(number, int) else 0


def _text_bytes(text: str) -> int:
    return 0 if _MEDIA.match(text) else len(text) if text.isascii() else len(text.encode("utf-8", "replace"))


def _parts(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        media = value.get("type") in {"base64", "input_audio"} or "inline_data" in value
        return () if media else value.values()
    if isinstance(value, list | tuple):
        return value
    try:
        return list(value.__dict__.values())
    except Exception:  # it has none, or is a proxy that leads nowhere just now
        return ()

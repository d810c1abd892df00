"""The payload of a call: what people wrote and models answered, as one compressed JSON document."""

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

PARTS = ("prompt", "response", "metadata", "request_params")
PREVIEW_CHARS = 120


def encode(parts: Mapping[str, Any], max_chars: int) -> bytes | None:
    """Compress what there is. A part longer than `max_chars` is cut, and its full length kept under `cut`.

    A part that is not a plain string counts as its JSON, and is kept as text when it has to be cut.
    """
    document: dict[str, Any] = {}
    cut: dict[str, int] = {}
    for name, value in parts.items():
        if value is None:
            continue
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        if len(text) > max_chars:
            cut[name] = len(text)
            document[name] = text[:max_chars]
        else:
            document[name] = value
    if not document:
        return None
    if cut:
        document["cut"] = cut
    return zlib.compress(_to_json(document), 1)


def _to_json(document: Mapping[str, Any]) -> bytes:
    try:
        return to_json(document)
    except PydanticSerializationError:  # half a surrogate pair, which is no text in UTF-8 but can be escaped in JSON
        return json.dumps(document).encode()


def decode(body: bytes | None) -> dict[str, Any]:
    """The document of a stored payload; empty where there is none."""
    if body is None:
        return {}
    document: dict[str, Any] = json.loads(zlib.decompress(body))
    return document


def preview(document: Mapping[str, Any]) -> str | None:
    """The first words of the prompt: of the last message that a user wrote, where it is a conversation."""
    prompt = document.get("prompt")
    if isinstance(prompt, dict):
        prompt = prompt.get("messages", prompt)
    if isinstance(prompt, list):
        users = [m for m in prompt if isinstance(m, dict) and m.get("role") == "user"]
        prompt = users[-1].get("content") if users else (prompt[-1] if prompt else None)
    if isinstance(prompt, list):
        prompt = next((part.get("text") for part in prompt if isinstance(part, dict) and part.get("text")), None)
    if prompt is None:
        return None
    text = prompt if isinstance(prompt, str) else json.dumps(prompt, ensure_ascii=False)
    return " ".join(text[: 4 * PREVIEW_CHARS].split())[:PREVIEW_CHARS] or None


def tags_text(tags: Sequence[str]) -> str:
    """Tags as they are stored, and looked for, in the row: a JSON list."""
    return to_json(list(dict.fromkeys(tags))).decode()

"""The payload of a call: what people wrote and models answered, as one compressed JSON document.

Beside it lies what a list shows of it, so that no list unpacks what may be megabytes for a line of text.
"""

import json
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import PydanticSerializationError, to_json

from callscope.ingest.changes import Payload

PARTS = ("prompt", "response", "metadata", "request_params")
PREVIEW_CHARS = 120


def encode(parts: Mapping[str, Any], max_chars: int) -> Payload | None:
    """Compress what there is, and keep a preview beside it. A part longer than `max_chars` is cut, and its full length kept under `cut`.

    A part that is not a plain string counts as its JSON, and is kept as text when it has to be cut.
    """
    document: dict[str, Any] = {}
    cut: dict[str, int] = {}
    for name, value in parts.items():
        if value is None:
            continue
        text = as_text(value)
        if len(text) > max_chars:
            cut[name] = len(text)
            document[name] = text[:max_chars]
        else:
            document[name] = value
    if not document:
        return None
    if cut:
        document["cut"] = cut
    return Payload(zlib.compress(json_bytes(document), 1), preview(parts))


def as_text(part: Any) -> str:
    """A part of a payload as text: a text as it is, anything else as JSON."""
    return part if isinstance(part, str) else json.dumps(part, ensure_ascii=False)


def json_bytes(document: Mapping[str, Any]) -> bytes:
    """A document as JSON, whatever its texts hold."""
    try:
        return to_json(document)
    except PydanticSerializationError:  # half a surrogate pair, which is no text in UTF-8 but can be escaped in JSON
        return json.dumps(document).encode()


def decode(bodies: Sequence[bytes]) -> dict[str, Any]:
    """One document of the stored payloads of a call: each part from the first that has it. Empty where there is none."""
    return unpack(bodies)[0]


def unpack(bodies: Sequence[bytes]) -> tuple[dict[str, Any], int]:
    """What `decode` gives, and how many bytes of JSON it was made of."""
    document: dict[str, Any] = {}
    cut: dict[str, int] = {}
    size = 0
    for body in bodies:
        text = zlib.decompress(body)
        size += len(text)
        told: dict[str, Any] = json.loads(text)
        lengths = told.pop("cut", {})
        for part in told.keys() - document.keys():
            document[part] = told[part]
            if part in lengths:
                cut[part] = lengths[part]
    return (document | {"cut": cut} if cut else document), size


def preview(document: Mapping[str, Any]) -> str:
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
        return ""
    text = " ".join(as_text(prompt)[: 4 * PREVIEW_CHARS].split())[:PREVIEW_CHARS]
    return text if text.isascii() and "\0" not in text else _storable(text)


def _storable(text: str) -> str:
    """A text as both databases take it: no half of a surrogate pair, no NUL."""
    return text.encode(errors="replace").decode().replace("\0", "\ufffd")


def tags_text(tags: Sequence[str]) -> str:
    """Tags as they are stored, and looked for, in the row: a JSON list."""
    return to_json(list(dict.fromkeys(tags))).decode()

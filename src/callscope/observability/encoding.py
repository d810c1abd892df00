"""From a call as it was seen to the JSON that the server takes.

Whatever a program puts into a prompt or a tag, the call itself must arrive: what is too long is cut and says so, what is
no JSON is written as text.
"""

import dataclasses
import hashlib
import json
from collections.abc import Callable
from typing import Any

from callscope.observability.reading.shape import get

Call = dict[str, Any]
"""A call under the names of `POST /llm/log-call`."""

MAX_TEXT_CHARS = 262_144
"""What the server keeps of a text."""
MAX_ID_CHARS = 200
MAX_NAME_CHARS = 100
MAX_TAGS = 50
MAX_ERROR_CHARS = 4_000
_IDS = (
    "model", "request_model", "response_id", "end_user", "session_id", "trace_id", "span_id", "parent_span_id", "name",
)  # fmt: skip
_NAMES = ("provider", "project", "environment")
_PARTS = ("prompt", "response", "metadata", "request_params")
_PARTS_LOOKED_AT = 500
_PART_BYTES = 48
_ROW_BYTES = 800


def encode(call: Call) -> bytes:
    """The call as a JSON object.

    Raises ValueError for one that cannot be written at all.
    """
    head = {name: value for name, value in call.items() if value is not None and name not in _PARTS}
    for names, limit in ((_IDS, MAX_ID_CHARS), (_NAMES, MAX_NAME_CHARS)):
        for name in names:
            if name in head:
                head[name] = _line(head[name], limit)
    if "tags" in head:
        head["tags"] = [line for tag in head["tags"] if (line := _line(tag, MAX_NAME_CHARS))][:MAX_TAGS]
    for name in ("error_message", "refused"):
        if name in head:
            head[name] = str(head[name])[:MAX_ERROR_CHARS]
    fields = [_json({name: value for name, value in head.items() if value not in ("", None)})[1:-1]]
    fields += [f'"{name}":{_part(name, value)}' for name in _PARTS if (value := call.get(name)) is not None]
    return ("{" + ",".join(fields) + "}").encode("utf-8", "replace")  # half a surrogate pair is no text


def weight(call: Call) -> int:
    """About how many bytes a call takes while it waits. Looks at some hundred parts of it at most."""
    total, stack, looked_at = _ROW_BYTES, [value for name in _PARTS if (value := call.get(name)) is not None], 0
    while stack:
        value = stack.pop()
        looked_at += 1
        if isinstance(value, str | bytes):
            total += len(value)
            continue
        if value is None:
            continue
        total += _PART_BYTES
        if looked_at > _PARTS_LOOKED_AT:
            return 2 * total
        if isinstance(value, dict):
            stack.extend(value.values())
        elif isinstance(value, list | tuple):
            stack.extend(value[:_PARTS_LOOKED_AT])
        elif hasattr(value, "__dict__"):
            stack.extend(vars(value).values())
    return total


def plain(value: Any) -> Any:
    """A value that JSON does not know as one that it knows: a client's object as a dict, else as text."""
    for method in ("model_dump", "to_dict", "dict"):  # pydantic, the clients' own, pydantic 1
        dump: Callable[..., Any] | None = get(value, method)
        if callable(dump) and not isinstance(value, type):
            return dump(mode="json", exclude_none=True) if method == "model_dump" else dump()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.asdict(value)
    if isinstance(value, set | frozenset):
        return list(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return f"({len(value)} bytes)"
    return str(value)[:MAX_ID_CHARS]


def cut(text: str) -> str:
    """The text, or as much of it as is kept, and how long it was."""
    if len(text) <= MAX_TEXT_CHARS:
        return text
    mark = f"… [cut, {len(text):,} characters]"
    return text[: MAX_TEXT_CHARS - len(mark)] + mark


def _line(value: Any, limit: int) -> str:
    """A name or id. One that is too long ends in a digest of the whole, so that two of them stay two."""
    text = str(value).replace("\x00", "\ufffd").strip()
    if len(text) <= limit:
        return text
    mark = f"…{hashlib.blake2b(text.encode('utf-8', 'replace'), digest_size=8).hexdigest()}"
    return text[: limit - len(mark)] + mark


def _part(name: str, value: Any) -> str:
    if isinstance(value, str):
        return _json(cut(value))
    if name in {"prompt", "response"} and not isinstance(value, dict | list | tuple):
        value = plain(value)
        if not isinstance(value, dict | list):
            value = str(value)
    written = _json(value)
    if len(written) <= MAX_TEXT_CHARS:
        return written
    return _json(cut(written) if name in {"prompt", "response"} else {"cut": cut(written)})


def _json(value: Any) -> str:
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=plain, separators=(",", ":"))
    except (ValueError, TypeError, RecursionError):  # NaN, keys that are no text, a cycle
        return json.dumps(_made_plain(value, 20), ensure_ascii=False, separators=(",", ":"))


def _made_plain(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)
    if depth == 0:
        return str(type(value))
    if isinstance(value, dict):
        return {str(key): _made_plain(one, depth - 1) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_made_plain(one, depth - 1) for one in value]
    return _made_plain(plain(value), depth - 1)

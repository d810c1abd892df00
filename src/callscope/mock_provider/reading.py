"""Reading the bodies of requests, which are alike enough in all protocols."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from callscope.mock_provider.reply import Json, Tool


class BadRequest(ValueError):
    """A body that the protocol does not allow."""


def text_of(content: Any) -> str:
    """The text of a message's content: a string, or parts that may have one."""
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    return "\n".join(text for part in content if (text := _part(part)))


def _part(part: Any) -> str:
    if not isinstance(part, dict):
        return str(part)
    text = part.get("text")
    return text if isinstance(text, str) else text_of(part.get("content"))


def texts_of(contents: Iterable[Any], tools: Any) -> list[str]:
    """All texts that go in; what describes tools goes in as well."""
    texts = [text for content in contents if (text := text_of(content))]
    return [*texts, json.dumps(tools)] if tools else texts


def last_of(messages: Sequence[Any]) -> str:
    """What the user said last."""
    said = (
        text_of(one.get("content")) for one in reversed(messages) if isinstance(one, dict) and one.get("role") == "user"
    )
    return next((text for text in said if text), "")


def tools_of(offered: Iterable[Any], schema: str) -> list[Tool]:
    """The tools that a request offers; `schema` is what the protocol calls the schema of their arguments."""
    return [
        Tool(str(tool["name"]), tool.get(schema) or {}) for tool in offered if isinstance(tool, dict) and "name" in tool
    ]


def number(body: Json, *names: str) -> int | None:
    """The first of these fields that is told. Raises BadRequest where it is no positive number."""
    for name in names:
        value = body.get(name)
        if value is not None:
            if not isinstance(value, int) or value < 1:
                raise BadRequest(f"{name}: must be a positive number")
            return value
    return None

"""What is read from an answer, and how its parts are reached: clients give objects or dicts with the same names."""

from dataclasses import dataclass
from typing import Any, Protocol

Message = dict[str, Any]


@dataclass(slots=True)
class Usage:
    """Tokens of one call. `prompt_tokens` includes cached and cache-write tokens, `completion_tokens` reasoning.

    `cost` is in US dollars, where the provider told it.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    cache_write_tokens: int = 0
    cache_write_1h_tokens: int = 0
    reasoning_tokens: int = 0
    audio_input_tokens: int = 0
    audio_output_tokens: int = 0
    image_tokens: int = 0
    server_tool_calls: int = 0
    cost: float | None = None


@dataclass(slots=True)
class Reading:
    """What an answer tells. `text` is what the model wrote; `tool_calls` are in the form of OpenAI's chat messages.

    `usage` is None where the answer does not say it; `provider` where it cannot be told from the answer for sure.
    """

    text: str | None = None
    tool_calls: list[Message] | None = None
    usage: Usage | None = None
    model: str | None = None
    provider: str | None = None
    response_id: str | None = None
    finish_reason: str | None = None
    service_tier: str | None = None

    @property
    def content(self) -> str | Message | None:
        """The answer as it is recorded: the text, or a message where there is more than text."""
        if self.tool_calls:
            return {"role": "assistant", "content": self.text, "tool_calls": self.tool_calls}
        return self.text


class Chunks(Protocol):
    """The pieces of one streamed answer, put together as they come."""

    def feed(self, chunk: Any) -> bool:
        """Take a piece; gives whether it brought something of the answer itself."""

    def reading(self) -> Reading:
        """What has been told so far."""


def get(value: Any, name: str) -> Any:
    """A key or an attribute; None where it is missing."""
    return value.get(name) if isinstance(value, dict) else getattr(value, name, None)


def dig(value: Any, *path: str) -> Any:
    """What is at the end of a path of keys or attributes; None where one of them is missing."""
    for name in path:
        if value is None:
            return None
        value = get(value, name)
    return value


def count(value: Any, name: str) -> int:
    """A number of tokens; 0 for what is none."""
    if value is None:
        return 0
    found = get(value, name)
    if found.__class__ is int or (isinstance(found, int | float) and not isinstance(found, bool)):
        return int(found) if found > 0 else 0
    return 0


def number(value: Any, name: str) -> float | None:
    """A number that is no count, such as a cost; None for what is none."""
    found = get(value, name)
    return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def text(value: Any, name: str) -> str | None:
    """A text that is not empty, else None."""
    found = get(value, name)
    return found if isinstance(found, str) and found else None


def items(value: Any, name: str) -> list[Any]:
    """A list; an empty one for what is none."""
    found = get(value, name)
    return found if isinstance(found, list) else list(found) if isinstance(found, tuple) else []


def made_by(value: Any, package: str) -> bool:
    """Whether an object's class comes from a package."""
    return type(value).__module__.partition(".")[0] == package


def joined(parts: list[Any]) -> str | None:
    """The text of a list of parts, each a text or something with a `text`."""
    texts = [part if isinstance(part, str) else text(part, "text") for part in parts]
    return "".join(one for one in texts if one) or None


def tool_call(call_id: Any, name: Any, arguments: Any) -> Message:
    """A tool call in the form of OpenAI's chat messages."""
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}

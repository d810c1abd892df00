"""What the mock answers, before it is put into a protocol's words."""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callscope.mock_provider.directives import Directives
from callscope.observability.mock_llm import COMPLETION_TOKENS, answer, count_tokens

Json = dict[str, Any]
MAX_WORDS = 100_000
"""The longest text that is written out, in tokens; usage may tell of more."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool that a request offers, with the JSON schema of its arguments."""

    name: str
    schema: Json


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request asks, in whatever protocol.

    Args:
        model: as it was named.
        texts: everything that goes in; `last` is what the user said last.
        max_tokens: of the answer.
        tools: those that may be called now; none where the last message brings a tool's result.
        stream: whether the answer is to be streamed.
    """

    model: str
    texts: Sequence[str]
    last: str
    max_tokens: int | None = None
    tools: Sequence[Tool] = ()
    stream: bool = False


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens as Callscope counts them: the prompt's hold the cached and written ones, the completion's the reasoning."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int
    cache_write_tokens: int
    cache_write_1h_tokens: int
    reasoning_tokens: int


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call of a tool; `arguments` is JSON."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer. `cut` says that `max_tokens` ended it."""

    id: str
    model: str
    text: str
    call: ToolCall | None
    usage: Usage
    cut: bool


def prompt_tokens(asked: Asked) -> int:
    """How many tokens go in, as the mocks count them."""
    return sum(map(count_tokens, asked.texts))


def reply(asked: Asked, told: Directives) -> Reply:
    """The answer to a request: a tool's call if it offers any, else a text."""
    call = _tool_call(asked, told)
    reasoning = told.reasoning_tokens or 0
    written = told.text if told.text is not None else "" if call else None
    wanted = told.completion_tokens
    if wanted is None:
        out = call.arguments if call else written
        wanted = reasoning + (COMPLETION_TOKENS if out is None else count_tokens(out))
    cut = asked.max_tokens is not None and wanted > asked.max_tokens
    tokens = min(wanted, asked.max_tokens) if asked.max_tokens is not None else wanted
    if written is None:
        written = answer(min(max(0, tokens - reasoning), MAX_WORDS))
    usage = Usage(
        prompt_tokens(asked) if told.prompt_tokens is None else told.prompt_tokens,
        tokens,
        told.cached_tokens or 0,
        max(told.cache_write_tokens or 0, told.cache_write_1h_tokens or 0),
        told.cache_write_1h_tokens or 0,
        min(reasoning, tokens),
    )
    return Reply(uuid.uuid4().hex, asked.model, written, call, _consistent(usage), cut and call is None)


def _consistent(usage: Usage) -> Usage:
    """The same with a prompt that has room for what was cached of it."""
    least = usage.cached_tokens + usage.cache_write_tokens
    if usage.prompt_tokens >= least:
        return usage
    return Usage(least, *(getattr(usage, name) for name in Usage.__slots__[1:]))


def _tool_call(asked: Asked, told: Directives) -> ToolCall | None:
    if told.tool == "none" or (told.tool is None and not asked.tools):
        return None
    tool = next((tool for tool in asked.tools if tool.name == told.tool), None)
    if tool is None:
        tool = Tool(told.tool, {}) if told.tool is not None else asked.tools[0]
    arguments = told.arguments if told.arguments is not None else json.dumps(example(tool.schema))
    return ToolCall(uuid.uuid4().hex[:24], tool.name, arguments)


def example(schema: Mapping[str, Any]) -> Any:
    """A value that fits the usual kinds of JSON schema: its default or first choice, else the simplest of its type."""
    if "default" in schema:
        return schema["default"]
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type", "object")
    if kind == "object":
        properties = schema.get("properties", {})
        return {name: example(properties[name]) for name in schema.get("required", properties) if name in properties}
    return {"string": "example", "integer": 1, "number": 1.5, "boolean": True, "array": []}.get(str(kind))

"""How one request says what it wants to be answered: in its prompt, or in a header.

    What is AI? [mock status=429 retry_after=2]
    X-Mock: completion_tokens=20 cached_tokens=1000 text="Hello there"

The header goes before the prompt, of which the last user message counts.
"""

import json
import re
import shlex
from dataclasses import dataclass, fields, replace

HEADER = "x-mock"
_IN_PROMPT = re.compile(r"\[mock\s([^\]]*)\]")
STATUSES = (400, 401, 403, 404, 413, 422, 429, 500, 503, 529)
_MAX_DELAY_MS = 600_000
_MAX_NUMBER = 100_000_000


class BadDirective(ValueError):
    """A directive that is none; the sentence says which ones there are."""


@dataclass(frozen=True, slots=True)
class Directives:
    """What a request asks for; None where it leaves that to the mock.

    Args:
        status: answer with this error, one of `STATUSES`. A 400 is a prompt that is too long.
        code: the error's code, in place of the usual one for its status.
        retry_after: seconds, as the header of the error.
        delay_ms: the pause before the answer.
        chunk_delay_ms: the pause before each part of a stream.
        break_after: end a stream after so many parts: with the error if there is a `status`, else cut off.
        text: the answer.
        tool: the tool to call; `none` for no call.
        arguments: its arguments, as JSON.
        prompt_tokens: everything that went in, cached tokens too.
        completion_tokens: everything that came out, reasoning too.
        cached_tokens: how many of the prompt's were read from a cache.
        cache_write_tokens: how many of them were written to one.
        cache_write_1h_tokens: how many of these for an hour.
        reasoning_tokens: how many of the completion's were reasoning.
    """

    status: int | None = None
    code: str | None = None
    retry_after: int | None = None
    delay_ms: int | None = None
    chunk_delay_ms: int | None = None
    break_after: int | None = None
    text: str | None = None
    tool: str | None = None
    arguments: str | None = None
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None
    cache_write_1h_tokens: int | None = None
    reasoning_tokens: int | None = None


_TEXTS = frozenset({"code", "text", "tool", "arguments"})
_KINDS: dict[str, type[str] | type[int]] = {one.name: str if one.name in _TEXTS else int for one in fields(Directives)}


def read(header: str | None, prompt: str) -> Directives:
    """The directives of a request. Raises BadDirective."""
    told = Directives()
    for written in (*_IN_PROMPT.findall(prompt), *([header] if header else [])):
        told = replace(told, **_parsed(written))  # type: ignore[arg-type]  # each value has its field's type
    return told


def _parsed(written: str) -> dict[str, str | int]:
    found: dict[str, str | int] = {}
    try:
        words = shlex.split(written)
    except ValueError as error:
        raise BadDirective(f"mock: {written!r} cannot be read: {error}") from error
    for word in words:
        name, _, value = word.partition("=")
        kind = _KINDS.get(name)
        if kind is None:
            raise BadDirective(f"mock: there is no {name!r}; there are {', '.join(_KINDS)}")
        try:
            found[name] = kind(value)
        except ValueError as error:
            raise BadDirective(f"mock: {name} must be a whole number, not {value!r}") from error
    _check(found)
    return found


def _check(found: dict[str, str | int]) -> None:
    for name, value in found.items():
        most = _MAX_DELAY_MS if name in {"delay_ms", "chunk_delay_ms"} else _MAX_NUMBER
        if isinstance(value, int) and not 0 <= value <= most:
            raise BadDirective(f"mock: {name} must be at most {most}")
    if found.get("status", 400) not in STATUSES:
        raise BadDirective(f"mock: status must be one of {', '.join(map(str, STATUSES))}")
    try:
        json.loads(str(found.get("arguments", "{}")))
    except ValueError as error:
        raise BadDirective("mock: arguments must be JSON") from error

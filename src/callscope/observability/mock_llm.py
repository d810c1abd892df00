"""Providers that are none: functions to try Callscope with, without a key, a network or a bill.

They answer at once, and always the same. `callscope mock-provider` is the same over HTTP, for real clients.
"""

import itertools
import re
import time
from collections.abc import Iterator
from typing import Any

COMPLETION_TOKENS = 150
_TOKEN = re.compile(r"\w+|[^\w\s]")
_PASSAGE = (
    "This answer comes from a mock, so it costs nothing and means little. A language model would have read the prompt, "
    "weighed what it knows, and written what most likely follows, one token after the other. The mock counts words "
    "instead. What it tells of its tokens is true in its own small way, and the same each time."
)


class MockProviderError(Exception):
    """What `mock_failing_api_call` raises; `status_code` and `code` are where the clients of real providers have them."""

    def __init__(self, message: str, status_code: int, code: str) -> None:
        super().__init__(message)
        self.status_code = status_code
        self.code = code


def count_tokens(text: str) -> int:
    """Tokens as the mocks count them: each word and each other sign is one, and one begins the text."""
    return len(_TOKEN.findall(text)) + 1


def answer(tokens: int) -> str:
    """A text of so many tokens; of at least one, which is empty."""
    words = itertools.islice(itertools.cycle(_TOKEN.findall(_PASSAGE)), max(0, tokens - 1))
    return re.sub(r" (?=[^\w\s])", "", " ".join(words))


def pieces(text: str) -> list[str]:
    """A text in the parts in which it is streamed, some three words each."""
    words = re.findall(r"\S+\s*|\s+", text)
    return ["".join(words[start : start + 3]) for start in range(0, len(words), 3)]


def mock_gpt4_api_call(prompt: str) -> dict[str, Any]:
    """A chat model's answer of 150 tokens, as a dict with `text` and `usage`; "What is AI?" has 5 tokens."""
    prompt_tokens = count_tokens(prompt)
    return {
        "text": answer(COMPLETION_TOKENS),
        "usage": {
            "prompt_tokens": prompt_tokens,
            "completion_tokens": COMPLETION_TOKENS,
            "total_tokens": prompt_tokens + COMPLETION_TOKENS,
        },
    }


def mock_claude_api_call(prompt: str) -> dict[str, Any]:
    """The same answer in the shape of Anthropic's messages."""
    return {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "text", "text": answer(COMPLETION_TOKENS)}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": count_tokens(prompt), "output_tokens": COMPLETION_TOKENS},
    }


def mock_failing_api_call(prompt: str) -> dict[str, Any]:
    """A provider that is overloaded: raises MockProviderError, status 529."""
    raise MockProviderError("The mock provider is overloaded. Try again later.", 529, "overloaded_error")


def mock_slow_api_call(prompt: str, seconds: float = 2.0) -> dict[str, Any]:
    """The answer of `mock_gpt4_api_call`, after some seconds."""
    time.sleep(seconds)
    return mock_gpt4_api_call(prompt)


def mock_streaming_api_call(prompt: str, seconds: float = 0.0) -> Iterator[dict[str, Any]]:
    """The same answer in parts, in the shape of OpenAI's chat completions; the last one has the usage.

    Args:
        prompt: what is asked.
        seconds: the pause before each part.
    """
    whole = mock_gpt4_api_call(prompt)
    for piece in pieces(whole["text"]):
        time.sleep(seconds)
        yield {"choices": [{"index": 0, "delta": {"content": piece}, "finish_reason": None}]}
    yield {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
    yield {"choices": [], "usage": whole["usage"]}

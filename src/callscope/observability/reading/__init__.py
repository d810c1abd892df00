"""Reads from an answer what a call is recorded with. Each kind of answer is a file here, told apart by its shape.

Nothing of a provider's package is imported: an answer is an object or a dict with names that are known.
"""

from typing import Any

from callscope.observability.reading import (
    anthropic,
    cohere,
    embeddings,
    google,
    langchain,
    openai_chat,
    openai_responses,
    plain,
)
from callscope.observability.reading.shape import Chunks, Reading, Usage

__all__ = ["Chunks", "Reading", "Usage", "chunks_like", "read"]

_KINDS = (openai_chat, openai_responses, anthropic, langchain, google, cohere, embeddings, plain)
_STREAMED = (openai_chat, openai_responses, anthropic, langchain, google, cohere, plain)


def read(answer: Any) -> Reading:
    """What an answer tells; an empty reading for what is none that is known. Never raises."""
    try:
        kind = next((kind for kind in _KINDS if kind.matches(answer)), None)
        return Reading() if kind is None else kind.read(answer)
    except Exception:  # a shape that only looks like a known one must not break the program
        return Reading()


def chunks_like(first: Any) -> Chunks | None:
    """What puts the pieces of a stream together, by its first piece; None for pieces that tell nothing."""
    kind = next((kind for kind in _STREAMED if kind.matches(first)), None)
    return None if kind is None else kind.Chunks()

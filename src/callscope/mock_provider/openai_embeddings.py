"""OpenAI's embeddings: vectors that differ for texts that differ, and mean nothing."""

import base64
import hashlib
import math
import struct
from typing import Any

from callscope.mock_provider import openai_errors
from callscope.mock_provider.reading import BadRequest, number
from callscope.mock_provider.reply import Json
from callscope.observability.mock_llm import count_tokens

DIMENSIONS = 1_536
MAX_DIMENSIONS = 4_096
MAX_INPUTS = 2_048


def embed(body: Json) -> Json:
    """The answer to a request. Raises BadRequest."""
    model, given = openai_errors.model(body), body.get("input")
    # A list of numbers is one text, as tokens.
    inputs: list[Any] = given if isinstance(given, list) and not all(isinstance(one, int) for one in given) else [given]
    if not given or len(inputs) > MAX_INPUTS:
        raise BadRequest(f"input: 1 to {MAX_INPUTS} texts are needed")
    size = min(number(body, "dimensions") or DIMENSIONS, MAX_DIMENSIONS)
    packed = body.get("encoding_format") == "base64"
    tokens = sum(len(one) if isinstance(one, list) else count_tokens(str(one)) for one in inputs)
    return {
        "object": "list",
        "model": model,
        "data": [
            {"object": "embedding", "index": index, "embedding": _packed(vector) if packed else vector}
            for index, vector in enumerate(_vector(str(one), size) for one in inputs)
        ],
        "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
    }


def _vector(text: str, size: int) -> list[float]:
    """A unit vector, made of a hash of the text."""
    numbers = struct.unpack(f"<{size}H", hashlib.shake_128(text.encode()).digest(2 * size))
    centred = [number - 32_767.5 for number in numbers]
    length = math.sqrt(sum(value * value for value in centred))
    return [value / length for value in centred]


def _packed(vector: list[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(vector)}f", *vector)).decode()

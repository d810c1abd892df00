"""OpenAI's embeddings, and the many clients that answer in this form. The vectors are not kept."""

from typing import Any

from callscope.observability.reading.openai_chat import usage
from callscope.observability.reading.shape import Reading, get, text


def matches(answer: Any) -> bool:
    """Whether an answer has this form."""
    return (
        get(answer, "object") == "list" and isinstance(get(answer, "data"), list) and get(answer, "usage") is not None
    )


def read(answer: Any) -> Reading:
    """What the answer tells."""
    return Reading(usage=usage(get(answer, "usage")), model=text(answer, "model"))

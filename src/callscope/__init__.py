"""Callscope: what every LLM call cost, how long it took, why it failed.

    db = callscope.connect()
    wrapper = callscope.LLMObservabilityWrapper(db, model_id="gpt-4o")
    result = wrapper.call_llm(ask, "What is AI?")

What is imported here comes with its first use: a server does not need it, and a program starts faster.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from callscope.observability.connect import connect
    from callscope.observability.instrument import instrument
    from callscope.observability.tracing import observe
    from callscope.observability.wrapper import LLMObservabilityWrapper

__all__ = ["LLMObservabilityWrapper", "connect", "instrument", "observe"]
__version__ = "0.1.0"

_PLACES = {
    "LLMObservabilityWrapper": "wrapper",
    "connect": "connect",
    "instrument": "instrument",
    "observe": "tracing",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'callscope' has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(f"callscope.observability.{_PLACES[name]}"), name)
    return found


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""Callscope: what every LLM call cost, how long it took, why it failed."""

__version__ = "0.1.0"

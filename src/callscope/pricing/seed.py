"""The models that a new catalogue has: twenty with ids that never change, then the others of `catalogue.json`."""

import json
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, insert, select

from callscope.db.versions import bump
from callscope.pricing.catalogue import VERSION
from callscope.pricing.models import LLMModel, Origin

CATALOGUE_FILE = Path(__file__).with_name("catalogue.json")

FIXED_MODELS = (
    ("openai", "gpt-4"),
    ("anthropic", "claude-haiku-4-5"),
    ("openai", "gpt-4o"),
    ("openai", "gpt-4o-mini"),
    ("openai", "gpt-4.1"),
    ("openai", "gpt-4.1-mini"),
    ("openai", "gpt-5-mini"),
    ("openai", "gpt-6-luna"),
    ("openai", "gpt-6.1-sol"),
    ("openai", "text-embedding-3-small"),
    ("anthropic", "claude-haiku-5-5"),
    ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-sonnet-5-5"),
    ("anthropic", "claude-opus-5-5"),
    ("google", "gemini-2.5-flash"),
    ("google", "gemini-2.5-pro"),
    ("google", "gemini-3.8-flash"),
    ("mistral", "mistral-large-4"),
    ("aws", "amazon.nova-pro-v1:0"),
    ("azure", "phi-4"),
)
"""Provider and name of the models 1 to 20, in the order of their ids. Programs rely on them: never change one."""

FLAT_RATES = {1: 30_000_000}
"""Flat rates by model id, in nano-dollars per 1,000 tokens. Model 1 costs 0.03 dollars per 1,000 tokens."""


def seed_catalogue(connection: Connection) -> None:
    """Fill an empty catalogue, in the caller's writing transaction; one that has a model is left as it is."""
    if connection.execute(select(LLMModel.id).limit(1)).first() is not None:
        return
    now = datetime.now(UTC)
    rows = [
        {
            "id": model_id, "name": name, "provider": provider, "cost_per_1k_tokens": FLAT_RATES.get(model_id),
            "enabled": True, "origin": Origin.CATALOGUE, "created_at": now,
        }
        for model_id, (provider, name) in enumerate(seeded_models(), start=1)
    ]  # fmt: skip
    connection.execute(insert(LLMModel), rows)
    bump(connection, VERSION)


def seeded_models() -> list[tuple[str, str]]:
    """Provider and name of all models of a new catalogue, in the order of their ids."""
    listed: dict[str, list[str]] = json.loads(CATALOGUE_FILE.read_text(encoding="utf-8"))["models"]
    others = [(provider, name) for provider, names in listed.items() for name in names]
    return list(dict.fromkeys([*FIXED_MODELS, *others]))

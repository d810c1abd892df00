"""Switching models on and off: one switch for all spellings of a model, as `callscope.observability.names` knows them.

That of Claude Haiku 4.5 has a second handle, the setting `claude_haiku_45_enabled`.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, select
from sqlalchemy.orm import Session

from callscope.api.rights import Caller
from callscope.audit.service import note
from callscope.observability.names import model_key
from callscope.pricing.models import LLMModel

HAIKU_45 = "claude-haiku-4-5"
"""The key of the model that is switched together with the setting `claude_haiku_45_enabled`."""


def subject_of(model: LLMModel) -> str:
    """What the audit log calls a model."""
    return f"model {model.provider}/{model.name}"


def switch(session: Session, caller: Caller, key: str, enabled: bool) -> None:
    """Switch the models of this key on or off, each noted in the audit log. The caller bumps `catalogue`."""
    others = session.execute(
        select(LLMModel.id, LLMModel.name, LLMModel.provider).where(LLMModel.enabled.is_not(enabled))
    )
    ids = [model.id for model in others if model_key(model.name, model.provider) == key]
    for model_id in ids:
        model = session.get_one(LLMModel, model_id)
        model.enabled = enabled
        note(session, caller, "model.update", subject_of(model), {"enabled": not enabled}, {"enabled": enabled})


def keys_of(models: Iterable[tuple[str, str]]) -> frozenset[str]:
    """The keys of models, given by name and provider."""
    return frozenset(model_key(name, provider) for name, provider in models)


def keys_switched_off(connection: Connection) -> frozenset[str]:
    """The keys of the models that are switched off, as the database has them now."""
    off = connection.execute(select(LLMModel.name, LLMModel.provider).where(LLMModel.enabled.is_(False)))
    return keys_of((row.name, row.provider) for row in off)

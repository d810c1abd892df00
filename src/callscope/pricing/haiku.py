"""Claude Haiku 4.5 has one switch with two handles: the setting `claude_haiku_45_enabled` and `enabled` of its models."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callscope.pricing.models import HAIKU_45, LLMModel


def is_haiku_45(name: str) -> bool:
    """Whether a model's name is one of Claude Haiku 4.5."""
    return name.lower().startswith(HAIKU_45)


def switch_haiku_45(session: Session, enabled: bool) -> bool:
    """Switch all models of Claude Haiku 4.5 on or off; whether one was changed. The caller bumps `catalogue`."""
    family = func.lower(LLMModel.name).startswith(HAIKU_45, autoescape=True)
    changed = session.scalars(select(LLMModel).where(family, LLMModel.enabled.is_not(enabled))).all()
    for model in changed:
        model.enabled = enabled
    return bool(changed)

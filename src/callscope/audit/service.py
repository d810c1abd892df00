"""Writing to and reading from the audit log."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from callscope.api.rights import Caller
from callscope.audit.models import AuditEntry


def differing(row: object, wanted: Mapping[str, object]) -> tuple[dict[str, object], dict[str, object]]:
    """What a row has now of the fields that are wanted otherwise, and what is wanted of them: `before` and `after`."""
    before = {field: getattr(row, field) for field, value in wanted.items() if getattr(row, field) != value}
    return before, {field: wanted[field] for field in before}


def assign(row: object, values: Mapping[str, object]) -> None:
    """Give fields of a row their values."""
    for field, value in values.items():
        setattr(row, field, value)


def note(
    session: Session,
    caller: Caller,
    action: str,
    subject: str,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    """Add an entry, in the same transaction as the change that it tells of.

    Args:
        action: what was done, such as `settings.update` or `user.create`.
        subject: what it was done to, such as `user jane@example.com`; never a secret.
        before, after: the fields that changed, JSON values.
    """
    session.add(
        AuditEntry(
            created_at=datetime.now(UTC), user_id=caller.user_id, actor=caller.name,
            action=action, subject=subject, before=before, after=after,
        )
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries to list; None: any. `action` ending in `.*` means all of a kind, `until` is exclusive."""

    action: str | None = None
    actor: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def entries(session: Session, wanted: AuditFilter, *, limit: int, before_id: int | None = None) -> Sequence[AuditEntry]:
    """The newest entries, those with ids below `before_id` where it is given. Ids rise in the order of the commits."""
    query = select(AuditEntry).order_by(AuditEntry.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(AuditEntry.id < before_id)
    if wanted.action is not None and wanted.action.endswith(".*"):
        query = query.where(AuditEntry.action.startswith(wanted.action[:-1], autoescape=True))
    elif wanted.action is not None:
        query = query.where(AuditEntry.action == wanted.action)
    if wanted.actor is not None:
        query = query.where(AuditEntry.actor == wanted.actor)
    if wanted.since is not None:
        query = query.where(AuditEntry.created_at >= wanted.since)
    if wanted.until is not None:
        query = query.where(AuditEntry.created_at < wanted.until)
    return session.scalars(query).all()

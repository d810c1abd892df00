"""An entry of the audit log as it goes over HTTP."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

from callscope.audit.models import AuditEntry


class AuditEntryOut(BaseModel):
    """One administrative change."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 12,
                    "created_at": "2026-11-20T09:30:00Z",
                    "user_id": 1,
                    "actor": "jane@example.com",
                    "action": "settings.update",
                    "subject": "settings",
                    "before": {"max_tokens_per_request": None},
                    "after": {"max_tokens_per_request": 4096},
                }
            ]
        }
    )

    id: int
    created_at: datetime
    user_id: int | None = Field(description="The user who made the change; null for the command line.")
    actor: str = Field(description="Who made the change, as named then.")
    action: str = Field(description="What was done, such as `settings.update`.")
    subject: str = Field(description="What it was done to.")
    before: dict[str, object] | None = Field(description="The fields that changed, as they were.")
    after: dict[str, object] | None = Field(description="The same fields, as they are since.")

    @classmethod
    def of(cls, entry: AuditEntry) -> "AuditEntryOut":
        """As it is shown."""
        return cls(
            id=entry.id, created_at=entry.created_at, user_id=entry.user_id, actor=entry.actor,
            action=entry.action, subject=entry.subject, before=entry.before, after=entry.after,
        )  # fmt: skip

"""What `/projects/{id}/retention` gives."""

from datetime import date

from pydantic import BaseModel, ConfigDict, Field


class Outdated(BaseModel):
    """What would be deleted, by the totals: of calls that are already gone nothing is counted."""

    calls: int = Field(description="How many calls it concerns, nearly: calls sent long after they began may differ.")
    before: date | None = Field(description="Those before this UTC day; null: none.")


class RetentionOut(BaseModel):
    """What settings would delete within minutes, that is kept now."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "rows": {"calls": 0, "before": "2026-05-24"},
                    "payloads": {"calls": 48210, "before": "2026-10-15"},
                }
            ]
        }
    )

    rows: Outdated = Field(description="Whole calls, with all that belongs to them; their totals stay.")
    payloads: Outdated = Field(description="Calls that only lose their prompts and answers.")

"""What `/llm/repricings` and `/llm/unpriced` take and give."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from callscope.api.paging import MAX_ROW_ID
from callscope.api.times import Moment
from callscope.pricing.price_schemas import Name


class RepricingIn(BaseModel):
    """Which stored calls get the cost that today's prices give them for their own time."""

    model_config = ConfigDict(
        extra="forbid", str_strip_whitespace=True, validate_by_name=True, validate_by_alias=True,
        json_schema_extra={"examples": [{"model_id": 4, "from": "2026-11-01T00:00:00Z", "dry_run": True}]},
    )  # fmt: skip

    model_id: Annotated[int, Field(ge=1, le=MAX_ROW_ID)] | None = Field(None, description="A model of the catalogue.")
    model: Name | None = Field(None, description="Instead, a model's name: of every provider, unless one is named.")
    provider: Annotated[str, Field(min_length=1, max_length=100)] | None = Field(
        None, description="The provider of `model`."
    )
    project: Name | None = Field(None, description="Only this project's calls, by name.")
    from_: Moment | None = Field(None, alias="from", description="Only calls that began at or after this time.")
    to: Moment | None = Field(None, description="Only calls that began before this time.")
    all: bool = Field(False, description="Needed where neither a model nor a range is named: every call there is.")
    dry_run: bool = Field(False, description="Only work out the sums; change nothing.")


class RepricingOut(BaseModel):
    """A repricing and how far it is. The sums are those of the calls that it has looked at so far."""

    model_config = ConfigDict(
        populate_by_name=True,
        json_schema_extra={
            "examples": [
                {
                    "id": 3, "model_id": 4, "model": "gpt-4o-mini", "provider": "openai", "project": None,
                    "from": "2026-11-01T00:00:00Z", "to": None, "dry_run": False, "state": "running",
                    "calls_total": 120000, "calls_done": 48000, "calls_changed": 47211, "cost_before": 0,
                    "cost_after": 18.204611, "unpriced_before": 47211, "unpriced_after": 0,
                    "created_by": "jane@example.com", "created_at": "2026-11-20T09:30:00Z",
                    "started_at": "2026-11-20T09:30:03Z", "finished_at": None, "error": None,
                }
            ]
        },
    )  # fmt: skip

    id: int
    model_id: int | None
    model: str | None
    provider: str | None
    project: str | None
    from_: datetime | None = Field(alias="from")
    to: datetime | None
    dry_run: bool
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    calls_total: int | None = Field(
        description="How many calls there were when it was asked for, by the rollups: those of whole quarters of an "
        "hour, so an estimate at the edges of a range."
    )
    calls_done: int = Field(description="How many of them it has looked at.")
    calls_changed: int = Field(description="How many of those have another cost since, or would have.")
    cost_before: float = Field(description="What the calls looked at cost before, in US dollars.")
    cost_after: float = Field(description="What the same calls cost since, or would cost.")
    unpriced_before: int
    unpriced_after: int
    created_by: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    error: str | None = Field(description="Why it failed; what it had changed by then stays.")


class UnpricedModel(BaseModel):
    """A model with calls that have no cost."""

    model_id: int
    model: str
    provider: str
    reason: str = Field(description="Why there is no price, or that there is one by now.")
    calls: int = Field(description="Calls without a cost.")
    prompt_tokens: int = Field(description="Tokens of these calls.")
    completion_tokens: int
    total_tokens: int
    projects: list[str] = Field(description="The projects whose calls they are, most calls first; at most 20.")
    project_count: int


class UnpricedModels(BaseModel):
    """The models without a price, most calls first. `from` and `to` say which range was counted."""

    model_config = ConfigDict(populate_by_name=True)

    from_: datetime = Field(alias="from")
    to: datetime
    calls: int = Field(description="Calls without a cost, of all these models.")
    models: list[UnpricedModel] = Field(description="At most `limit` of them.")
    model_count: int

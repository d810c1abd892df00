"""What goes over HTTP about ratings."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from callscope.metrics.schemas import Range

Author = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320, pattern=r"^[^\x00]*$")]
SpanId = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Comment = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]


class FeedbackIn(BaseModel):
    """A rating of one call, named by its id or by the trace and span that it was logged with."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"llm_call_id": 17, "rating": 5, "comment": "Spot on."}]}
    )

    llm_call_id: int | None = Field(None, ge=1, le=2**63 - 1)
    trace_id: SpanId | None = None
    span_id: SpanId | None = None
    rating: int = Field(ge=1, le=5)
    comment: Comment | None = None
    author: Author | None = Field(
        None, description="With an API key only: who rated; never taken for a user. The key itself if left out."
    )

    @model_validator(mode="after")
    def _one_call(self) -> "FeedbackIn":
        named = self.trace_id is not None and self.span_id is not None
        partly = self.trace_id is not None or self.span_id is not None
        if partly != named or named == (self.llm_call_id is not None):
            raise ValueError("name the call by llm_call_id, or by trace_id and span_id")
        return self


class FeedbackReceipt(BaseModel):
    """The rating as it stands."""

    llm_call_id: int
    rating: int
    author: str


class FeedbackOut(BaseModel):
    """A stored rating."""

    id: int
    llm_call_id: int
    user_id: int | None
    author: str
    rating: int
    comment: str | None
    project: str
    model: str
    created_at: datetime


class RatingRow(BaseModel):
    """How one model was rated. `distribution` counts the ratings 1 to 5."""

    model: str
    provider: str | None
    ratings: int
    average_rating: float
    distribution: list[int]


class RatingPoint(BaseModel):
    """Ratings of the calls of one bucket."""

    start: datetime
    ratings: int
    average_rating: float | None


class FeedbackSummary(Range):
    """How the calls of a range were rated; a rating counts at the time of its call."""

    ratings: int
    average_rating: float | None
    distribution: list[int]
    points: list[RatingPoint]
    by_model: list[RatingRow]

"""What goes over HTTP about ratings."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Author = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=320, pattern=r"^[^\x00]*$")]
Comment = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]


class FeedbackIn(BaseModel):
    """A rating of one call."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"llm_call_id": 17, "rating": 5, "comment": "Spot on."}]}
    )

    llm_call_id: int = Field(ge=1, le=2**63 - 1)
    rating: int = Field(ge=1, le=5)
    comment: Comment | None = None
    author: Author | None = Field(None, description="With an API key only: who rated. The key itself if left out.")


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


class FeedbackSummary(BaseModel):
    """How the calls of a range were rated; a rating counts at the time of its call."""

    model_config = ConfigDict(populate_by_name=True)

    from_: datetime = Field(alias="from")
    to: datetime
    ratings: int
    average_rating: float | None
    distribution: list[int]
    by_model: list[RatingRow]

"""The two shapes of every JSON answer."""

from typing import Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict

T = TypeVar("T")


class Envelope(BaseModel, Generic[T]):
    """What a request that worked answers: the data, and a sentence about it."""

    data: T
    status: Literal["success"] = "success"
    message: str = ""


class Page(BaseModel, Generic[T]):
    """One page of a list. `next_cursor` asks for the next one; null on the last."""

    items: list[T]
    next_cursor: str | None = None


class FieldError(BaseModel):
    """One thing that is wrong with one field."""

    field: str
    message: str


class ErrorBody(BaseModel):
    """What a request that failed answers: what went wrong, in words one can act on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"detail": "There is no call 17.", "status": 404}]})

    detail: str
    status: int
    errors: list[FieldError] | None = None
    request_id: str | None = None


def ok(data: T, message: str = "") -> Envelope[T]:
    """Wrap `data` in the success shape."""
    return Envelope(data=data, message=message)

"""The two shapes of every JSON answer."""

from types import UnionType
from typing import Annotated, Any, Generic, Literal, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict

T = TypeVar("T")


class Envelope(BaseModel, Generic[T]):
    """What a request that worked answers: the data, and a sentence about it."""

    data: T
    status: Literal["success"] = "success"
    message: str = ""

    @classmethod
    def model_parametrized_name(cls, params: tuple[type[Any], ...]) -> str:
        """The schema's name in OpenAPI, such as `UserOutAnswer`."""
        return f"{_spoken(params[0])}Answer"


class Page(BaseModel, Generic[T]):
    """One page of a list. `next_cursor` asks for the next one; null on the last."""

    items: list[T]
    next_cursor: str | None = None

    @classmethod
    def model_parametrized_name(cls, params: tuple[type[Any], ...]) -> str:
        """The schema's name in OpenAPI, such as `UserOutPage`."""
        return f"{_spoken(params[0])}Page"


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


def _spoken(kind: Any) -> str:
    """A type's name as it stands in names of schemas."""
    if kind is None or kind is type(None):
        return "Empty"
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _spoken(parts[0])
    if origin is list:
        return f"{_spoken(parts[0])}List"
    if origin in {Union, UnionType}:
        return "Or".join(_spoken(part) for part in parts)
    name: str = kind.__name__
    return name

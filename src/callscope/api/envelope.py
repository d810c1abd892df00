"""The two shapes of every JSON answer."""

from typing import Any, Generic, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ConfigDict

T = TypeVar("T")


class Envelope(BaseModel, Generic[T]):
    """What a request that worked answers: the data, and a sentence about it."""

    data: T
    status: Literal["success"] = "success"
    message: str = ""

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """The schema's name in OpenAPI, such as `UserOutAnswer`."""
        return f"{_spoken(params[0])}Answer"


class Page(BaseModel, Generic[T]):
    """One page of a list. `next_cursor` asks for the next one; null on the last."""

    items: list[T]
    next_cursor: str | None = None

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
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
    if get_origin(kind) is list:
        return f"{_spoken(get_args(kind)[0])}List"
    name: str = getattr(kind, "__name__", "")
    return name

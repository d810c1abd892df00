"""What is wrong with an input is said in plain words, whatever pydantic calls it."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from callscope.wording import Either, plain_message


class Input(BaseModel):
    model_config = ConfigDict(extra="forbid")

    count: Annotated[int, Field(ge=1, le=500)] = 1
    share: Annotated[float, Field(gt=0, lt=1, allow_inf_nan=False)] = 0.5
    name: Annotated[str, Field(min_length=1, max_length=3)] = "a"
    items: Annotated[list[int], Field(min_length=2, max_length=3)] = [1, 2]
    status: Literal["success", "error"] = "success"
    since: datetime | None = None
    cookie: bool = False
    price: Annotated[Decimal, Field(max_digits=5, decimal_places=3)] = Decimal(1)
    project: Annotated[Annotated[int, Field(ge=1)] | str, Either("must be a number or a name")] | None = None


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"count": "many"}, "must be a whole number"),
        ({"count": 1.5}, "must be a whole number"),
        ({"count": 0}, "must be at least 1"),
        ({"count": 501}, "must be at most 500"),
        ({"share": "half"}, "must be a number"),
        ({"share": 0}, "must be more than 0"),
        ({"share": 1}, "must be less than 1"),
        ({"share": float("nan")}, "must be a finite number"),
        ({"name": ""}, "must not be empty"),
        ({"name": "abcd"}, "must have at most 3 characters"),
        ({"name": 5}, "must be text"),
        ({"items": [1]}, "must have at least 2 items"),
        ({"items": "abc"}, "must be a list"),
        ({"status": "fine"}, "must be 'success' or 'error'"),
        ({"since": "yesterday"}, "must be a time such as 2026-03-01T09:30:00Z"),
        ({"cookie": "perhaps"}, "must be true or false"),
        ({"price": 1.2345}, "must have at most 3 decimal places"),
        ({"price": "123.456"}, "must have at most 5 digits"),
        ({"price": 123}, "must have at most 2 digits before the point"),
        ({"project": 1.5}, "must be a number or a name"),
        ({"surprise": 1}, "is not known here"),
        ([], "must be a JSON object"),
    ],
)
def test_each_mistake_has_its_words(given: object, message: str) -> None:
    with pytest.raises(ValidationError) as found:
        Input.model_validate(given)
    assert plain_message({**found.value.errors()[0]}) == message


def test_a_value_that_fits_no_type_of_a_union_is_one_error_at_its_field() -> None:
    with pytest.raises(ValidationError) as found:
        Input.model_validate_json('{"project": {}}')
    assert [error["loc"] for error in found.value.errors()] == [("project",)]

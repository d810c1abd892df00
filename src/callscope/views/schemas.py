"""What goes over HTTP about saved views."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StringConstraints
from pydantic.config import JsonDict

from callscope.api.paging import MAX_ROW_ID
from callscope.api.times import Moment
from callscope.calls.filters import KindOfError

Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")
]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*$")]
Texts = Annotated[list[Text], Field(max_length=50)]
Columns = Annotated[
    list[Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,40}$")]],
    Field(
        max_length=40, description="The columns that the list has, by the names of the fields; null: each as he likes."
    ),
]
Amount = Annotated[float, Field(ge=0, le=2**53, allow_inf_nan=False)]


class ViewFilters(BaseModel):
    """Range, filters and order of the list of calls, as in the address of the page; what is left out is not narrowed."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    range: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,5}[mhd]$")] | None = Field(
        None, description="Up to now: 15m, 24h, 7d.", examples=["24h"]
    )
    from_: Moment | None = Field(None, alias="from")
    to: Moment | None = None
    project: Text | None = None
    environment: Text | None = None
    model: Texts | None = None
    provider: Texts | None = None
    status: Annotated[list[Literal["success", "error", "timeout"]], Field(max_length=3)] | None = None
    error_kind: Annotated[list[KindOfError], Field(max_length=15)] | None = None
    text: Annotated[str, StringConstraints(min_length=1, max_length=1_000, pattern=r"^[^\x00]*$")] | None = None
    end_user: Text | None = None
    session_id: Text | None = None
    trace_id: Text | None = None
    name: Text | None = None
    tag: Text | None = None
    api_key_id: Annotated[int, Field(ge=1, le=MAX_ROW_ID)] | None = None
    min_latency_ms: Amount | None = None
    max_latency_ms: Amount | None = None
    min_cost: Amount | None = None
    max_cost: Amount | None = None
    min_tokens: Amount | None = None
    max_tokens: Amount | None = None
    violation: StrictBool | None = None
    cache_hit: StrictBool | None = None
    unpriced: StrictBool | None = None
    sort: Literal["time", "latency", "cost", "tokens"] | None = None


_EXAMPLE: JsonDict = {
    "name": "Slow answers in the shop",
    "filters": {"project": "shop", "min_latency_ms": 5000},
    "shared": True,
}


class ViewIn(BaseModel):
    """A new view."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    name: Name
    filters: ViewFilters
    columns: Columns | None = None
    shared: StrictBool = Field(False, description="For everybody who may read calls of its project, or else of all.")


class ViewChange(BaseModel):
    """What is to change of a view; what is left out stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "Slow answers"}]})

    name: Name | None = None
    filters: ViewFilters | None = None
    columns: Columns | None = None
    shared: StrictBool | None = None


class FiltersOut(ViewFilters):
    """Range, filters and order of a view; null: not narrowed."""


class ViewOut(BaseModel):
    """A saved view."""

    id: int
    name: str
    filters: FiltersOut
    columns: list[str] | None
    shared: bool
    owner: str | None = Field(description="The email of whose it is; null for a user who is gone.")
    mine: bool = Field(description="Whether it is the caller's own.")
    may_change: bool = Field(description="Whether the caller may change and delete it.")
    created_at: datetime
    updated_at: datetime

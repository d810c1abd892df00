"""What `/erasures` takes and gives."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from callscope.calls.schemas import Id

EndUser = Annotated[Id, Field(description="As the calls name them.", examples=["u-4711"])]
OfProject = Annotated[
    str, Field(min_length=1, max_length=100, description="Only in this project, by name; else in all.")
]


class ErasureIn(BaseModel):
    """Whom to erase."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"end_user": "u-4711"}]})

    end_user: EndUser
    project: OfProject | None = None


class ErasureOut(BaseModel):
    """An erasure and how far it is. It does not say whose: that is not kept."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": 7, "state": "done", "project": None, "calls": 312, "created_by": "jane@example.com",
                    "created_at": "2026-11-20T09:30:00Z", "finished_at": "2026-11-20T09:30:02Z",
                }
            ]
        }
    )  # fmt: skip

    id: int
    state: Literal["running", "done"] = Field(description="`done`: nothing of the person can be read any more.")
    project: str | None
    calls: int = Field(description="How many calls it has erased so far.")
    created_by: str
    created_at: datetime
    finished_at: datetime | None

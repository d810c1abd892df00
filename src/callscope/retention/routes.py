"""`/projects/{id}/retention` over HTTP. What is set is set with the project."""

from typing import Annotated

from fastapi import Depends, Query, Request

from callscope.accounts.schemas import MAX_DAYS, Id
from callscope.api.docs import errors
from callscope.api.envelope import Envelope, ok
from callscope.api.rights import Admin
from callscope.api.routing import subject
from callscope.retention.schemas import RetentionOut
from callscope.retention.service import RetentionService

router = subject("projects")


async def _service(request: Request) -> RetentionService:
    service: RetentionService = request.app.state.retention
    return service


Days = Annotated[int | None, Query(ge=1, le=MAX_DAYS, description="As it would be set; left out: for ever.")]


@router.get(
    "/projects/{id}/retention", summary="See what a retention would delete", responses=errors(401, 403, 404, 422, 503)
)
def preview_retention(
    id: Id,
    caller: Admin,
    service: Annotated[RetentionService, Depends(_service)],
    payload_days: Days = None,
    row_days: Days = None,
) -> Envelope[RetentionOut]:
    """How many calls, or only their prompts and answers, would go if the project kept them for so many days."""
    return ok(service.preview(id, payload_days, row_days))

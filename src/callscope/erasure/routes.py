"""`/erasures` and `/end-users` over HTTP."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request

from callscope.api.docs import errors
from callscope.api.envelope import Envelope, Page, ok
from callscope.api.paging import DEFAULT_LIMIT, MAX_ROW_ID, Cursor, Limit, RowId, cut, read_cursor
from callscope.api.rights import Admin
from callscope.api.routing import subject
from callscope.erasure.schemas import EndUser, ErasureIn, ErasureOut, OfProject
from callscope.erasure.service import ErasureService

router = subject("end-users")


async def _service(request: Request) -> ErasureService:
    service: ErasureService = request.app.state.erasures
    return service


Service = Annotated[ErasureService, Depends(_service)]
ErasureId = Annotated[int, Path(ge=1, le=MAX_ROW_ID, description="The number that the list shows.", examples=[1])]
MESSAGE = "Erasing begins in a moment"


@router.delete(
    "/end-users/{end_user:path}",
    status_code=202,
    summary="Erase an end user",
    responses=errors(401, 403, 404, 422, 503),
)
def erase_end_user(
    end_user: Annotated[EndUser, Path(description="As the calls name them.", examples=["u-4711"])],
    caller: Admin,
    service: Service,
    project: Annotated[OfProject | None, Query(description="Only in this project, by name; else in all.")] = None,
) -> Envelope[ErasureOut]:
    """Take an end user out of all that is stored: name, prompts, answers, tags, error texts, feedback. Totals stay.

    It runs in the background; the answer's `id` leads to how far it is. Calls that are logged afterwards are new data.
    `POST /erasures` does the same with the name in its body, which no proxy's log has.
    """
    return ok(service.create(caller, end_user, project), MESSAGE)


@router.post(
    "/erasures", status_code=202, summary="Erase an end user (by body)", responses=errors(401, 403, 404, 422, 503)
)
def start_erasure(body: ErasureIn, caller: Admin, service: Service) -> Envelope[ErasureOut]:
    """The same as `DELETE /end-users/{end_user}`, with any name."""
    return ok(service.create(caller, body.end_user, body.project), MESSAGE)


@router.get("/erasures", summary="List erasures", responses=errors(401, 403, 422, 503))
def list_erasures(
    caller: Admin, service: Service, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Envelope[Page[ErasureOut]]:
    """All erasures, the newest first; whose they are is not kept."""
    before = read_cursor(cursor, RowId)
    found = service.page(before[0] if before else None, limit + 1)
    return ok(cut(found, limit, lambda one: one, lambda one: (one.id,)))


@router.get("/erasures/{erasure_id}", summary="Look at an erasure", responses=errors(401, 403, 404, 422, 503))
def get_erasure(erasure_id: ErasureId, caller: Admin, service: Service) -> Envelope[ErasureOut]:
    """How far an erasure is; ask again while it is `running`."""
    return ok(service.get(erasure_id))

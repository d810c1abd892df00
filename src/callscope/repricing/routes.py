"""`/llm/repricings` and `/llm/unpriced` over HTTP."""

from typing import Annotated

from fastapi import Depends, Path, Query, Request

from callscope.api.docs import errors
from callscope.api.envelope import Envelope, Page, ok
from callscope.api.paging import DEFAULT_LIMIT, MAX_ROW_ID, Cursor, Limit, RowId, cut, read_cursor
from callscope.api.rights import Admin
from callscope.api.routing import subject
from callscope.metrics.filters import Filtered
from callscope.repricing.schemas import RepricingIn, RepricingOut, UnpricedModels
from callscope.repricing.service import RepricingService
from callscope.repricing.unpriced import UnpricedService

router = subject("models", "/llm")


async def _service(request: Request) -> RepricingService:
    service: RepricingService = request.app.state.repricings
    return service


async def _unpriced(request: Request) -> UnpricedService:
    service: UnpricedService = request.app.state.unpriced
    return service


Service = Annotated[RepricingService, Depends(_service)]
Unpriced = Annotated[UnpricedService, Depends(_unpriced)]
RepricingId = Annotated[int, Path(ge=1, le=MAX_ROW_ID, description="The number that the list shows.", examples=[1])]


@router.post(
    "/repricings", status_code=202, summary="Price stored calls anew", responses=errors(401, 403, 404, 409, 422, 503)
)
def start_repricing(body: RepricingIn, caller: Admin, service: Service) -> Envelope[RepricingOut]:
    """Give stored calls the cost that the prices known now give them for their own time.

    It runs in the background, after those asked for before, and does not hold up logging. A cost that the caller of a
    call reported stays. Name a model or a range, or send `all: true`; with `dry_run` nothing is changed.
    """
    return ok(service.create(caller, body), "Repricing begins in a moment")


@router.get("/repricings", summary="List repricings", responses=errors(401, 403, 422, 503))
def list_repricings(
    caller: Admin, service: Service, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Envelope[Page[RepricingOut]]:
    """All repricings, the newest first."""
    before = read_cursor(cursor, RowId)
    found = service.page(before[0] if before else None, limit + 1)
    return ok(cut(found, limit, lambda one: one, lambda one: (one.id,)))


@router.get("/repricings/{repricing_id}", summary="Look at a repricing", responses=errors(401, 403, 404, 422, 503))
def get_repricing(repricing_id: RepricingId, caller: Admin, service: Service) -> Envelope[RepricingOut]:
    """How far a repricing is; ask again while it is `queued` or `running`."""
    return ok(service.get(repricing_id))


@router.delete(
    "/repricings/{repricing_id}", summary="Cancel a repricing", responses=errors(401, 403, 404, 409, 422, 503)
)
def cancel_repricing(repricing_id: RepricingId, caller: Admin, service: Service) -> Envelope[RepricingOut]:
    """Stop a repricing that has not ended. What it has changed by then stays, and the totals with it."""
    return ok(service.cancel(caller, repricing_id), "Repricing cancelled")


@router.get("/unpriced", summary="Models without a price", responses=errors(401, 403, 404, 422, 503))
def get_unpriced(
    caller: Admin,
    service: Unpriced,
    filters: Filtered,
    limit: Annotated[int, Query(ge=1, le=100, description="How many models at most.")] = DEFAULT_LIMIT,
) -> Envelope[UnpricedModels]:
    """The models with calls that have no cost, why, and how many calls and tokens that concerns; most calls first.

    Set a price or map the name, then price the calls anew.
    """
    return ok(service.models(caller, filters, limit))

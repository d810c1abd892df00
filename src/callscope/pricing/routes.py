"""`/llm/models`: the catalogue over HTTP."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query, Request

from callscope.api.docs import errors
from callscope.api.envelope import Envelope, Page, ok
from callscope.api.paging import DEFAULT_LIMIT, Cursor, Limit, cut, read_cursor
from callscope.api.rights import Admin, Viewer
from callscope.pricing.schemas import ModelIn, ModelOut, ModelPatch
from callscope.pricing.service import PricingService

router = APIRouter(prefix="/llm/models", tags=["models"])


async def _service(request: Request) -> PricingService:
    service: PricingService = request.app.state.pricing
    return service


Service = Annotated[PricingService, Depends(_service)]
ModelId = Annotated[int, Path(ge=1, le=2**31 - 1, description="The number that the list shows.", examples=[1])]


@router.get("", summary="List the models", responses=errors(401, 403, 422, 503))
def list_models(
    caller: Viewer,
    service: Service,
    provider: Annotated[str | None, Query(max_length=100, description="Only of this provider.")] = None,
    enabled: Annotated[bool | None, Query(description="Only those that are switched on, or off.")] = None,
    q: Annotated[str | None, Query(max_length=200, description="Only where name or provider contains this.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Envelope[Page[ModelOut]]:
    """The catalogue, by id: the models that calls name, and what they cost now.

    Whoever is limited to projects does not see the models that only other projects have named.
    """
    after = read_cursor(cursor, int)
    models = service.models(
        caller, after=after[0] if after else 0, at_most=limit + 1, provider=provider, enabled=enabled, q=q
    )
    now = datetime.now(UTC)
    return ok(cut(models, limit, lambda model: service.shown(model, now), lambda model: (model.id,)))


@router.post("", status_code=201, summary="Add a model", responses=errors(401, 403, 409, 422, 503))
def create_model(body: ModelIn, caller: Admin, service: Service) -> Envelope[ModelOut]:
    """Add a model, with a flat rate or with prices of your own.

    It is not needed for logging: a call that names a model which the catalogue does not have adds it by itself.
    """
    return ok(service.create(caller, body), "Model added")


@router.patch("/{model_id}", summary="Change a model", responses=errors(401, 403, 404, 409, 422, 503))
def update_model(model_id: ModelId, body: ModelPatch, caller: Admin, service: Service) -> Envelope[ModelOut]:
    """Switch a model on or off, set or remove its flat rate, add prices. Calls made before keep their cost.

    Claude Haiku 4.5 is switched in all its versions, together with the setting `claude_haiku_45_enabled`.
    """
    return ok(service.update(caller, model_id, body), "Model changed")

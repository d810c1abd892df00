"""`/llm/models`: the catalogue over HTTP."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Path, Query, Request

from callscope.api.docs import errors
from callscope.api.envelope import Envelope, Page, ok
from callscope.api.paging import DEFAULT_LIMIT, MAX_ROW_ID, Cursor, Limit, RowId, cut, read_cursor
from callscope.api.rights import Admin, Viewer
from callscope.api.routing import subject
from callscope.pricing.price_schemas import PriceIn
from callscope.pricing.schemas import ModelDetail, ModelIn, ModelOut, ModelPatch
from callscope.pricing.service import PricingService
from callscope.pricing.showing import Shower

router = subject("models", "/llm/models")


async def _service(request: Request) -> PricingService:
    service: PricingService = request.app.state.pricing
    return service


async def _shower(request: Request) -> Shower:
    shower: Shower = request.app.state.shower
    return shower


Service = Annotated[PricingService, Depends(_service)]
Shown = Annotated[Shower, Depends(_shower)]
ModelId = Annotated[int, Path(ge=1, le=MAX_ROW_ID, description="The number that the list shows.", examples=[1])]
PriceId = Annotated[
    int, Path(ge=1, le=MAX_ROW_ID, description="The number that the model shows of an administrator's price.")
]


@router.get("", summary="List the models", responses=errors(401, 403, 422, 503))
def list_models(
    caller: Viewer,
    service: Service,
    shown: Shown,
    provider: Annotated[str | None, Query(max_length=100, description="Only of this provider.")] = None,
    enabled: Annotated[bool | None, Query(description="Only those that are switched on, or off.")] = None,
    q: Annotated[str | None, Query(max_length=200, description="Only where name or provider contains this.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Envelope[Page[ModelOut]]:
    """The catalogue, by id: the models that calls name, and what they cost now.

    Whoever is limited to projects does not see the models that only the calls of other projects have brought in.
    """
    after = read_cursor(cursor, RowId)
    models = service.models(
        caller, after=after[0] if after else 0, at_most=limit + 1, provider=provider, enabled=enabled, q=q
    )
    now = datetime.now(UTC)
    return ok(cut(models, limit, lambda model: shown.in_short(model, now), lambda model: (model.id,)))


@router.get("/{model_id}", summary="One model", responses=errors(401, 403, 404, 422, 503))
def get_model(model_id: ModelId, caller: Viewer, service: Service, shown: Shown) -> Envelope[ModelDetail]:
    """One model with all its prices: those that held, that hold and that will, an administrator's over the price book's."""
    return ok(shown.in_full(service.model(caller, model_id), datetime.now(UTC)))


@router.post("", status_code=201, summary="Add a model", responses=errors(401, 403, 409, 422, 503))
def create_model(body: ModelIn, caller: Admin, service: Service, shown: Shown) -> Envelope[ModelOut]:
    """Add a model, with a flat rate or with prices of your own.

    It is not needed for logging: a call that names a model which the catalogue does not have adds it by itself.
    """
    return ok(shown.in_short(service.create(caller, body), datetime.now(UTC)), "Model added")


@router.patch("/{model_id}", summary="Change a model", responses=errors(401, 403, 404, 409, 422, 503))
def update_model(
    model_id: ModelId, body: ModelPatch, caller: Admin, service: Service, shown: Shown
) -> Envelope[ModelOut]:
    """Switch a model on or off, set or remove its flat rate, add prices. Calls made before keep their cost.

    A model is switched on or off under all its spellings; Claude Haiku 4.5 together with the setting
    `claude_haiku_45_enabled`.
    """
    return ok(shown.in_short(service.update(caller, model_id, body), datetime.now(UTC)), "Model changed")


@router.put("/{model_id}/prices/{price_id}", summary="Correct a price", responses=errors(401, 403, 404, 409, 422, 503))
def correct_price(
    model_id: ModelId, price_id: PriceId, body: PriceIn, caller: Admin, service: Service, shown: Shown
) -> Envelope[ModelDetail]:
    """Put another price in the place of one that was entered wrongly. A new price is set by changing the model.

    Without `valid_from` it holds from when that one did. Calls keep their cost until they are repriced.
    """
    model = service.correct_price(caller, model_id, price_id, body)
    return ok(shown.in_full(model, datetime.now(UTC)), "Price corrected")


@router.delete("/{model_id}/prices/{price_id}", summary="Remove a price", responses=errors(401, 403, 404, 422, 503))
def remove_price(
    model_id: ModelId, price_id: PriceId, caller: Admin, service: Service, shown: Shown
) -> Envelope[ModelDetail]:
    """Remove a price that was entered wrongly; the audit log keeps it. Calls keep their cost until they are repriced."""
    return ok(shown.in_full(service.remove_price(caller, model_id, price_id), datetime.now(UTC)), "Price removed")

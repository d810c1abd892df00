"""HTTP for the figures."""

from typing import Annotated, Literal

from fastapi import Depends, Query, Request

from callscope.api.docs import errors
from callscope.api.envelope import Envelope, ok
from callscope.api.rights import Viewer
from callscope.api.routing import subject
from callscope.metrics import analysis_schemas, schemas
from callscope.metrics.filters import Filtered, InZone, SourcesFiltered, Width
from callscope.metrics.forecast import ForecastService
from callscope.metrics.service import MetricsService
from callscope.metrics.what_if import WhatIfService
from callscope.metrics.why import WhyService

router = subject("metrics", "/metrics")
ERRORS = errors(401, 403, 404, 422, 503)


async def _metrics(request: Request) -> MetricsService:
    service: MetricsService = request.app.state.metrics
    return service


async def _why(request: Request) -> WhyService:
    service: WhyService = request.app.state.why
    return service


async def _forecasts(request: Request) -> ForecastService:
    service: ForecastService = request.app.state.forecasts
    return service


async def _what_if(request: Request) -> WhatIfService:
    service: WhatIfService = request.app.state.what_if
    return service


Forecasts = Annotated[ForecastService, Depends(_forecasts)]
WhatIfs = Annotated[WhatIfService, Depends(_what_if)]
Why = Annotated[WhyService, Depends(_why)]
Metrics = Annotated[MetricsService, Depends(_metrics)]
By = Annotated[Literal["model", "project", "environment"] | None, Query(description="Tell the figures apart by this.")]


OtherModels = Annotated[
    list[str],
    Query(
        min_length=1, max_length=10, description="Compare with these models: a name, `provider/name`, or catalogue id."
    ),
]
CostBy = Annotated[
    Literal["model", "project", "environment", "end_user"] | None, Query(description="Tell the figures apart by this.")
]


@router.get("/summary", summary="The figures of a range", responses=ERRORS)
def get_summary(caller: Viewer, metrics: Metrics, filters: Filtered) -> Envelope[schemas.Summary]:
    """Calls, errors, tokens, cost, latency and ratings of a range, and the same for the range before it."""
    return ok(metrics.summary(metrics.question(caller, filters)))


@router.get("/token-usage", summary="Tokens over time", responses=ERRORS)
def get_token_usage(
    caller: Viewer, metrics: Metrics, filters: Filtered, bucket: Width = None, by: By = None
) -> Envelope[schemas.TokenUsage]:
    """Tokens per minute, hour, day or week of your time zone, and if asked per model, project or environment."""
    return ok(metrics.token_usage(metrics.question(caller, filters, bucket, by)))


@router.get("/latency", summary="Latency", responses=ERRORS)
def get_latency(
    caller: Viewer, metrics: Metrics, filters: Filtered, bucket: Width = None, by: By = None
) -> Envelope[schemas.Latency]:
    """Percentiles of latency and of the time to the first token, over time too, and the distribution.

    Each percentile is within 1 % of the true one.
    """
    return ok(metrics.latency(metrics.question(caller, filters, bucket, by)))


@router.get("/error-rate", summary="Errors", responses=ERRORS)
def get_error_rate(
    caller: Viewer, metrics: Metrics, filters: Filtered, bucket: Width = None, by: By = None
) -> Envelope[schemas.ErrorRate]:
    """Errors and timeouts over time, and by kind of error."""
    return ok(metrics.error_rate(metrics.question(caller, filters, bucket, by)))


@router.get("/cost", summary="Cost", responses=ERRORS)
def get_cost(
    caller: Viewer, metrics: Metrics, filters: Filtered, bucket: Width = None, by: CostBy = None
) -> Envelope[schemas.Cost]:
    """Cost in all, over time, and by model, project, environment and API key.

    `by=end_user` adds the hundred end users that cost most. It needs the right to read calls, and takes longer the more
    end users there are: it is the one figure that is not summed beforehand over time.
    """
    return ok(metrics.cost(metrics.question(caller, filters, bucket, by)))


@router.get("/what-if", summary="What other models would have cost", responses=ERRORS)
def get_what_if(
    caller: Viewer, metrics: Metrics, what_if: WhatIfs, filters: SourcesFiltered, model: OtherModels
) -> Envelope[analysis_schemas.WhatIf]:
    """What the range's tokens would have cost on other models, in all, by the model they went to, and by project.

    `model` names the models to compare with. Which calls are compared is chosen by `source_model` and the other filters,
    of which `provider` is that of the calls, too.
    """
    return ok(what_if.what_if(metrics.question(caller, filters), model))


@router.get("/cost/why", summary="Why the cost changed", responses=ERRORS)
def get_why(caller: Viewer, metrics: Metrics, why: Why, filters: Filtered) -> Envelope[analysis_schemas.WhyCost]:
    """The difference between the cost of a range and that of the range before it, split by what caused it.

    Calls, the mix of models, prompt and completion tokens a call, the share of cached tokens, and prices: the parts add up
    to the difference exactly, and do not depend on an order.
    """
    return ok(why.why(metrics.question(caller, filters)))


@router.get("/cost/forecast", summary="The month's cost at its end", responses=ERRORS)
def get_forecast(
    caller: Viewer, metrics: Metrics, forecasts: Forecasts, filters: InZone
) -> Envelope[analysis_schemas.Forecast]:
    """What the current month of your time zone has cost so far, and will have cost at its end, day by day.

    The answer says how it was worked out, or why nothing can be foretold.
    """
    return ok(forecasts.forecast(metrics.question(caller, filters)))

"""HTTP for the figures."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request

from callscope.api.docs import errors
from callscope.api.envelope import Envelope, ok
from callscope.api.rights import Viewer
from callscope.metrics import schemas
from callscope.metrics.composition import Bucket
from callscope.metrics.filters import Filtered
from callscope.metrics.service import MetricsService

router = APIRouter(prefix="/metrics", tags=["metrics"])
ERRORS = errors(401, 403, 404, 422, 503)


async def _metrics(request: Request) -> MetricsService:
    service: MetricsService = request.app.state.metrics
    return service


Metrics = Annotated[MetricsService, Depends(_metrics)]
Width = Annotated[Bucket | None, Query(description="Width of a point; what fits the range if it is left out.")]
By = Annotated[Literal["model", "project", "environment"] | None, Query(description="Tell the figures apart by this.")]


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
    """Percentiles, their course over time, and the distribution. Each percentile is within 1 % of the true one."""
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

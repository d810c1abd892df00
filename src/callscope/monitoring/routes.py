"""GET /metrics, for Prometheus, and GET /health/details, for the dashboard."""

from typing import Annotated

from anyio import CapacityLimiter, to_thread
from fastapi import Depends, Request
from starlette.responses import Response

from callscope.api.docs import errors
from callscope.api.envelope import Envelope, ok
from callscope.api.errors import Forbidden, Unauthenticated
from callscope.api.health import Check
from callscope.api.local import is_local
from callscope.api.rights import Admin, Caller, Scope, optional_caller
from callscope.api.routing import subject
from callscope.config import Config
from callscope.db.engine import Database
from callscope.monitoring.details import DetailsOut, details
from callscope.monitoring.service import MonitoringService
from callscope.retention.purger import Purger

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

EXAMPLE = "# TYPE callscope_queue_rows gauge\ncallscope_queue_rows 0\n"

router = subject("health")


async def _scraper(request: Request) -> Caller | None:
    """A local request; else an admin, or a key with scope metrics, neither limited to projects: the sums are of all."""
    caller = await optional_caller(request)
    config: Config = request.app.state.config
    if caller is None:
        if is_local(request, config):
            return None
        raise Unauthenticated
    if caller.project_ids is None and (caller.is_admin or Scope.METRICS in caller.scopes):
        return caller
    raise Forbidden("This needs an API key with scope metrics for all projects, or an admin's login.")


@router.get(
    "/metrics",
    summary="The server's own health, for Prometheus",
    response_class=Response,
    responses={
        200: {
            "description": "Text, format version 0.0.4.",
            "content": {"text/plain": {"schema": {"type": "string"}, "example": EXAMPLE}},
        },
        **errors(401, 403),
    },
)
async def show_metrics(request: Request, _caller: Annotated[Caller | None, Depends(_scraper)]) -> Response:
    """The server's own health as text for Prometheus: docs/operations.md lists what is in it."""
    monitoring: MonitoringService = request.app.state.monitoring
    limiter: CapacityLimiter = request.app.state.probes
    return Response(await to_thread.run_sync(monitoring.text, limiter=limiter), media_type=CONTENT_TYPE)


@router.get("/health/details", summary="The state of the server", responses=errors(401, 403))
async def show_details(request: Request, caller: Admin) -> Envelope[DetailsOut]:
    """Versions, database, disk, queue and what is not well. For admins; figures over time are Prometheus' business."""
    monitoring: MonitoringService = request.app.state.monitoring
    db: Database = request.app.state.db
    readiness: dict[str, Check] = request.app.state.readiness
    purger: Purger = request.app.state.purger
    limiter: CapacityLimiter = request.app.state.probes

    def look() -> DetailsOut:
        troubles = {name: check() for name, check in readiness.items()}
        return details(monitoring.values(), db, troubles, purger.clock.doubt)

    return ok(await to_thread.run_sync(look, limiter=limiter))

"""HTTP for ratings."""

from typing import Annotated

from fastapi import Depends, Query, Request
from pydantic import Field

from callscope.api.docs import errors
from callscope.api.envelope import Envelope, Page, ok
from callscope.api.paging import DEFAULT_LIMIT, Cursor, Limit, RowId, cut, read_cursor
from callscope.api.rights import Admin, Ingester, Viewer
from callscope.api.routing import subject
from callscope.feedback.schemas import FeedbackIn, FeedbackOut, FeedbackReceipt, FeedbackSummary
from callscope.feedback.service import FeedbackService
from callscope.metrics.filters import Filtered, Width

router = subject("feedback", "/feedback")


async def _feedback(request: Request) -> FeedbackService:
    service: FeedbackService = request.app.state.feedback
    return service


Service = Annotated[FeedbackService, Depends(_feedback)]


@router.post("", status_code=201, summary="Rate a call", responses=errors(401, 403, 404, 422, 429, 503))
async def give_feedback(body: FeedbackIn, caller: Ingester, feedback: Service) -> Envelope[FeedbackReceipt]:
    """Rate a call from 1 to 5. One rating per author and call: a second one replaces the first."""
    return ok(await feedback.give(caller, body), "Feedback recorded")


@router.get("", summary="List ratings", responses=errors(401, 403, 404, 422))
def list_feedback(
    caller: Admin,
    feedback: Service,
    filters: Filtered,
    rating: Annotated[
        list[Annotated[int, Field(ge=1, le=5)]] | None, Query(max_length=5, description="Only these ratings, 1 to 5.")
    ] = None,
    llm_call_id: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="Only of this call.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Envelope[Page[FeedbackOut]]:
    """Ratings with their comments, newest first."""
    after = read_cursor(cursor, int, RowId)
    rows = feedback.page(caller, filters, rating or (), llm_call_id, after, limit)
    return ok(cut(rows, limit, feedback.shown, feedback.key))


@router.get("/summary", summary="Average and distribution", responses=errors(401, 403, 404, 422))
def get_feedback_summary(
    caller: Viewer, feedback: Service, filters: Filtered, bucket: Width = None
) -> Envelope[FeedbackSummary]:
    """How the calls of a range were rated: in all, over time, and per model."""
    return ok(feedback.summary(caller, filters, bucket))

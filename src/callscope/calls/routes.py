"""HTTP for reading calls: list them, look at one."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query, Request

from callscope.api.docs import errors
from callscope.api.envelope import Envelope, ok
from callscope.api.errors import invalid
from callscope.api.paging import DEFAULT_LIMIT, Cursor, Limit, read_cursor, write_cursor
from callscope.api.rights import CallReader
from callscope.calls.schemas import CallOut, CallPageOut
from callscope.calls.service import CallService
from callscope.db.types import dollars_to_nanos, from_micros, to_micros
from callscope.metrics.filters import Filtered, SelectorDep
from callscope.store.queries import CallFilter, Position, Sort

router = APIRouter(prefix="/llm", tags=["calls"])


async def _calls(request: Request) -> CallService:
    service: CallService = request.app.state.calls
    return service


Calls = Annotated[CallService, Depends(_calls)]
CallId = Annotated[int, Path(ge=1, le=2**63 - 1, description="As log-call answered it.", examples=[17])]


@router.get("/calls", summary="List calls", responses=errors(401, 403, 404, 422))
def list_calls(
    caller: CallReader,
    calls: Calls,
    filters: Filtered,
    selector: SelectorDep,
    end_user: Annotated[str | None, Query(description="Who used the application.")] = None,
    session_id: Annotated[str | None, Query(description="Of this conversation.")] = None,
    trace_id: Annotated[str | None, Query(description="Of this trace.")] = None,
    tag: Annotated[str | None, Query(description="Calls that have this tag.")] = None,
    min_latency_ms: Annotated[float | None, Query(ge=0, description="Milliseconds.")] = None,
    max_latency_ms: Annotated[float | None, Query(ge=0, description="Milliseconds.")] = None,
    min_cost: Annotated[float | None, Query(ge=0, le=1_000_000, description="US dollars.")] = None,
    max_cost: Annotated[float | None, Query(ge=0, le=1_000_000, description="US dollars.")] = None,
    min_tokens: Annotated[int | None, Query(ge=0, le=2**53, description="Prompt and completion together.")] = None,
    max_tokens: Annotated[int | None, Query(ge=0, le=2**53, description="Prompt and completion together.")] = None,
    violation: Annotated[bool | None, Query(description="Whether a policy forbade it.")] = None,
    cache_hit: Annotated[bool | None, Query(description="Whether it was answered without the provider.")] = None,
    unpriced: Annotated[bool | None, Query(description="Whether no price is known for it.")] = None,
    sort: Annotated[
        Literal["time", "latency", "cost", "tokens"], Query(description="The newest, or the largest, first.")
    ] = "time",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Envelope[CallPageOut]:
    """Calls, newest first. `from`, `to` and the filters narrow the list; without a range it goes back to the first call.

    Time, project, model, errors, end user, session and trace are looked up in an index. Any other filter is checked
    from the newest call on for a bounded time: then `scanned_to` says how far it came, and the cursor goes on.
    """
    start = filters.earliest(filters.end or datetime.now(UTC))
    if start is not None and filters.end is not None and start >= filters.end:
        raise invalid("from", "must be before to")
    wanted = CallFilter(
        selection=selector.selection(caller, filters.names),
        start=None if start is None else to_micros(start),
        end=None if filters.end is None else to_micros(filters.end),
        end_user=end_user,
        session_id=session_id,
        trace_id=trace_id,
        tag=tag,
        min_latency_ms=min_latency_ms,
        max_latency_ms=max_latency_ms,
        min_cost=_nanos(min_cost),
        max_cost=_nanos(max_cost),
        min_tokens=min_tokens,
        max_tokens=max_tokens,
        violation=violation,
        cache_hit=cache_hit,
        unpriced=unpriced,
        sort=Sort(sort),
    )
    place = read_cursor(cursor, int, int)
    found, items = calls.page(wanted, None if place is None else Position(*place), limit)
    page = CallPageOut(
        items=items,
        next_cursor=None if found.next is None else write_cursor(*found.next),
        scanned_to=None if found.scanned_to is None else from_micros(found.scanned_to),
        sorted_among=found.sorted_among,
    )
    return ok(page)


@router.get("/calls/{call_id}", summary="One call", responses=errors(401, 403, 404, 422))
def get_call(call_id: CallId, caller: CallReader, calls: Calls) -> Envelope[CallOut]:
    """One call with all that is known of it. A call that proved to be another one is answered with that other one."""
    return ok(calls.get(caller, call_id))


def _nanos(amount: float | None) -> int | None:
    return None if amount is None else dollars_to_nanos(amount)

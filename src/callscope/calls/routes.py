"""HTTP for calls: log one or many, list them, look at one."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Header, Path, Query, Request, Response
from fastapi.responses import JSONResponse

from callscope.api.docs import errors
from callscope.api.envelope import Envelope, ok
from callscope.api.errors import invalid
from callscope.api.paging import DEFAULT_LIMIT, Cursor, Limit, read_cursor, write_cursor
from callscope.api.rights import CallReader, Ingester
from callscope.calls.presenting import dollars, price_source
from callscope.calls.schemas import EXAMPLE, MAX_BATCH, CallIn, CallOut, CallPageOut, CallReceipt
from callscope.calls.service import CallService
from callscope.db.types import dollars_to_nanos, from_micros, to_micros
from callscope.ingest.changes import Receipt
from callscope.metrics.filters import Filtered, SelectorDep
from callscope.store.queries import CallFilter, Position, Sort
from callscope.store.sql.calls import SORTED_AMONG

router = APIRouter(prefix="/llm", tags=["calls"])


async def _calls(request: Request) -> CallService:
    service: CallService = request.app.state.calls
    return service


Calls = Annotated[CallService, Depends(_calls)]
CallId = Annotated[int, Path(ge=1, le=2**63 - 1)]
IdempotencyKey = Annotated[
    str | None,
    Header(min_length=1, max_length=255, description="Makes a retry harmless: the same key and body are counted once."),
]


@router.post(
    "/log-call",
    status_code=201,
    summary="Log one call",
    response_model=Envelope[CallReceipt],
    responses=errors(401, 403, 409, 413, 422, 429, 503),
)
async def log_call(
    body: CallIn, request: Request, caller: Ingester, calls: Calls, idempotency_key: IdempotencyKey = None
) -> Response:
    """Record one LLM call. The receipt is sent once the call is on disk: what was answered with 201 is not lost."""
    receipts = await calls.log(caller, [body], await request.body(), idempotency_key)
    return _created(_receipt(receipts[0]), "Call recorded")


@router.post(
    "/log-calls",
    status_code=201,
    summary="Log many calls",
    response_model=Envelope[list[CallReceipt]],
    responses=errors(401, 403, 409, 413, 422, 429, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "description": f"Up to {MAX_BATCH} calls.",
            "content": {
                "application/json": {
                    "schema": {"type": "array", "items": {"$ref": "#/components/schemas/CallIn"}, "maxItems": MAX_BATCH},
                    "example": [EXAMPLE],
                },
                "application/x-ndjson": {"schema": {"type": "string"}},
            },
        }
    },
)
async def log_calls(
    request: Request, caller: Ingester, calls: Calls, idempotency_key: IdempotencyKey = None
) -> Response:
    """Record up to 1,000 calls, as a JSON array or as NDJSON: all of them, or none and the reason for each bad one."""
    body = await request.body()
    kind = request.headers.get("content-type", "")
    batch = await calls.parse_batch(body, lines="ndjson" in kind or "jsonl" in kind)
    receipts = await calls.log(caller, batch, body, idempotency_key)
    data = [_receipt(receipt) for receipt in receipts]
    return _created(data, f"{len(receipts)} calls recorded")


@router.get("/calls", summary="List calls", responses=errors(401, 403, 404, 422))
def list_calls(
    caller: CallReader,
    calls: Calls,
    filters: Filtered,
    selector: SelectorDep,
    end_user: str | None = None,
    session_id: str | None = None,
    trace_id: str | None = None,
    tag: str | None = None,
    min_latency_ms: Annotated[float | None, Query(ge=0)] = None,
    max_latency_ms: Annotated[float | None, Query(ge=0)] = None,
    min_cost: Annotated[float | None, Query(ge=0, le=1_000_000, description="US dollars.")] = None,
    max_cost: Annotated[float | None, Query(ge=0, le=1_000_000, description="US dollars.")] = None,
    min_tokens: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    max_tokens: Annotated[int | None, Query(ge=0, le=2**53)] = None,
    violation: Annotated[bool | None, Query(description="Whether a policy forbade it.")] = None,
    cache_hit: bool | None = None,
    unpriced: Annotated[bool | None, Query(description="Whether no price is known for it.")] = None,
    sort: Literal["time", "latency", "cost", "tokens"] = "time",
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
        sorted_among=None if sort == "time" else SORTED_AMONG,
    )
    return ok(page)


@router.get("/calls/{call_id}", summary="One call", responses=errors(401, 403, 404, 422))
def get_call(call_id: CallId, caller: CallReader, calls: Calls) -> Envelope[CallOut]:
    """One call with all that is known of it. A call that proved to be another one is answered with that other one."""
    return ok(calls.get(caller, call_id))


def _receipt(receipt: Receipt) -> dict[str, object]:
    return {
        "id": receipt.call_id,
        "total_tokens": receipt.total_tokens,
        "estimated_cost": dollars(receipt.estimated_cost),
        "price_source": price_source(receipt.price_source),
    }


def _created(data: object, message: str) -> Response:
    """The envelope, written without a detour over models: of a batch's time that detour would take a fifth."""
    return JSONResponse({"data": data, "status": "success", "message": message}, 201)


def _nanos(amount: float | None) -> int | None:
    return None if amount is None else dollars_to_nanos(amount)

"""HTTP for logging calls, one or many.

These two routes take most requests of a server, and half of such a request's time would go into FastAPI's reading of
parameters and bodies. So they state their right as every route does, and read the rest themselves; what they read is
written down for OpenAPI beside them.
"""

import json
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from callscope.api.docs import errors
from callscope.api.envelope import Envelope
from callscope.api.errors import invalid
from callscope.api.rights import Ingester
from callscope.calls.presenting import dollars, price_source
from callscope.calls.schemas import EXAMPLE, MAX_BATCH, CallIn, CallReceipt
from callscope.calls.service import CallService
from callscope.ingest.changes import Receipt

router = APIRouter(prefix="/llm", tags=["calls"])

MAX_KEY_CHARS = 255
ERRORS = errors(401, 403, 409, 413, 422, 429, 503)
CALL = CallIn.model_json_schema()


def _reads(content: dict[str, Any]) -> dict[str, Any]:
    """What OpenAPI says of the request."""
    header = {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY_CHARS},
        "description": "Makes a retry harmless: the same key and body are counted once within 24 hours.",
    }
    return {"parameters": [header], "requestBody": {"required": True, "content": content}}


ONE = _reads({"application/json": {"schema": CALL, "example": EXAMPLE}})
MANY = _reads(
    {
        "application/json": {
            "schema": {"type": "array", "items": CALL, "minItems": 1, "maxItems": MAX_BATCH},
            "example": [EXAMPLE],
        },
        "application/x-ndjson": {
            "schema": {"type": "string", "description": "One call a line."},
            "example": f"{json.dumps(EXAMPLE)}\n",
        },
    }
)


@router.post(
    "/log-call",
    status_code=201,
    summary="Log one call",
    response_model=Envelope[CallReceipt],
    responses=ERRORS,
    openapi_extra=ONE,
)
async def log_call(request: Request, caller: Ingester) -> Response:
    """Record one LLM call. The receipt is sent once the call is on disk: what was answered with 201 is not lost."""
    calls: CallService = request.app.state.calls
    body = await request.body()
    receipts = await calls.log(caller, [calls.parse(body)], body, _key(request))
    return _created(_shown(receipts[0]), "Call recorded")


@router.post(
    "/log-calls",
    status_code=201,
    summary="Log many calls",
    response_model=Envelope[list[CallReceipt]],
    responses=ERRORS,
    openapi_extra=MANY,
)
async def log_calls(request: Request, caller: Ingester) -> Response:
    """Record up to 1,000 calls, as a JSON array or as NDJSON: all of them, or none and the reason for each bad one."""
    calls: CallService = request.app.state.calls
    body = await request.body()
    kind = request.headers.get("content-type", "")
    batch = await calls.parse_batch(body, lines="ndjson" in kind or "jsonl" in kind)
    receipts = await calls.log(caller, batch, body, _key(request))
    return _created([_shown(receipt) for receipt in receipts], f"{len(receipts)} calls recorded")


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not 1 <= len(key) <= MAX_KEY_CHARS:
        raise invalid("Idempotency-Key", f"must have 1 to {MAX_KEY_CHARS} characters")
    return key


def _shown(receipt: Receipt) -> dict[str, object]:
    return {
        "id": receipt.call_id,
        "total_tokens": receipt.total_tokens,
        "estimated_cost": dollars(receipt.estimated_cost),
        "price_source": price_source(receipt.price_source),
    }


def _created(data: object, message: str) -> Response:
    return JSONResponse({"data": data, "status": "success", "message": message}, 201)

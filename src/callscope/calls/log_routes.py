"""HTTP for logging calls, one or many.

These two routes take most requests of a server, and most of such a request's time would go into FastAPI's reading of
parameters and bodies. So they read what they need themselves, and what they read is written down for OpenAPI beside
them; and `shortcuts` gives the same two functions as plain routes, which are tried first.
"""

import json
from typing import Any

from fastapi import Request, Response
from fastapi.responses import JSONResponse
from starlette.routing import Match, Route
from starlette.types import Scope

from callscope.api import parameters
from callscope.api.docs import errors
from callscope.api.envelope import Envelope
from callscope.api.errors import invalid
from callscope.api.rights import Ingester, ingester
from callscope.api.routing import subject
from callscope.calls.presenting import dollars, price_source
from callscope.calls.schemas import EXAMPLE, MAX_BATCH, CallIn, CallReceipt
from callscope.calls.service import CallService
from callscope.ingest.changes import Receipt

router = subject("calls", "/llm")

MAX_KEY_CHARS = 255
LARGE_BODIES = ("/llm/log-call", "/llm/log-calls")
"""The paths here that take bodies as large as the server takes: a text may be longer than what is kept of it."""
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
    calls.check_room()
    receipt = await calls.log(caller, await request.body(), _key(request))
    return _created(_shown(receipt), "Call recorded")


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
    calls.check_room()
    kind = request.headers.get("content-type", "")
    lines = "ndjson" in kind or "jsonl" in kind
    receipts = await calls.log_batch(caller, await request.body(), _key(request), lines=lines)
    return _created([_shown(receipt) for receipt in receipts], f"{len(receipts)} calls recorded")


class Shortcut(Route):
    """A plain route that tells the scope which one it is, as FastAPI's do: the request log names it."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Whether this route answers, and what the scope is told then."""
        match, child = super().matches(scope)
        return match, {**child, "route": self}


def shortcuts() -> list[Route]:
    """The same routes without FastAPI's part in them: a third less time for each request."""

    async def one(request: Request) -> Response:
        parameters.none_known(request)
        return await log_call(request, await ingester(request))

    async def many(request: Request) -> Response:
        parameters.none_known(request)
        return await log_calls(request, await ingester(request))

    return [
        Shortcut(f"{router.prefix}/log-call", one, methods=["POST"]),
        Shortcut(f"{router.prefix}/log-calls", many, methods=["POST"]),
    ]


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

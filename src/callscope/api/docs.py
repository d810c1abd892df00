"""What every route's documentation shares: the error answers.

A route names the errors that it can answer:

    @router.get("/users", responses=errors(401, 403))

and an open route says so with `openapi_extra=PUBLIC`.
"""

from typing import Any

from callscope.api.envelope import ErrorBody

PUBLIC: dict[str, Any] = {"security": []}
"""For `openapi_extra` of a route that needs no login."""

_ERRORS: dict[int, tuple[str, str]] = {
    400: ("The request cannot be read.", "The body is not valid gzip."),
    401: ("Nobody is logged in, or the login or key does not hold.", "Log in first, or send an API key."),
    403: ("The caller may not do this, or not in this project.", "Only an admin may do this."),
    404: ("There is no such thing.", "There is no user 17."),
    408: ("The body did not come in time.", "The body did not come in time. Send it again, or in smaller parts."),
    409: ("It cannot be done in the present state.", "There is a user with this email already."),
    410: ("It is no longer there.", "This link has been used."),
    413: ("The body is too large.", "The body is larger than 33554432 bytes. Send it in smaller parts."),
    415: (
        "The body is packed in a way that is not known here.",
        "The body's Content-Encoding is not known here; send gzip, or nothing packed.",
    ),
    422: (
        "The input is not valid; `errors` names the fields.",
        "latency_ms: must be at least 0",
    ),
    429: (
        "Too much for now; `Retry-After` says when to come back.",
        "Too many failed logins. Try again in 60 seconds.",
    ),
    500: ("An unexpected error; `request_id` finds it in the log.", "Something went wrong here."),
    501: ("This server has not what it needs for that.", "This server cannot write Parquet."),
    503: (
        "The database is away or full; nothing was stored, unless it says otherwise.",
        "The database cannot be reached just now.",
    ),
}


def errors(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route that can answer with these statuses, each with its description and an example."""
    return {status: _answer(status) for status in statuses}


def _answer(status: int) -> dict[str, Any]:
    description, detail = _ERRORS[status]
    example: dict[str, Any] = {"detail": detail, "status": status}
    if status == 422:
        field, _, message = detail.partition(": ")
        example["errors"] = [{"field": field, "message": message}]
    answer: dict[str, Any] = {
        "model": ErrorBody,
        "description": description,
        "content": {"application/json": {"example": example}},
    }
    if status == 429:
        answer["headers"] = {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}}
    return answer


def errors_as_json(status: int) -> dict[str, Any]:
    """The same answer as it stands in the OpenAPI document."""
    answer = _answer(status)
    del answer["model"]
    answer["content"]["application/json"]["schema"] = {"$ref": "#/components/schemas/ErrorBody"}
    return answer

"""Errors that know their status and their sentence, and the one place where errors become HTTP.

A subject raises its own subclass of `ApiError`; nothing else needs to know about status codes.
"""

import json
from collections.abc import Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from callscope.api.envelope import ErrorBody, FieldError
from callscope.db.engine import DatabaseUnavailable
from callscope.wording import plain_message

MAX_ERRORS = 100
"""So many field errors are in one answer; its sentence says how many more there are."""

log = structlog.get_logger(__name__)


class ApiError(Exception):
    """An answer other than success: `status`, and the sentence that the user reads."""

    status = 400

    def __init__(
        self, detail: str, *, errors: list[FieldError] | None = None, headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors
        self.headers = headers


class Unauthenticated(ApiError):
    """No login or key came with the request, or one that does not hold."""

    status = 401

    def __init__(self, detail: str = "Log in first, or send an API key as `Authorization: Bearer cs_…`.") -> None:
        super().__init__(detail, headers={"WWW-Authenticate": "Bearer"})


class Forbidden(ApiError):
    """The caller is known, and may not do this."""

    status = 403


class NotFound(ApiError):
    """There is no such thing, or the caller may not know of it."""

    status = 404


class Conflict(ApiError):
    """It cannot be done in the present state."""

    status = 409


class Invalid(ApiError):
    """The input cannot be used; `errors` names the fields, the first hundred of them."""

    status = 422

    def __init__(self, *errors: FieldError) -> None:
        super().__init__(summarize(errors), errors=list(errors[:MAX_ERRORS]))


class TooMany(ApiError):
    """Refused for now: come back in `retry_after` seconds."""

    status = 429

    def __init__(self, detail: str, retry_after: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


class Unavailable(ApiError):
    """The database is away or full; nothing was stored. Come back in `retry_after` seconds."""

    status = 503

    def __init__(self, detail: str, retry_after: int = 5) -> None:
        super().__init__(detail, headers={"Retry-After": str(retry_after)})


def invalid(field: str, message: str) -> Invalid:
    """An `Invalid` about one field."""
    return Invalid(FieldError(field=field, message=message))


def summarize(errors: Sequence[FieldError]) -> str:
    """One sentence for a list of field errors."""
    first = errors[0]
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    return f"{first.field}: {first.message}{more}"


def error_response(
    status: int,
    detail: str,
    *,
    errors: list[FieldError] | None = None,
    headers: dict[str, str] | None = None,
    request_id: str | None = None,
) -> JSONResponse:
    """The error shape as a response."""
    body = ErrorBody(detail=detail, status=status, errors=errors, request_id=request_id)
    return JSONResponse(body.model_dump(exclude_none=True), status, headers=headers)


def field_errors(raw: Any) -> list[FieldError]:
    """Pydantic's errors in this API's words; what was sent is never repeated, since it may be a secret."""
    found = []
    for error in raw:
        path = [str(part) for part in error["loc"] if part not in {"body", "query", "path", "header"}]
        message = plain_message(error)
        if error["type"] == "json_invalid":  # its place is a position in the text
            path = []
        elif error["type"] == "model_attributes_type" and not path:
            message += ", sent with the header Content-Type: application/json"
        found.append(FieldError(field=".".join(path) or "body", message=message))
    return found or [FieldError(field="body", message="is not valid")]


def install(app: FastAPI) -> None:
    """Make every failure of `app` answer in the error shape."""

    @app.exception_handler(ApiError)
    async def _api_error(_request: Request, error: ApiError) -> JSONResponse:
        return error_response(error.status, error.detail, errors=error.errors, headers=error.headers)

    @app.exception_handler(RequestValidationError)
    async def _validation(_request: Request, error: RequestValidationError) -> JSONResponse:
        found = Invalid(*field_errors(error.errors()))
        return error_response(found.status, found.detail, errors=found.errors)

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        detail = {
            404: f"There is nothing at {request.url.path}. The routes are listed at /docs.",
            405: f"{request.method} is not possible at {request.url.path}.",
        }.get(error.status_code, str(error.detail))
        return error_response(error.status_code, detail, headers=dict(error.headers or {}))

    @app.exception_handler(DatabaseUnavailable)
    async def _database(_request: Request, error: DatabaseUnavailable) -> JSONResponse:
        log.error("database unavailable", reason=str(error))
        away = Unavailable("The database cannot be reached or written just now; nothing was stored. Try again shortly.")
        return error_response(away.status, away.detail, headers=away.headers)

    @app.exception_handler(json.JSONDecodeError)
    async def _json(_request: Request, error: json.JSONDecodeError) -> JSONResponse:
        return error_response(422, f"The body is not JSON: {error.msg} at character {error.pos}.")

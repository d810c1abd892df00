"""Reading a body that is JSON or, as OAuth2 clients and the browser's own forms send it, a form."""

import json
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError

from callscope.accounts.schemas import LoginIn, SetupIn
from callscope.api.errors import invalid

M = TypeVar("M", bound=BaseModel)

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def is_form(request: Request) -> bool:
    """Whether the body is a form."""
    return _content_type(request) == FORM


async def login_body(request: Request) -> LoginIn:
    """A login as JSON, or as the OAuth2 password form, whose `username` is the email."""
    if not is_form(request):
        return _checked(LoginIn, await _json(request))
    form = await _form(request, "username")
    return _checked(LoginIn, {"email": form.get("username"), "password": form.get("password")})


async def setup_body(request: Request) -> SetupIn:
    """The first admin, as JSON or as the page's form."""
    return _checked(SetupIn, await _form(request, "token") if is_form(request) else await _json(request))


def json_or_form(model: type[BaseModel], *form_fields: str) -> dict[str, Any]:
    """The `openapi_extra` of a route that takes either."""
    fields = {
        name: {"type": "string", "format": "password"} if name == "password" else {"type": "string"}
        for name in form_fields
    }
    schema = model.model_json_schema()
    examples = schema.pop("examples")
    return {
        "requestBody": {
            "required": True,
            "content": {
                JSON: {"schema": schema, "example": examples[0]},
                FORM: {"schema": {"type": "object", "required": list(form_fields), "properties": fields}},
            },
        }
    }


async def _json(request: Request) -> object:
    # A page from elsewhere can send other types without asking the server first, JSON it can't.
    if _content_type(request) != JSON:
        raise invalid("body", f"must be {JSON}, and say so as its Content-Type, or {FORM}")
    try:
        return json.loads(await _text(request))
    except json.JSONDecodeError:
        raise
    except (ValueError, RecursionError):  # a number of thousands of digits, lists in lists without end
        raise invalid("body", "is not JSON that can be read") from None


async def _form(request: Request, first: str) -> dict[str, str]:
    """The fields of a form, which has at least the field `first`."""
    try:
        fields = dict(parse_qsl(await _text(request), keep_blank_values=True, max_num_fields=20))
    except ValueError as error:
        raise invalid("body", "is not a form that can be read") from error
    if first not in fields:  # as curl sends JSON, unless it is told otherwise
        raise invalid("body", f"is a form without {first}; for JSON, send the header Content-Type: {JSON}")
    return fields


async def _text(request: Request) -> str:
    try:
        return (await request.body()).decode()
    except UnicodeDecodeError:
        raise invalid("body", "is not UTF-8") from None


def _content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _checked(model: type[M], value: object) -> M:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise RequestValidationError([{**item, "loc": ("body", *item["loc"])} for item in error.errors()]) from error

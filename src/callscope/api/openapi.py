"""/openapi.json as a typed client wants it: what FastAPI generates, with the rest of the truth added.

Names of operations and schemas that read well in generated code, every field of an answer marked as always there, the
bodies that routes read by themselves as schemas of their own, and the ways to log in that /docs offers.
"""

import gzip
from collections.abc import Iterator
from functools import cache
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.responses import Response

from callscope.api.docs import errors_as_json

ADDRESS = "/openapi.json"
Json = dict[str, Any]
SCHEMAS = "#/components/schemas/"
OF_A_BODY = (400, 408, 413, 415, 429)
"""What the reading of any body can answer, whatever the route."""
LOGINS: Json = {
    "login": {
        "type": "oauth2",
        "description": "Email (as username) and password of a user.",
        "flows": {"password": {"tokenUrl": "/auth/login", "scopes": {}}},
    },
    "api_key": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, `cs_…`, or the access token of a login.",
    },
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "callscope_session",
        "description": "The dashboard's session; set by a login with `cookie: true`.",
    },
}


def operation_id(route: APIRoute) -> str:
    """The name of a route's function; a generated client's method is called so."""
    return route.name


def install(app: FastAPI) -> None:
    """Complete the OpenAPI document of `app`, which was made with `openapi_url=None`, and serve it."""
    generate = app.openapi
    complete: Json | None = None

    def openapi() -> Json:
        nonlocal complete
        if complete is None:
            complete = _completed(generate())
        return complete

    app.openapi = openapi  # type: ignore[method-assign]  # FastAPI's documented way to extend its document

    # Written and packed once: that takes some 14 ms, in which nobody else is answered, and anybody may ask for it.
    @cache
    def written() -> bytes:
        return bytes(JSONResponse(app.openapi()).body)

    @cache
    def packed() -> bytes:
        return gzip.compress(written(), mtime=0)

    async def document(request: Request) -> Response:
        headers = {"Vary": "Accept-Encoding"}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(written(), headers=headers, media_type=JSONResponse.media_type)
        headers["Content-Encoding"] = "gzip"
        return Response(packed(), headers=headers, media_type=JSONResponse.media_type)

    app.add_route(ADDRESS, document, include_in_schema=False)


def _completed(document: Json) -> Json:
    schemas: Json = document.setdefault("components", {}).setdefault("schemas", {})
    document["components"]["securitySchemes"] = LOGINS
    document["security"] = [{name: []} for name in LOGINS]
    answered: set[str] = set()
    for operation in (operation for path in document["paths"].values() for operation in path.values()):
        for parameter in operation.get("parameters", ()):
            parameter["schema"] = _without_null(parameter["schema"])
        body = operation.get("requestBody")
        if body is not None:
            _name_bodies(body, schemas)
            for status in OF_A_BODY:
                operation["responses"].setdefault(str(status), errors_as_json(status))
        if operation.get("security") != []:  # an API key may have a limit, whatever it asks for
            operation["responses"].setdefault("429", errors_as_json(429))
        operation["responses"] = dict(sorted(operation["responses"].items()))
        for status, answer in operation["responses"].items():
            if status.startswith("2"):
                answered |= _reached(answer, schemas)
    for name in answered:
        if "properties" in schemas[name]:  # an answer has all its fields, also those with a default
            schemas[name]["required"] = list(schemas[name]["properties"])
    _rename(document, {name: schema["title"] for name, schema in schemas.items() if "_" in name})
    return document


def _without_null(schema: Json) -> Json:
    """The schema of a parameter that may be left out: an address or a header can't hold null."""
    kinds = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    return (
        {**kinds[0], **{word: said for word, said in schema.items() if word != "anyOf"}} if len(kinds) == 1 else schema
    )


def _rename(document: Json, names: dict[str, str]) -> None:
    """Give the schemas of generic models, `Envelope_UserOut_`, the names that read well: `UserOutAnswer`."""
    schemas = document["components"]["schemas"]
    document["components"]["schemas"] = {names.get(name, name): schema for name, schema in schemas.items()}
    for node in _references(document):
        node["$ref"] = SCHEMAS + names.get(_name(node), _name(node))


def _name_bodies(body: Json, schemas: Json) -> None:
    """Move the schemas of bodies that a route reads by itself to where FastAPI has those of the others."""
    for content in body["content"].values():
        schema = content["schema"]
        if schema.get("type") == "array":
            schema["items"] = _named(schema["items"], schemas)
        else:
            content["schema"] = _named(schema, schemas)


def _named(schema: Json, schemas: Json) -> Json:
    if "title" not in schema or "properties" not in schema:
        return schema
    schemas.setdefault(schema["title"], schema)
    return {"$ref": SCHEMAS + schema["title"]}


def _reached(part: Json, schemas: Json) -> set[str]:
    """The names of the schemas that a part of the document refers to, directly or through others."""
    found: set[str] = set()
    waiting = [_name(node) for node in _references(part)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += (_name(node) for node in _references(schemas[name]))
    return found


def _name(node: Json) -> str:
    """The name of the schema that is referred to."""
    reference: str = node["$ref"]
    return reference.removeprefix(SCHEMAS)


def _references(part: object) -> Iterator[Json]:
    """Every reference to a schema in a part of the document."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part
        for value in part.values():
            yield from _references(value)
    elif isinstance(part, list):
        for value in part:
            yield from _references(value)

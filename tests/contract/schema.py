"""Checks a value against a schema of /openapi.json: as much of JSON Schema as is in there, and the rest is an error."""

import re
from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]
SCHEMAS = "#/components/schemas/"
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
SAID_ELSEWHERE = {"title", "description", "default", "examples", "discriminator", "example"}
"""Words that restrict nothing."""
TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,), "array": (list,), "string": (str,), "integer": (int,), "number": (int, float),
    "boolean": (bool,), "null": (type(None),),
}  # fmt: skip


def problems(value: object, schema: Json, document: Json, where: str = "$") -> Iterator[str]:
    """What of the value is not as the schema says; a field that the schema does not name is a problem too."""
    if "$ref" in schema:
        yield from problems(value, resolved(schema, document), document, where)
        return
    unknown = set(schema) - SAID_ELSEWHERE - set(_CHECKS)
    if unknown:
        yield f"{where}: the schema has {sorted(unknown)}, which this does not know"
    for word, check in _CHECKS.items():
        if word in schema:
            yield from check(value, schema, document, where)


def resolved(schema: Json, document: Json) -> Json:
    """The schema that a reference leads to."""
    found: Json = document["components"]["schemas"][schema["$ref"].removeprefix(SCHEMAS)]
    return found


def _type(value: object, schema: Json, _document: Json, where: str) -> Iterator[str]:
    expected = TYPES[schema["type"]]
    if not isinstance(value, expected) or (isinstance(value, bool) and bool not in expected):
        yield f"{where}: {value!r} is no {schema['type']}"


def _object(value: object, schema: Json, document: Json, where: str) -> Iterator[str]:
    if not isinstance(value, dict):
        return
    named, others = schema.get("properties", {}), schema.get("additionalProperties", False)
    yield from (f"{where}: {name} is missing" for name in schema.get("required", []) if name not in value)
    for name, part in value.items():
        if name in named:
            yield from problems(part, named[name], document, f"{where}.{name}")
        elif others is False:
            yield f"{where}: {name} is not in the schema"
        elif isinstance(others, dict):
            yield from problems(part, others, document, f"{where}.{name}")


def _names(value: object, schema: Json, document: Json, where: str) -> Iterator[str]:
    for name in value if isinstance(value, dict) else ():
        yield from problems(name, schema["propertyNames"], document, f"{where}.{name}")


def _items(value: object, schema: Json, document: Json, where: str) -> Iterator[str]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from problems(item, schema["items"], document, f"{where}[{index}]")


def _any_of(value: object, schema: Json, document: Json, where: str) -> Iterator[str]:
    found = [list(problems(value, one, document, where)) for one in schema.get("anyOf") or schema["oneOf"]]
    if all(found):
        yield from min(found, key=len)
    if "oneOf" in schema and found.count([]) > 1:
        yield f"{where}: more than one of oneOf fits"


def _one_value(value: object, schema: Json, _document: Json, where: str) -> Iterator[str]:
    if value not in schema.get("enum", [schema.get("const")]):
        yield f"{where}: {value!r} is none of the values there are"


def _format(value: object, schema: Json, _document: Json, where: str) -> Iterator[str]:
    if schema["format"] == "date-time" and isinstance(value, str) and not MOMENT.fullmatch(value):
        yield f"{where}: {value!r} is no time in UTC"


def _bounded(value: object, schema: Json, _document: Json, where: str) -> Iterator[str]:
    if isinstance(value, str | list):
        least: int = schema.get("minLength", 0)
        most: Any = schema.get("maxLength", schema.get("maxItems", len(value)))
        if not least <= len(value) <= most:
            yield f"{where}: {value!r} is too short or too long"
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        yield f"{where}: {value!r} does not fit {schema['pattern']}"
    if isinstance(value, int | float) and not (
        float(schema.get("minimum", value)) <= value <= float(schema.get("maximum", value))
    ):
        yield f"{where}: {value!r} is too small or too large"


_CHECKS = {
    "type": _type, "properties": _object, "additionalProperties": _object, "items": _items, "anyOf": _any_of,
    "oneOf": _any_of, "const": _one_value, "enum": _one_value, "format": _format, "required": lambda *_: iter(()),
    "propertyNames": _names, "minLength": _bounded, "maxLength": _bounded, "maxItems": _bounded, "pattern": _bounded,
    "minimum": _bounded, "maximum": _bounded,
}  # fmt: skip

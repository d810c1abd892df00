"""Reading the body of a logged call or of a batch, within bounds.

What a body costs is not its bytes but what is in them: a value takes about 100 bytes and a microsecond, a complaint about
one 1,500 bytes and six. And no other thread runs while pydantic reads one text, the event loop's neither. So a large body
is read call by call, and a call may hold so many values only.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import SchemaValidator, core_schema

from callscope.api.envelope import FieldError
from callscope.api.errors import MAX_ERRORS, Invalid, field_errors, invalid
from callscope.calls.schemas import MAX_BATCH, CallIn
from callscope.wording import MESSAGES

MAX_PARTS = 1_000_000
"""Values, keys and brackets of a body. A batch of 1,000 calls with ten messages each has about 100,000."""
MAX_CALL_PARTS = 100_000
"""The same of one call. A conversation of 1,000 messages has about 5,000."""
MANY_CALL_PARTS = 1_000
"""From here on it is first looked which fields a call has: each that is unknown would be a complaint."""
MANY_PARTS = 30_000
"""From here on a batch is read call by call. One of 1,000 calls with the usual fields has 20,000."""

TOO_MANY_PARTS = f"holds more than {MAX_PARTS:,} values; send fewer calls at once"
TOO_MANY_CALL_PARTS = f"holds more than {MAX_CALL_PARTS:,} values, which is more than a call may have"
TOO_MANY_CALLS = f"holds more than {MAX_BATCH:,} calls; send it as several batches"
NO_ARRAY = "is not a JSON array of calls"

_CALLS = TypeAdapter(Annotated[list[CallIn], Field(max_length=MAX_BATCH)])
# The names of an object's fields: of what is in them nothing is made, whatever it is.
_NAMES = SchemaValidator(
    core_schema.dict_schema(
        core_schema.str_schema(),
        core_schema.with_default_schema(core_schema.none_schema(), default=None, on_error="default"),
    )
)
_TEXT = rb'"(?:[^"\\]++|\\.)*+"'
# A text may hold any number of commas, so it counts as one; an unfinished one ends with the body.
_PARTS = re.compile(_TEXT + rb"?|[,{\[]", re.DOTALL)
_BRACKET = rb"[{}\[\]]"
# To the next bracket that is in no text, in steps that are short enough for other threads.
_STEPS = re.compile(rb'(?:[^"{}\[\]]++|' + _TEXT + rb"){1,500}+" + _BRACKET + rb"?|" + _BRACKET, re.DOTALL)
_DEEPER = {b"{": 1, b"[": 1, b"}": -1, b"]": -1}


def parse_call(body: bytes) -> CallIn:
    """The call of a body.

    Raises Invalid, naming each field.
    """
    try:
        if _parts(body, MAX_CALL_PARTS, TOO_MANY_CALL_PARTS) > MANY_CALL_PARTS:
            _check_names(body)
        return CallIn.model_validate_json(body)
    except ValidationError as error:
        raise _invalid(error) from None


def parse_batch(body: bytes) -> list[CallIn]:
    """The calls of a JSON array.

    Raises Invalid, naming each bad call by its place.
    """
    return _parse_each(_elements(body)) if _is_large(body) else _parse_at_once(body)


def parse_lines(body: bytes) -> list[CallIn]:
    """The calls of NDJSON, one a line; blank lines don't count.

    Raises Invalid, naming each bad call by its place.
    """
    if body.count(b"\n") + body.count(b"\r") > 4 * MAX_BATCH:  # two characters may end a line, and blank ones follow
        raise invalid("body", TOO_MANY_CALLS)
    lines = (line for line in body.splitlines() if line.strip())
    return _parse_each(lines) if _is_large(body) else _parse_at_once(b"[" + b",".join(lines) + b"]")


def _parse_at_once(body: bytes) -> list[CallIn]:
    try:
        calls = _CALLS.validate_json(body)
    except ValidationError as error:
        raise _invalid(error) from None
    if not calls:
        raise invalid("body", "holds no call")
    return calls


def _parse_each(bodies: Iterable[bytes]) -> list[CallIn]:
    """The calls of these bodies. It stops where the errors are as many as an answer has, and says so in the last one."""
    several = list(islice(bodies, MAX_BATCH + 1))
    if len(several) > MAX_BATCH:
        raise invalid("body", TOO_MANY_CALLS)
    calls: list[CallIn] = []
    errors: list[FieldError] = []
    for index, body in enumerate(several):
        try:
            calls.append(parse_call(body))
        except Invalid as error:
            calls.clear()  # none of them will be kept
            errors += (_at(index, one) for one in error.errors or ())
            if len(errors) >= MAX_ERRORS:
                break
    if len(errors) >= MAX_ERRORS:
        errors[MAX_ERRORS - 1 :] = [FieldError(field="body", message=f"was not looked at after call {index}")]
    if errors:
        raise Invalid(*errors)
    return calls


def _at(index: int, error: FieldError) -> FieldError:
    """An error of a call as one of its batch."""
    return FieldError(field=str(index) if error.field == "body" else f"{index}.{error.field}", message=error.message)


def _elements(body: bytes) -> Iterator[bytes]:
    """The elements of a JSON array that are objects, as they stand. Raises Invalid where there is anything else in it."""
    outside: list[bytes] = []
    depth = start = end = 0
    for step in _STEPS.finditer(body):
        deeper = _DEEPER.get(body[step.end() - 1 : step.end()], 0)
        depth += deeper
        if depth == 2 and deeper == 1:
            start = step.end() - 1
            outside.append(body[end:start])
        elif depth == 1 and deeper == -1:
            end = step.end()
            yield body[start:end]
    outside.append(body[end:])
    if b"".join(b"".join(outside).split()) != b"[" + b"," * (len(outside) - 2) + b"]":
        raise invalid("body", NO_ARRAY)


def _check_names(body: bytes) -> None:
    """Raise Invalid for fields that a call does not have."""
    unknown = [name for name in _NAMES.validate_json(body) if name not in CallIn.model_fields]
    if len(unknown) > len(CallIn.model_fields):
        raise invalid("body", "has more fields than a call can have")
    if unknown:
        raise Invalid(*(FieldError(field=name, message=MESSAGES["extra_forbidden"]) for name in unknown))


def _is_large(body: bytes) -> bool:
    return _parts(body, MAX_PARTS, TOO_MANY_PARTS) > MANY_PARTS


def _parts(body: bytes, most: int, too_many: str) -> int:
    """How many parts a body has, or may have where they are few enough either way. Raises Invalid for more than `most`."""
    possible = sum(map(body.count, (b",", b"{", b"[")))
    if possible <= most:
        return possible
    parts = sum(1 for _ in islice(_PARTS.finditer(body), most + 1))
    if parts > most:
        raise invalid("body", too_many)
    return parts


def _invalid(error: ValidationError) -> Invalid:
    found = error.errors(include_input=False, include_url=False)
    if found[0]["type"] == "too_long" and not found[0]["loc"]:
        return invalid("body", TOO_MANY_CALLS)
    return Invalid(*field_errors(found))

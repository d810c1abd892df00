"""What pydantic finds wrong with an input, in words for whoever sent it: a program, or an operator with a setting."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema

_NUMBER = "must be a number"
_WHOLE = "must be a whole number"
_OBJECT = "must be a JSON object"
_LIST = "must be a list"
_YES_OR_NO = "must be true or false"
_TIME = "must be a time such as 2026-03-01T09:30:00Z"

MESSAGES: Mapping[str, str] = {
    "missing": "is missing",
    "extra_forbidden": "is not known here",
    "json_invalid": "is not JSON: {error}",
    "model_type": _OBJECT,
    "model_attributes_type": _OBJECT,
    "dict_type": _OBJECT,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "too_short": "must have at least {min_length} items",
    "too_long": "must have at most {max_length} items",
    "string_type": "must be text",
    "string_unicode": "must be text in UTF-8",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "holds a character that cannot be stored",
    "bool_type": _YES_OR_NO,
    "bool_parsing": _YES_OR_NO,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": "is too large a number",
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "decimal_max_places": "must have at most {decimal_places} decimal places",
    "decimal_max_digits": "must have at most {max_digits} digits",
    "decimal_whole_digits": "must have at most {whole_digits} digits before the point",
    "finite_number": "must be a finite number",
    "greater_than": "must be more than {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be less than {lt}",
    "less_than_equal": "must be at most {le}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "datetime_type": _TIME,
    "datetime_parsing": _TIME,
    "datetime_from_date_parsing": _TIME,
    "datetime_object_invalid": _TIME,
    "timezone_offset": _TIME,
}
"""By pydantic's type of error. What is not here keeps pydantic's own words; what was sent is in none of them."""


def plain_message(error: Mapping[str, Any]) -> str:
    """The message of one of the errors that pydantic's `errors()` gives, with its context."""
    kind, context = error["type"], error.get("ctx", {})
    if kind == "value_error":  # a check of our own, with its own words
        return str(error["msg"]).removeprefix("Value error, ")
    if context.get("min_length") == 1:
        return "must not be empty"
    message = MESSAGES.get(kind)
    if message is None:
        own: str = error["msg"]
        return own[:1].lower() + own[1:]
    return message.format_map({name: _short(value) for name, value in context.items()})


@dataclass(frozen=True)
class Either:
    """In the `Annotated` of a union: what fits none of its types is one error with this sentence.

    Else it is an error for each type, whose field ends with what pydantic calls the type: `prompt.dict[str,any]`.
    """

    sentence: str

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        schema = handler(source)
        if schema["type"] != "union":
            raise TypeError(f"{source} is no union")
        return {**schema, "custom_error_type": "either", "custom_error_message": self.sentence}


def _short(value: object) -> object:
    return int(value) if isinstance(value, float) and value.is_integer() else value

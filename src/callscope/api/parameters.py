"""Query parameters as a route has them, whatever its method; others are refused, and so is one of them given too often.

A filter that is misspelt, or that a route takes in its body only, would select everything; and of two values for a
parameter that takes one, the other would be left out without a word.
"""

from collections.abc import Iterator
from typing import get_args, get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from starlette.datastructures import QueryParams

from callscope.api.envelope import FieldError
from callscope.api.errors import Invalid


async def only_known(request: Request) -> None:
    """A dependency for whole routers. Raises Invalid, naming each parameter that the route lacks or has one value for."""
    if request.scope["query_string"]:
        _check(request.query_params, dict(_taken(request.scope["route"].dependant)))


def none_known(request: Request) -> None:
    """The same for a route without parameters that is not FastAPI's."""
    if request.scope["query_string"]:
        _check(request.query_params, {})


def _check(given: QueryParams, taken: dict[str, object]) -> None:
    """Raise Invalid unless `given` has only what is `taken`: the types of the parameters by their names."""
    unknown = [name for name in given if name not in taken]
    if unknown:
        message = f"is no parameter of this route; it has {', '.join(sorted(taken)) or 'none'}"
        raise Invalid(*(FieldError(field=name, message=message) for name in unknown))
    if len(given) < len(given.multi_items()):
        counts = {name: len(given.getlist(name)) for name in given}
        twice = [name for name, count in counts.items() if count > 1 and not _is_list(taken[name])]
        if twice:
            raise Invalid(*(FieldError(field=n, message=f"takes one value, not {counts[n]}") for n in twice))


def _taken(dependant: Dependant) -> Iterator[tuple[str, object]]:
    for field in dependant.query_params:
        yield field.alias, field.field_info.annotation
    for needed in dependant.dependencies:
        yield from _taken(needed)


def _is_list(kind: object) -> bool:
    """Whether it is a list, or may be one."""
    return get_origin(kind) is list or any(_is_list(part) for part in get_args(kind))

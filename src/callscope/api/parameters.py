"""Query parameters that a route does not have: refused, whatever its method.

A filter that is misspelt, or that the route takes in its body only, would select everything.
"""

from collections.abc import Collection, Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant

from callscope.api.envelope import FieldError
from callscope.api.errors import Invalid


async def only_known(request: Request) -> None:
    """A dependency for whole routers. Raises Invalid, naming each parameter that the route lacks."""
    if request.scope["query_string"]:
        _check(request, set(_names(request.scope["route"].dependant)))


def none_known(request: Request) -> None:
    """The same for a route that has no parameters and is not FastAPI's."""
    if request.scope["query_string"]:
        _check(request, ())


def _check(request: Request, known: Collection[str]) -> None:
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        message = f"is no parameter of this route; it has {', '.join(sorted(known)) or 'none'}"
        raise Invalid(*(FieldError(field=name, message=message) for name in unknown))


def _names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        yield field.alias
    for needed in dependant.dependencies:
        yield from _names(needed)

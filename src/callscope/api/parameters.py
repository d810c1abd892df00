"""Query parameters that a route does not have: refused, since a filter that is misspelt would select everything."""

from collections.abc import Iterator

from fastapi import Request
from fastapi.dependencies.models import Dependant

from callscope.api.envelope import FieldError
from callscope.api.errors import Invalid


async def only_known(request: Request) -> None:
    """A dependency for whole routers. Raises Invalid, naming each parameter that a reading or deleting route lacks."""
    if request.method not in {"GET", "DELETE"} or not request.query_params:
        return
    known = sorted(set(_names(request.scope["route"].dependant)))
    unknown = [name for name in request.query_params if name not in known]
    if unknown:
        message = f"is no parameter of this route; it has {', '.join(known) or 'none'}"
        raise Invalid(*(FieldError(field=name, message=message) for name in unknown))


def _names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        yield field.alias
    for needed in dependant.dependencies:
        yield from _names(needed)

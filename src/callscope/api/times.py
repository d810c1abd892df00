"""Times as they come in over HTTP."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator

from callscope.wording import MESSAGES

_NUMBER = re.compile(r"\s*[+-]?[\d._]+\s*")


def as_utc(value: datetime) -> datetime:
    """The same moment in UTC, which a time without an offset is in already. Raises ValueError beyond the years 1 to 9999."""
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside the years 1 to 9999") from None


def _no_number(value: object) -> object:
    """Raises ValueError for a number as text: pydantic takes 20260301 for seconds, a day in August 1970."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        raise ValueError(MESSAGES["datetime_parsing"])
    return value


Moment = Annotated[datetime, BeforeValidator(_no_number), AfterValidator(as_utc)]
"""An ISO 8601 time; without an offset it is UTC, and a day alone is its first moment."""

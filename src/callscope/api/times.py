"""Times as they come in over HTTP."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator


def as_utc(value: datetime) -> datetime:
    """The same moment in UTC, which a time without an offset is in already. Raises ValueError beyond the years 1 to 9999."""
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside the years 1 to 9999") from None


Moment = Annotated[datetime, AfterValidator(as_utc)]
"""An ISO 8601 time; without an offset it is UTC, and a day alone is its first moment."""

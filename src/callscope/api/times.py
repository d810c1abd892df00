"""Times as they come in over HTTP."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator


def _as_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        return value.replace(tzinfo=UTC)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise ValueError("is outside the years 1 to 9999") from None


Moment = Annotated[datetime, AfterValidator(_as_utc)]
"""An ISO 8601 time; without an offset it is UTC, and a day alone is its first moment."""

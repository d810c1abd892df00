"""Column types that all tables share, and the base class of the ORM tables.

Times are stored as whole microseconds since the epoch and money as whole nano-dollars, on both databases:
integers compare, add and index the same way everywhere.
"""

from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal

from sqlalchemy import JSON, BigInteger, Dialect, MetaData
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
NANOS_PER_DOLLAR = 1_000_000_000
MICROSECOND = timedelta(microseconds=1)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)


class Base(DeclarativeBase):
    """Base of the tables that people edit; those written in bulk are plain `Table`s on the same metadata."""

    metadata = metadata


def to_micros(moment: datetime) -> int:
    """An aware datetime as microseconds since the epoch, exactly."""
    return (moment - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """Microseconds since the epoch as an aware UTC datetime."""
    return EPOCH + timedelta(microseconds=micros)


def nanos_to_dollars(nanos: int) -> float:
    """Nano-dollars as the JSON number of the API: the double nearest to the exact value."""
    return nanos / NANOS_PER_DOLLAR


def dollars_to_nanos(dollars: Decimal | float | str) -> int:
    """Dollars as nano-dollars, rounded half-even. A float is read as its shortest decimal form."""
    value = dollars if isinstance(dollars, Decimal) else Decimal(str(dollars))
    return int((value * NANOS_PER_DOLLAR).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


class UTCTime(TypeDecorator[datetime]):
    """An aware datetime, stored as microseconds since the epoch."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To the stored form; a naive datetime is a mistake and raises TypeError."""
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """From the stored form."""
        return None if value is None else from_micros(value)


class JSONList(TypeDecorator[list[object]]):
    """A list, stored as JSON; None is stored as NULL."""

    impl = JSON(none_as_null=True)
    cache_ok = True

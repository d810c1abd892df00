"""Whether the clock may be believed by what deletes for good.

Floors only rise: a single look at a clock that runs years ahead would delete every call, and refuse every new one until
that year. So each look leaves its time in the database. A clock that is more than two days off from there is doubted
until it has gone on for as long as it leapt, a week at most, or until an operator says that it is right.
"""

from dataclasses import dataclass

from sqlalchemy import Connection

from callscope.db.engine import Database
from callscope.db.types import from_micros
from callscope.ingest.row import MICROS_PER_DAY
from callscope.store.sql import counters
from callscope.store.sql.purging import has_retention

LEAP = 2 * MICROS_PER_DAY
"""A server that was stopped for less is not noticed; a clock so far ahead deletes what is so much too young."""
LONGEST_PROOF = 7 * MICROS_PER_DAY
BELIEVED, LEAPT, SEEN = "clock_believed", "clock_leapt", "clock_seen"
"""The last moment that was believed; of a doubted clock its first moment, and its last: 0 for none."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A clock that has leapt: the last moment that was believed, and when by the new time it leapt; in microseconds."""

    believed: int
    leapt: int

    @property
    def ends(self) -> int:
        """When it is believed, if it goes on so till then."""
        return self.leapt + min(abs(self.leapt - self.believed), LONGEST_PROOF)

    def __str__(self) -> str:
        believed, leapt, ends = (
            f"{from_micros(at):%Y-%m-%d %H:%M} UTC" for at in (self.believed, self.leapt, self.ends)
        )
        return (
            f"the clock went from {believed} to {leapt}: was it set, or the server stopped for so long? Until it has gone "
            f"on till {ends}, nothing is deleted that is kept for a time only. Set it right; if it is right, "
            "`callscope purge` deletes at once"
        )


class Clock:
    """What is known of the clock, for all processes."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def look(self, now_micros: int) -> Doubt | None:
        """Compare the clock with the look before, and keep its time; gives why it is not believed. Raises DatabaseUnavailable.

        Where nothing is kept for a time only, it may do as it likes.
        """
        with self._db.write() as connection:
            doubt = _doubt_at(connection, now_micros) if has_retention(connection) else None
            if doubt is None:
                _believe(connection, now_micros)
            else:
                counters.write(connection, LEAPT, doubt.leapt)
                counters.write(connection, SEEN, now_micros)
        return doubt

    def believe(self, now_micros: int) -> None:
        """Take an operator's word for it. Raises DatabaseUnavailable."""
        with self._db.write() as connection:
            _believe(connection, now_micros)

    def doubt(self) -> str | None:
        """Why it was not believed at the last look, as a sentence. Raises DatabaseUnavailable."""
        with self._db.read() as connection:
            if not counters.read(connection, SEEN, 0):
                return None
            return str(Doubt(counters.read(connection, BELIEVED, 0), counters.read(connection, LEAPT, 0)))


def _doubt_at(connection: Connection, now_micros: int) -> Doubt | None:
    believed = counters.read(connection, BELIEVED, now_micros)
    if abs(now_micros - believed) <= LEAP:
        return None
    goes_on = abs(now_micros - counters.read(connection, SEEN, 0)) <= LEAP
    doubt = Doubt(believed, counters.read(connection, LEAPT, 0) if goes_on else now_micros)
    return None if now_micros >= doubt.ends else doubt


def _believe(connection: Connection, now_micros: int) -> None:
    counters.write(connection, BELIEVED, now_micros)
    counters.write(connection, SEEN, 0)

"""When calls are made: more on working days, more by day, and the same for a day whenever it is asked for.

A day's calls follow from the seed, the pace and the day alone, so that a demo that is run again some days later gives
the same calls for the days that both cover.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from random import Random

from callscope.ingest.row import MICROS_PER_DAY

MICROS_PER_HOUR = 3_600_000_000
_WEEK = (1.21, 1.26, 1.24, 1.2, 1.09, 0.52, 0.48)
"""A weekday's share, Monday first; 1 on average."""
_EPOCH_WEEKDAY = 3  # 1 January 1970 was a Thursday

PROJECTS = ("support-assistant", "code-review", "document-search")
_HOURS = (
    (9, 7, 5, 4, 4, 6, 14, 30, 48, 60, 66, 64, 58, 58, 60, 58, 54, 50, 48, 52, 54, 44, 28, 16),
    (1, 1, 1, 1, 1, 2, 6, 16, 34, 44, 46, 40, 24, 32, 44, 46, 38, 24, 12, 6, 4, 3, 2, 1),
    (3, 2, 30, 34, 6, 3, 6, 18, 38, 46, 46, 40, 26, 34, 40, 38, 28, 16, 8, 5, 4, 3, 3, 3),
)
"""Calls of each project by hour of the UTC day. Document search summarises what is new between two and four at night."""
_TOTALS = tuple(map(sum, zip(*_HOURS, strict=True)))
_ENDS = tuple(accumulate(_TOTALS))

# Of each four weeks one Tuesday and one Wednesday, so that 30 days hold each at least once.
_FOUR_WEEKS, _OUTAGE_DAY, _SPIKE_DAY = 28, 19, 13
OUTAGE_START, OUTAGE_END = 13 * 60 + 12, 13 * 60 + 53


@dataclass(frozen=True, slots=True)
class Pace:
    """What makes two runs the same: the seed, and how many calls there are a day on average."""

    seed: int
    calls_per_day: float

    def random(self, day: int, purpose: str) -> Random:
        """The chance of one day; each purpose has its own, so that one does not depend on how often another asks."""
        return Random(f"{self.seed}/{self.calls_per_day:.6f}/{day}/{purpose}")  # noqa: S311  # no secrets are made of it

    def count(self, day: int) -> int:
        """How many calls are made on a whole day."""
        busy = 0.95 + 0.1 * self.random(day, "busy").random()
        return max(1, round(self.calls_per_day * _WEEK[(day + _EPOCH_WEEKDAY) % 7] * busy))

    def moments(self, day: int) -> Iterator[int]:
        """The times of the day's calls, in order, in microseconds since the epoch."""
        count, chance = self.count(day), self.random(day, "moments").random
        midnight = day * MICROS_PER_DAY
        for index in range(count):
            place = (index + chance()) / count * _ENDS[-1]
            hour = bisect_right(_ENDS, place)
            into = (place - (_ENDS[hour] - _TOTALS[hour])) / _TOTALS[hour]
            yield midnight + int((hour + into) * MICROS_PER_HOUR)


@dataclass(frozen=True, slots=True)
class Day:
    """A day's part of a demo: its calls from `first` to before `last`."""

    number: int
    first: int
    last: int


def last_days(pace: Pace, calls: int, end_micros: int) -> list[Day]:
    """The days that hold the last `calls` calls before `end_micros`, in order of time."""
    number = end_micros // MICROS_PER_DAY
    today = sum(moment < end_micros for moment in pace.moments(number))
    days: list[Day] = []
    left, there = calls, today
    while left > 0:
        days.append(Day(number, max(0, there - left), there))
        left -= there
        number -= 1
        there = pace.count(number)
    return [day for day in reversed(days) if day.last > day.first]


def project_at(micros: int, chance: float) -> int:
    """Which project makes the call at this time, by a number in [0, 1)."""
    hour = micros % MICROS_PER_DAY // MICROS_PER_HOUR
    left = chance * _TOTALS[hour]
    for index, hours in enumerate(_HOURS):
        left -= hours[hour]
        if left < 0:
            return index
    return len(_HOURS) - 1


def is_outage(micros: int) -> bool:
    """Whether the provider that fails is failing: some 40 minutes on a Tuesday afternoon."""
    day, rest = divmod(micros, MICROS_PER_DAY)
    return day % _FOUR_WEEKS == _OUTAGE_DAY and OUTAGE_START <= rest // 60_000_000 < OUTAGE_END


def is_spike(micros: int) -> bool:
    """Whether the nightly summaries run on a dear model, and all day long: someone has changed a setting."""
    day, rest = divmod(micros, MICROS_PER_DAY)
    return day % _FOUR_WEEKS == _SPIKE_DAY and 2 <= rest // MICROS_PER_HOUR < 19


def is_tried_out(micros: int, chance: float) -> bool:
    """Whether a call is one of staging's: somebody tries something out for a quarter of an hour, now and then."""
    quarter = micros // (MICROS_PER_HOUR // 4)
    return quarter * 2_654_435_761 % 2**32 < 2**32 // 7 and chance < 0.7

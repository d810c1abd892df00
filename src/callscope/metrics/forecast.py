"""What the current month will have cost at its end.

A day is expected to cost what that day of the week cost on average over the last four weeks; what the days of those weeks
differed from their average says how far off the sum may be.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import dropwhile
from math import sqrt
from zoneinfo import ZoneInfo

from callscope.db.types import EPOCH, nanos_to_dollars
from callscope.metrics import analysis_schemas as schemas
from callscope.metrics.composition import Bucket, Span, Timeline, midnight, timeline, to_datetime
from callscope.metrics.presenting import cost_nanos
from callscope.metrics.service import Question
from callscope.store.protocol import TelemetryStore

DAYS = 28
"""Whole days before today that are looked at."""
FEWEST = 14
"""With fewer of them there is no forecast: each day of the week should be there twice."""
EIGHTY_PERCENT = 1.2816
"""Standard deviations to both sides of the mean between which four fifths of a normal distribution lie."""
METHOD = (
    f"Each day to come is taken to cost what its day of the week cost on average over the last {DAYS} days, and the rest "
    "of today its share of that; low and high span 80 %, from how far those days were off their averages."
)


@dataclass(frozen=True, slots=True)
class Habit:
    """What a day of each day of the week costs on average, from how many days that is known, and how far days are off."""

    means: Mapping[int, float]
    days: Mapping[int, int]
    deviation: float

    def spread(self, expected: Sequence[tuple[int, float]]) -> float:
        """The standard deviation of a sum of days, given as days of the week and shares of a day.

        Of each day by itself, and of the averages, which are themselves known from a few days only.
        """
        weights: dict[int, float] = defaultdict(float)
        for weekday, share in expected:
            weights[weekday] += share
        variance = sum(share for _, share in expected)
        variance += sum(weight**2 / self.days[weekday] for weekday, weight in weights.items())
        return self.deviation * sqrt(variance)


class ForecastService:
    """Answers what the month will have cost."""

    def __init__(self, store: TelemetryStore) -> None:
        self._store = store

    def forecast(self, question: Question) -> schemas.Forecast:
        """The month that it is now in the zone of the question, whose range plays no part."""
        zone = question.filters.zone
        minute = (question.now - EPOCH) // timedelta(minutes=1)
        month = _month(question.now, zone)
        today = month.index(minute)
        history = _days_before(month.starts[today], zone)
        with self._store.reading() as reading:
            spent = reading.series(question.selection, month, ("cost_nanos", "unpriced_calls")).get(None)
            past = reading.series(question.selection, history, ("calls", "cost_nanos")).get(None, [])
        sums = spent or [{"cost_nanos": 0, "unpriced_calls": 0}] * len(month)
        paid = [cost_nanos(of_day) for of_day in sums]
        weekdays = [to_datetime(start).astimezone(zone).weekday() for start in history.starts[:-1]]
        known = _since_first_call(list(zip(weekdays, past, strict=False)))
        expected: list[tuple[int, float]] = []
        for index in range(today, len(month)):
            start, end = month.starts[index : index + 2]
            share = (end - max(start, minute)) / (end - start)
            expected.append((to_datetime(start).astimezone(zone).weekday(), share))
        habit = habit_of(known) if len(known) >= FEWEST else None
        return _answer(month, zone, paid, sum(s["unpriced_calls"] for s in sums), today, habit, expected, len(known))


def habit_of(days: Sequence[tuple[int, int]]) -> Habit:
    """The habit of some days, given as day of the week and nano-dollars; there must be more than one of some weekday."""
    by_weekday: dict[int, list[int]] = defaultdict(list)
    for weekday, nanos in days:
        by_weekday[weekday].append(nanos)
    means = {weekday: sum(costs) / len(costs) for weekday, costs in by_weekday.items()}
    squares = sum((nanos - means[weekday]) ** 2 for weekday, nanos in days)
    return Habit(
        means, {weekday: len(costs) for weekday, costs in by_weekday.items()}, sqrt(squares / (len(days) - len(means)))
    )


def _answer(
    month: Timeline,
    zone: ZoneInfo,
    paid: Sequence[int],
    unpriced_calls: int,
    today: int,
    habit: Habit | None,
    expected: Sequence[tuple[int, float]],
    known_days: int,
) -> schemas.Forecast:
    costs: list[int | None] = list(paid[:today])
    low = high = total = None
    so_far = sum(paid)
    if habit is None:
        costs += [None] * len(expected)
    else:
        to_come = [round(habit.means[weekday] * share) for weekday, share in expected]
        costs += [nanos + more for nanos, more in zip(paid[today:], to_come, strict=True)]
        total = so_far + sum(to_come)
        band = round(EIGHTY_PERCENT * habit.spread(expected))
        low, high = max(so_far, total - band), total + band
    return schemas.Forecast(
        month_start=to_datetime(month.starts[0]),
        month_end=to_datetime(month.starts[-1]),
        tz=zone.key,
        so_far=nanos_to_dollars(so_far),
        unpriced_calls=unpriced_calls,
        forecast=_dollars(total),
        low=_dollars(low),
        high=_dollars(high),
        method=METHOD,
        reason=None
        if habit
        else f"A forecast needs {FEWEST} whole days since the first call; so far there are {known_days}.",
        days=[
            schemas.ForecastDay(
                start=to_datetime(start), kind="actual" if index < today else "forecast", cost=_dollars(cost),
                so_far=nanos_to_dollars(nanos),
            )
            for index, (start, cost, nanos) in enumerate(zip(month.starts, costs, paid, strict=False))
        ],
    )  # fmt: skip


def _month(now: datetime, zone: ZoneInfo) -> Timeline:
    """The days of the local month."""
    first = now.astimezone(zone).date().replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return timeline(Span(midnight(first, zone), midnight(following, zone)), Bucket.DAY, zone)


def _days_before(today: int, zone: ZoneInfo) -> Timeline:
    """The last days before the one that begins at this minute."""
    first = to_datetime(today).astimezone(zone).date() - timedelta(days=DAYS)
    return timeline(Span(midnight(first, zone), today), Bucket.DAY, zone)


def _since_first_call(days: Sequence[tuple[int, Mapping[str, int]]]) -> list[tuple[int, int]]:
    """Day of the week and cost of each day from the first one on that has a call."""
    begun = dropwhile(lambda day: not day[1]["calls"], days)
    return [(weekday, sums["cost_nanos"]) for weekday, sums in begun]


def _dollars(nanos: int | None) -> float | None:
    return None if nanos is None else nanos_to_dollars(nanos)

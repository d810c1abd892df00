"""What a model costs over time: the administrator's prices over those of the price book, each with when it holds."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from callscope.db.types import EPOCH
from callscope.pricing.catalogue import CatalogueModel, CataloguePrice
from callscope.pricing.rates import Rates, plain_rates
from callscope.pricing.snapshot import Match, Snapshot

SECONDS_PER_DAY = 86_400
Hours = tuple[tuple[int, int], ...]
ALL_DAY: Hours = ((0, SECONDS_PER_DAY),)


@dataclass(frozen=True, slots=True)
class Period:
    """A price and when it holds.

    Attributes:
        rates: what it is.
        price: the administrator's price that it is, if it is one.
        valid_from: since when; None for ever since.
        valid_to: until when; None for no end that is known.
        weekdays: on which days of the UTC week alone, Monday is 0; None for all.
        hours: at which seconds of the UTC day alone, from and before; None for all day.
    """

    rates: Rates
    price: CataloguePrice | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None
    weekdays: tuple[int, ...] | None = None
    hours: Hours | None = None

    def holds(self, moment: datetime) -> bool:
        """Whether it is the price at a time."""
        if (self.valid_from and moment < self.valid_from) or (self.valid_to and moment >= self.valid_to):
            return False
        if self.weekdays is not None and moment.weekday() not in self.weekdays:
            return False
        second = _seconds(moment) % SECONDS_PER_DAY
        return self.hours is None or any(start <= second < end for start, end in self.hours)


def own_rates(model: CatalogueModel, moment: datetime) -> tuple[Rates, CataloguePrice | None] | None:
    """What an administrator says that a model costs at a time: the flat rate, or a price of his; None for neither."""
    if model.flat_rate is not None and model.is_flat(moment):
        # nano-dollars per thousand tokens are pico-dollars per token
        return plain_rates("override", input=model.flat_rate, output=model.flat_rate), None
    own = model.price_at(moment)
    if own is None:
        return None
    rates = plain_rates(
        "override", steps=own.steps or (), input=own.input, output=own.output, cached_input=own.cached_input,
        cache_write=own.cache_write, cache_write_1h=own.cache_write_1h, reasoning=own.reasoning,
        audio_input=own.audio_input, audio_output=own.audio_output, image_input=own.image_input,
        image_output=own.image_output, request=own.request, server_tool=own.server_tool,
    )  # fmt: skip
    return rates, own


def periods(model: CatalogueModel, match: Match | None) -> list[Period]:
    """All prices of a model, oldest first. At any time at most one of them holds; where none does, none is known.

    Args:
        model: the model, with what administrators set.
        match: what the price book has of it.
    """
    moments = {EPOCH, *model.changes(), *(Snapshot.changes(match) if match else ())}
    bounds = sorted(moments)
    found: list[tuple[datetime | None, list[Period]]] = []
    for start, end in zip(bounds, [*bounds[1:], None], strict=True):
        held = list(_within(model, match, start, end))
        if not found or found[-1][1] != held:
            found.append((None if start == EPOCH else start, held))
    ends = [*(since for since, _ in found[1:]), None]
    return [
        replace(period, valid_from=since, valid_to=until)
        for (since, held), until in zip(found, ends, strict=True)
        for period in held
    ]


def _within(model: CatalogueModel, match: Match | None, start: datetime, end: datetime | None) -> Iterator[Period]:
    """The prices of a time in which nothing changes for good, without its bounds."""
    own = own_rates(model, start)
    if own is not None:
        yield Period(*own)
    elif match is not None:
        yield from _of_the_book(match, start, end)


def _of_the_book(match: Match, start: datetime, end: datetime | None) -> Iterator[Period]:
    """The prices of the price book, from those of the first week."""
    until = start + (timedelta(days=7) if Snapshot.varies(match) else timedelta(seconds=1))
    if end is not None:
        until = min(until, end)
    held: dict[Rates, dict[int, Hours]] = {}
    seconds = 0
    for day, begin, stop in _pieces(match, _seconds(start), _seconds(until)):
        rates = Snapshot.rates(match, day, begin)
        if rates is not None:
            weekday = (EPOCH + timedelta(days=day)).weekday()
            by_weekday = held.setdefault(replace(rates, since=None), {})
            by_weekday[weekday] = _joined(by_weekday.get(weekday, ()), begin, stop)
            seconds += stop - begin
    if len(held) == 1 and seconds == _seconds(until) - _seconds(start):
        yield Period(next(iter(held)))
        return
    for rates, by_weekday in held.items():
        for hours in dict.fromkeys(by_weekday.values()):
            weekdays = tuple(sorted(weekday for weekday, some in by_weekday.items() if some == hours))
            yield Period(
                rates,
                weekdays=None if len(weekdays) == 7 else weekdays,
                hours=None if hours == ALL_DAY else hours,
            )


def _pieces(match: Match, first: int, last: int) -> Iterator[tuple[int, int, int]]:
    """The parts of the days between two seconds since the epoch, in each of which one price holds: day, from, before."""
    bounds = [*Snapshot.boundaries(match), SECONDS_PER_DAY]
    for day in range(first // SECONDS_PER_DAY, -(-last // SECONDS_PER_DAY)):
        midnight = day * SECONDS_PER_DAY
        for begin, stop in pairwise(min(max(bound, first - midnight), last - midnight) for bound in bounds):
            if begin < stop:
                yield day, begin, stop


def _joined(hours: Hours, begin: int, stop: int) -> Hours:
    """The hours and one span more, put together with those that it meets."""
    before = tuple(span for span in hours if span[1] < begin)
    after = tuple(span for span in hours if span[0] > stop)
    met = [span for span in hours if span not in before and span not in after]
    span = (min([begin, *(one for one, _ in met)]), max([stop, *(one for _, one in met)]))
    return (*before, span, *after)


def _seconds(moment: datetime) -> int:
    return (moment - EPOCH) // timedelta(seconds=1)

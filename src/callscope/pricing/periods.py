"""A model's prices over a range of time: from when to when each of them holds."""

from typing import NamedTuple

from callscope.pricing.book import PriceBook
from callscope.pricing.catalogue import CatalogueModel
from callscope.pricing.history import SECONDS_PER_DAY
from callscope.pricing.rates import Rates


class Period(NamedTuple):
    """The rates in [start, end), in seconds since the epoch; None where no price is known."""

    start: int
    end: int
    rates: Rates | None


def periods(book: PriceBook, model: CatalogueModel, start: int, end: int) -> list[Period]:
    """The periods that make up [start, end), in order; neighbours differ."""
    found: list[Period] = []
    for day in range(start // SECONDS_PER_DAY, -(-end // SECONDS_PER_DAY)):
        midnight = day * SECONDS_PER_DAY
        of_day = book.day(model, model.name, day)
        for first, last, rates in zip(of_day.starts, (*of_day.starts[1:], SECONDS_PER_DAY), of_day.rates, strict=True):
            since, until = max(start, midnight + first), min(end, midnight + last)
            if since >= until:
                continue
            if found and found[-1].rates == rates:
                found[-1] = found[-1]._replace(end=until)
            else:
                found.append(Period(since, until, rates))
    return found

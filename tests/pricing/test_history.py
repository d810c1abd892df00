"""What a model costs over time: each price in the range that is shown is the one that calls pay, and no two overlap."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from callscope.db.types import EPOCH
from callscope.pricing.book import PriceBook
from callscope.pricing.catalogue import CatalogueModel, CataloguePrice
from callscope.pricing.history import Period
from callscope.pricing.rates import Rates
from callscope.pricing.seed import seeded_models

BOOK = PriceBook()
FIRST, LAST = datetime(2023, 1, 1, tzinfo=UTC), datetime(2027, 6, 1, tzinfo=UTC)


def paid(model: CatalogueModel, moment: datetime) -> Rates | None:
    day, second = divmod((moment - EPOCH) // timedelta(seconds=1), 86_400)
    rates = BOOK.rates(model, model.name, day, second)
    return None if rates is None else replace(rates, since=None)


def shown(periods: list[Period], moment: datetime) -> list[Rates]:
    return [period.rates for period in periods if period.holds(moment)]


def check(model: CatalogueModel, moments: list[datetime]) -> None:
    periods = BOOK.history(model)
    for moment in moments:
        rates = paid(model, moment)
        assert shown(periods, moment) == ([] if rates is None else [rates]), (model.provider, model.name, moment)


def test_the_prices_shown_are_those_that_calls_pay() -> None:
    dice = random.Random(1)
    span = int((LAST - FIRST).total_seconds())
    for number, (provider, name) in enumerate(seeded_models()):
        if number % 3 and provider != "deepseek":
            continue
        many = 60 if provider == "deepseek" else 3
        moments = [FIRST + timedelta(seconds=dice.randrange(span)) for _ in range(many)]
        check(CatalogueModel(number, name, provider, None, True, ()), moments)


MOMENTS = st.datetimes(FIRST.replace(tzinfo=None), LAST.replace(tzinfo=None)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=UTC)
)


@st.composite
def models(draw: st.DrawFn) -> CatalogueModel:
    """Models of the book and others, with prices and a flat rate in any order in time."""
    starts = sorted(draw(st.sets(MOMENTS, max_size=4)))
    prices = []
    for number, start in enumerate(starts):
        lasts = draw(st.none() | st.integers(1, 40_000_000))
        end = None if lasts is None else start + timedelta(seconds=lasts)
        prices.append(CataloguePrice(start, "contract", number, None, None, None, number, valid_to=end))
    name, provider = draw(
        st.sampled_from([("claude-opus-4-6", "anthropic"), ("deepseek-v4-pro", "deepseek"), ("x", "us")])
    )
    return CatalogueModel(
        0, name, provider, draw(st.none() | st.just(7)), True, tuple(prices), flat_since=draw(st.none() | MOMENTS)
    )


@settings(deadline=None, max_examples=40)
@given(models(), st.lists(MOMENTS, max_size=5))
def test_at_any_time_the_price_is_the_one_whose_range_holds_it(model: CatalogueModel, moments: list[datetime]) -> None:
    edges = [edge + timedelta(seconds=by) for edge in model.changes() for by in (-1, 0)]
    check(model, [*moments, *edges])


def test_a_price_that_ends_gives_way_to_the_one_before() -> None:
    day = datetime(2026, 11, 1, tzinfo=UTC)
    first = CataloguePrice(day, "contract", 1, None, None, None, 1)
    promotion = CataloguePrice(
        day + timedelta(days=9), "promotion", 0, None, None, None, 0, valid_to=day + timedelta(days=12)
    )
    periods = BOOK.history(CatalogueModel(0, "x", "us", None, True, (first, promotion)))
    assert [(period.price.source if period.price else None, period.valid_from) for period in periods] == [
        ("contract", day),
        ("promotion", promotion.valid_from),
        ("contract", promotion.valid_to),
    ]


def test_a_corrected_price_says_where_it_is_from() -> None:
    first, *_, last = BOOK.history(CatalogueModel(0, "gpt-4o", "openai", None, True, ()))
    assert first.rates.statement is not None
    assert (first.rates.statement.url or "").startswith("https://")
    assert last.rates.statement is None

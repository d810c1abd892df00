"""Which price holds for a call."""

import time
from datetime import UTC, datetime
from typing import Any

import pytest

from callscope.db.types import EPOCH
from callscope.pricing import book as book_module
from callscope.pricing.book import PriceBook
from callscope.pricing.catalogue import CatalogueModel, CataloguePrice


def model(name: str = "gpt-4o", provider: str = "openai", **changes: Any) -> CatalogueModel:
    return CatalogueModel(
        **{"id": 1, "flat_rate": None, "enabled": True, "prices": ()} | changes, name=name, provider=provider
    )


def price(valid_from: datetime, dollars: int) -> CataloguePrice:
    return CataloguePrice(valid_from, "contract", dollars * 1_000_000, None, None, None, dollars * 1_000_000)


def moment(*when: int) -> tuple[int, int]:
    return divmod(int((datetime(*when, tzinfo=UTC) - EPOCH).total_seconds()), 86_400)  # type: ignore[misc, arg-type]


DAY, NOON = moment(2026, 11, 20, 12)


def test_the_provider_s_price_holds_when_nothing_else_is_set() -> None:
    rates = PriceBook().rates(model(), "gpt-4o", DAY, NOON)
    assert rates is not None
    assert rates.source == "catalogue"
    assert rates.cost(1_000_000, 0).total == 2_500_000_000


def test_a_flat_rate_goes_first() -> None:
    flat = model(flat_rate=30_000_000, prices=(price(EPOCH, 9),))
    rates = PriceBook().rates(flat, "gpt-4o", DAY)
    assert rates is not None
    assert rates.source == "override"
    assert rates.cost(5, 150).total == 4_650_000


def test_an_administrator_s_price_holds_from_its_time_on() -> None:
    own = model(prices=(price(datetime(2026, 11, 1, tzinfo=UTC), 7), price(datetime(2026, 11, 20, 12, tzinfo=UTC), 9)))
    book = PriceBook()

    def cost(day: int, second: int) -> tuple[str, int]:
        rates = book.rates(own, "gpt-4o", day, second)
        assert rates is not None
        return rates.source, rates.cost(1_000_000, 0).total // 10**9

    assert cost(*moment(2026, 10, 31)) == ("catalogue", 2)
    assert cost(*moment(2026, 11, 1)) == ("override", 7)
    assert cost(DAY, NOON - 1) == ("override", 7)
    assert cost(DAY, NOON) == ("override", 9)
    assert cost(DAY + 1, 0) == ("override", 9)


def test_a_call_is_priced_at_its_own_date() -> None:
    book, opus = PriceBook(), model("claude-opus-4-6", "anthropic")
    before = book.rates(opus, opus.name, *moment(2026, 3, 12))
    after = book.rates(opus, opus.name, *moment(2026, 3, 13))
    assert before is not None
    assert after is not None
    assert (before.cost(300_000, 0).total, after.cost(300_000, 0).total) == (3_000_000_000, 1_500_000_000)


@pytest.mark.parametrize(
    ("hour", "dollars_per_100m"), [(0, 66), (1, 132), (3, 132), (4, 66), (6, 132), (9, 132), (10, 66), (23, 66)]
)
def test_a_price_by_time_of_day_is_that_of_the_call_s_time(hour: int, dollars_per_100m: int) -> None:
    day, second = moment(2026, 11, 20, hour)
    rates = PriceBook().rates(model("deepseek-v4-pro", "deepseek"), "deepseek-v4-pro", day, second)
    assert rates is not None
    assert rates.cost(100_000_000, 0).total == dollars_per_100m * 10**9


def test_an_unknown_model_has_no_price() -> None:
    book = PriceBook()
    assert book.rates(model("our-llama", "unknown"), "our-llama", DAY) is None
    assert book.rates(model("gpt-4o", "our-own-server"), "gpt-4o", DAY) is None


def test_a_model_without_a_provider_has_its_maker_s_price() -> None:
    rates = PriceBook().rates(model("gpt-4o-2024-08-06", "unknown"), "gpt-4o-2024-08-06", DAY)
    assert rates is not None


def test_a_changed_price_holds_at_once() -> None:
    book = PriceBook()
    assert book.rates(model(), "gpt-4o", DAY) is not None
    changed = book.rates(model(flat_rate=0), "gpt-4o", DAY)
    assert changed is not None
    assert changed.source == "override"
    assert changed.cost(10, 10).total == 0


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book_module, "MAX_ENTRIES", 50)
    book = PriceBook()
    for number in range(120):
        assert book.rates(model(), f"no-such-model-{number}", DAY) is None
    assert len(book._days) == len(book._matches) == 50


def test_a_known_price_is_looked_up_in_microseconds() -> None:
    book, known = PriceBook(), model()
    book.rates(known, "gpt-4o", DAY)
    best = min(_seconds_for(book, known) for _ in range(5))
    assert best < 20e-6  # some 3 µs on a quiet machine


def _seconds_for(book: PriceBook, known: CatalogueModel) -> float:
    start = time.perf_counter()
    for _ in range(1_000):
        rates = book.rates(known, "gpt-4o", DAY, NOON)
        assert rates is not None
        rates.cost(1_000, 500, 100, 0, 0, 50)
    return (time.perf_counter() - start) / 1_000

"""Which price holds for a call."""

import gc
import time
import tracemalloc
from datetime import UTC, date, datetime
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


def test_a_version_of_tomorrow_is_known_tomorrow() -> None:
    days = [date(2026, 11, 26)]
    book, dated = PriceBook(clock=lambda: days[-1]), model("claude-opus-4-6-20261127", "anthropic")
    assert book.rates(dated, dated.name, DAY) is None
    assert book.history(dated) == []
    days.append(date(2026, 11, 27))
    assert book.history(dated)
    assert book.rates(dated, dated.name, DAY) is not None


def test_what_a_sweep_finds_is_of_its_day() -> None:
    days = [date(2026, 11, 26)]
    book, dated = PriceBook(clock=lambda: days[-1]), model("claude-opus-4-6-20261127", "anthropic")
    assert book.rates(dated, dated.name, DAY) is None
    days.append(date(2026, 11, 27))
    book.preload()
    assert book.rates(dated, dated.name, DAY) is not None


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


@pytest.mark.parametrize(
    ("provider", "name", "when", "sentence"),
    [
        ("openai", "gpt-9-ultra", DAY, "The price book does not know the model “gpt-9-ultra” at openai."),
        ("unknown", "my-llama-finetune", DAY, "The price book does not know the model “my-llama-finetune”."),
        ("our-server", "gpt-4o", DAY, "The price book does not know the provider “our-server”, which was named for “gpt-4o”."),
        ("openai", "whisper-1", DAY, "The price book knows “whisper-1” at openai, but no price of its tokens."),
    ],
)  # fmt: skip
def test_why_a_call_has_no_price_is_said(provider: str, name: str, when: int, sentence: str) -> None:
    reason = PriceBook().reason(model(name, provider), name, when)
    assert reason is not None
    assert reason.sentence == sentence


def test_a_name_that_several_sell_needs_a_provider() -> None:
    reason = PriceBook().reason(model("gpt-oss-120b", "unknown"), "gpt-oss-120b", DAY)
    assert reason is not None
    assert reason.cause == "no_provider"
    assert " more sell it." in reason.sentence


def test_what_has_a_price_has_no_reason() -> None:
    book = PriceBook()
    assert book.reason(model(), "gpt-4o", DAY) is None
    assert book.reason(model("our-llama", "vllm", flat_rate=0), "our-llama", DAY) is None


@pytest.mark.parametrize("made_up", [2_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_made_up_names_leave_memory_bounded(monkeypatch: pytest.MonkeyPatch, made_up: int) -> None:
    monkeypatch.setattr(book_module, "MAX_ENTRIES", 200)
    book, one = PriceBook(), model()

    def look_up(names: range) -> int:
        for i in names:
            assert book.rates(one, f"my-own-model-number-{i:06}", DAY) is None
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    look_up(range(made_up // 2))  # now whatever is kept is full
    tracemalloc.start()
    try:
        look_up(range(made_up // 2, made_up // 2 + 500))
        before = tracemalloc.get_traced_memory()[0]
        assert look_up(range(made_up // 2 + 500, made_up)) - before < 100_000
    finally:
        tracemalloc.stop()

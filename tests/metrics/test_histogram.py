"""Percentiles are within 1 % of the true ones, and histograms add up."""

from collections import Counter
from functools import reduce

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callscope.ingest.contribution import measures
from callscope.ingest.row import PricedRow
from callscope.metrics.histogram import (
    MAX_MICROS,
    OVERFLOW_BIN,
    added,
    bin_of,
    bin_upper,
    merged,
    pack,
    percentile,
    unpack,
)
from tests.store.witness import row

SHARES = (50, 90, 95, 99, 100)
micros = st.one_of(
    st.integers(0, MAX_MICROS), st.integers(0, 3_000), st.sampled_from((0, 1, 2, MAX_MICROS - 1, MAX_MICROS))
)
counts = st.dictionaries(st.integers(0, OVERFLOW_BIN), st.integers(1, 2**40), max_size=60)
close = st.builds(
    lambda first, values: {first + i: n for i, n in enumerate(values) if n},
    st.integers(0, OVERFLOW_BIN - 40),
    st.lists(st.integers(0, 70_000), max_size=40),
)
bins = counts | close


def _counts(data: bytes) -> dict[int, int]:
    return {index: count for index, count in zip(*unpack(data), strict=True) if count}


@given(st.lists(micros, min_size=1, max_size=200))
@example([1])
@example([2, 1])
@example([MAX_MICROS])
@example(list(range(1, 101)))
def test_every_percentile_is_within_one_percent_of_the_nearest_rank(values: list[int]) -> None:
    histogram = Counter(map(bin_of, values))
    ranked = sorted(values)
    for share in SHARES:
        true_ms = ranked[-(-share * len(ranked) // 100) - 1] / 1000  # the nearest rank, in whole numbers
        told_ms = percentile(histogram, share / 100)
        assert told_ms == pytest.approx(true_ms, rel=0.01, abs=0), share


@given(st.floats(0, 604_800_000, allow_nan=False))
@example(0.0004)
@example(0.0006)
@example(604_800_000.0)
def test_a_latency_is_kept_to_the_microsecond(latency_ms: float) -> None:
    values = measures(PricedRow(row(latency_ms=latency_ms), None))
    told = percentile({bin_of(values[15]): 1}, 0.5)
    assert told == pytest.approx(latency_ms, rel=0.01, abs=0.0006)


def test_nothing_measured_has_no_percentile() -> None:
    assert percentile({}, 0.5) is None
    assert percentile(merged([None, b""]), 0.99) is None


@given(bins)
def test_what_is_packed_is_unpacked(histogram: dict[int, int]) -> None:
    assert _counts(pack(histogram)) == histogram


@given(bins, bins)
def test_adding_is_commutative_and_exact(one: dict[int, int], other: dict[int, int]) -> None:
    total = dict(Counter(one) + Counter(other))
    assert _counts(added(pack(one), other)) == _counts(added(pack(other), one)) == total
    assert merged([pack(one), pack(other)]) == merged([pack(other), pack(one)]) == total


@given(st.lists(bins, max_size=5), st.permutations(range(5)))
def test_adding_is_associative(parts: list[dict[int, int]], order: list[int]) -> None:
    total = merged(map(pack, parts))
    one_by_one = reduce(added, parts, b"")
    shuffled = reduce(added, [parts[i] for i in order if i < len(parts)], b"")
    by_halves = merged([reduce(added, parts[:2], b""), reduce(added, parts[2:], b"")])
    assert _counts(one_by_one) == _counts(shuffled) == by_halves == total


@given(bins, bins)
def test_what_was_added_can_be_taken_away(one: dict[int, int], other: dict[int, int]) -> None:
    both = added(pack(one), other)
    assert _counts(added(both, {index: -n for index, n in other.items()})) == one
    assert _counts(added(both, {index: -n for index, n in _counts(both).items()})) == {}


@given(bins, st.integers(0, OVERFLOW_BIN))
def test_a_count_below_zero_is_refused(histogram: dict[int, int], index: int) -> None:
    with pytest.raises(ValueError, match="cannot hold"):
        added(pack(histogram), {index: -histogram.get(index, 0) - 1})


@given(micros)
def test_a_latency_lies_within_its_bin(value: int) -> None:
    index = bin_of(value)
    assert bin_upper(index - 1) * (1 - 1e-9) <= value <= bin_upper(index) * (1 + 1e-9)

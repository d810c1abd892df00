"""The right price for any name, at any time, against what providers publish; and none for a name that is not sure."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from callscope.db.types import EPOCH
from callscope.ingest.row import SIZE_CLASS_STEPS
from callscope.pricing import corrections
from callscope.pricing.rates import SERVICE_TIERS, Rates
from callscope.pricing.snapshot import Match, Snapshot
from tests.pricing.table import NOW, TABLE, UNKNOWN, Row
from tests.pricing.usages import USAGES, Usage

ROWS = [row for rows in TABLE.values() for row in rows]


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return Snapshot()


def rates_at(snapshot: Snapshot, provider: str | None, name: str, at: str) -> Rates | None:
    match = snapshot.find(provider, name)
    if match is None:
        return None
    moment = datetime.fromisoformat(at).replace(tzinfo=UTC)
    day, second = divmod(int((moment - EPOCH).total_seconds()), 86_400)
    return snapshot.rates(match, day, max(start for start in snapshot.boundaries(match) if start <= second))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.provider}-{row.name}-{row.at}")
def test_the_price_is_that_of_the_providers_page(snapshot: Snapshot, row: Row) -> None:
    rates = rates_at(snapshot, row.provider, row.name, row.at)
    assert rates is not None
    first = rates.steps[0][0]
    assert (dollars(first.input), dollars(first.output)) == (exact(row.input), exact(row.output))
    for kind, expected in row.more.items():
        match kind:
            case "batch" | "flex" | "priority":
                assert dollars(rates.steps[SERVICE_TIERS.index(kind)][0].input) == exact(expected), kind
            case "long" if expected is None:
                assert len(rates.steps[0]) == 1
            case "long":
                long = rates.steps[0][-1]
                assert (dollars(long.input), dollars(long.output)) == tuple(map(exact, expected))
            case "request":
                assert Decimal(first.request) / 10**9 == expected
            case _:
                assert dollars(getattr(first, kind)) == exact(expected), kind


@pytest.mark.parametrize("usage", USAGES, ids=lambda usage: f"{usage.model}-{usage.at}-{usage.tier}")
def test_a_usage_object_costs_what_its_sum_says_to_the_nano_dollar(snapshot: Snapshot, usage: Usage) -> None:
    rates = rates_at(snapshot, usage.provider, usage.model, usage.at)
    assert rates is not None
    assert rates.cost(**usage.fields, service_tier=SERVICE_TIERS.index(usage.tier)).total == usage.nanos, usage.sum


@pytest.mark.parametrize(("provider", "name"), UNKNOWN)
def test_a_name_that_is_not_sure_has_no_price(snapshot: Snapshot, provider: str | None, name: str) -> None:
    assert rates_at(snapshot, provider, name, NOW) is None


def test_the_tables_are_as_large_as_they_say() -> None:
    assert len(set(map(repr, ROWS))) == len(ROWS) >= 150
    assert len(set(UNKNOWN)) == len(UNKNOWN) >= 40
    assert len(USAGES) >= 30


def test_every_context_step_is_a_size_class(snapshot: Snapshot) -> None:
    """What-if prices whole size classes: a step between two would be wrong."""
    from genai_prices.data import providers

    names = [(provider.id, model.id) for provider in providers for model in provider.models]
    names += corrections.load().rules
    steps: set[int] = set()
    for provider, name in names:
        match: Match | None = snapshot.find(provider, name)
        for at in ("2024-06-01", "2025-11-01", NOW):
            rates = None if match is None else rates_at(snapshot, provider, name, at)
            steps |= {step.above for tier in rates.steps for step in tier} if rates else set()
    assert steps - {0} <= set(SIZE_CLASS_STEPS)
    assert 200_000 in steps


def test_every_rule_says_where_it_is_from() -> None:
    for rule in corrections.load().rules.values():
        assert "http" in rule.source, rule.name
        assert rule.checked >= datetime(2026, 11, 26, tzinfo=UTC).date()


def dollars(picos: int) -> Decimal:
    return Decimal(picos) / 10**6


def exact(number: float) -> Decimal:
    return Decimal(str(number))

"""The parts of a difference in cost add up to it, and depend on no order."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from callscope.db.types import dollars_to_nanos
from callscope.metrics.shapley import shapley
from callscope.metrics.why import FACTORS, Place, Spent, split
from callscope.pricing.billing import Usage
from callscope.pricing.rates import Rates, plain_rates
from tests.caller import Api
from tests.metrics.conftest import START, WEEKS

worths = st.integers(1, 4).flatmap(
    lambda causes: st.lists(st.integers(-(10**15), 10**15), min_size=2**causes, max_size=2**causes)
)


def _reordered(worth: list[int], order: tuple[int, ...]) -> list[int]:
    """The same, with the causes in another order: bit i of a set is the cause `order[i]`."""
    return [worth[sum(1 << order[i] for i in range(len(order)) if bits >> i & 1)] for bits in range(len(worth))]


@given(worths)
def test_the_parts_of_a_change_add_up_to_it_and_depend_on_no_order(worth: list[int]) -> None:
    parts = shapley(worth)
    assert sum(parts) == worth[-1] - worth[0]
    for order in permutations(range(len(parts))):
        again = shapley(_reordered(worth, order))
        assert all(
            abs(part - parts[order[i]]) <= 1 for i, part in enumerate(again)
        )  # rounding goes to the first of equals


@given(worths)
def test_a_cause_that_changes_nothing_gets_nothing_and_takes_nothing(worth: list[int]) -> None:
    assert shapley(worth + worth) == [*shapley(worth), 0]


def test_each_part_is_the_mean_over_all_orders() -> None:
    # 10 calls at 2 become 20 calls at 3: (10 × 2 + 10 × 3) / 2 for the calls, (10 + 20) / 2 for the price.
    assert shapley([20, 40, 30, 60]) == [25, 15]


@st.composite
def spendings(draw: st.DrawFn) -> dict[Place, Spent]:
    """What the calls of up to two projects and three models used and cost."""
    found = {}
    for place in draw(st.sets(st.tuples(st.integers(1, 2), st.integers(1, 3)))):
        number = st.integers(0, 10**6)
        prompt, completion = draw(number), draw(number)
        cached = draw(st.integers(0, prompt))
        usage = Usage(draw(st.integers(1, 10**4)), 0, prompt, completion, cached, 0, 0, draw(st.integers(0, completion)), 0, 0, 0, 0, 0)  # fmt: skip
        found[place] = Spent(usage, draw(st.integers(0, 10**15)))
    return found


RATES: dict[int, tuple[Rates | None, ...]] = {
    1: (plain_rates("catalogue", input=2_500_000, cached_input=250_000, output=10**7),) * 2,
    2: (None, plain_rates("catalogue", input=10**6, output=10**6)),
    3: (None, None),
}


@given(spendings(), spendings())
def test_the_parts_add_up_to_the_difference_of_any_two_windows(
    before: dict[Place, Spent], now: dict[Place, Spent]
) -> None:
    parts = split(before, now, RATES)
    assert list(parts) == list(FACTORS)
    for place in before.keys() | now.keys():
        costs = [window[place].cost_nanos if place in window else 0 for window in (before, now)]
        assert sum(amounts[place] for amounts in parts.values()) == costs[1] - costs[0]
    other_way = split(
        dict(reversed(now.items())), dict(reversed(before.items())), {k: v[::-1] for k, v in RATES.items()}
    )
    for factor, amounts in parts.items():
        for place, amount in amounts.items():
            assert abs(amount + other_way[factor][place]) <= 1 + abs(amount) * 1e-9


@given(spendings())
def test_what_has_not_changed_makes_no_difference(spent: dict[Place, Spent]) -> None:
    rates = {model: (at[1], at[1]) for model, at in RATES.items()}
    assert not any(any(amounts.values()) for amounts in split(spent, spent, rates).values())
    twice = {place: Spent(Usage._make(2 * n for n in s.usage), 2 * s.cost_nanos) for place, s in spent.items()}
    parts = split(spent, twice, rates)
    assert sum(parts["volume"].values()) == sum(s.cost_nanos for s in spent.values())


def _spent(calls: int, prompt: int, completion: int, cached: int, nanos: int) -> Spent:
    return Spent(Usage(calls, 0, prompt, completion, cached, 0, 0, 0, 0, 0, 0, 0, 0), nanos)


def test_each_change_is_put_down_to_its_cause() -> None:
    place, other = (1, 1), (1, 2)
    cheap = plain_rates("catalogue", input=1_000, cached_input=100, output=4_000)  # a nano-dollar a token
    dear = plain_rates("catalogue", input=2_000, cached_input=200, output=8_000)
    before = {place: _spent(10, 1_000, 100, 0, 1_400)}
    same: dict[int, tuple[Rates | None, ...]] = {1: (cheap, cheap), 2: (dear, dear)}
    for now, rates, factor in (
        ({place: _spent(20, 2_000, 200, 0, 2_800)}, same, "volume"),
        ({place: _spent(10, 2_000, 100, 0, 2_400)}, same, "prompt_tokens"),
        ({place: _spent(10, 1_000, 300, 0, 2_200)}, same, "completion_tokens"),
        ({place: _spent(10, 1_000, 100, 500, 950)}, same, "cached_share"),
        ({place: _spent(10, 1_000, 100, 0, 2_800)}, {1: (cheap, dear)}, "unit_price"),
        ({other: _spent(10, 1_000, 100, 0, 2_800)}, same, "mix"),
        ({place: before[place], (2, 1): _spent(10, 1_000, 100, 0, 1_400)}, same, "volume"),
    ):
        parts = {name: sum(amounts.values()) for name, amounts in split(before, now, rates).items()}
        difference = sum(spent.cost_nanos for spent in now.values()) - 1_400
        assert parts == {name: difference if name == factor else 0 for name in FACTORS}, factor


def test_the_answer_adds_up_and_names_what_drove_it(api: Api, logged: list[dict[str, Any]]) -> None:
    middle, end = START + timedelta(weeks=WEEKS) / 2, START + timedelta(weeks=WEEKS)
    query = {"from": middle.isoformat(), "to": end.isoformat()}
    for who, projects in ((api, {"default", "shop", "desk"}), (api.limited_to("shop"), {"shop"})):
        told = who.get("/metrics/cost/why", query)
        for window, start, until in ((told, middle, end), (told["previous"], START, middle)):
            calls = [
                call for call in logged
                if start <= call["time"] < until and call["project"] in projects and "refused" not in call and not call.get("cache_hit")
            ]  # fmt: skip
            assert window["unpriced_calls"] == sum(call["dollars"] is None for call in calls)
            assert window["calls"] == sum(call["dollars"] is not None for call in calls)
            assert dollars_to_nanos(window["cost"]) == sum(dollars_to_nanos(call["dollars"] or 0) for call in calls)
        assert [part["factor"] for part in told["parts"]] == list(FACTORS)
        nanos = [dollars_to_nanos(part["amount"]) for part in told["parts"]]
        assert sum(nanos) == dollars_to_nanos(told["difference"]) == dollars_to_nanos(told["cost"]) - dollars_to_nanos(told["previous_cost"])  # fmt: skip
        for part, amount in zip(told["parts"], nanos, strict=True):
            assert sum(dollars_to_nanos(driver["amount"]) for driver in part["models"]) == amount
            assert sum(dollars_to_nanos(driver["amount"]) for driver in part["projects"]) == amount
            assert {driver["name"] for driver in part["projects"]} <= projects


def test_more_models_than_are_named_are_summed_as_other(api: Api) -> None:
    now = datetime.now(UTC)
    api.log([
        {"model": f"m{i}", "cost": i + 1, "prompt_tokens": 1, "completion_tokens": 0, "latency_ms": 1, "status": "success", "created_at": (now - timedelta(hours=1)).isoformat()}
        for i in range(7)
    ])  # fmt: skip
    told = api.get("/metrics/cost/why", days=1)
    volume = told["parts"][0]
    assert (volume["factor"], volume["amount"], told["difference"], told["previous_cost"]) == ("volume", 28, 28, 0)
    assert [driver["name"] for driver in volume["models"]] == ["m6", "m5", "m4", "m3", "m2", "(other)"]
    assert volume["models"][-1]["amount"] == 3

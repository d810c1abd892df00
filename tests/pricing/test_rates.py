"""From tokens to money."""

from dataclasses import replace
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callscope.pricing.rates import Step, plain_rates

tokens = st.integers(0, 3_000_000)
PICOS = st.integers(0, 100_000_000)


def test_a_flat_rate_prices_prompt_and_completion_alike() -> None:
    rates = plain_rates("override", input=30_000_000, output=30_000_000)
    assert rates.cost(5, 150).total == 4_650_000  # 0.00465 dollars
    assert rates.cost(5, 150, cached=5, reasoning=150).total == 4_650_000


def test_each_token_is_billed_once_at_the_price_of_its_kind() -> None:
    rates = plain_rates(
        "override", input=3_000_000, cached_input=300_000, cache_write=3_750_000, cache_write_1h=6_000_000, output=15_000_000
    )  # fmt: skip
    cost = rates.cost(1_000, 100, cached=500, cache_write=300, cache_write_1h=100)
    assert cost == (3_600_000, 600_000, 150_000, 1_350_000, 1_500_000, 0)


@pytest.mark.parametrize(("prompt", "input_price"), [(100_000, 1), (100_001, 2), (200_001, 4)])
def test_the_step_of_the_whole_prompt_holds_for_all_tokens(prompt: int, input_price: int) -> None:
    rates = plain_rates("catalogue", input=1_000, output=0)
    base = rates.steps[0][0]
    steps = (base, base._replace(above=100_000, input=2_000), base._replace(above=200_000, input=4_000))
    assert replace(rates, steps=(steps,) * 4).cost(prompt, 0).total == prompt * input_price


@pytest.mark.parametrize(("step", "other"), [({}, 7_003), ({"request": 0}, 3), ({"server_tool": 0}, 7_000)])
def test_what_is_billed_besides_tokens_is_billed_for_long_prompts_as_well(step: dict[str, int], other: int) -> None:
    long = {"above": 100, "input": 2_000, "output": 0, **step}
    rates = plain_rates("override", input=1_000, output=0, request=7_000_000, server_tool=3_000, steps=[long])
    assert rates.cost(100, 0, server_tool_calls=1).other == 7_003
    assert rates.cost(101, 0, server_tool_calls=1)[1:] == (202, 0, 0, 0, other)


def test_a_service_tier_has_its_own_price() -> None:
    rates = plain_rates("catalogue", input=1_000, output=2_000)
    batch = (rates.steps[0][0]._replace(input=500, output=1_000),)
    rates = replace(rates, steps=(rates.steps[0], batch, rates.steps[0], rates.steps[0]))
    assert rates.cost(10, 10).total == 30
    assert rates.cost(10, 10, service_tier=1).total == 15


def test_free_is_zero() -> None:
    assert plain_rates("override", input=0, output=0).cost(1_000, 1_000) == (0, 0, 0, 0, 0, 0)


@given(st.tuples(*[PICOS] * 12), st.lists(tokens, min_size=10, max_size=10), st.booleans())
def test_parts_add_up_to_the_exact_sum_rounded_half_even(
    picos: tuple[int, ...], used: list[int], images_are_output: bool
) -> None:
    step = Step(0, *picos)
    rates = replace(
        plain_rates("catalogue", input=0, output=0), steps=((step,),) * 4, images_are_output=images_are_output
    )
    cost = rates.cost(*used)
    assert sum(cost[1:]) == cost.total
    assert min(cost) >= 0
    # With one price for all, what kinds of tokens there are makes no difference.
    one = plain_rates("override", input=picos[0], output=picos[0])
    exact = Decimal((used[0] + used[1]) * picos[0]) / 1000
    assert one.cost(*used).total == int(exact.quantize(Decimal(1), rounding=ROUND_HALF_EVEN))

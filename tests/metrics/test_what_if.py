"""What-if is what the same calls, logged with the other model, would have cost."""

import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callscope.ingest.contribution import measures
from callscope.ingest.row import SIZE_CLASS_STEPS, CallRow, PricedRow
from callscope.metrics.models import MEASURES
from callscope.pricing import billing
from callscope.pricing.billing import Usage, billed, picos, prices, step_of, unseen_steps
from callscope.pricing.rates import PICOS_PER_NANO, SERVICE_TIERS, Rates, Step, plain_rates
from tests.caller import Api
from tests.metrics.conftest import START
from tests.store.witness import row

NANO = 1e-9
WEEKS = 6
RANGE = {"from": START.isoformat(), "to": (START + timedelta(weeks=WEEKS)).isoformat()}
SOURCES = (
    ("openai", "gpt-4o"), ("anthropic", "claude-sonnet-4-5"), ("google", "gemini-2.5-pro"), ("google", "gemini-2.5-flash"),
    ("nobody", "house-model"),
)  # fmt: skip
TARGETS = (
    "gpt-4.1-mini",
    "anthropic/claude-haiku-4-5",
    "claude-sonnet-4-5",
    "gemini-2.5-flash",
    "google/gemini-2.5-pro",
)
CHANGE = START + timedelta(days=17, hours=9, minutes=30)
PARTS = (
    "prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens", "cache_write_1h_tokens",
    "reasoning_tokens", "audio_input_tokens", "audio_output_tokens", "image_tokens", "server_tool_calls",
    "service_tier",
)  # fmt: skip
"""What `Rates.cost` takes, in its order."""


@st.composite
def calls(draw: st.DrawFn, tier: int = 0) -> CallRow:
    """A call whose parts overlap as they may: what is cached may be audio, and what is reasoning may be spoken."""
    step = draw(st.sampled_from((0, *SIZE_CLASS_STEPS)))
    prompt, completion = step + draw(st.integers(0, 3)), draw(st.integers(0, 500))
    cached = draw(st.integers(0, prompt))
    written = draw(st.integers(0, prompt - cached))
    return row(
        prompt_tokens=prompt, completion_tokens=completion, cached_tokens=cached, cache_write_tokens=written,
        cache_write_1h_tokens=draw(st.integers(0, written)), reasoning_tokens=draw(st.integers(0, completion)),
        audio_input_tokens=draw(st.integers(0, prompt)), audio_output_tokens=draw(st.integers(0, completion)),
        image_tokens=draw(st.integers(0, 2_000)), server_tool_calls=draw(st.integers(0, 3)), service_tier=tier,
    )  # fmt: skip


@st.composite
def rates(draw: st.DrawFn) -> Rates:
    """Prices with steps by context length, and batch prices of their own."""
    above = sorted({0, *draw(st.lists(st.sampled_from(SIZE_CLASS_STEPS), max_size=2))})
    step = st.builds(Step, st.just(0), *[st.integers(0, 10**8)] * (len(Step._fields) - 1))
    tiers = [tuple(draw(step)._replace(above=a) for a in above) for _ in SERVICE_TIERS]
    plain = plain_rates("catalogue", input=0, output=0)
    return replace(plain, steps=tuple(tiers), images_are_output=draw(st.booleans()))


@given(st.integers(0, 3).flatmap(lambda tier: st.lists(calls(tier), min_size=1, max_size=5)), rates())
def test_sums_cost_what_their_calls_cost_but_for_the_rounding_of_each(some: list[CallRow], at: Rates) -> None:
    total = 0
    for size_class in {call.size_class for call in some}:
        alike = [dict(zip(MEASURES, measures(PricedRow(call, None)), strict=True)) for call in some if call.size_class == size_class]  # fmt: skip
        usage = Usage._make(sum(call[name] for call in alike) for name in billing.MEASURES)
        step = step_of(at, size_class, some[0].service_tier)
        total += picos(billed(usage, images_are_output=at.images_are_output), prices(step))
    one_by_one = sum(at.cost(*[getattr(call, name) for name in PARTS]).total for call in some)
    assert abs(total - one_by_one * PICOS_PER_NANO) <= len(some) * PICOS_PER_NANO / 2


def test_a_step_that_size_classes_do_not_tell_apart_is_named() -> None:
    plain = plain_rates("catalogue", input=1, output=1)
    (base,) = plain.steps[0]
    odd = replace(plain, steps=((base, base._replace(above=300_000)),) * 4)
    assert set(unseen_steps(odd)) == {300_000}
    assert step_of(odd, 8, 0).above == 0  # 272,000 to 512,000 tokens
    assert step_of(odd, 9, 0).above == 300_000


def random_calls(count: int) -> list[dict[str, Any]]:
    rng = random.Random(11)
    made = []
    for _ in range(count):
        provider, model = rng.choice(SOURCES)
        prompt, completion = rng.choice((900, 31_999, 130_000, 200_000, 200_001, 300_000)), rng.randrange(900)
        cached = rng.choice((0, rng.randrange(prompt)))
        written = rng.choice((0, rng.randrange(prompt - cached)))
        made.append({
            "provider": provider, "model": model, "project": rng.choice(("default", "shop")), "status": "success",
            "prompt_tokens": prompt, "completion_tokens": completion, "cached_tokens": cached, "latency_ms": 5,
            "cache_write_tokens": written, "cache_write_1h_tokens": rng.randrange(written + 1),
            "reasoning_tokens": rng.randrange(completion + 1), "audio_input_tokens": rng.choice((0, prompt // 2)),
            "service_tier": rng.choice(("standard", "batch")),
            "created_at": (START + timedelta(minutes=rng.randrange(WEEKS * 7 * 1440), seconds=rng.random() * 59)).isoformat(),
        })  # fmt: skip
    return made


@pytest.fixture
def priced(api: Api) -> list[dict[str, Any]]:
    """Logged calls with the cost that the server told for each (`dollars`); one model changes its price among them."""
    flash = next(model.id for model in api.app.state.catalogue.all() if model.name == "gemini-2.5-flash")
    price = {"input": 0.7, "output": 3, "valid_from": CHANGE.isoformat()}
    assert api.client.patch(f"/llm/models/{flash}", json={"prices": [price]}, headers=api._headers()).status_code == 200
    made = random_calls(160)
    for call, receipt in zip(made, api.log(made), strict=True):
        call |= {"dollars": receipt["estimated_cost"], "time": datetime.fromisoformat(call["created_at"])}
    return made


def cost_on(api: Api, target: dict[str, Any], some: Iterable[dict[str, Any]]) -> float:
    """What calls would have cost if they had been logged with a model, one by one."""
    model = api.app.state.catalogue.get(target["model_id"])
    total = 0
    for call in some:
        seconds = int(call["time"].timestamp())
        at = api.app.state.book.rates(model, model.name, seconds // 86_400, seconds % 86_400)
        used = call | {"service_tier": SERVICE_TIERS.index(call["service_tier"])}
        total += at.cost(*[used.get(name, 0) for name in PARTS]).total
    return total * NANO


def test_it_is_what_the_calls_would_have_cost_one_by_one(api: Api, priced: list[dict[str, Any]]) -> None:
    told = api.get("/metrics/what-if", RANGE, model=TARGETS)
    books = [call for call in priced if call["dollars"] is not None]
    rest = [call for call in priced if call["dollars"] is None]
    assert len(books) > 100
    assert rest
    assert told["actual"]["cost"] == pytest.approx(sum(call["dollars"] for call in books), abs=NANO)
    assert (told["actual"]["priced_calls"], told["actual"]["unpriced_calls"]) == (len(books), len(rest))
    assert len(told["models"]) == len(TARGETS)
    for model in told["models"]:
        assert (model["calls"], model["unpriced_calls"]) == (len(books), len(rest))
        assert model["cost"] == pytest.approx(cost_on(api, model, books), abs=len(books) * NANO / 2)
        assert model["unpriced_cost"] == pytest.approx(cost_on(api, model, rest), abs=len(rest) * NANO / 2)
        assert model["saving"] == pytest.approx(told["actual"]["cost"] - model["cost"], abs=2 * NANO)
        assert model["saving"] == -model["difference"]
        for groups, field in (("by_source_model", "model"), ("by_project", "project")):
            assert sum(group["cost"] for group in model[groups]) == pytest.approx(model["cost"], abs=1e-8)
            for group in model[groups]:
                of_group = [call for call in books if call[field] == group["name"]]
                assert group["calls"] == len(of_group)
                assert group["cost"] == pytest.approx(cost_on(api, model, of_group), abs=len(books) * NANO / 2)


def test_on_the_same_model_it_is_the_cost_on_the_books(api: Api, priced: list[dict[str, Any]]) -> None:
    for name in ("gpt-4o", "claude-sonnet-4-5", "gemini-2.5-pro", "gemini-2.5-flash"):
        told = api.get("/metrics/what-if", RANGE, model=name, source_model=name)
        (same,) = told["models"]
        assert same["calls"] == sum(call["model"] == name for call in priced) > 0
        assert same["cost"] == pytest.approx(told["actual"]["cost"], abs=same["calls"] * NANO / 2)
        assert abs(same["saving_percent"]) < 0.001


def test_it_says_what_to_know_of_the_comparison(api: Api, priced: list[dict[str, Any]]) -> None:
    api.post("/llm/models", {"name": "our-llama", "provider": "vllm", "prices": [
        {"input": 1, "output": 2, "valid_from": CHANGE.isoformat()}
    ]})  # fmt: skip
    asked = ["our-llama", "gemini-2.5-flash", "house-model"]
    llama, flash, unknown = api.get("/metrics/what-if", RANGE, model=asked)["models"]
    later = [call for call in priced if call["dollars"] is not None and call["time"] >= CHANGE]
    assert llama["calls"] == len(later)
    assert llama["actual_cost"] == pytest.approx(sum(call["dollars"] for call in later), abs=NANO)
    said = " ".join(llama["notes"])
    assert "not compared" in said
    assert "read from a cache" in said
    assert "tier batch" in said
    assert "Its price changes within the range" in " ".join(flash["notes"])
    assert (unknown["cost"], unknown["saving"], unknown["by_project"]) == (None, None, [])
    assert "No price is known" in unknown["notes"][0]


def test_cache_hits_and_refusals_would_have_cost_nothing(api: Api) -> None:
    call = {"model": "gpt-4o", "prompt_tokens": 100, "completion_tokens": 5, "latency_ms": 1, "status": "success"}
    api.log([call, call | {"cache_hit": True}, call | {"refused": "switched off"}])
    told = api.get("/metrics/what-if", model="gpt-4o")
    assert (told["actual"]["calls"], told["actual"]["cache_hits"], told["models"][0]["calls"]) == (2, 1, 1)
    assert told["models"][0]["cost"] == told["actual"]["cost"] > 0


def test_models_are_found_by_name_provider_or_number(api: Api, priced: list[dict[str, Any]]) -> None:
    found = api.get("/metrics/what-if", RANGE, model=["GPT-4o", "openai/gpt-4o", "3", "gpt-4o-mini"])["models"]
    assert [model["name"] for model in found] == ["gpt-4o", "gpt-4o-mini"]
    assert "gpt-9" in api.get("/metrics/what-if", RANGE, expect=404, model="gpt-9")["detail"]
    api.get("/metrics/what-if", RANGE, expect=422)
    api.get("/metrics/what-if", RANGE, expect=422, model=[str(i) for i in range(1, 12)])


def test_a_viewer_of_one_project_compares_that_one(api: Api, priced: list[dict[str, Any]]) -> None:
    viewer = api.limited_to("shop")
    told = viewer.get("/metrics/what-if", RANGE, model="gpt-4o")
    books = [call for call in priced if call["project"] == "shop" and call["dollars"] is not None]
    assert told["actual"]["cost"] == pytest.approx(sum(call["dollars"] for call in books), abs=NANO)
    (model,) = told["models"]
    assert [group["name"] for group in model["by_project"]] == ["shop"]
    assert model["calls"] == len(books)
    assert sum(group["calls"] for group in model["by_source_model"]) == len(books)

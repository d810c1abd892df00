"""genai-prices' data: which names have a price, and that ours are the same to the nano-dollar."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

import pytest
from genai_prices import Usage
from genai_prices.data import providers

from callscope.db.types import EPOCH
from callscope.pricing.snapshot import Match, Snapshot

USAGES = (
    {"prompt": 1_000, "completion": 500},
    {"prompt": 300_001, "completion": 1_234, "cached": 250_000, "cache_write": 1_003, "cache_write_1h": 501, "reasoning": 77},
    {"prompt": 200_000, "completion": 1},
    {"prompt": 123_457, "completion": 777, "cached": 33, "audio_in": 77, "audio_out": 33},
    {"prompt": 1_234, "completion": 2_000, "image": 600, "server_tool_calls": 3},
)  # fmt: skip
MOMENTS = (
    datetime(2026, 11, 20, 12, tzinfo=UTC),
    datetime(2026, 11, 20, 2, tzinfo=UTC),
    datetime(2025, 6, 1, 20, tzinfo=UTC),
)
CONTEXTS = (None, {"processing": "batch"}, {"service_tier": "flex"}, {"service_tier": "priority"})


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return Snapshot()


def genai_usage(used: dict[str, int], images_are_output: bool) -> Usage:
    image = used.get("image", 0)
    return Usage(
        input_tokens=used["prompt"], output_tokens=used["completion"], cache_read_tokens=used.get("cached", 0),
        cache_write_tokens=used.get("cache_write", 0), cache_write_1h_tokens=used.get("cache_write_1h", 0),
        output_reasoning_tokens=used.get("reasoning", 0), input_audio_tokens=used.get("audio_in", 0),
        output_audio_tokens=used.get("audio_out", 0), web_searches=used.get("server_tool_calls", 0),
        input_image_tokens=0 if images_are_output else image, output_image_tokens=image if images_are_output else 0,
        # a call does not say what part of its audio or images was cached: none
        cache_audio_read_tokens=0, cache_image_read_tokens=0,
    )  # fmt: skip


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_costs_are_those_of_genai_prices_to_the_nano_dollar(snapshot: Snapshot, moment: datetime) -> None:
    day, second = divmod(int((moment - EPOCH).total_seconds()), 86_400)
    compared = 0
    for provider in providers:
        for model in provider.models:
            rates = snapshot.rates(Match(model, model.id, has_variants=True), day, second)
            if rates is None:
                continue
            for tier, context in enumerate(CONTEXTS):
                recorded = (v for v in model.price_variants or () if v.when == context)
                if tier and not any(v.constraint is None or v.constraint.active(moment) for v in recorded):
                    continue  # the tests of service tiers
                for used in USAGES:
                    theirs = model.calc_price(
                        genai_usage(used, rates.images_are_output), provider,
                        genai_request_timestamp=moment, price_context=context,
                    )  # fmt: skip
                    nanos = (theirs.total_price * 10**9).quantize(Decimal(1), rounding=ROUND_HALF_EVEN)
                    ours = rates.cost(**used, service_tier=tier)
                    assert ours.total == int(nanos), (provider.id, model.id, context, used)
                    compared += 1
    assert compared > 10_000


@pytest.mark.parametrize(
    ("provider", "name", "model_id"),
    [
        ("openai", "gpt-4o", "gpt-4o"),
        ("OpenAI", "GPT-4o", "gpt-4o"),
        ("openai", "gpt-4o-2024-05-13", "gpt-4o-2024-05-13"),
        ("openai", "gpt-5.2-20251211", "gpt-5.2"),
        ("azure_openai", "gpt-4o", "gpt-4o"),
        ("anthropic", "claude-haiku-4-5-20251001", "claude-haiku-4-5"),
        ("anthropic", "claude-3-5-sonnet-latest", "claude-3-5-sonnet"),
        ("bedrock", "us.anthropic.claude-haiku-4-5-20251001-v1:0", "regional.anthropic.claude-haiku-4-5-20251001-v1:0"),
        ("aws", "global.anthropic.claude-haiku-4-5-20251001-v1:0", "global.anthropic.claude-haiku-4-5-20251001-v1:0"),
        (
            "bedrock",
            "arn:aws:bedrock:us-east-1:1:inference-profile/us.anthropic.claude-sonnet-4-5-20250929-v1:0",
            "regional.anthropic.claude-sonnet-4-5-20250929-v1:0",
        ),
        ("vertex_ai", "claude-sonnet-4-5@20250929", "claude-sonnet-4-5"),
        ("vertex_ai", "publishers/google/models/gemini-2.5-flash", "gemini-2.5-flash"),
        ("gemini", "models/gemini-2.5-pro-preview-05-06", "gemini-2.5-pro"),
        ("google", "gemini-3.5-flash-001", "gemini-3.5-flash"),
        ("mistral", "magistral-medium-2509", "magistral-medium"),
        ("openrouter", "anthropic/claude-sonnet-4.5", "anthropic/claude-sonnet-4.5"),
        (None, "gpt-4o-2024-08-06", "gpt-4o"),
        (None, "text-embedding-3-small", "text-embedding-3-small"),
        (None, "openai/gpt-4.1", "gpt-4.1"),
    ],
)
def test_names_as_programs_write_them_have_a_price(
    snapshot: Snapshot, provider: str | None, name: str, model_id: str
) -> None:
    match = snapshot.find(provider, name)
    assert match is not None
    assert match.model is not None
    assert match.model.id == model_id


@pytest.mark.parametrize(
    ("provider", "name"),
    [
        ("anthropic", "claude-opus-4-10"),
        ("anthropic", "claude-haiku-99"),
        ("anthropic", "claude-haiku-4-5-turbo"),
        ("openai", "gpt-9-ultra"),
        ("openai", "o4-mini-prod"),
        ("azure", "o4-mini-prod"),
        ("openai", "my-moderation-llm"),
        ("openai", "my-gpt-4o"),
        ("bedrock", "my.anthropic.claude-3-haiku-20240307-v1:0"),
        ("vertex_ai", "my-claude-haiku-4-5"),
        ("our-own-server", "gpt-4o"),
        (None, "my-llama-finetune"),
        (None, "gpt-oss-120b"),
        (None, "vllm/gpt-4o"),
        (None, ""),
    ],
)
def test_names_that_are_not_known_for_sure_have_none(snapshot: Snapshot, provider: str | None, name: str) -> None:
    assert snapshot.find(provider, name) is None


def rates_of(snapshot: Snapshot, provider: str, name: str) -> Any:
    match = snapshot.find(provider, name)
    assert match is not None
    return snapshot.rates(match, 20_777, 0)


def test_free_is_a_price_and_no_price_is_none(snapshot: Snapshot) -> None:
    assert rates_of(snapshot, "openrouter", "openai/gpt-oss-20b:free").cost(1_000, 1_000).total == 0
    assert rates_of(snapshot, "openai", "whisper-1") is None


def test_a_batch_price_holds_where_the_model_is_sold_in_batch(snapshot: Snapshot) -> None:
    for provider in ("openai", "azure"):
        standard, batch = (
            rates_of(snapshot, provider, "gpt-4.1").cost(1_000, 0, service_tier=tier).total for tier in (0, 1)
        )
        assert batch * 2 == standard
    hosted = rates_of(snapshot, "aws", "mistral.mistral-large-2402-v1:0")
    assert hosted.cost(1_000, 0, service_tier=2) == hosted.cost(1_000, 0)

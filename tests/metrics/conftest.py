"""Five weeks of calls, logged over HTTP, and the same calls as plain records to compute with."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.caller import Api, admin_of

START = datetime(2025, 9, 29, tzinfo=UTC)
"""A Monday; four weeks later Europe's clocks go back, five weeks later St. John's."""
WEEKS = 6
PROJECTS = ("default", "shop", "desk")
MODELS = (("openai", "gpt-4o"), ("anthropic", "claude-haiku-4-5"), ("nobody", "house-model"))


@pytest.fixture
def api(untidied: None, app: FastAPI, client: TestClient) -> Api:
    """The started server, for an admin."""
    return admin_of(app, client)


def some_calls(count: int, seed: int = 7) -> list[dict[str, Any]]:
    """Calls of all kinds over the weeks; many near the borders of days."""
    rng = random.Random(seed)
    calls = []
    for _ in range(count):
        minute = rng.choice(
            (rng.randrange(WEEKS * 7 * 1440), rng.randrange(WEEKS * 7) * 1440 + rng.randrange(-400, 400))
        )
        provider, model = rng.choice(MODELS)
        status = rng.choice(("success", "success", "success", "error", "timeout"))
        call: dict[str, Any] = {
            "project": rng.choice(PROJECTS),
            "environment": rng.choice(("production", "staging")),
            "provider": provider,
            "model": model,
            "prompt_tokens": rng.randrange(1, 50_000),
            "completion_tokens": rng.randrange(900),
            "latency_ms": round(rng.lognormvariate(6, 1.5), 3),
            "status": status,
            "created_at": (START + timedelta(minutes=max(0, minute), seconds=rng.random() * 59)).isoformat(),
        }
        if status == "error":
            call["error_type"] = rng.choice(("rate_limit_exceeded", "invalid_request", "strange"))
        if rng.random() < 0.3:
            call["cost"] = round(rng.random(), 6)
        if rng.random() < 0.5:
            call["time_to_first_token_ms"] = round(call["latency_ms"] / 3, 3)
        if rng.random() < 0.1:
            call |= {"cache_hit": True, "saved_cost": 0.25}
            call.pop("cost", None)
        elif rng.random() < 0.05:
            call["refused"] = "switched off"
            call.pop("cost", None)
        calls.append(call)
    return calls


@pytest.fixture
def logged(api: Api) -> list[dict[str, Any]]:
    """Calls that the server has counted, with the price that it told for each (`dollars`)."""
    calls = some_calls(300)
    for call, receipt in zip(calls, api.log(calls), strict=True):
        call |= {
            "id": receipt["id"],
            "dollars": receipt["estimated_cost"],
            "time": datetime.fromisoformat(call["created_at"]),
        }
    return calls


Wanted = Callable[[dict[str, Any]], bool]


def figures(calls: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """What some calls add up to, computed plainly."""
    counted = [call for call in calls if "refused" not in call]
    real = [call for call in counted if not call.get("cache_hit")]
    return {
        "calls": len(counted),
        "errors": sum(call["status"] != "success" for call in real),
        "prompt_tokens": sum(call["prompt_tokens"] for call in real),
        "completion_tokens": sum(call["completion_tokens"] for call in real),
        "cost": sum(call["dollars"] or 0 for call in real),
        "unpriced_calls": sum(call["dollars"] is None for call in real),
        "cache_hits": len(counted) - len(real),
        "refusals": len(calls) - len(counted),
        "latencies": sorted(call["latency_ms"] for call in real),
        "first_tokens": sorted(call["time_to_first_token_ms"] for call in real if "time_to_first_token_ms" in call),
    }


def nearest_rank(ranked: Sequence[float], share: int) -> float | None:
    """The percentile by its definition."""
    return ranked[-(-share * len(ranked) // 100) - 1] if ranked else None


def is_percentile(told: dict[str, Any], ranked: Sequence[float]) -> bool:
    """Whether all percentiles told are within 1 % of those of the values."""
    if not ranked:
        return told["p50"] is told["p99"] is None
    return all(told[f"p{share}"] == pytest.approx(nearest_rank(ranked, share), rel=0.01) for share in (50, 90, 95, 99))

"""Every filter and grouping of every figure is what a plain computation over the calls gives."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.caller import Api
from tests.metrics.conftest import START, WEEKS, Wanted, figures, is_percentile

RANGE = {"from": START.isoformat(), "to": (START + timedelta(weeks=WEEKS)).isoformat()}
KINDS = {"rate_limit_exceeded": "rate_limit", "invalid_request": "invalid_request", "strange": "other"}
FILTERS: tuple[tuple[dict[str, Any], Wanted], ...] = (
    ({}, lambda call: True),
    ({"project": "shop"}, lambda call: call["project"] == "shop"),
    ({"project": ["shop", "desk"]}, lambda call: call["project"] in {"shop", "desk"}),
    ({"environment": "staging"}, lambda call: call["environment"] == "staging"),
    ({"environment": "no such"}, lambda call: False),
    ({"model": "gpt-4o"}, lambda call: call["model"] == "gpt-4o"),
    ({"model": "GPT-4o"}, lambda call: call["model"] == "gpt-4o"),
    ({"model": "3"}, lambda call: call["model"] == "gpt-4o"),
    ({"model": ["gpt-4o", "house-model"]}, lambda call: call["model"] in {"gpt-4o", "house-model"}),
    ({"model": "no such"}, lambda call: False),
    ({"provider": "anthropic"}, lambda call: call["provider"] == "anthropic"),
    ({"provider": ["anthropic", "nobody"]}, lambda call: call["provider"] != "openai"),
    ({"status": "error"}, lambda call: call["status"] == "error"),
    ({"status": ["error", "timeout"]}, lambda call: call["status"] != "success"),
    (
        {"project": "shop", "environment": "production", "provider": "openai", "status": "success"},
        lambda call: (
            (call["project"], call["environment"], call["provider"], call["status"])
            == ("shop", "production", "openai", "success")
        ),
    ),
    (
        {"project": ["default", "shop"], "model": "claude-haiku-4-5", "status": ["success", "timeout"]},
        lambda call: call["project"] != "desk" and call["provider"] == "anthropic" and call["status"] != "error",
    ),
)


def test_every_filter_is_a_plain_filter(api: Api, logged: list[dict[str, Any]]) -> None:
    for query, wanted in FILTERS:
        _check(api, RANGE | query, [call for call in logged if wanted(call)])


def _check(api: Api, query: dict[str, Any], calls: list[dict[str, Any]]) -> None:
    plain = figures(calls)
    summary = api.get("/metrics/summary", query)
    for name in ("calls", "errors", "prompt_tokens", "completion_tokens", "unpriced_calls", "cache_hits", "refusals"):
        assert summary[name] == plain[name], (name, query)
    assert summary["total_cost"] == pytest.approx(plain["cost"], abs=1e-9)
    priced = plain["calls"] - plain["unpriced_calls"]
    assert summary["average_cost"] == (pytest.approx(plain["cost"] / priced, abs=1e-9) if priced else None)
    assert summary["error_rate"] == (plain["errors"] / plain["calls"] if plain["calls"] else 0)
    assert is_percentile(summary["latency_ms"], plain["latencies"])
    assert is_percentile(summary["time_to_first_token_ms"], plain["first_tokens"])

    usage = api.get("/metrics/token-usage", query)
    assert (
        sum(point["total_tokens"] for point in usage["points"]) == plain["prompt_tokens"] + plain["completion_tokens"]
    )
    cost = api.get("/metrics/cost", query)
    assert cost["total_cost"] == pytest.approx(plain["cost"], abs=1e-9)
    assert sum(point["cost"] for point in cost["points"]) == pytest.approx(plain["cost"], abs=1e-7)
    assert sum(row["calls"] for row in cost["by_model"]) == plain["calls"]
    latency = api.get("/metrics/latency", query)
    assert latency["calls"] == sum(entry["calls"] for entry in latency["distribution"]) == len(plain["latencies"])
    assert is_percentile(latency["latency_ms"], plain["latencies"])
    assert is_percentile(latency["time_to_first_token_ms"], plain["first_tokens"])
    _check_course(latency, calls)
    errors = api.get("/metrics/error-rate", query)
    assert (errors["calls"], errors["errors"]) == (plain["calls"], plain["errors"])
    kinds: dict[str, int] = defaultdict(int)
    for call in calls:
        if call["status"] != "success" and "refused" not in call and not call.get("cache_hit"):
            kinds["timeout" if call["status"] == "timeout" else KINDS[call["error_type"]]] += 1
    assert {row["kind"]: row["errors"] for row in errors["by_kind"]} == kinds


def _check_course(latency: dict[str, Any], calls: list[dict[str, Any]]) -> None:
    starts = [datetime.fromisoformat(point["start"]) for point in latency["points"]]
    for point, start, end in zip(
        latency["points"], starts, [*starts[1:], datetime.max.replace(tzinfo=UTC)], strict=True
    ):
        plain = figures([call for call in calls if start <= call["time"] < end])
        assert point["calls"] == len(plain["latencies"])
        assert is_percentile(point, plain["latencies"])
        assert is_percentile(point["time_to_first_token_ms"], plain["first_tokens"])


def test_groups_are_told_apart_and_add_up(api: Api, logged: list[dict[str, Any]]) -> None:
    for by in ("model", "project", "environment"):
        _check_groups(api, logged, by)


def _check_groups(api: Api, logged: list[dict[str, Any]], by: str) -> None:
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for call in logged:
        if call["status"] != "timeout" and call["project"] != "desk":
            groups[call[by]].append(call)
    query = RANGE | {"by": by, "status": ["success", "error"], "project": ["default", "shop"]}
    plain = {name: figures(calls) for name, calls in groups.items()}

    usage = {group["name"]: group for group in api.get("/metrics/token-usage", query)["groups"]}
    cost = {group["name"]: group for group in api.get("/metrics/cost", query)["groups"]}
    listed = {row["name"]: row for row in api.get("/metrics/cost", query)[f"by_{by}"]}
    errors = {group["name"]: group for group in api.get("/metrics/error-rate", query)["groups"]}
    latency = {group["name"]: group for group in api.get("/metrics/latency", query)["groups"]}
    assert set(usage) == set(cost) == set(listed) == set(errors) == set(latency) == set(plain)
    for name, sums in plain.items():
        tokens = sums["prompt_tokens"] + sums["completion_tokens"]
        assert usage[name]["total_tokens"] == listed[name]["total_tokens"] == tokens
        assert cost[name]["cost"] == pytest.approx(sums["cost"], abs=1e-9)
        assert listed[name]["cost"] == pytest.approx(sums["cost"], abs=1e-9)
        assert sum(point["calls"] for point in usage[name]["points"]) == listed[name]["calls"] == sums["calls"]
        assert (errors[name]["calls"], errors[name]["errors"]) == (sums["calls"], sums["errors"])
        assert is_percentile(latency[name], sums["latencies"])


def test_a_viewer_of_two_projects_sees_the_sums_of_those_two(api: Api, logged: list[dict[str, Any]]) -> None:
    viewer = api.limited_to("shop", "desk")
    _check(viewer, RANGE, [call for call in logged if call["project"] != "default"])
    _check(viewer, RANGE | {"project": "shop"}, [call for call in logged if call["project"] == "shop"])
    assert {row["name"] for row in viewer.get("/metrics/cost", RANGE)["by_project"]} == {"shop", "desk"}
    for path in ("summary", "token-usage", "latency", "error-rate", "cost"):
        viewer.get(f"/metrics/{path}", expect=403, project="default")
        viewer.get(f"/metrics/{path}", expect=403, project="no such")
        api.get(f"/metrics/{path}", expect=404, project="no such")


def test_a_viewer_of_no_project_sees_nothing(api: Api, logged: list[dict[str, Any]]) -> None:
    viewer = api.limited_to()
    assert viewer.get("/metrics/summary", RANGE)["calls"] == 0
    assert viewer.get("/llm/calls")["items"] == []


def test_more_groups_than_can_be_shown_are_summed_as_other(api: Api) -> None:
    moment = START.isoformat()
    api.log([
        {"model": f"m{i}", "prompt_tokens": 100 - i, "completion_tokens": 0, "latency_ms": 1, "status": "success", "created_at": moment}
        for i in range(25)
    ])  # fmt: skip
    groups = api.get("/metrics/token-usage", RANGE, by="model")["groups"]
    assert [group["name"] for group in groups] == [*(f"m{i}" for i in range(20)), "(other)"]
    assert groups[-1]["total_tokens"] == sum(100 - i for i in range(20, 25))


def test_end_users_and_keys_are_counted_by_whole_days(api: Api) -> None:
    def call(end_user: str, hour: int, **rest: Any) -> dict[str, Any]:
        moment = (START + timedelta(hours=hour)).isoformat()
        return {"model": "m", "prompt_tokens": 2, "completion_tokens": 1, "latency_ms": 1, "status": "success", "cost": 0.5,
                "end_user": end_user, "created_at": moment} | rest  # fmt: skip

    api.log([call("ann", 1), call("ann", 23), call("bob", 2, status="error", cost=0.25), call("bob", 25)])
    query = {"from": (START + timedelta(hours=3)).isoformat(), "to": (START + timedelta(hours=20)).isoformat()}
    told = api.get("/metrics/cost", query, by="end_user")
    assert (told["calls"], told["side_from"], told["side_to"]) == (0, "2025-09-29T00:00:00Z", "2025-09-30T00:00:00Z")
    users = [
        (row["name"], row["calls"], row["errors"], row["total_tokens"], row["cost"]) for row in told["by_end_user"]
    ]
    assert users == [("ann", 2, 0, 6, 1.0), ("bob", 1, 1, 3, 0.25)]
    assert api.get("/metrics/cost", query, model="m", by="end_user")["by_end_user"] is None
    assert api.get("/metrics/cost", query)["by_end_user"] is None

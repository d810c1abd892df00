"""What a logged call counts for: as a call, a refusal, a cache hit; with a price, or without one."""

from typing import Any

import pytest

from callscope.db.engine import Database
from callscope.store.sql.doctor import examine
from tests.caller import Api
from tests.ingest.conftest import CALL


def _summary(api: Api) -> dict[str, Any]:
    told: dict[str, Any] = api.get("/metrics/summary")
    return told


def test_a_cache_hit_is_a_call_at_no_cost_and_outside_the_latencies(api: Api) -> None:
    api.log([CALL, CALL | {"cache_hit": True, "saved_cost": 0.25, "latency_ms": 1, "time_to_first_token_ms": 1}])
    told = _summary(api)
    assert (told["calls"], told["cache_hits"], told["saved_cost"], told["unpriced_calls"]) == (2, 1, 0.25, 0)
    assert told["latency_ms"]["p50"] == pytest.approx(20, rel=0.01)
    assert told["latency_ms"]["mean"] == 20
    assert told["time_to_first_token_ms"]["p50"] is None
    once = api.post("/llm/log-call", CALL | {"cache_hit": True})
    assert (once["estimated_cost"], once["price_source"]) == (0, None), "known to be nothing"
    assert api.get(f"/llm/calls/{once['id']}")["estimated_cost"] == 0
    assert _summary(api)["total_cost"] == told["total_cost"] > 0


def test_what_several_reports_of_a_call_wrote_is_shown_together(api: Api) -> None:
    first = api.post("/llm/log-call", CALL | {"response_id": "r", "prompt": "Where is it?", "metadata": {"a": 1}})
    again = api.post("/llm/log-call", CALL | {"response_id": "r", "response": "On its way."})
    assert first["id"] == again["id"]
    call = api.get(f"/llm/calls/{first['id']}")
    assert (call["prompt"], call["response"], call["metadata"]) == ("Where is it?", "On its way.", {"a": 1})
    assert [row["preview"] for row in api.get("/llm/calls")["items"]] == ["Where is it?"]


def test_a_refused_call_counts_as_a_refusal_and_as_nothing_else(api: Api) -> None:
    receipt = api.post("/llm/log-call", CALL | {"refused": "switched off", "status": "error", "end_user": "ann"})
    told = _summary(api)
    rest = {name: value for name, value in told.items() if name not in {"refusals", "previous", "from", "to"}}
    assert told["refusals"] == 1
    assert not any(value for value in rest.values() if not isinstance(value, dict))
    assert not any([*told["latency_ms"].values(), *told["time_to_first_token_ms"].values()])
    assert api.get("/metrics/cost", by="end_user")["by_end_user"] == []
    assert api.get("/metrics/error-rate")["by_kind"] == []
    assert api.get(f"/llm/calls/{receipt['id']}")["refused"] == "switched off"


def test_a_call_without_a_known_price_is_counted_as_unpriced_and_never_as_free(api: Api) -> None:
    receipt = api.post("/llm/log-call", CALL | {"model": "house-model", "provider": "nobody"})
    assert (receipt["estimated_cost"], receipt["price_source"]) == (None, None)
    told = _summary(api)
    assert (told["calls"], told["unpriced_calls"], told["total_cost"], told["average_cost"]) == (1, 1, 0, None)
    assert [call["id"] for call in api.get("/llm/calls", unpriced=True)["items"]] == [receipt["id"]]


@pytest.mark.parametrize("cost", [0, 0.5])
def test_what_the_provider_reports_is_the_price_also_when_it_is_nothing(api: Api, cost: float) -> None:
    for model in ({}, {"model": "house-model", "provider": "nobody"}):
        receipt = api.post("/llm/log-call", CALL | model | {"cost": cost})
        assert (receipt["estimated_cost"], receipt["price_source"]) == (cost, "reported")
    told = _summary(api)
    assert (told["total_cost"], told["unpriced_calls"], told["average_cost"]) == (2 * cost, 0, cost)


def test_each_status_and_kind_of_token_is_counted_once(api: Api) -> None:
    tokens = {
        "prompt_tokens": 100,
        "completion_tokens": 40,
        "cached_tokens": 30,
        "cache_write_tokens": 20,
        "reasoning_tokens": 10,
    }
    api.log(
        [
            CALL | tokens,
            CALL | tokens | {"status": "error", "error_type": "rate_limit"},
            CALL | tokens | {"status": "timeout"},
        ]
    )
    told = _summary(api)
    assert (told["calls"], told["errors"], told["error_rate"]) == (3, 2, 2 / 3)
    assert {name: told[name] for name in tokens} == {name: 3 * count for name, count in tokens.items()}
    assert told["total_tokens"] == 420
    assert {row["kind"] for row in api.get("/metrics/error-rate")["by_kind"]} == {"rate_limit", "timeout"}


def test_a_rating_is_counted_with_its_call(api: Api) -> None:
    receipt = api.post("/llm/log-call", CALL)
    for rating in (2, 5):
        api.post("/feedback", {"llm_call_id": receipt["id"], "rating": rating})
    told = _summary(api)
    assert (told["ratings"], told["average_rating"], told["calls"]) == (1, 5, 1)


def test_one_bad_call_of_a_batch_is_named_and_nothing_of_it_is_counted(api: Api) -> None:
    refusal = api.post("/llm/log-calls", [CALL, CALL | {"latency_ms": -1}, CALL | {"model": None}], expect=422)
    assert {error["field"].split(".")[0] for error in refusal["errors"]} == {"1", "2"}
    assert (
        api.post("/llm/log-calls", [CALL, CALL | {"model": None, "provider": None, "model_id": 999_999}], expect=422)[
            "errors"
        ][0]["field"]
        == "1.model_id"
    )
    assert _summary(api)["calls"] == 0


def test_what_no_call_can_cost_is_no_cost(api: Api) -> None:
    for field in ("cost", "saved_cost"):
        assert api.post("/llm/log-call", CALL | {field: 10_001}, expect=422)["errors"][0]["field"] == field
    dear = {"name": "dear", "provider": "vllm", "prices": [{"input": 10_000, "output": 10_000}]}
    assert api.client.post("/llm/models", json=dear, headers=api._headers()).status_code == 201
    call = CALL | {"model": "dear", "provider": "vllm", "completion_tokens": 0}
    receipts = [api.post("/llm/log-call", call | {"prompt_tokens": tokens}) for tokens in (1_000_000, 1_000_001)]
    assert [receipt["estimated_cost"] for receipt in receipts] == [10_000, None]
    assert _summary(api)["unpriced_calls"] == 1


def test_a_sender_of_absurd_costs_spoils_nothing_for_others(api: Api, db: Database) -> None:
    absurd = CALL | {"cost": 10_000, "project": "absurd"}
    api.log([absurd] * 900)
    for calls in ([absurd], [absurd] * 1_000):
        assert "9 million US dollars" in api.post("/llm/log-calls", calls, expect=422)["detail"]
    api.log([absurd | {"cost": 1}, CALL | {"cost": 10_000}])
    told = _summary(api)
    assert (told["calls"], told["total_cost"]) == (902, 9_010_001)
    assert examine(db).found.total() == 0

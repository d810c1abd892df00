"""Names come from clients, so their number is bounded; what is beyond the bound is counted, priced and shown all the same."""

from collections.abc import Iterator
from functools import partial

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from callscope.app import create_app
from callscope.config import Config
from callscope.ingest.directory import Directory
from tests.caller import Api, admin_of
from tests.conftest import LOCAL
from tests.ingest.conftest import CALL


@pytest.fixture
def app(config: Config, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """A server that tells two environments and two models a project apart."""
    monkeypatch.setattr("callscope.app.Directory", partial(Directory, max_environments=2, max_models=2))
    return create_app(config)


@pytest.fixture
def restarted(app: FastAPI, api: Api, config: Config) -> Iterator[Api]:
    """Another process on the same database."""
    other = create_app(config)
    with TestClient(other, base_url="http://127.0.0.1:8000", client=LOCAL) as client:
        yield admin_of(other, client)


def test_environments_beyond_the_bound_are_counted_as_other(api: Api) -> None:
    names = ["a", "b", "c", "d", "c", "a"]
    ids = [api.post("/llm/log-call", CALL | {"environment": name})["id"] for name in names]
    told = {row["name"]: row["calls"] for row in api.get("/metrics/cost")["by_environment"]}
    assert told == {"a": 2, "b": 1, "(other)": 3}
    assert [api.get(f"/llm/calls/{call_id}")["environment"] for call_id in ids] == [
        "a",
        "b",
        "(other)",
        "(other)",
        "(other)",
        "a",
    ]
    assert api.get("/metrics/summary", environment="(other)")["calls"] == 3
    assert api.get("/metrics/summary")["calls"] == 6


def test_models_beyond_the_bound_are_counted_as_other_and_keep_name_and_price(api: Api, restarted: Api) -> None:
    known = ("openai", "gpt-4o"), ("openai", "gpt-4o-mini")
    beyond = ("openai", "gpt-4"), ("nobody", "house-model"), ("anthropic", "claude-haiku-4-5"), ("openai", "gpt-4")
    receipts = [
        server.post("/llm/log-call", CALL | {"provider": provider, "model": model})
        for server in (api, restarted)
        for provider, model in (*known, *beyond)
    ]
    assert [receipt["price_source"] for receipt in receipts[:6]] == [
        "catalogue",
        "catalogue",
        "override",
        None,
        "catalogue",
        "override",
    ]
    assert (
        receipts[2]["estimated_cost"]
        == receipts[5]["estimated_cost"]
        == receipts[8]["estimated_cost"]
        > receipts[0]["estimated_cost"]
    )
    assert [api.get(f"/llm/calls/{receipt['id']}")["model"] for receipt in receipts[:6]] == [
        name for _, name in (*known, *beyond)
    ]
    told = {row["name"]: (row["calls"], row["unpriced_calls"]) for row in api.get("/metrics/cost")["by_model"]}
    assert told == {"gpt-4o": (2, 0), "gpt-4o-mini": (2, 0), "(other)": (8, 2)}
    assert api.get("/metrics/summary")["total_cost"] == pytest.approx(
        sum(receipt["estimated_cost"] or 0 for receipt in receipts)
    )


def test_the_bound_is_each_projects_own(api: Api) -> None:
    calls = [
        CALL | {"project": project, "model": f"{project} {i}", "environment": f"e{i}"}
        for project in ("shop", "desk")
        for i in range(3)
    ]
    api.log(calls)
    for project in ("shop", "desk"):
        told = api.get("/metrics/cost", project=project)
        assert {row["name"] for row in told["by_model"]} == {f"{project} 0", f"{project} 1", "(other)"}
        assert {row["name"] for row in told["by_environment"]} == {"e0", "e1", "(other)"}


def test_two_reports_of_a_call_beyond_the_bound_are_still_one_call(api: Api) -> None:
    api.log([CALL | {"model": "a"}, CALL | {"model": "b"}])
    one, other = (
        api.post("/llm/log-call", CALL | {"model": "c", "response_id": "r", "latency_ms": lag}) for lag in (1, 2)
    )
    assert one["id"] == other["id"]
    assert api.get("/metrics/summary")["calls"] == 3

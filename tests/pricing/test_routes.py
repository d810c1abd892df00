"""`/llm/models`, as viewers and administrators use it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from sqlalchemy import delete, select

from callscope.api.rights import Caller, Role, Scope
from callscope.audit.models import AuditEntry
from callscope.db.engine import Database
from callscope.pricing.models import LLMModel
from callscope.pricing.seed import seed_catalogue
from callscope.settings.models import SystemSettings

CALLERS = {
    "admin": Caller("admin@example.com", user_id=1, role=Role.ADMIN),
    "viewer": Caller("viewer@example.com", user_id=2, role=Role.VIEWER),
    "metrics": Caller("key dashboards", api_key_id=1, scopes=frozenset({Scope.METRICS})),
    "ingest": Caller("key app", api_key_id=2, scopes=frozenset({Scope.INGEST})),
}


NO_OTHER_KIND = dict.fromkeys(
    ("reasoning", "audio_input", "audio_output", "image_input", "image_output", "request", "server_tool")
)
OUR_LLAMA = {"name": "our-llama", "provider": "vllm"}


class Api:
    """The server as one caller sees it: `data` of the answer, or the whole of it for an expected error."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def call(self, method: str, path: str, body: Any = None, caller: str = "admin", status: int = 200) -> Any:
        text = None if body is None else json.dumps(body)
        headers = {"X-Test-Caller": caller, "Content-Type": "application/json"}
        answer = self.client.request(method, path, content=text, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()["data"] if status < 400 else answer.json()

    def get(self, path: str, **rest: Any) -> Any:
        return self.call("GET", path, **rest)

    def post(self, body: Any, **rest: Any) -> Any:
        return self.call("POST", "/llm/models", body, **{"status": 201} | rest)

    def patch(self, model_id: int, body: Any, **rest: Any) -> Any:
        return self.call("PATCH", f"/llm/models/{model_id}", body, **rest)

    def detail(self, model_id: int) -> Any:
        return self.get(f"/llm/models/{model_id}")

    def model(self, model_id: int) -> Any:
        return next(m for m in self.get("/llm/models?limit=500")["items"] if m["id"] == model_id)


@pytest.fixture
def api(app: FastAPI, db: Database) -> Iterator[Api]:
    async def authenticate(request: Request) -> Caller | None:
        return CALLERS.get(request.headers.get("X-Test-Caller", ""))

    app.state.authenticate = authenticate
    with db.write() as connection:
        connection.execute(delete(LLMModel))
        seed_catalogue(connection)
    with TestClient(app, base_url="http://127.0.0.1:8000", client=("127.0.0.1", 50_000)) as client:
        yield Api(client)


def test_the_catalogue_is_paged_and_filtered(api: Api) -> None:
    seen: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = api.get(f"/llm/models?limit=100{cursor and f'&cursor={cursor}'}", caller="viewer")
        seen += [model["id"] for model in page["items"]]
        cursor = page["next_cursor"]
    assert seen == sorted(seen) == list(range(1, len(seen) + 1))
    assert len(api.get("/llm/models", caller="metrics")["items"]) == 50
    haikus = api.get("/llm/models?provider=Anthropic&q=HAIKU-4-5")["items"]
    assert [(model["id"], model["name"]) for model in haikus] == [(2, "claude-haiku-4-5")]
    assert api.get("/llm/models?enabled=false")["items"] == []
    assert api.get("/llm/models?cursor=abc", status=422)["errors"][0]["field"] == "cursor"
    assert api.get("/llm/models?limit=501", status=422)["errors"][0]["field"] == "limit"


def test_a_model_shows_its_flat_rate_or_the_price_of_the_book(api: Api) -> None:
    assert api.model(1) == {
        "id": 1, "name": "gpt-4", "provider": "openai", "cost_per_1k_tokens": 0.03, "enabled": True, "prices": [],
        "cost_per_1k_tokens_from": None, "priced_as": None,
    }  # fmt: skip
    (price,) = api.model(2)["prices"]
    assert price.pop("source").startswith("genai-prices ")
    assert price.items() >= {
        "input": 1.0, "cached_input": 0.1, "cache_write": 1.25, "cache_write_1h": 2.0, "output": 5.0, "reasoning": None,
        "id": None, "valid_to": None, "price_source": "catalogue",
    }.items()  # fmt: skip


@pytest.mark.parametrize("moment", ["0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59"])
def test_a_price_from_a_time_that_there_is_not_is_refused(api: Api, moment: str) -> None:
    price = {"valid_from": moment, "input": 1, "output": 2}
    refused = api.post({"name": "our-llama", "provider": "vllm", "prices": [price]}, status=422)
    assert refused["errors"] == [{"field": "prices.0.valid_from", "message": "is outside the years 1 to 9999"}]


def test_a_model_is_added_with_prices_of_one_s_own(api: Api) -> None:
    price = {"valid_from": "2026-01-01T01:00:00+01:00", "input": 0.000001, "output": 2, "source": "contract"}
    added = api.post({"name": " our-llama ", "provider": "vllm", "prices": [price]})
    assert added == api.model(added["id"])
    assert added["name"] == "our-llama"
    assert added["prices"] == [
        NO_OTHER_KIND | {
            "valid_from": "2026-01-01T00:00:00Z", "source": "contract", "input": 0.000001, "cached_input": None,
            "cache_write": None, "cache_write_1h": None, "output": 2.0,
            "id": added["prices"][0]["id"], "valid_to": None, "price_source": "override",
        }
    ]  # fmt: skip
    assert "already" in api.post({"name": "Our-Llama", "provider": "VLLM"}, status=409)["detail"]
    assert api.post({"name": "our-llama", "provider": "unpriced"})["prices"] == []


def test_a_price_is_added_and_the_old_ones_stay(api: Api, db: Database) -> None:
    added = api.post({"name": "our-llama", "provider": "vllm", "prices": [{"input": 1, "output": 2}]})
    old = added["prices"]
    assert old[0]["source"] == "set by an administrator"
    assert "admin@example.com" not in json.dumps(added)
    new = {"valid_from": "2090-01-01T00:00:00Z", "input": 3, "cached_input": 0, "output": 4}
    prices = api.patch(added["id"], {"prices": [new]})["prices"]
    assert prices[0] == old[0] | {"valid_to": new["valid_from"]}
    assert (prices[1]["input"], prices[1]["cached_input"], prices[1]["output"]) == (3.0, 0.0, 4.0)
    assert "already has a price" in api.patch(added["id"], {"prices": [new]}, status=409)["detail"]
    assert len(api.model(added["id"])["prices"]) == 2


def test_a_price_of_the_future_leaves_that_of_the_book_in_force(api: Api) -> None:
    prices = api.patch(3, {"prices": [{"valid_from": "2090-01-01T00:00:00Z", "input": 3, "output": 4}]})["prices"]
    assert [price["source"].split()[0] for price in prices] == ["genai-prices", "set"]


def test_a_flat_rate_is_set_and_removed(api: Api) -> None:
    assert api.patch(3, {"cost_per_1k_tokens": 0.000000001})["cost_per_1k_tokens"] == 1e-9
    refused = api.patch(3, {"prices": [{"input": 1, "output": 2}]}, status=422)
    assert "flat rate" in refused["errors"][0]["message"]
    changed = api.patch(3, {"cost_per_1k_tokens": None, "prices": [{"input": 1, "output": 2}]})
    assert changed["cost_per_1k_tokens"] is None
    assert len(changed["prices"]) == 1


def test_a_model_shows_all_prices_that_it_has_had_and_will_have(api: Api) -> None:
    price: dict[str, Any] = {
        "valid_from": "2090-01-01T00:00:00Z",
        "valid_to": "2091-01-01T00:00:00Z",
        "input": 3,
        "output": 4,
    }
    api.patch(14, {"prices": [price]})
    prices = api.detail(14)["prices"]
    assert [prices[0]["valid_from"], prices[-1]["valid_to"]] == [None, None]
    assert [price["valid_to"] for price in prices[:-1]] == [price["valid_from"] for price in prices[1:]]
    own = next(price for price in prices if price["price_source"] == "override")
    assert (own["valid_from"], own["valid_to"], own["input"]) == (price["valid_from"], price["valid_to"], 3.0)
    assert prices[-1]["source"].startswith("genai-prices ")
    assert {"batch"} <= prices[-1]["tiers"].keys()


def test_a_price_says_all_kinds_and_what_longer_prompts_cost(api: Api) -> None:
    step = {"above": 200_000, "input": 4, "output": 12, "cached_input": 0.4}
    price: dict[str, Any] = {
        "input": 2, "output": 6, "cached_input": 0.2, "reasoning": 7, "audio_input": 8, "request": 0.005,
        "server_tool": 0.01, "image_output": 0, "steps": [step],
    }  # fmt: skip
    added = api.post({**OUR_LLAMA, "prices": [price]})
    (shown,) = api.detail(added["id"])["prices"]
    (shown_step,) = shown.pop("steps")
    assert {kind: shown[kind] for kind in price if kind != "steps"} == {k: v for k, v in price.items() if k != "steps"}
    assert {kind: shown_step[kind] for kind in step} == step
    refused = api.patch(added["id"], {"prices": [{**price, "steps": [step, step]}]}, status=422)
    assert "rising" in refused["errors"][0]["message"]


def test_a_changed_flat_rate_leaves_what_was_before(api: Api) -> None:
    api.patch(1, {"cost_per_1k_tokens": 0.05, "cost_per_1k_tokens_from": "2026-11-01T00:00:00Z"})
    model = api.detail(1)
    assert (model["cost_per_1k_tokens"], model["cost_per_1k_tokens_from"]) == (0.05, "2026-11-01T00:00:00Z")
    before, after = model["prices"]
    assert (before["input"], before["valid_from"], before["valid_to"]) == (30.0, None, "2026-11-01T00:00:00Z")
    assert (after["input"], after["valid_from"], after["source"]) == (50.0, "2026-11-01T00:00:00Z", "flat rate")
    api.patch(1, {"cost_per_1k_tokens": 0.06, "cost_per_1k_tokens_from": None})  # it never cost anything else
    assert [price["input"] for price in api.detail(1)["prices"]] == [60.0]
    later = api.patch(1, {"cost_per_1k_tokens": 1, "cost_per_1k_tokens_from": "2090-01-01T00:00:00Z"}, status=422)
    assert later["errors"][0]["field"] == "cost_per_1k_tokens_from"
    assert api.patch(1, {"cost_per_1k_tokens_from": None}, status=422)["errors"]


def test_a_flat_rate_that_is_taken_away_keeps_the_time_in_which_it_held(api: Api, db: Database) -> None:
    def price(dollars: int, start: str, end: str | None = None) -> dict[str, Any]:
        return {"input": dollars, "output": dollars, "valid_from": f"{start}T00:00:00Z", "valid_to": end}

    prices = [
        price(1, "2026-01-01"), price(2, "2026-06-01"), price(3, "2026-07-01", "2090-03-01T00:00:00Z"),
        price(4, "2026-08-01", "2090-01-01T00:00:00Z"), price(5, "2026-09-01", "2026-10-01T00:00:00Z"),
        price(6, "2090-02-01", "2090-04-01T00:00:00Z"),
    ]  # fmt: skip
    model_id = api.post({**OUR_LLAMA, "prices": prices})["id"]
    api.patch(model_id, {"cost_per_1k_tokens": 0.05, "cost_per_1k_tokens_from": "2026-06-01T00:00:00Z"})
    flat = [(held["input"], held["valid_from"]) for held in api.detail(model_id)["prices"]]
    assert flat == [(1, "2026-01-01T00:00:00Z"), (50, "2026-06-01T00:00:00Z")]
    api.patch(model_id, {"cost_per_1k_tokens": None})
    history = api.detail(model_id)["prices"]
    now = history[1]["valid_to"]
    assert [(held["input"], held["valid_from"]) for held in history] == [
        *flat, (4, now), (3, "2090-01-01T00:00:00Z"), (6, "2090-02-01T00:00:00Z"), (2, "2090-04-01T00:00:00Z"),
    ]  # fmt: skip
    assert now > "2026-11-01"
    with db.read_session() as session:
        entries = session.scalars(select(AuditEntry).where(AuditEntry.subject == "model vllm/our-llama"))
        last: Any = max(entries, key=lambda entry: entry.id)
    assert [held["input"] for held in last.before["prices"]] == [2, 3, 4, 5]
    assert sorted(held["input"] for held in last.after["prices"]) == [2, 3, 4, 50]


def test_a_price_that_takes_a_flat_rate_s_place_goes_before_those_that_it_covered(api: Api) -> None:
    old, new = {"valid_from": "2026-09-01T00:00:00Z", "input": 1, "output": 1}, {"input": 2, "output": 2}
    model_id = api.post({**OUR_LLAMA, "prices": [old]})["id"]
    flat = {"cost_per_1k_tokens": 0.05, "cost_per_1k_tokens_from": "2026-06-01T00:00:00Z"}
    api.patch(model_id, flat)
    taken = {"cost_per_1k_tokens": None, "prices": [new | {"valid_from": flat["cost_per_1k_tokens_from"]}]}
    assert "flat rate held" in api.patch(model_id, taken, status=422)["errors"][0]["message"]
    api.patch(model_id, {"cost_per_1k_tokens": None, "prices": [new]})
    assert [price["input"] for price in api.detail(model_id)["prices"]] == [50, 2]


def test_a_flat_rate_of_a_model_that_had_no_price_holds_since_ever(api: Api) -> None:
    unpriced = api.post(OUR_LLAMA)["id"]
    assert api.patch(unpriced, {"cost_per_1k_tokens": 0.5})["cost_per_1k_tokens_from"] is None
    assert api.patch(3, {"cost_per_1k_tokens": 0.5})["cost_per_1k_tokens_from"] is not None


def test_a_price_that_was_entered_wrongly_is_corrected_or_removed(api: Api, db: Database) -> None:
    price: dict[str, Any] = {"valid_from": "2026-01-01T00:00:00Z", "input": 25, "output": 2}
    added = api.post({**OUR_LLAMA, "prices": [price]})
    where = f"/llm/models/{added['id']}/prices/{added['prices'][0]['id']}"
    (corrected,) = api.call("PUT", where, {"input": 2.5, "output": 2})["prices"]
    assert (corrected["input"], corrected["valid_from"]) == (2.5, price["valid_from"])
    assert api.call("PUT", where, {"input": 1, "output": 2, "valid_to": "2025-01-01T00:00:00Z"}, status=422)["errors"]
    assert api.call("DELETE", where)["prices"] == []
    assert "no price" in api.call("DELETE", where, status=404)["detail"]
    with db.read_session() as session:
        kept: list[Any] = [
            (entry.before, entry.after)
            for entry in session.scalars(select(AuditEntry).where(AuditEntry.subject == "model vllm/our-llama"))
        ]
    assert [(before["prices"][0]["input"], after["prices"]) for before, after in kept if before and after] == [
        (25.0, [{"valid_from": price["valid_from"], "source": "set by an administrator", "input": 2.5, "output": 2.0}]),
        (2.5, []),
    ]


def test_a_name_of_one_s_own_is_priced_as_a_model_of_the_book(api: Api) -> None:
    deployment = api.post({"name": "chat-prod", "provider": "azure"})
    assert "does not know the model “chat-prod” at azure" in api.detail(deployment["id"])["unpriced_reason"]
    target = {"provider": "azure", "model": "gpt-4o"}
    changed = api.patch(deployment["id"], {"priced_as": target})
    assert changed["priced_as"] == target
    assert changed["prices"][0]["input"] == 2.5
    assert api.detail(deployment["id"])["unpriced_reason"] is None
    for unknown in ({"provider": "azure", "model": "chat-prod"}, {"provider": "vllm", "model": "gpt-4o"}):
        refused = api.patch(deployment["id"], {"priced_as": unknown}, status=422)
        assert refused["errors"][0]["field"] == "priced_as"
    assert api.patch(deployment["id"], {"priced_as": None})["prices"] == []


def test_every_change_is_noted(api: Api, db: Database) -> None:
    api.patch(3, {"enabled": False, "cost_per_1k_tokens": 0.5})
    api.patch(3, {"enabled": False})
    with db.read_session() as session:
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.subject == "model openai/gpt-4o")).all()
    assert (entry.action, entry.actor) == ("model.update", "admin@example.com")
    assert entry.before == {"enabled": True, "cost_per_1k_tokens": None}
    assert entry.after == {"enabled": False, "cost_per_1k_tokens": 0.5}


def test_claude_haiku_4_5_is_switched_in_all_versions_and_in_the_settings(api: Api, db: Database) -> None:
    dated = api.post({"name": "claude-haiku-4-5-20251001", "provider": "anthropic"})
    api.patch(2, {"enabled": False})
    assert not api.model(dated["id"])["enabled"]
    assert not api.post({"name": "Claude-Haiku-4-5@20251001", "provider": "vertex_ai"})["enabled"]
    with db.read_session() as session:
        assert session.scalars(select(SystemSettings.claude_haiku_45_enabled)).one() is False
    api.patch(dated["id"], {"enabled": True})
    assert api.model(2)["enabled"]
    with db.read_session() as session:
        assert session.scalars(select(SystemSettings.claude_haiku_45_enabled)).one() is True


def test_a_call_says_why_it_has_no_price(api: Api) -> None:
    used = {"prompt_tokens": 100_000, "completion_tokens": 5, "latency_ms": 1, "status": "success"}

    def logged(**call: Any) -> Any:
        return api.get(f"/llm/calls/{api.call('POST', '/llm/log-call', used | call, status=201)['id']}")

    unpriced = logged(model="our-llama", provider="vllm")
    assert unpriced["unpriced_reason"].startswith("The price book does not know the provider “vllm”")
    api.patch(unpriced["model_id"], {"cost_per_1k_tokens": 0.5})
    assert "once it is repriced" in api.get(f"/llm/calls/{unpriced['id']}")["unpriced_reason"]
    api.patch(unpriced["model_id"], {"cost_per_1k_tokens": 10, "cost_per_1k_tokens_from": None})
    dear = logged(model="our-llama", provider="vllm", prompt_tokens=1_000_000)
    assert "more than 10,000 dollars" in dear["unpriced_reason"]
    assert logged(model="our-llama", provider="vllm")["unpriced_reason"] is None
    assert logged(model="who-knows", cache_hit=True)["unpriced_reason"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"cost_per_1k_tokens": -1},
        {"cost_per_1k_tokens": "0.03"},
        {"cost_per_1k_tokens": True},
        {"cost_per_1k_tokens": 101},
        {"cost_per_1k_tokens": 1e-10},
        {"cost_per_1k_tokens": float("nan")},
        {"cost_per_1k_tokens": float("inf")},
        {"cost_per_1k_tokens": 10**400},
        {"prices": [{"input": 1}]},
        {"prices": [{"input": 1, "output": -1}]},
        {"prices": [{"input": 1, "output": 0.0000001}]},
        {"prices": [{"input": 1, "output": 2, "valid_from": "2026-01-01T00:00:00"}]},
        {"prices": [{"input": 1, "output": 2, "surprise": 3}]},
        {
            "prices": [
                {"input": 1, "output": 2, "valid_from": "2026-01-01T00:00:00Z", "valid_to": "2026-01-01T00:00:00Z"}
            ]
        },
        {"prices": [{"input": 1, "output": 2, "steps": [{"above": 0, "input": 1, "output": 2}]}]},
        {"priced_as": {"provider": "openai"}},
        {"enabled": None},
        {"name": "gpt-5"},
    ],
)
def test_what_is_not_a_price_is_refused(api: Api, body: dict[str, Any]) -> None:
    assert api.patch(3, body, status=422)["errors"]
    assert api.model(3)["cost_per_1k_tokens"] is None


def test_only_administrators_change_the_catalogue(api: Api) -> None:
    for caller, status in {"viewer": 403, "metrics": 403, "ingest": 403, "nobody": 401}.items():
        api.post({"name": "our-llama", "provider": "vllm"}, caller=caller, status=status)
        api.patch(3, {"enabled": False}, caller=caller, status=status)
    api.get("/llm/models", caller="ingest", status=403)
    api.get("/llm/models", caller="nobody", status=401)
    assert api.patch(99_999, {"enabled": False}, status=404)["detail"] == "There is no model 99999."
    api.patch(10**12, {"enabled": False}, status=422)

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
    }  # fmt: skip
    (price,) = api.model(2)["prices"]
    assert price.pop("source").startswith("genai-prices ")
    assert price == {
        "valid_from": None, "input": 1.0, "cached_input": 0.1, "cache_write": 1.25, "cache_write_1h": 2.0, "output": 5.0,
    }  # fmt: skip


def test_a_model_is_added_with_prices_of_one_s_own(api: Api) -> None:
    price = {"valid_from": "2026-01-01T01:00:00+01:00", "input": 0.000001, "output": 2, "source": "contract"}
    added = api.post({"name": " our-llama ", "provider": "vllm", "prices": [price]})
    assert added == api.model(added["id"])
    assert added["name"] == "our-llama"
    assert added["prices"] == [
        {
            "valid_from": "2026-01-01T00:00:00Z", "source": "contract", "input": 0.000001, "cached_input": None,
            "cache_write": None, "cache_write_1h": None, "output": 2.0,
        }
    ]  # fmt: skip
    assert "already" in api.post({"name": "Our-Llama", "provider": "VLLM"}, status=409)["detail"]
    assert api.post({"name": "our-llama", "provider": "unpriced"})["prices"] == []


def test_a_price_is_added_and_the_old_ones_stay(api: Api, db: Database) -> None:
    added = api.post({"name": "our-llama", "provider": "vllm", "prices": [{"input": 1, "output": 2}]})
    old = added["prices"]
    assert old[0]["source"] == "set by admin@example.com"
    new = {"valid_from": "2090-01-01T00:00:00Z", "input": 3, "cached_input": 0, "output": 4}
    prices = api.patch(added["id"], {"prices": [new]})["prices"]
    assert prices[0] == old[0]
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


def test_every_change_is_noted(api: Api, db: Database) -> None:
    api.patch(3, {"enabled": False, "cost_per_1k_tokens": 0.5})
    api.patch(3, {"enabled": False})
    with db.read_session() as session:
        (entry,) = session.scalars(select(AuditEntry).where(AuditEntry.action.startswith("model."))).all()
    assert (entry.action, entry.actor, entry.subject) == ("model.update", "admin@example.com", "model openai/gpt-4o")
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

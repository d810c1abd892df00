"""What calls name is entered once for a whole request, by whoever may, and only if the request is taken."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from callscope.accounts.models import Project
from callscope.api.rights import Caller, Role
from callscope.app import create_app
from callscope.calls.models import environments, project_environments, project_models
from callscope.config import Config
from callscope.db.engine import Database
from callscope.db.versions import versions
from callscope.ingest.directory import Directory
from callscope.pricing.catalogue import VERSION
from callscope.pricing.models import LLMModel
from tests.caller import SCOPES, Api, admin_of
from tests.conftest import LOCAL
from tests.ingest.conftest import CALL


@pytest.fixture
def small(config: Config, monkeypatch: pytest.MonkeyPatch) -> Iterator[Api]:
    """A server that tells four environments and four models a project apart."""
    monkeypatch.setattr("callscope.app.Directory", partial(Directory, max_environments=4, max_models=4))
    app = create_app(config)
    with TestClient(app, base_url="http://127.0.0.1:8000", client=LOCAL) as client:
        yield admin_of(app, client)


def _names(db: Database) -> list[int]:
    tables = (Project.__table__, environments, project_environments, project_models, LLMModel.__table__)
    with db.read() as connection:
        return [connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables]


def _of(api: Api, caller: Caller) -> Api:
    return Api(api.app, api.client, caller, api.callers)


def _key_of(api: Api, project: str) -> Api:
    number = api.app.state.projects.resolve(project).id
    return _of(api, Caller(f"key of {project}", api_key_id=number, scopes=SCOPES, project_ids=frozenset({number})))


def _numbered(number: int) -> dict[str, Any]:
    return {name: value for name, value in CALL.items() if name not in {"model", "provider"}} | {"model_id": number}


def test_a_number_that_no_model_has_is_refused_also_where_other_names_are_new(app: FastAPI, api: Api) -> None:
    for names in ({}, {"environment": "new"}, {"project": "new"}):
        refusal = api.post("/llm/log-call", _numbered(999_999) | names, expect=422)
        assert refusal["errors"] == [
            {"field": "model_id", "message": "there is no model 999999 in the catalogue; see GET /llm/models"}
        ]
        app.state.versions.announce(VERSION)  # as after a change of the catalogue
    calls = [_numbered(1), _numbered(999_998), CALL | {"environment": "newer"}, _numbered(999_999)]
    refusal = api.post("/llm/log-calls", calls, expect=422)
    assert [error["field"] for error in refusal["errors"]] == ["1.model_id", "3.model_id"]


@pytest.mark.parametrize(
    ("last", "status"),
    [
        ({"created_at": "1999-01-01T00:00:00Z"}, 422),
        ({"user_id": 4711}, 422),
        ({"model": None, "provider": None, "model_id": 999_999}, 422),
        ({"project": "x\ny"}, 422),
        ({}, 429),
    ],
)
def test_a_request_that_is_refused_leaves_no_name_behind(
    app: FastAPI, api: Api, db: Database, last: dict[str, Any], status: int
) -> None:
    before = _names(db)
    state = app.state.recorder._state
    if status == 429:
        state.rows += 10**9
    named = [CALL | {"project": f"p{i}", "environment": f"e{i}", "model": f"m{i}"} for i in range(3)]
    api.with_key(1).post("/llm/log-calls", [*named, CALL | last], expect=status)
    state.rows = 0
    assert _names(db) == before


def test_a_request_to_a_project_that_is_not_the_callers_leaves_no_name_behind(api: Api, db: Database) -> None:
    for name in ("shop", "desk"):
        api.post("/llm/log-call", CALL | {"project": name})
    before = _names(db)
    _key_of(api, "shop").post(
        "/llm/log-calls", [CALL | {"environment": "e", "model": "m"}, CALL | {"project": "desk"}], 403
    )
    viewer = Caller("viewer", user_id=2, role=Role.VIEWER)
    _of(api, viewer).post("/llm/log-calls", [CALL | {"environment": "e", "model": "m"}, CALL | {"project": "new"}], 403)
    assert _names(db) == before


def test_the_names_of_a_batch_are_entered_together(api: Api, db: Database) -> None:
    def changes() -> int:
        with db.read() as connection:
            return connection.scalar(select(versions.c.value).where(versions.c.name == VERSION)) or 0

    before = changes()
    api.log([CALL | {"model": f"m{i}", "environment": f"e{i % 50}", "project": f"p{i % 15}"} for i in range(300)])
    assert changes() == before + 1
    told = api.get("/metrics/cost", by="project")
    assert {row["name"]: row["calls"] for row in told["by_project"]} == {f"p{i}": 20 for i in range(15)}
    assert len({call["model"] for call in api.get("/llm/calls", limit=500)["items"]}) == 300


def test_a_viewer_leaves_half_of_the_room_to_others(small: Api) -> None:
    viewer = _of(small, Caller("viewer", user_id=2, role=Role.VIEWER, project_ids=frozenset({1})))
    for _ in range(2):
        viewer.log([CALL | {"environment": f"junk {i}", "model": f"junk {i}"} for i in range(5)])
    small.log([CALL | {"environment": name, "model": name} for name in ("production", "staging", "beyond")])
    viewer.log([CALL | {"environment": "production", "model": "production"}])
    told = small.get("/metrics/cost")
    apart = {"junk 0": 2, "junk 1": 2, "(other)": 7, "production": 2, "staging": 1}
    assert {row["name"]: row["calls"] for row in told["by_environment"]} == apart
    assert {row["name"]: row["calls"] for row in told["by_model"]} == apart


def test_a_key_makes_so_many_projects_an_hour_and_an_admin_any_number(api: Api, db: Database) -> None:
    key = api.with_key(7)
    key.log([CALL | {"project": f"p{i}"} for i in range(15)])
    before = _names(db)
    refused = key.post("/llm/log-calls", [CALL | {"project": f"q{i}"} for i in range(6)], expect=429)
    assert "at most 20 new projects an hour" in refused["detail"]
    assert _names(db) == before
    key.log([CALL | {"project": f"q{i}"} for i in range(5)])
    key.post("/llm/log-call", CALL | {"project": "one more"}, expect=429)
    key.log([CALL | {"project": "p3"}])
    api.with_key(8).log([CALL | {"project": "one more"}])
    api.log([CALL | {"project": f"r{i}"} for i in range(30)])


def test_a_limited_key_learns_no_name_of_another_project_by_number_when_its_own_is_full(small: Api) -> None:
    small.post("/llm/log-call", CALL | {"project": "desk", "model": "secret-model"})
    small.log([CALL | {"project": "shop", "model": f"m{i}"} for i in range(5)])
    secret = next(model.id for model in small.app.state.catalogue.all() if model.name == "secret-model")
    key = _key_of(small, "shop")
    key.post("/llm/log-call", _numbered(secret), expect=422)
    beyond = key.post("/llm/log-call", _numbered(3))
    assert key.get(f"/llm/calls/{beyond['id']}")["model"] == "gpt-4o"


def test_what_one_project_names_decides_no_provider_and_no_price_of_anothers_calls(api: Api) -> None:
    name = "claude-3-5-sonnet-20240620"
    for project in ("shop", "desk"):
        api.post("/llm/log-call", CALL | {"project": project})
    _key_of(api, "desk").post("/llm/log-call", CALL | {"model": name, "provider": "evil"})
    receipt = _key_of(api, "shop").post("/llm/log-call", CALL | {"model": name, "provider": None})
    call = api.get(f"/llm/calls/{receipt['id']}")
    assert (call["model"], call["provider"]) == (name, "unknown")
    added = api.client.post(
        "/llm/models", json={"name": "house", "provider": "vllm", "cost_per_1k_tokens": 1}, headers=api._headers()
    )
    assert added.status_code == 201
    receipt = _key_of(api, "shop").post("/llm/log-call", CALL | {"model": "house", "provider": None})
    assert receipt["estimated_cost"] == 0.155


def test_a_user_whom_a_call_names_must_be_one(api: Api) -> None:
    key = api.with_key(1)
    for number in (4711, 2**31 - 1):
        refusal = key.post("/llm/log-calls", [CALL, CALL | {"user_id": number}], expect=422)
        assert refusal["errors"] == [{"field": "1.user_id", "message": f"there is no user {number}"}]
    for _ in range(2):
        receipt = key.post("/llm/log-call", CALL | {"user_id": 1})
        assert api.get(f"/llm/calls/{receipt['id']}")["user_id"] == 1

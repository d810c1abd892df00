"""Switching a model off holds for all its spellings, and what is called all the same is marked."""

from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from callscope.ingest import directory
from tests.caller import Api, admin_of
from tests.observability.test_names import HAIKU_45

CALL = {"prompt_tokens": 5, "completion_tokens": 150, "latency_ms": 20, "status": "success"}
SPELLINGS = [name for name in HAIKU_45 if name == name.strip()]


def models(api: Api, **query: Any) -> dict[str, bool]:
    items = api.get("/llm/models", limit=500, **query)["items"]
    return {f"{model['provider']}/{model['name']}": model["enabled"] for model in items}


def switch(api: Api, model_id: int, enabled: bool) -> None:
    api.change("PATCH", f"/llm/models/{model_id}", {"enabled": enabled})


def violations(api: Api) -> tuple[int, int]:
    """As the list has them, and as the metrics do."""
    listed = api.get("/llm/calls", violation=True, limit=500)["items"]
    assert all(call["policy_violation"] for call in listed)
    return len(listed), api.get("/metrics/summary")["violations"]


@pytest.mark.parametrize("handle", ["setting", "model"])
def test_a_call_of_a_model_that_is_off_is_recorded_and_marked_under_each_spelling(api: Api, handle: str) -> None:
    api.log([{**CALL, "model": SPELLINGS[1]}])  # a spelling that is in the catalogue before the switch
    if handle == "setting":
        api.change("PUT", "/settings", {"claude_haiku_45_enabled": False})
    else:
        switch(api, 2, False)
        assert api.get("/settings")["claude_haiku_45_enabled"] is False
    api.log([{**CALL, "model": name} for name in SPELLINGS])
    api.log([{**CALL, "model": name, "provider": "a proxy"} for name in SPELLINGS])
    api.log([{**CALL, "model": "claude-haiku-4-55"}, {**CALL, "model": "my-claude-haiku-4-5-clone"}])
    assert violations(api) == (2 * len(SPELLINGS),) * 2
    api.change("PUT", "/settings", {"claude_haiku_45_enabled": True})
    api.log([{**CALL, "model": name} for name in SPELLINGS])
    assert violations(api) == (2 * len(SPELLINGS),) * 2


def test_any_model_is_switched_in_all_its_spellings(api: Api) -> None:
    api.log([{**CALL, "model": name} for name in ("azure/gpt-4o", "gpt-4o-2024-08-06", "gpt-4o-mini-2024-07-18")])
    switch(api, 3, False)  # gpt-4o
    off = {name for name, enabled in models(api, q="gpt-4o").items() if not enabled}
    assert off == {"openai/gpt-4o", "openai/gpt-4o-2024-05-13", "unknown/azure/gpt-4o", "unknown/gpt-4o-2024-08-06"}
    api.log([{**CALL, "model": "openrouter/openai/gpt-4o"}])
    added = api.post("/llm/models", {"name": "gpt-4o-2024-11-20", "provider": "azure"})
    assert (violations(api), added["enabled"]) == ((1, 1), False)
    switch(api, added["id"], True)
    assert all(models(api, q="gpt-4o").values())


def test_what_was_asked_for_counts_as_well_as_what_answered(api: Api) -> None:
    switch(api, 2, False)
    api.log([{**CALL, "model": "claude-5-small", "request_model": "anthropic/claude-haiku-4.5"}])
    assert violations(api) == (1, 1)


def test_a_refused_call_is_no_violation(api: Api) -> None:
    switch(api, 2, False)
    refused = {"prompt_tokens": 0, "completion_tokens": 0, "latency_ms": 0, "status": "error", "refused": "off"}
    api.log([{**refused, "model": "claude-haiku-4-5"}])
    assert violations(api) == (0, 0)


def test_a_call_over_the_cap_of_tokens_is_marked(api: Api) -> None:
    api.change("PUT", "/settings", {"max_tokens_per_request": 154})
    api.log([{**CALL, "model": "gpt-4"}, {**CALL, "model": "gpt-4", "prompt_tokens": 4}])
    switch(api, 1, False)
    api.log([{**CALL, "model": "gpt-4"}])
    marks = [call["policy_violation"] for call in api.get("/llm/calls")["items"]]
    assert marks == [["model_disabled", "max_tokens"], [], ["max_tokens"]]
    assert violations(api) == (2, 2)


def test_a_model_beyond_the_room_of_a_project_is_marked_too(app: FastAPI, client: TestClient) -> None:
    app.state.calls._directory = directory.Directory(
        app.state.db, app.state.catalogue, app.state.versions, max_models=1
    )
    api = admin_of(app, client)
    switch(api, 2, False)
    api.log([{**CALL, "model": "gpt-4"}])
    api.log([{**CALL, "model": "us.anthropic.claude-haiku-4-5-20251001-v1:0"}])
    assert violations(api) == (1, 1)


def test_the_audit_log_says_who_switched_what(api: Api) -> None:
    api.change("PUT", "/settings", {"claude_haiku_45_enabled": False})
    entries = api.get("/audit-log")["items"]
    assert {entry["actor"] for entry in entries} == {"admin@example.com"}
    told = {(entry["subject"], *entry["after"].values()) for entry in entries}
    assert ("settings", False) in told
    assert ("model anthropic/claude-haiku-4-5", False) in told
    assert ("model aws/anthropic.claude-haiku-4-5-20251001-v1:0", False) in told
    switch(api, 2, True)
    assert len(api.get("/audit-log")["items"]) == 2 * len(entries)

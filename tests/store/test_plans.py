"""How SQLite goes about what may meet millions of calls: by the index that is meant, and without sorting.

It plans without statistics, as the server leaves it: nothing runs ANALYZE there.
"""

import re
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.caller import Api, admin_of
from tests.store.statements import Statement, caught
from tests.store.witness import DAY

CREATED, PROJECT, MODEL = "ix_calls_created", "ix_calls_project", "ix_calls_model"
ERRORS, END_USER, SESSION, TRACE = "ix_calls_errors", "ix_calls_end_user", "ix_calls_session", "ix_calls_trace"
MERGED, BY_ID, NEW_IDS = "ix_calls_merged", "INTEGER PRIMARY KEY (rowid=?)", "(rowid>? AND rowid<?)"
TODAY = datetime.now(UTC)
RANGE = {"from": (TODAY - timedelta(days=20)).isoformat(), "to": (TODAY - timedelta(days=3)).isoformat()}
SHOP = {"project": "shop"}
KEYS = (("end_user", END_USER), ("session_id", SESSION), ("trace_id", TRACE))
OTHERS: tuple[dict[str, Any], ...] = (
    {}, RANGE, {"min_latency_ms": 100}, {"max_cost": 1}, {"min_tokens": 5}, {"tag": "red"}, {"name": "answer"},
    {"api_key_id": 1}, {"environment": "staging"}, {"violation": True}, {"unpriced": True}, {"status": "success"},
)  # fmt: skip
FILTERS: tuple[tuple[dict[str, Any], set[str]], ...] = (
    *((other, {CREATED}) for other in OTHERS),
    *((SHOP | other, {PROJECT}) for other in ({}, RANGE, {"name": "answer"}, {"status": "success"})),
    ({"project": ["shop", "desk"]}, {PROJECT}),
    ({"model": "gpt-4o"}, {MODEL}),
    ({"model": ["gpt-4o", "gpt-4"]} | SHOP, {MODEL}),
    ({"status": ["error", "timeout"]}, {ERRORS}),
    ({"error_kind": "rate_limit", "model": "gpt-4o"} | SHOP, {ERRORS}),
    *(({name: "one"} | more, {index}) for name, index in KEYS for more in ({}, RANGE, SHOP | {"model": "gpt-4o"})),
    ({"trace_id": "one", "session_id": "one", "end_user": "one"}, {TRACE, SESSION, END_USER}),
)  # fmt: skip
"""Filters of the list, and the indexes that may lead to their calls."""

LARGE = re.compile(
    r"\b(llm_call_logs|cost_logs|feedback|rollup\w*|project_models|environments|idempotency|payloads_\d+)\b"
)
"""Tables that grow with the calls, or with what they name."""
MEANT = (
    # the first and the last of an index are all that is read for these
    (r"SEARCH llm_call_logs USING COVERING INDEX ix_calls_created$", r"(max|min)\(llm_call_logs.created_at\)"),
    # what was found by ids, a page or some thousand rows, is put in order or counted
    (r"USE TEMP B-TREE FOR (ORDER|GROUP) BY", r"llm_call_logs.id IN \(SELECT"),
    # the calls of one trace on one day
    (r"USE TEMP B-TREE FOR ORDER BY", r"llm_call_logs.trace_id = \?"),
    # the days of one person, the models of one's own projects: each number once
    (r"USE TEMP B-TREE FOR DISTINCT", r"llm_call_logs.end_user = \?|project_models.project_id IN"),
    # once in an erasure, before anybody is kept waiting for it
    (r"SCAN (feedback|rollup_end_users)\b", r"SELECT (feedback.id|rollup_end_users.day, rollup_end_users.project_id) "),
)
"""What is not as it should be by the rule, and still is meant: a line of the plan, and the statement."""


@pytest.fixture
def database_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh, migrated SQLite file."""
    path = tmp_path / "callscope.db"
    shutil.copyfile(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def api(app: FastAPI, client: TestClient) -> Api:
    """The started server with some thousand calls of two months; one project keeps its calls for some time only."""
    api = admin_of(app, client)
    api.log([_call(n) for n in range(2_000)])
    _keep(api, "desk", 365)
    return api


def _call(n: int) -> dict[str, Any]:
    return {
        "model": ("gpt-4o", "gpt-4o-mini", "gpt-4", "house")[n % 4], "prompt_tokens": n % 90, "completion_tokens": 1,
        "latency_ms": n % 900, "status": ("success", "success", "error", "timeout", "success")[n % 5],
        "project": ("shop", "desk", "bank")[n % 3], "created_at": (TODAY - timedelta(minutes=43 * n)).isoformat(),
        "end_user": ("one", f"u-{n % 50}", None)[n % 7 % 3], "session_id": ("one", f"s-{n % 70}")[n % 2],
        "trace_id": f"t-{n}" if n % 9 else "one", "tags": ["red"], "name": "answer", "response_id": f"r-{n // 6}",
        "environment": ("production", "staging")[n % 2], "prompt": "a parcel" if n % 10 == 0 else None,
    }  # fmt: skip


def _keep(api: Api, project: str, days: int) -> None:
    number = next(one.id for one in api.app.state.projects.all() if one.name == project)
    api.change("PATCH", f"/projects/{number}", {"row_days": days, "payload_days": days})


@contextmanager
def planned(api: Api, what: object, ways: Iterable[str]) -> Iterator[None]:
    """All that is asked in the block is found by ids or in these ways, with nothing large scanned or sorted."""
    with caught(api.app.state.db, explain=True) as statements:
        yield
    lines = [(line, one) for one in statements if LARGE.search(one.text) for line in one.plan]
    assert any("llm_call_logs" in line for line, _ in lines), what
    faults = {(line, one.text) for line, one in lines if _is_fault(line, one, {BY_ID, MERGED, *ways})}
    assert not faults, f"{what}:\n" + "\n".join(f"{line}\n    {text}" for line, text in sorted(faults))


def _is_fault(line: str, statement: Statement, ways: set[str]) -> bool:
    if any(re.match(pattern, line) and re.search(of, statement.text) for pattern, of in MEANT):
        return False
    if re.match(r"(SCAN|SEARCH) llm_call_logs\b", line):
        # an index is gone through from its end on where that has a bound
        is_bounded = line.startswith("SEARCH") or "LIMIT ?" in statement.text
        return not (is_bounded and any(way in line for way in ways))
    return line.startswith("USE TEMP B-TREE") or (line.startswith("SCAN") and LARGE.search(line) is not None)


def _list(api: Api, query: dict[str, Any], indexes: set[str]) -> None:
    for sort in ("time", "cost"):
        with planned(api, ("list", sort, query), indexes):
            api.get("/llm/calls", query, limit=20, sort=sort)
    with planned(api, ("export", query), indexes):
        _get(api, "/llm/calls/export", query, format="ndjson")
    with planned(api, ("tail", query), {NEW_IDS}):
        _get(api, "/llm/calls/stream", query, after=100, seconds=0)


def _get(api: Api, path: str, query: dict[str, Any], **more: Any) -> None:
    answer = api.client.get(path, params=query | more, headers=api._headers())
    assert answer.status_code == 200, answer.text


def test_list_export_and_tail_find_calls_by_the_index_that_is_meant(api: Api) -> None:
    for query, indexes in FILTERS:
        _list(api, query, indexes)
    viewer = api.limited_to("shop", "desk")
    for query, indexes in (({}, {PROJECT}), ({"name": "answer"}, {PROJECT}), ({"end_user": "one"}, {END_USER})):
        _list(viewer, query, indexes)
        with planned(api, ("facets", query), indexes):
            viewer.get("/llm/calls/facets", query, field="session_id")
    with planned(api, "models", ()):
        viewer.get("/llm/models")
        viewer.get("/llm/calls/1")


def test_who_costs_most_in_a_project_is_found_among_its_own_end_users(api: Api) -> None:
    with caught(api.app.state.db, explain=True) as statements:
        api.get("/metrics/cost", by="end_user", days=30, project="shop")
    plans = [line for one in statements for line in one.plan if re.match(r"(SCAN|SEARCH) rollup_end_users", line)]
    of_project = [line for line in plans if "PRIMARY KEY (day=? AND project_id=?" in line]
    ends = ["SEARCH rollup_end_users USING PRIMARY KEY", "SEARCH rollup_end_users USING PRIMARY KEY (day=?)"]
    assert len(of_project) == 2
    assert {line for line in plans if line not in of_project} <= set(ends), plans


def test_what_is_done_in_the_background_reads_no_more_than_it_changes(api: Api) -> None:
    api.app.state.indexer.catch_up()
    with planned(api, "text", ()):
        api.get("/llm/calls", text="parcel", project="shop")
    with planned(api, "erasure", {END_USER}):
        api.change("DELETE", "/end-users/one?project=shop", None, 202)
        api.app.state.eraser.work()
    _keep(api, "bank", 30)
    with planned(api, "purge", {PROJECT}):
        api.app.state.purger.work()
        api.app.state.store.tidy(time.time_ns() // 1_000 + 3 * DAY)

"""Stored calls priced anew: each by the price of its own time, the totals with them, once, and by one process."""

import time
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import update

from callscope.calls.models import cost_logs
from callscope.db.engine import Database
from callscope.db.versions import Versions
from callscope.pricing.book import PriceBook
from callscope.pricing.catalogue import Catalogue
from callscope.repricing.models import Repricing
from callscope.repricing.runner import Repricer
from callscope.repricing.schemas import RepricingIn
from callscope.repricing.work import Lost, Work
from callscope.store.sql.doctor import examine
from callscope.store.sql.store import SqlStore
from tests.repricing.conftest import ROOT, Admin

MARCH, MAY = "2026-03-01T12:00:00Z", "2026-05-01T12:00:00Z"
OF_MARCH = {"valid_from": "2026-01-01T00:00:00Z", "input": 1, "output": 2}
OF_MAY = {"valid_from": "2026-04-01T00:00:00Z", "input": 3, "output": 4}
SUMS = ("calls_total", "calls_done", "calls_changed", "cost_before", "cost_after", "unpriced_before", "unpriced_after")


def sums(repricing: Any) -> dict[str, Any]:
    return {name: repricing[name] for name in SUMS}


def test_each_call_gets_the_price_of_its_own_time_and_what_was_reported_stays(admin: Admin, db: Database) -> None:
    ids = admin.log(
        {"created_at": MARCH}, {"created_at": MAY}, {"created_at": MAY, "cost": 9}, {"created_at": MAY, "cache_hit": True},
        {"created_at": MARCH, "refused": "switched off"}, {"created_at": MAY, "model": "other-llama"},
    )  # fmt: skip
    model_id = admin.set_prices(OF_MARCH, OF_MAY)
    expected = dict(zip(SUMS, (4, 4, 2, 9.0, 13.0, 2, 0), strict=True))

    dry = admin.reprice(model_id=model_id, dry_run=True)
    assert (dry["state"], sums(dry)) == ("done", expected)
    assert admin.ask("GET", f"/llm/calls/{ids[0]}")["estimated_cost"] is None

    done = admin.reprice(model="HOUSE-llama")
    assert (done["state"], sums(done), done["model_id"], done["provider"]) == ("done", expected, model_id, "vllm")
    found = [admin.ask("GET", f"/llm/calls/{call_id}") for call_id in ids]
    assert [call["estimated_cost"] for call in found] == [1, 3, 9, 0, 0, None]
    assert [call["price_source"] for call in found[:3]] == ["override", "override", "reported"]
    assert admin.ask("GET", "/metrics/summary?from=2026-01-01")["total_cost"] == 13
    assert examine(db).found == {}

    again = admin.reprice(model_id=model_id)
    assert sums(again) == expected | {"calls_changed": 0, "cost_before": 13.0, "unpriced_before": 0}


def test_a_range_and_a_project_narrow_it_down(admin: Admin, db: Database) -> None:
    ids = admin.log(
        {"created_at": MARCH}, {"created_at": MAY}, {"created_at": MAY, "project": "shop"},
        {"created_at": MAY, "model": "other-llama"},
    )  # fmt: skip
    admin.set_prices(OF_MARCH)
    admin.set_prices(OF_MARCH, model="other-llama")

    def priced() -> list[bool]:
        return [admin.ask("GET", f"/llm/calls/{call_id}")["estimated_cost"] is not None for call_id in ids]

    admin.reprice(project="shop", **{"from": "2026-04-30", "to": "2026-05-02"})
    assert priced() == [False, False, True, False]
    admin.reprice(model="house-llama", to=MAY)
    assert priced() == [True, False, True, False]
    admin.reprice(all=True)
    assert priced() == [True] * 4
    assert examine(db).found == {}


def test_it_is_in_the_audit_log_with_its_sums(admin: Admin) -> None:
    admin.log({"created_at": MARCH})
    model_id = admin.set_prices(OF_MARCH)
    admin.reprice(model_id=model_id)
    end, start = admin.ask("GET", "/audit-log?action=repricing.*")["items"]
    assert (start["action"], start["actor"], start["after"]) == (
        "repricing.start", "root@example.org", {"model_id": model_id},
    )  # fmt: skip
    assert (end["action"], end["actor"], end["user_id"]) == ("repricing.done", "root@example.org", start["user_id"])
    assert (end["before"], end["after"]) == (
        {"cost": 0, "unpriced_calls": 1},
        {"cost": 1, "unpriced_calls": 0, "calls": 1, "changed": 1, "dry_run": False},
    )


def test_what_is_asked_for_must_be_clear(admin: Admin) -> None:
    for body, field in (
        ({}, "all"), ({"project": "default"}, "all"), ({"model_id": 1, "model": "gpt-4"}, "model_id"),
        ({"provider": "openai"}, "provider"), ({"model": "no such model"}, "model"), ({"model_id": 99_999}, "model_id"),
        ({"from": MAY, "to": MARCH}, "from"), ({"model_id": 1, "form": MAY}, "form"),
    ):  # fmt: skip
        assert admin.ask("POST", "/llm/repricings", body, 422)["errors"][0]["field"] == field
    assert admin.ask("POST", "/llm/repricings", {"all": True, "project": "nowhere"}, 404)
    assert admin.ask("GET", "/llm/repricings/1", status=404)
    assert admin.ask("GET", "/llm/repricings")["items"] == []


def test_one_runs_at_a_time_and_few_wait(admin: Admin, app: FastAPI) -> None:
    # The first is another process's, so that none of these begins.
    first = app.state.repricings.create(ROOT, RepricingIn.model_validate({"all": True}), "another process")
    for _ in range(19):
        admin.ask("POST", "/llm/repricings", {"all": True}, 202)
    assert "20 repricings" in admin.ask("POST", "/llm/repricings", {"all": True}, 409)["detail"]
    page = admin.ask("GET", "/llm/repricings?limit=19")
    assert {one["state"] for one in page["items"]} == {"queued"}
    assert admin.ask("GET", f"/llm/repricings?cursor={page['next_cursor']}")["items"][0]["id"] == first.id
    assert admin.ask("DELETE", f"/llm/repricings/{first.id}")["state"] == "cancelled"
    assert "cancelled" in admin.ask("DELETE", f"/llm/repricings/{first.id}", status=409)["detail"]
    deadline = time.monotonic() + 60
    while any(one["state"] != "done" for one in admin.ask("GET", "/llm/repricings?limit=19")["items"]):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _process(db: Database) -> Repricer:
    """Another process at work on the same database."""
    versions = Versions(db)
    repricer = Repricer(db, SqlStore(db), versions, Catalogue(db, versions), PriceBook())
    repricer.settle_seconds = repricer.lease_seconds = 0.0
    return repricer


def test_what_one_process_left_another_ends_and_only_one_has_it(
    admin: Admin, app: FastAPI, db: Database, monkeypatch: Any
) -> None:
    admin.log(*({"created_at": MARCH, "prompt_tokens": 1_000 * i} for i in range(400)))
    admin.set_prices(OF_MARCH)
    app.state.repricer.stop()
    asked = app.state.repricings.create(ROOT, RepricingIn.model_validate({"model": "house-llama"}))
    steps: list[Work] = []
    step = Work.step

    def two_steps(work: Work) -> float | None:
        steps.append(work)
        if len(steps) > 2:
            raise SystemExit  # as if it had been killed
        return step(work)

    with monkeypatch.context() as patch:
        patch.setattr(Work, "step", two_steps)
        with pytest.raises(SystemExit):
            _process(db).work()
    half = app.state.repricings.get(asked.id)
    assert half.state == "running"
    assert 0 < half.calls_done < 400
    assert examine(db).found == {}

    _process(db).work()
    done = app.state.repricings.get(asked.id)
    assert (done.state, done.calls_done, done.calls_changed, done.unpriced_after) == ("done", 400, 400, 0)
    assert done.cost_after == sum(range(400)) / 1_000
    assert examine(db).found == {}
    with pytest.raises(Lost), db.write() as connection:
        steps[-1].note(connection)  # the first process was only slow, and learns that it is no longer its


def test_a_model_that_is_gone_fails_the_repricing_and_nothing_else(admin: Admin, db: Database) -> None:
    (call_id,) = admin.log({"created_at": MARCH})
    with db.write() as connection:
        connection.execute(update(Repricing).values(state="done"))
        connection.exec_driver_sql("UPDATE llm_call_logs SET model_id = 77777")
    failed = admin.reprice(all=True)
    assert (failed["state"], failed["error"]) == ("failed", "There is no model 77777 in the catalogue any more.")
    with db.read() as connection:
        assert connection.execute(cost_logs.select()).all() == []
    assert call_id


def test_models_without_a_price_are_listed_with_what_they_concern(admin: Admin) -> None:
    admin.log({}, {"project": "shop", "completion_tokens": 7}, {"project": "shop", "model": "other-llama"})
    admin.log({"model": "gpt-4o-mini", "provider": "openai"}, {"cache_hit": True}, {"refused": "switched off"})
    found = admin.ask("GET", "/llm/unpriced?days=1")
    assert (found["calls"], found["model_count"]) == (3, 2)
    first, second = found["models"]
    assert "vllm" in first.pop("reason")
    assert first.pop("model_id") < second["model_id"]
    assert first == {
        "model": "house-llama", "provider": "vllm", "calls": 2, "prompt_tokens": 2_000_000, "completion_tokens": 7,
        "total_tokens": 2_000_007, "projects": ["default", "shop"], "project_count": 2,
    }  # fmt: skip
    assert (second["model"], second["projects"]) == ("other-llama", ["shop"])
    of_shop = admin.ask("GET", "/llm/unpriced?days=1&project=shop&limit=1")
    assert (of_shop["calls"], len(of_shop["models"]), of_shop["model_count"]) == (2, 1, 2)

    admin.log({"cost": 1})  # priced, of the same time and place
    admin.set_prices(OF_MARCH)
    still = admin.ask("GET", "/llm/unpriced?days=1")["models"][0]
    assert (still["calls"], still["total_tokens"]) == (2, 2_000_007)
    assert "known by now" in still["reason"]

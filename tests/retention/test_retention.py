"""What a project keeps for a time only goes in time, and the totals stay."""

import random
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy import select, text

from callscope.calls.models import cost_logs, llm_call_logs
from callscope.feedback.models import Feedback
from callscope.ingest.row import MICROS_PER_DAY
from callscope.store.sql import payload_tables
from callscope.store.sql.doctor import examine
from tests.repricing.conftest import Admin


def _days_ago(days: float) -> str:
    return (datetime.now(UTC) - timedelta(days=days)).isoformat()


def _now(days_later: float = 0) -> int:
    return time.time_ns() // 1000 + int(days_later * MICROS_PER_DAY)


def _numbers(app: FastAPI) -> list[int]:
    with app.state.db.read() as connection:
        return [
            number
            for number in payload_tables.existing(connection)
            if connection.scalar(select(payload_tables.table(number)).limit(1)) is not None
        ]


def test_calls_go_and_the_totals_stay(admin: Admin, app: FastAPI) -> None:
    old, older, young = admin.log(
        {"created_at": _days_ago(10), "prompt": "old", "response_id": "r1"},
        {"created_at": _days_ago(40), "prompt": "older", "project": "shop"},
        {"created_at": _days_ago(1), "prompt": "young"},
    )
    admin.ask("POST", "/feedback", {"llm_call_id": old, "rating": 4}, 201)
    before = admin.ask("GET", "/metrics/summary?days=60")
    would = admin.ask("GET", "/projects/1/retention?row_days=5")
    assert would["rows"]["calls"] == 1
    project = admin.ask("PATCH", "/projects/1", {"row_days": 5})
    assert (project["row_days"], project["payload_days"], project["calls_from"]) == (5, None, None)

    app.state.purger.work()

    floor = (datetime.now(UTC) - timedelta(days=5)).date().isoformat()
    assert admin.ask("GET", "/projects")["items"][0]["calls_from"] == floor
    assert {call["id"] for call in admin.ask("GET", "/llm/calls")["items"]} == {older, young}
    assert "no longer here" in admin.ask("GET", f"/llm/calls/{old}", status=404)["detail"]
    assert "no longer here" in admin.ask("POST", "/feedback", {"llm_call_id": old, "rating": 1}, 404)["detail"]
    assert "There is no call" in admin.ask("GET", "/llm/calls/4711", status=404)["detail"]
    assert {**admin.ask("GET", "/metrics/summary?days=60"), "from": 0, "to": 0} == {**before, "from": 0, "to": 0}
    with app.state.db.read() as connection:
        for table, column in ((llm_call_logs, "id"), (cost_logs, "id"), (Feedback.__table__, "llm_call_id")):
            assert old not in set(connection.scalars(select(table.c[column])))
    assert examine(app.state.db).found.total() == 0
    assert admin.ask("GET", "/projects/1/retention?row_days=5")["rows"]["calls"] == 0


def test_what_is_older_than_the_floor_is_refused_by_name(admin: Admin, app: FastAPI) -> None:
    admin.ask("PATCH", "/projects/1", {"row_days": 5})
    app.state.purger.work()
    call = {"model": "gpt-4", "prompt_tokens": 1, "completion_tokens": 1, "latency_ms": 1, "status": "success"}
    floor = (datetime.now(UTC) - timedelta(days=5)).date().isoformat()
    one = admin.ask("POST", "/llm/log-call", {**call, "created_at": _days_ago(6.1)}, 422)
    assert [error["field"] for error in one["errors"]] == ["created_at"]
    assert floor in one["errors"][0]["message"]
    sent = [{**call, "created_at": _days_ago(days)} for days in (0, 7, 1, 30)]
    many = admin.ask("POST", "/llm/log-calls", sent, 422)
    assert [error["field"] for error in many["errors"]] == ["1.created_at", "3.created_at"]
    assert admin.ask("GET", "/llm/calls")["items"] == []
    admin.ask("POST", "/llm/log-call", {**call, "created_at": _days_ago(30), "project": "another"}, 201)


def test_a_late_report_of_a_call_that_is_no_longer_kept_counts_nothing(admin: Admin, app: FastAPI) -> None:
    floor = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=5)
    told = {"response_id": "resp-1", "created_at": (floor - timedelta(hours=1)).isoformat()}
    (call,) = admin.log(told)
    admin.ask("PATCH", "/projects/1", {"row_days": 5})
    app.state.purger.work()
    before = admin.ask("GET", "/metrics/summary?days=30")["calls"]
    assert admin.log({**told, "created_at": (floor + timedelta(hours=1)).isoformat()}) == [call]
    assert admin.ask("GET", "/metrics/summary?days=30")["calls"] == before == 1
    app.state.store.purge(_now(1))
    with app.state.db.read() as connection:
        assert connection.scalars(select(llm_call_logs.c.id)).all() == []


def test_prompts_and_answers_go_before_their_calls(admin: Admin, app: FastAPI) -> None:
    (before,) = admin.log({"prompt": "before it was set"})
    admin.ask("PATCH", "/projects/1", {"payload_days": 30})
    after, other = admin.log({"prompt": "after"}, {"prompt": "kept for ever", "project": "shop"})
    week = payload_tables.week_at(_now())
    assert _numbers(app) == [week, payload_tables.number(week, 30)]
    app.state.store.purge(_now(30))
    assert [admin.ask("GET", f"/llm/calls/{one}")["prompt"] for one in (before, after)] == [
        "before it was set",
        "after",
    ]
    done = app.state.store.purge(_now(37))
    assert done.tables == 1
    assert [admin.ask("GET", f"/llm/calls/{one}")["prompt"] for one in (before, after)] == [None, None]
    assert admin.ask("GET", f"/llm/calls/{other}")["prompt"] == "kept for ever"
    with app.state.db.read() as connection:
        assert payload_tables.existing(connection) == [week]
        kept = connection.scalars(select(payload_tables.table(week).c.call_id)).all()
    assert kept == [other]
    assert app.state.store.purge(_now(38)) == (0, 0, 0)
    assert examine(app.state.db).found.total() == 0


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"payload_days": 31}, "payload_days"), ({"row_days": 0}, "row_days"), ({"row_days": 6.5}, "row_days"),
        ({"payload_days": 30, "row_days": 29}, "row_days"), ({"rows_from": 1}, "rows_from"),
    ],
)  # fmt: skip
def test_a_time_that_cannot_be_is_refused(admin: Admin, change: dict[str, Any], field: str) -> None:
    problem = admin.ask("PATCH", "/projects/1", change, 422)
    assert field in {error["field"] for error in problem["errors"]}


def test_who_changed_it_is_in_the_audit_log_and_null_is_for_ever(admin: Admin, app: FastAPI) -> None:
    admin.ask("PATCH", "/projects/1", {"payload_days": 7, "row_days": 7})
    project = admin.ask("PATCH", "/projects/1", {"row_days": None})
    assert (project["payload_days"], project["row_days"]) == (7, None)
    entries = admin.ask("GET", "/audit-log?action=project.update")["items"]
    assert [entry["after"] for entry in entries] == [{"row_days": None}, {"payload_days": 7, "row_days": 7}]


def test_one_process_purges_at_a_time(admin: Admin, app: FastAPI) -> None:
    admin.log({"created_at": _days_ago(40)})
    admin.ask("PATCH", "/projects/1", {"row_days": 5})
    with app.state.db.only_here("purge") as alone:
        assert alone
        app.state.purger.work()
        assert len(admin.ask("GET", "/llm/calls")["items"]) == 1
    app.state.purger.work()
    assert admin.ask("GET", "/llm/calls")["items"] == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL gives back dropped tables by itself
def test_space_goes_back_to_the_disk(admin: Admin, app: FastAPI) -> None:
    admin.ask("PATCH", "/projects/1", {"payload_days": 7})
    admin.log(*({"prompt": random.Random(n).randbytes(4_000).hex()} for n in range(400)))

    def pages() -> tuple[int, int]:
        with app.state.db.read() as connection:
            return tuple(connection.scalar(text(f"PRAGMA {name}")) for name in ("page_count", "freelist_count"))

    full, _ = pages()
    app.state.store.purge(_now(20))
    assert pages()[0] < full
    assert pages()[1] == 0

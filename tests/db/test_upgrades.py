"""A database of any earlier version is brought up to date with all that is in it, and goes on to work."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import update

from callscope.app import create_app
from callscope.calls.models import llm_call_logs
from callscope.config import Config
from callscope.db.engine import Database
from callscope.db.migrate import HEAD, is_current, revision, upgrade
from callscope.store.sql.doctor import examine
from tests.conftest import LOCAL
from tests.contract.world import BASE, CALL, Headers
from tests.db.conftest import CALLS, History
from tests.db.schemas import VERSIONS, fill, migrate, rows, tables

OLDER = VERSIONS[:-1]
DIES = """
import os, signal, sys
from sqlalchemy import event
from callscope.db.engine import Database
from callscope.db.migrate import upgrade

db, left = Database(sys.argv[1]), int(sys.argv[2])

@event.listens_for(db.engine, "after_cursor_execute")
def die(connection, cursor, statement, *_):
    global left
    left -= statement.split()[0] in {"ALTER", "CREATE"}
    if left == 0:
        os.kill(os.getpid(), signal.SIGKILL)

upgrade(db)
"""
"""A process that brings a database up to date, and is killed after some changes to the schema."""


@pytest.mark.parametrize("version", OLDER)
def test_an_upgrade_keeps_every_row_and_every_value(empty: Database, history: History, version: str) -> None:
    migrate(empty, version)
    known = fill(empty, history.rows)
    before = rows(empty, known)
    assert all(before.values())
    assert upgrade(empty)
    assert is_current(empty)
    assert rows(empty, known) == before
    assert examine(empty).found == {}


@pytest.mark.parametrize("version", [OLDER[0], *(pytest.param(one, marks=pytest.mark.long) for one in OLDER[1:])])
def test_a_server_goes_on_with_what_an_older_one_recorded(
    empty: Database, empty_config: Config, history: History, version: str
) -> None:
    migrate(empty, version)
    fill(empty, history.rows)
    with TestClient(create_app(empty_config), base_url=BASE, client=LOCAL) as client:
        listed = _get(client, "/llm/calls?limit=100", history.admin)["items"]
        summary = _get(client, "/metrics/summary?days=30", history.admin)
        assert {call["id"] for call in listed} == history.calls
        assert (len(listed), summary["calls"]) == (CALLS + 2, CALLS + 2)
        assert _get(client, f"/llm/calls/{max(history.prompts)}", history.admin)["prompt"] in history.prompts.values()
        assert len(_get(client, "/feedback", history.admin)["items"]) == 1

        answer = client.post("/llm/log-call", json={**CALL, "project": "shop"}, headers=history.writer)
        assert answer.status_code == 201, answer.text
        assert answer.json()["data"]["id"] not in history.calls
        again = client.post("/llm/log-call", json={**CALL, **history.last}, headers=history.writer | history.last_key)
        assert again.status_code == 201, again.text
        assert again.json()["data"]["id"] in history.calls, "what the older server had already is counted twice"
        assert _get(client, "/metrics/summary?days=30", history.admin)["calls"] == CALLS + 3
    assert examine(empty).found == {}


def _get(client: TestClient, path: str, headers: Headers) -> Any:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_images_from_before_they_had_a_sum_get_it_by_a_repair(empty: Database, history: History) -> None:
    migrate(empty, "0004")
    fill(empty, history.rows)
    with empty.write() as connection:
        connection.execute(update(llm_call_logs).where(llm_call_logs.c.id == 7).values(image_tokens=5))
    upgrade(empty)
    assert set(examine(empty).found) == {"rollups"}
    assert examine(empty, repair=True).left == 0
    assert examine(empty).found == {}


@pytest.mark.parametrize("changes", [14, *(pytest.param(n, marks=pytest.mark.long) for n in range(1, 24, 3))])
def test_an_upgrade_that_is_killed_leaves_a_version_that_can_be_upgraded(
    empty: Database, history: History, tmp_path: Path, changes: int
) -> None:
    migrate(empty, VERSIONS[0])
    known = fill(empty, history.rows)
    before = rows(empty, known)
    command = [sys.executable, "-c", DIES, empty.url.render_as_string(hide_password=False), str(changes)]
    assert subprocess.run(command, timeout=60, check=False).returncode == -signal.SIGKILL
    with empty.read() as connection:
        left_at = revision(connection)
    assert left_at in OLDER
    assert _columns(empty) == _columns_at(left_at, tmp_path / "whole.db")
    assert rows(empty, known) == before
    assert upgrade(empty)
    with empty.read() as connection:
        assert revision(connection) == HEAD
    assert rows(empty, known) == before
    assert examine(empty).found == {}


def _columns(db: Database) -> dict[str, set[str]]:
    found = tables(db).tables.values()
    return {one.name: set(one.columns.keys()) for one in found if not one.name.removeprefix("payloads_").isdecimal()}


def _columns_at(version: str, path: Path) -> dict[str, set[str]]:
    whole = Database(f"sqlite:///{path}")
    migrate(whole, version)
    found = _columns(whole)
    whole.dispose()
    return found

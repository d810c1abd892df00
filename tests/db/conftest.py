"""What a server has recorded, to be put into databases of older versions."""

import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from callscope.api.rights import Role, Scope
from callscope.config import Config
from callscope.db.engine import Database
from callscope.store.sql.doctor import examine
from tests.conftest import settings_of
from tests.contract.world import Headers, World, bearer, open_world
from tests.db.schemas import Rows, rows, tables

CALLS = 30
"""The calls of the history, besides the two that every world begins with."""
STARTED = datetime.now(UTC) - timedelta(days=2)


@dataclass
class History:
    """What a server recorded: its rows, and what those who used it know.

    `last` is the last call as it was sent, with `last_key`; `prompts` what was asked, by the number of the call. `admin`
    and `writer` are the headers of a login and of a key.
    """

    rows: Rows
    admin: Headers
    writer: Headers
    calls: set[int] = field(default_factory=set)
    prompts: dict[int, str] = field(default_factory=dict)
    last: dict[str, Any] = field(default_factory=dict)
    last_key: Headers = field(default_factory=dict)


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Database]:
    """A database that nobody has migrated yet."""
    database = Database(empty_database_url)
    yield database
    database.dispose()


@pytest.fixture
def empty_config(empty_database_url: str, tmp_path: Path) -> Config:
    """The settings of a server on that database."""
    return settings_of(empty_database_url, tmp_path)


@pytest.fixture(scope="session")
def history(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> History:
    """A server that was used for everything: each table has rows."""
    folder = tmp_path_factory.mktemp("history")
    shutil.copyfile(sqlite_template, folder / "callscope.db")
    url = f"sqlite:///{folder / 'callscope.db'}"
    with open_world(url, folder) as world:
        history = _use(world)
    db = Database(url)
    with db.write() as connection:  # what waits for its index does so for a second only
        connection.execute(text("INSERT INTO payloads_unindexed (number, call_id) VALUES (1, 1)"))
    assert examine(db).found == {}
    history.rows = rows(db, tables(db))
    db.dispose()
    assert [name for name, some in history.rows.items() if not some] == [], "tables that nothing is shown of"
    return history


def _use(world: World) -> History:
    admin = bearer(world.accounts.token_for(world.user(role=Role.ADMIN)))
    history = History({}, admin, world.key(Scope.INGEST), {world.call_id, world.own_call_id})
    for number in range(CALLS):
        said: dict[str, Any] = {"prompt": f"What is {number}?", "response": "A number.", "tags": ["number"]}
        history.last = {
            "model": ("gpt-4o-mini", "claude-haiku-4-5", "a-house-model")[number % 3],
            "created_at": (STARTED + timedelta(hours=number)).isoformat(),
            "prompt_tokens": 100 + number, "cached_tokens": number, "completion_tokens": 10, "latency_ms": number,
            "status": "error" if number % 5 == 0 else "success", "project": ("default", "shop")[number % 2],
            "end_user": f"person {number % 4}", "response_id": f"answer {number}", **(said if number % 2 else {}),
        }  # fmt: skip
        history.last_key = {"Idempotency-Key": f"call {number}"}
        call_id = world.log(history.writer | history.last_key, **history.last)
        history.calls.add(call_id)
        if number % 4 == 1:  # person 3 is erased
            history.prompts[call_id] = said["prompt"]
    _administer(world, admin)
    world.app.state.store.tidy(time.time_ns() // 1_000)
    return history


def _administer(world: World, headers: Headers) -> None:
    """Change what administrators change, and wait for what they start."""
    world.user(projects=["shop"])
    leaving = bearer(world.accounts.token_for(world.user()))
    price = {"input": 1, "output": 2, "valid_from": "2026-01-01T00:00:00Z"}
    _ask(world, headers, "PUT", "/settings", {"max_tokens_per_request": 9_000})
    _ask(world, headers, "POST", "/llm/models", {"name": "priced", "provider": "here", "prices": [price]})
    _ask(world, headers, "POST", "/views", {"name": "slow", "filters": {"project": "shop"}, "shared": True})
    _ask(world, leaving, "POST", "/auth/logout", {})
    limited = {"name": "limited", "scopes": ["metrics"], "requests_per_minute": 600}
    secret = _ask(world, headers, "POST", "/api-keys", limited)["secret"]
    _ask(world, bearer(secret), "GET", "/metrics/summary")
    world.accounts.rates.sync()
    for path, body in {
        "/llm/repricings": {"model": "gpt-4o-mini", "dry_run": True},
        "/erasures": {"end_user": "person 3"},
    }.items():
        asked = _ask(world, headers, "POST", path, body)
        while asked["state"] != "done":
            time.sleep(0.05)
            asked = _ask(world, headers, "GET", f"{path}/{asked['id']}")
    with world.app.state.db.write() as connection:
        connection.execute(
            text("INSERT INTO setup_links (nonce, expires_at, used_at) VALUES ('spent', 1000000, 1000000)")
        )


def _ask(world: World, headers: Headers, method: str, path: str, body: Any = None) -> Any:
    answer = world.client.request(method, path, json=body, headers=headers)
    assert answer.is_success, answer.text
    return answer.json()["data"]

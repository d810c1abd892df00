"""Witnesses of calls, made by hand: what a source tells the store, with every field at a plain value."""

import itertools
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete, insert, update

from callscope.accounts.models import Project
from callscope.calls.models import cost_logs, llm_call_logs
from callscope.db.engine import Database
from callscope.db.types import from_micros
from callscope.feedback.models import Feedback
from callscope.ingest.changes import Change, Outcome, Payload, Put, Submission
from callscope.ingest.row import CallRow, PriceSource, size_class
from callscope.metrics.models import (
    end_user_admissions,
    rollup_api_keys,
    rollup_end_users,
    rollup_histograms,
    rollups,
)
from callscope.pricing.cost import Cost
from callscope.store.sql import payload_tables, search
from callscope.store.sql.store import SqlStore
from callscope.store.sql.tables import commits, counters, idempotency

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
NOW = 20_000 * DAY + 13 * HOUR + 7 * MINUTE
"""A Tuesday in 2024, a little after one in the afternoon."""

GPT_4, HAIKU, GPT_4O, GPT_4O_MINI = 1, 2, 3, 4
"""Numbers of the catalogue; they are the same in every installation."""
_TABLES = (
    llm_call_logs, cost_logs, Feedback, rollups, rollup_histograms, rollup_end_users, end_user_admissions,
    rollup_api_keys, counters, idempotency, commits,
)  # fmt: skip


def row(**fields: Any) -> CallRow:
    """A call's row as one witness tells it."""
    values: dict[str, Any] = {
        "id": 0, "project_id": 1, "environment_id": 1, "model_id": GPT_4, "created_at": NOW, "is_call": True,
        "witnesses": 1, "source": 10, "status": 0, "error_kind": 0, "prompt_tokens": 100, "completion_tokens": 10,
        "latency_ms": 250.0, "usage_estimated": False, "cache_hit": False, "violation": 0, "erased": False,
    } | fields  # fmt: skip
    values["day"] = values["created_at"] // DAY
    values["size_class"] = size_class(values["prompt_tokens"])
    numbers = {
        "cached_tokens", "cache_write_tokens", "cache_write_1h_tokens", "reasoning_tokens", "audio_input_tokens",
        "audio_output_tokens", "image_tokens", "server_tool_calls", "service_tier",
        "rating_1", "rating_2", "rating_3", "rating_4", "rating_5",
    }  # fmt: skip
    return CallRow._make(values.get(name, 0 if name in numbers else None) for name in CallRow._fields)


def put(*, cost: int | None = None, reported: int | None = None, payload: bytes | None = None, **fields: Any) -> Put:
    """A witness, priced by the catalogue (`cost`) or by the provider (`reported`), in nano-dollars."""
    priced = None
    if reported is not None:
        priced = (Cost(reported, 0, 0, 0, 0, reported), PriceSource.reported)
    elif cost is not None:
        priced = (Cost(cost, cost, 0, 0, 0, 0), PriceSource.catalogue)
    told = row(**fields)
    said = None if payload is None else Payload(payload, payload.decode())
    return Put(told, "anthropic" if told.model_id == HAIKU else "openai", priced, said)


@dataclass(slots=True)
class Writer:
    """Hands changes to a store, and gives what became of them."""

    store: SqlStore
    now: int = NOW

    def apply(self, *submissions: Submission) -> list[Outcome]:
        """All of it in one transaction."""
        outcomes: list[Outcome] = []
        self.store.apply(uuid.uuid4().hex, submissions, self.now, outcomes)
        return outcomes

    def each(self, *changes: Change) -> list[int]:
        """Changes that must succeed, one transaction for each; gives the call that each is about."""
        return list(itertools.chain.from_iterable(self.together(change) for change in changes))

    def together(self, *changes: Change) -> list[int]:
        """The same in one transaction."""
        (outcome,) = self.apply(Submission(changes))
        assert outcome.error is None, outcome.error
        return [receipt.call_id for receipt in outcome.receipts]


def resting(change: Put, **fields: Any) -> Put:
    """The same witness with other fields."""
    return replace(change, row=change.row._replace(**fields))


def wipe(db: Database) -> None:
    """Take everything out that calls have left, so that an example starts with an empty store."""
    with db.write() as connection:
        for table in _TABLES:
            connection.execute(delete(table))
        nothing = {
            "payload_days": None,
            "row_days": None,
            "rows_from": None,
            "payloads_from": None,
            "payloads_purged": 0,
        }
        connection.execute(delete(Project).where(Project.__table__.c.id > 1))
        connection.execute(update(Project).values(nothing))
        connection.execute(insert(Project).values(id=2, name="two", created_at=from_micros(NOW), description=""))
        number = payload_tables.number(payload_tables.week_at(NOW))
        search.drop(connection, number)
        payload_tables.table(number).drop(connection, checkfirst=True)


def rows_of(db: Database) -> Sequence[Any]:
    """All rows of calls."""
    with db.read() as connection:
        return connection.execute(llm_call_logs.select().order_by(llm_call_logs.c.id)).all()

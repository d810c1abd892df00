"""`callscope doctor`: no total that differs from the calls stays unseen, and none is mended to something else."""

import threading
from collections.abc import Callable
from contextlib import ExitStack
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Connection, delete, func, insert, select, update

from callscope.calls.models import cost_logs, llm_call_logs
from callscope.db.engine import Database
from callscope.db.types import from_micros
from callscope.feedback.models import Feedback
from callscope.ingest.changes import Put, Rate, Withdraw
from callscope.metrics.models import (
    Grain,
    Level,
    rollup_api_keys,
    rollup_end_users,
    rollup_histograms,
    rollups,
)
from callscope.store.sql import doctor, payload_tables
from callscope.store.sql.doctor import Report, examine
from callscope.store.sql.recount import CHUNK, DayRows, read_day
from callscope.store.sql.tables import counters
from tests.store.conftest import MAX_END_USERS
from tests.store.witness import DAY, HAIKU, HOUR, MINUTE, NOW, Writer, put

Break = Callable[[Connection], object]
_PAYLOADS = payload_tables.table(payload_tables.number(payload_tables.week_at(NOW)))


@pytest.fixture
def filled(db: Database, writer: Writer) -> Database:
    """Three days of calls: errors, cache hits, more end users than are told apart, ratings, merged and withdrawn calls."""
    calls = [_call(index) for index in range(90)]
    ids = writer.together(*calls)
    writer.together(*(Rate(ids[i], f"author {i % 3}", 1 + i % 5, None, None, NOW) for i in range(0, 40, 4)))
    writer.together(_call(3, source=20, response_id="answer 3", latency_ms=77.0), Withdraw(ids[50]))
    writer.store.tidy(NOW)
    return db


def _call(index: int, **fields: Any) -> Put:
    values: dict[str, Any] = {
        "created_at": NOW - index * 45 * MINUTE, "project_id": 1 + index % 2, "model_id": HAIKU if index % 3 else 1,
        "latency_ms": 10.0 + index * index, "time_to_first_token_ms": None if index % 4 else 5.0 + index,
        "status": 1 if index % 7 == 0 else 0, "error_kind": 9 if index % 7 == 0 else 0, "cache_hit": index % 11 == 10,
        "end_user": f"user {index % 5}", "api_key_id": 1 + index % 2, "response_id": f"answer {index}",
    } | fields  # fmt: skip
    return put(cost=None if index % 6 == 5 else 1_000 + index, payload=b"said" if index % 2 else None, **values)


def _found(db: Database, *, repair: bool = False) -> dict[str, int]:
    return dict(examine(db, repair=repair).found)


def test_what_was_logged_is_found_in_order(filled: Database) -> None:
    report = examine(filled)
    assert report.found == {}
    assert (report.days, report.left) == (4, 0)
    assert report.rows == _count(filled)


def _count(db: Database) -> int:
    with db.read() as connection:
        return connection.scalar(select(func.count()).select_from(llm_call_logs)) or 0


def _delete_cells(connection: Connection) -> None:
    connection.execute(delete(rollups).where(rollups.c.grain == int(Grain.HOUR), rollups.c.level == int(Level.MODEL)))


def _delete_histograms(connection: Connection) -> None:
    connection.execute(delete(rollup_histograms).where(rollup_histograms.c.grain == int(Grain.QUARTER)))


# Of all projects together, since there are no projects here that the doctor could look for.
_OF_A_DAY = (rollups.c.grain == int(Grain.DAY)) & (rollups.c.project_id == 0) & (rollups.c.calls > 0)


def _invent_a_cell(connection: Connection) -> None:
    row = connection.execute(select(rollups).where(_OF_A_DAY).limit(1)).one()
    connection.execute(insert(rollups).values({**row._mapping, "model_id": 99}))


def _invent_a_day(connection: Connection) -> None:
    row = connection.execute(select(rollups).where(_OF_A_DAY).limit(1)).one()
    connection.execute(insert(rollups).values({**row._mapping, "bucket": row.bucket - 50 * 1440}))


def _hide_an_end_user(connection: Connection) -> None:
    """A name that was admitted loses its row; it must get it back, and not be counted as `(other)`."""
    connection.execute(delete(rollup_end_users).where(rollup_end_users.c.end_user == "user 1"))


_LATER = NOW // DAY * 1440
BREAKS: dict[str, tuple[str, Break]] = {
    "a sum is off by one": (
        "rollups",
        lambda c: c.execute(
            update(rollups)
            .where(rollups.c.level == 2, rollups.c.grain == int(Grain.MINUTE), rollups.c.bucket >= _LATER)
            .values(prompt_tokens=rollups.c.prompt_tokens + 1)
        ),
    ),
    "cells are gone": ("rollups", _delete_cells),
    "a cell that no call fell into": ("rollups", _invent_a_cell),
    "a day without calls": ("rollups", _invent_a_day),
    "a histogram is empty": (
        "rollup_histograms",
        lambda c: c.execute(update(rollup_histograms).where(rollup_histograms.c.level == 0).values(latency=b"")),
    ),
    "a histogram is no histogram": (
        "rollup_histograms",
        lambda c: c.execute(
            update(rollup_histograms).where(rollup_histograms.c.level == 1).values(first_token=b"\x7f?")
        ),
    ),
    "histograms are gone": ("rollup_histograms", _delete_histograms),
    "an end user's cost": ("rollup_end_users", lambda c: c.execute(update(rollup_end_users).values(cost_nanos=1))),
    "an end user's row": ("rollup_end_users", _hide_an_end_user),
    "an API key's calls": ("rollup_api_keys", lambda c: c.execute(update(rollup_api_keys).values(calls=0))),
    "a call that says it was rated": ("ratings", lambda c: c.execute(update(llm_call_logs).values(rating_3=1))),
    "a call that does not say it was": (
        "ratings",
        lambda c: c.execute(update(llm_call_logs).values({f"rating_{i}": 0 for i in range(1, 6)})),
    ),
    "ids that were given already": (
        "ids",
        lambda c: c.execute(update(counters).where(counters.c.name == "call_id").values(value=7)),
    ),
}


def test_what_follows_from_the_rows_is_found_and_mended(filled: Database) -> None:
    before = _all_totals(filled)
    for name, (check, make_wrong) in BREAKS.items():  # one database for all: making one takes longer than a check
        with filled.write() as connection:
            make_wrong(connection)
        seen = examine(filled)
        assert seen.found[check] > 0, name
        assert seen.left == seen.found.total()
        mended = examine(filled, repair=True)
        assert mended.found[check] > 0, name
        assert mended.left == 0, name
        assert _all_totals(filled) == before, name
    assert _found(filled) == {}


def _all_totals(db: Database) -> dict[str, list[tuple[object, ...]]]:
    """All rows that are not zero; histograms by how many calls they hold."""
    totals: dict[str, list[tuple[object, ...]]] = {}
    with db.read() as connection:
        for table in (rollups, rollup_end_users, rollup_api_keys):
            width = len(table.primary_key.columns)
            query = select(table).order_by(*table.primary_key.columns)
            totals[table.name] = [tuple(row) for row in connection.execute(query) if any(row[width:])]
    return totals


def test_what_nothing_else_tells_is_reported_and_left(filled: Database) -> None:
    with filled.write() as connection:
        lost = connection.scalar(select(func.min(_PAYLOADS.c.call_id)))
        connection.execute(delete(_PAYLOADS).where(_PAYLOADS.c.call_id == lost))
        connection.execute(update(cost_logs).where(cost_logs.c.id == 8).values(input_cost=0))
        merged = llm_call_logs.c.merged_into.is_not(None)
        connection.execute(update(llm_call_logs).where(merged).values(merged_into=4_711))
        nowhere = {"llm_call_id": 4_712, "project_id": 1, "model_id": 1}
        connection.execute(insert(Feedback).values(author="x", rating=2, created_at=from_micros(NOW), **nowhere))
    expected = {"payloads": 1, "costs": 1, "merged calls": 2, "feedback": 1}
    assert _found(filled) == expected
    report = examine(filled, repair=True)
    assert dict(report.found) == expected
    assert report.left == 5
    assert any(one.where == f"call {lost}" for one in report.examples)


def test_minutes_below_the_floor_are_nobodys_concern(filled: Database) -> None:
    with filled.write() as connection:
        row = connection.execute(select(rollups).where(rollups.c.grain == int(Grain.MINUTE)).limit(1)).one()
        connection.execute(insert(rollups).values({**row._mapping, "bucket": NOW // MINUTE - 60 * 60}))
    assert _found(filled) == {}


def test_more_rows_than_fit_into_memory_at_once_are_counted_whole(db: Database, writer: Writer) -> None:
    writer.together(*(put(cost=5, latency_ms=1.0 + i % 50, created_at=NOW + i % 7 * HOUR) for i in range(CHUNK + 300)))
    report = examine(db)
    assert (dict(report.found), report.rows) == ({}, CHUNK + 300)


def test_there_is_no_false_alarm_while_calls_are_logged(filled: Database, other_writer: Writer) -> None:
    stop = threading.Event()
    written = count()
    errors: list[BaseException] = []

    def write() -> None:
        try:
            while not stop.is_set():
                first = next(written) * 20
                ids = other_writer.together(
                    *(_call(first + i, created_at=NOW - i * HOUR, response_id=None) for i in range(20))
                )
                other_writer.together(Rate(ids[3], f"author {first}", 4, "good", None, NOW), Withdraw(ids[5]))
        except BaseException as error:
            errors.append(error)
            raise

    with ExitStack() as stack:
        thread = threading.Thread(target=write)
        thread.start()
        stack.callback(thread.join)
        stack.callback(stop.set)
        reports: list[Report] = [examine(filled) for _ in range(4)]
        reports.append(examine(filled, repair=True))
    assert not errors
    assert next(written) > 2
    assert [dict(report.found) for report in reports] == [{}] * 5
    assert _found(filled) == {}


def test_a_repair_holds_up_nobody_and_loses_nothing_that_is_logged_meanwhile(
    filled: Database, other_writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = count()

    def read_and_log(connection: Connection, day: int, floor: int) -> DayRows:
        found = read_day(connection, day, floor)
        times = [day * DAY + HOUR + index * MINUTE for index in range(8)]
        ids = other_writer.together(*(_call(i, created_at=at, response_id=None) for i, at in enumerate(times)))
        other_writer.together(Rate(ids[3], f"reader {next(numbers)}", 4, "good", None, NOW), Withdraw(ids[5]))
        return found

    monkeypatch.setattr(doctor, "read_day", read_and_log)
    for name, (check, make_wrong) in BREAKS.items():
        if name in {"a histogram is no histogram", "ids that were given already"}:
            continue  # until it is mended, nobody can log there
        with filled.write() as connection:
            make_wrong(connection)
        report = examine(filled, repair=True)
        assert report.found[check] > 0, name
        assert report.left == 0, name
    monkeypatch.undo()
    assert _found(filled) == {}


def test_an_empty_database_is_in_order(db: Database) -> None:
    report = examine(db)
    assert (report.days, report.rows, report.found.total()) == (0, 0, 0)


def test_a_repair_admits_no_more_end_users_than_were(filled: Database, writer: Writer) -> None:
    with filled.write() as connection:
        connection.execute(delete(rollup_end_users))
    examine(filled, repair=True)
    writer.together(_call(0, end_user="another one", response_id=None))
    columns = rollup_end_users.c
    query = select(func.count()).where(columns.end_user != "(other)").group_by(columns.day, columns.project_id)
    with filled.read() as connection:
        assert max(connection.scalars(query)) == MAX_END_USERS
    assert _found(filled) == {}

"""The list of calls: every filter, every order, and a cursor that neither loses nor repeats a call."""

import json
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import pytest

from callscope.db.engine import Database
from callscope.ingest.changes import Withdraw
from callscope.ingest.row import PricedRow
from callscope.store.queries import CallFilter, CallPage, Position, Selection, Sort
from callscope.store.sql import calls as listing
from tests.store.statements import caught
from tests.store.witness import DAY, GPT_4, GPT_4O, GPT_4O_MINI, MINUTE, NOW, Writer, put

Keep = Callable[[PricedRow], bool]


def _tokens(row: PricedRow) -> int:
    return row.call.prompt_tokens + row.call.completion_tokens


def _free(row: PricedRow) -> bool:
    return row.call.cache_hit or row.call.refused is not None


def _cost(row: PricedRow) -> int | None:
    return row.cost and row.cost.estimated_cost


FILTERS: tuple[tuple[dict[str, Any], Keep], ...] = (
    ({}, lambda row: True),
    ({"start": NOW - 5 * DAY, "end": NOW - DAY}, lambda row: NOW - 5 * DAY <= row.call.created_at < NOW - DAY),
    ({"selection": Selection(project_ids=frozenset({2}))}, lambda row: row.call.project_id == 2),
    ({"selection": Selection(project_ids=frozenset({1, 3}))}, lambda row: row.call.project_id in {1, 3}),
    ({"selection": Selection(project_ids=frozenset())}, lambda row: False),
    ({"selection": Selection(environment_ids=frozenset({2}))}, lambda row: row.call.environment_id == 2),
    ({"selection": Selection(model_ids=frozenset({GPT_4}))}, lambda row: row.call.model_id == GPT_4),
    ({"selection": Selection(model_ids=frozenset())}, lambda row: False),
    (
        {"selection": Selection(project_ids=frozenset({1, 2}), model_ids=frozenset({GPT_4, GPT_4O}))},
        lambda row: row.call.project_id in {1, 2} and row.call.model_id in {GPT_4, GPT_4O},
    ),
    ({"selection": Selection(statuses=frozenset({0}))}, lambda row: row.call.status == 0),
    ({"selection": Selection(statuses=frozenset({1}))}, lambda row: row.call.status == 1),
    ({"selection": Selection(statuses=frozenset({0, 2}))}, lambda row: row.call.status in {0, 2}),
    ({"selection": Selection(statuses=frozenset({1, 2}))}, lambda row: row.call.status != 0),
    (
        {"selection": Selection(frozenset({1}), frozenset({1}), frozenset({GPT_4O}), frozenset({1, 2}))},
        lambda row: (
            (row.call.project_id, row.call.environment_id, row.call.model_id) == (1, 1, GPT_4O) and row.call.status != 0
        ),
    ),
    ({"error_kinds": frozenset({1})}, lambda row: row.call.error_kind == 1),
    ({"error_kinds": frozenset({1, 2, 9})}, lambda row: row.call.error_kind in {1, 2, 9}),
    ({"error_kinds": frozenset({1}), "selection": Selection(statuses=frozenset({0}))}, lambda row: False),
    (
        {"error_kinds": frozenset({1, 2}), "selection": Selection(frozenset({1, 2}), model_ids=frozenset({GPT_4O}))},
        lambda row: row.call.error_kind in {1, 2} and row.call.project_id in {1, 2} and row.call.model_id == GPT_4O,
    ),
    ({"end_user": "ann"}, lambda row: row.call.end_user == "ann"),
    ({"session_id": "talk 1"}, lambda row: row.call.session_id == "talk 1"),
    ({"trace_id": "t3"}, lambda row: row.call.trace_id == "t3"),
    (
        {
            "end_user": "ann",
            "session_id": "talk 1",
            "selection": Selection(frozenset({1, 2}), statuses=frozenset({1, 2})),
        },
        lambda row: (
            row.call.end_user == "ann"
            and row.call.session_id == "talk 1"
            and row.call.project_id in {1, 2}
            and row.call.status != 0
        ),
    ),
    (
        {"end_user": "bob", "start": NOW - 4 * DAY, "end": NOW - 2 * DAY},
        lambda row: row.call.end_user == "bob" and NOW - 4 * DAY <= row.call.created_at < NOW - 2 * DAY,
    ),
    ({"tag": "Red"}, lambda row: "Red" in json.loads(row.call.tags or "[]")),
    ({"tag": "red"}, lambda row: "red" in json.loads(row.call.tags or "[]")),
    ({"tag": "100%"}, lambda row: "100%" in json.loads(row.call.tags or "[]")),
    ({"tag": 'a "b" c'}, lambda row: 'a "b" c' in json.loads(row.call.tags or "[]")),
    ({"tag": "b"}, lambda row: False),
    ({"tag": ","}, lambda row: False),
    ({"name": "answer 2"}, lambda row: row.call.name == "answer 2"),
    ({"api_key_id": 3}, lambda row: row.call.api_key_id == 3),
    ({"min_latency_ms": 100.0, "max_latency_ms": 900.0}, lambda row: 100 <= row.call.latency_ms <= 900),
    ({"min_cost": 40, "max_cost": 60}, lambda row: (cost := _cost(row)) is not None and 40 <= cost <= 60),
    ({"max_cost": 0}, lambda row: _cost(row) == 0),
    ({"min_tokens": 50}, lambda row: _tokens(row) >= 50),
    ({"max_tokens": 20}, lambda row: _tokens(row) <= 20),
    ({"violation": True}, lambda row: row.call.violation != 0),
    ({"violation": False}, lambda row: row.call.violation == 0),
    ({"cache_hit": True}, lambda row: row.call.cache_hit),
    ({"cache_hit": False}, lambda row: not row.call.cache_hit),
    ({"unpriced": True}, lambda row: row.cost is None and not _free(row)),
    ({"unpriced": False}, lambda row: row.cost is not None or _free(row)),
)


def _some(count: int, seed: int) -> Iterator[Any]:
    rng = random.Random(seed)
    tags = (None, None, ["Red"], ["red", "blue"], ["100%"], ['a "b" c', "1000"])
    for i in range(count):
        kind = rng.choice(("", "", "", "cache_hit", "refused"))
        chosen = rng.choice(tags)
        status = rng.choice((0, 0, 1, 2))
        yield put(
            project_id=rng.randint(1, 3), environment_id=rng.randint(1, 2),
            model_id=rng.choice((GPT_4, GPT_4O, GPT_4O_MINI)),
            created_at=NOW - rng.choice((0, MINUTE, rng.randrange(8 * DAY))),
            status=status, error_kind=i % 3 + 1 if status else 0,
            prompt_tokens=rng.randrange(90), completion_tokens=rng.randrange(9), latency_ms=float(rng.randrange(2_000)),
            violation=rng.choice((0, 0, 1, 3)), end_user=rng.choice((None, "ann", "bob")),
            session_id=rng.choice((None, "talk 1", "talk 2")), trace_id=rng.choice((None, f"t{i % 5}")),
            tags=None if chosen is None else json.dumps(chosen, ensure_ascii=False),
            name=None if i % 5 == 4 else f"answer {i % 5}", api_key_id=i % 4 or None,
            cache_hit=kind == "cache_hit", refused="no" if kind == "refused" else None,
            cost=rng.choice((None, 0, rng.randrange(100))) if not kind else None,
        )  # fmt: skip


@pytest.fixture
def stored(writer: Writer) -> list[PricedRow]:
    """Calls of all kinds; and some that are none, which no list shows."""
    ids = writer.together(*_some(260, seed=3))
    writer.together(*(Withdraw(call_id) for call_id in ids[::20]))
    writer.together(
        *(put(response_id=f"r{i}", created_at=NOW - i * DAY, latency_ms=lag) for i in range(5) for lag in (1.0, 2.0))
    )
    with writer.store.reading() as reading:
        found = [reading.call(call_id) for call_id in range(1, 320)]
    return _newest_first({row.call.id: row for row in found if row is not None and row.call.is_call}.values())


def _newest_first(rows: Any) -> list[PricedRow]:
    return sorted(rows, key=lambda row: (row.call.created_at, row.call.id), reverse=True)


def _all_pages(
    ask: Callable[[Any], CallPage], between: Callable[[], object] = lambda: None
) -> tuple[list[PricedRow], list[CallPage]]:
    pages: list[CallPage] = []
    rows: list[PricedRow] = []
    after = None
    while not pages or after is not None:
        page = ask(after)
        pages.append(page)
        rows += page.rows
        assert page.next is None or page.next != after, "a cursor leads on"
        after = page.next
        between()
    return rows, pages


def _ordered(rows: Iterable[PricedRow], sort: Sort) -> list[PricedRow]:
    """Largest first, and then newest first."""
    key: Callable[[PricedRow], float] = {
        Sort.LATENCY: lambda row: row.call.latency_ms,
        Sort.COST: lambda row: -1 if row.cost is None else row.cost.estimated_cost,
        Sort.TOKENS: _tokens,
    }[sort]
    return sorted(rows, key=lambda row: -key(row))


def _ids(rows: Sequence[PricedRow]) -> list[int]:
    return [row.call.id for row in rows]


def test_every_filter_is_a_plain_filter_newest_first(db: Database, stored: list[PricedRow]) -> None:
    for fields, keep in FILTERS:
        expected = [row for row in stored if keep(row)]
        with db.read() as connection:
            for limit in (7, 500):
                found, pages = _all_pages(lambda after: listing.page(connection, CallFilter(**fields), after, limit))  # noqa: B023  # asked at once
                assert found == expected, fields
                full = [page for page in pages if page.scanned_to is None]
                assert all(len(page.rows) == limit for page in full[:-1])


def test_an_ended_budget_gives_a_cursor_that_goes_on_to_the_same_calls(db: Database, stored: list[PricedRow]) -> None:
    for fields, keep in FILTERS:
        expected = [row for row in stored if keep(row)]
        with db.read() as connection:
            wanted = CallFilter(**fields)
            found, pages = _all_pages(lambda after: listing.page(connection, wanted, after, 6, budget=-1))  # noqa: B023  # as above
        assert found == expected, fields
        told = [page.scanned_to for page in pages if page.scanned_to is not None]
        assert told == sorted(told, reverse=True)


def test_looking_through_many_days_keeps_to_the_budget(db: Database, writer: Writer) -> None:
    """Years of days with a call at each end: one look must not go through all of them."""
    first, last = writer.together(put(end_user="ann", created_at=NOW - 900 * DAY), put(end_user="ann", created_at=NOW))
    with db.read() as connection:
        page = listing.page(connection, CallFilter(end_user="ann"), None, 10, budget=-1)
        assert page.next is not None
        assert page.scanned_to is not None
        assert page.scanned_to > NOW - 800 * DAY
        found, _ = _all_pages(lambda after: listing.page(connection, CallFilter(end_user="ann"), after, 10))
    assert _ids(found) == [last, first]


def test_a_single_call_of_long_ago_costs_a_filter_nothing_to_speak_of(db: Database, writer: Writer) -> None:
    """Eight years of days without a call: few statements go through them, and the answer is all there is."""
    first, last = writer.together(put(end_user="ann", created_at=NOW - 3_000 * DAY), put(end_user="ann"))
    for fields, expected in (
        ({"end_user": "ann"}, [last, first]),
        ({"end_user": "bob"}, []),
        ({"session_id": "talk", "end": NOW - DAY}, []),
    ):
        with caught(db) as statements, writer.store.reading() as reading:
            page = reading.calls(CallFilter(**fields), None, 10)
        assert _ids(page.rows) == expected
        assert (page.next, page.scanned_to) == (None, None)
        assert len(statements) < 20
        with caught(db) as statements, writer.store.reading() as reading:
            page = reading.calls(CallFilter(sort=Sort.COST, **fields), None, 10)
        assert sorted(_ids(page.rows)) == sorted(expected)
        assert len(statements) < 20
        exported, stretches = _exported(writer, CallFilter(**fields))
        assert (exported, stretches <= 3) == (expected, True)


def test_what_arrived_is_found_by_its_ids_whatever_else_is_filtered(db: Database, writer: Writer) -> None:
    """Also where a project is too new for the database to know how many calls it has."""
    writer.together(*(put(project_id=i % 2 + 1, created_at=NOW - i * MINUTE, end_user=f"u-{i}") for i in range(1_000)))
    if not db.is_sqlite:  # as its autovacuum does
        with db.write() as connection:
            connection.exec_driver_sql("ANALYZE llm_call_logs, cost_logs")
    *_, last = writer.together(*(put(project_id=3, end_user="ann") for _ in range(500)))
    one = Selection(project_ids=frozenset({3}), model_ids=frozenset({GPT_4}), statuses=frozenset({0}))
    wanted = CallFilter(selection=one, end_user="ann", start=NOW - DAY)
    with caught(db, explain=True) as statements, writer.store.reading() as reading:
        found = reading.arrived(wanted, (last - 10, last), 4)
    assert _ids(found.rows) == [last - 3, last - 2, last - 1, last]
    assert found.left_out == 6
    plans = [line for one in statements if "llm_call_logs" in one.text for line in one.plan]
    assert plans
    assert not [line for line in plans if "ix_calls" in line or "Seq Scan on llm_call" in line], plans


def _exported(writer: Writer, wanted: CallFilter) -> tuple[list[int], int]:
    """The ids of what is taken out, and in how many stretches."""
    ids: list[int] = []
    after, stretches = None, 0
    while stretches == 0 or after is not None:
        with writer.store.reading() as reading:
            rows, after = reading.export(wanted, after, 10)
        ids += [row.id for row in rows]
        stretches += 1
    return ids, stretches


def test_another_order_stops_looking_when_the_time_is_up_though_nothing_was_found(db: Database, writer: Writer) -> None:
    writer.together(put(end_user="ann", created_at=NOW - 3_000 * DAY), put(end_user="bob"))
    with caught(db) as statements, db.read() as connection:
        page = listing.sorted_page(connection, CallFilter(end_user="ann", sort=Sort.COST), None, 10, budget=-1)
    assert (page.rows, page.sorted_among) == ([], 0)
    assert len(statements) < 6


def test_an_export_by_a_key_takes_out_each_call_once(
    writer: Writer, stored: list[PricedRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_DAYS_AT_FIRST", 1)
    monkeypatch.setattr(listing, "_MOST_DAYS", 2)
    for fields, keep in FILTERS:
        assert _exported(writer, CallFilter(**fields))[0] == _ids([row for row in stored if keep(row)]), fields


@pytest.mark.parametrize(
    "fields", [{}, {"end_user": "ann"}, {"min_tokens": 10}, FILTERS[8][0]], ids=["all", "end user", "tokens", "models"]
)
def test_no_call_is_lost_or_repeated_while_new_ones_come(
    writer: Writer, stored: list[PricedRow], fields: dict[str, Any]
) -> None:
    newer = _some(200, seed=9)

    def ask(after: Position | None) -> CallPage:
        with writer.store.reading() as reading:
            return reading.calls(CallFilter(**fields), after, 20)

    before = _ids(_all_pages(ask)[0])
    found = _ids(_all_pages(ask, lambda: writer.each(next(newer)))[0])
    assert len(found) == len(set(found))
    assert [call_id for call_id in found if call_id in set(before)] == before
    assert len(before) > 60


@pytest.mark.parametrize("sort", [Sort.LATENCY, Sort.COST, Sort.TOKENS])
def test_other_orders_are_largest_first(db: Database, stored: list[PricedRow], sort: Sort) -> None:
    with db.read() as connection:
        for fields, keep in FILTERS:
            wanted = CallFilter(sort=sort, **fields)
            found, _ = _all_pages(lambda after: listing.sorted_page(connection, wanted, after, 60, budget=60))  # noqa: B023  # asked at once
            assert _ids(found) == _ids(_ordered((row for row in stored if keep(row)), sort)), fields


def test_the_pages_of_another_order_fit_together_when_the_time_was_short(
    db: Database, writer: Writer, stored: list[PricedRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first page settles how far back all of them look, and what comes meanwhile moves nothing."""
    monkeypatch.setattr(listing, "_LARGEST_STEP", 50)
    budgets = iter((-1, *[60] * 100))
    newer = _some(100, seed=9)

    def ask(after: Any) -> CallPage:
        with db.read() as connection:
            wanted = CallFilter(sort=Sort.TOKENS)
            return listing.sorted_page(connection, wanted, after, 7, budget=next(budgets))

    found, pages = _all_pages(ask, lambda: writer.each(next(newer)))
    known = {row.call.id for row in stored}
    among = pages[0].sorted_among
    assert among is not None
    assert 30 < among <= 50
    assert [call_id for call_id in _ids(found) if call_id in known] == _ids(_ordered(stored[:among], Sort.TOKENS))
    assert len(_ids(found)) == len(set(_ids(found)))


def test_many_models_are_looked_for_in_order_of_time(
    db: Database, stored: list[PricedRow], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_FEW", 1)
    test_every_filter_is_a_plain_filter_newest_first(db, stored)


def test_a_withdrawn_call_and_a_witness_are_in_no_list(writer: Writer) -> None:
    call_id, other = writer.each(put(response_id="r"), put())
    writer.each(put(response_id="r", latency_ms=1.0), Withdraw(other))
    with writer.store.reading() as reading:
        assert _ids(reading.calls(CallFilter(), None, 10).rows) == [call_id]

"""Whatever happens to calls, in whatever order and batches: the totals are what the rows add up to."""

import random
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from callscope.accounts.models import Project
from callscope.db.engine import Database
from callscope.ingest.changes import Change, Erase, Put, Rate, Reprice, Submission, Withdraw
from callscope.ingest.recorder import Recorder
from callscope.ingest.row import CallRow, PriceSource
from callscope.metrics.composition import Span
from callscope.metrics.models import Level, rollup_histograms, rollups
from callscope.pricing.cost import Cost
from callscope.store.errors import CallNotFound, TooOld, TotalsFull
from callscope.store.queries import NO_CHANGE, CostSums, Erasing, GroupBy, Selection, SideKind, Stretch
from callscope.store.sql import tidying, totals
from callscope.store.sql.doctor import examine
from tests.store import plain
from tests.store.conftest import MAX_END_USERS
from tests.store.witness import DAY, HOUR, MINUTE, NOW, Writer, put, wipe

EXAMPLES = {"sqlite": 40, "postgresql": 12}
MOMENTS = (0, MINUTE, 20 * MINUTE, 5 * HOUR, 23 * HOUR, 25 * HOUR, 26 * HOUR, 50 * HOUR, 75 * HOUR)
CALL_IDS = st.integers(1, 24)


def _price(row: CallRow) -> tuple[Cost, PriceSource] | None:
    """Another price list: twice the tokens, and model 3 unknown."""
    nanos = 2 * (row.prompt_tokens + row.completion_tokens)
    return None if row.model_id == 3 else (Cost(nanos, nanos, 0, 0, 0, 0), PriceSource.catalogue)


@st.composite
def _puts(draw: st.DrawFn) -> Put:
    fields: dict[str, Any] = {
        "project_id": draw(st.sampled_from((1, 1, 2))),
        "environment_id": draw(st.integers(1, 2)),
        "model_id": draw(st.integers(1, 3)),
        "created_at": NOW - draw(st.sampled_from(MOMENTS)),
        "source": draw(st.sampled_from((10, 20, 30))),
        "status": draw(st.sampled_from((0, 0, 1, 2))),
        "error_kind": draw(st.integers(0, 3)),
        "prompt_tokens": draw(st.sampled_from((0, 7, 40_000))),
        "completion_tokens": draw(st.sampled_from((0, 5))),
        "cached_tokens": draw(st.integers(0, 3)),
        "reasoning_tokens": draw(st.integers(0, 3)),
        "latency_ms": draw(st.sampled_from((0.0, 0.001, 12.345, 480.0, 604_800_000.0))),
        "time_to_first_token_ms": draw(st.sampled_from((None, 0.0, 3.25, 90.0))),
        "usage_estimated": draw(st.booleans()),
        "violation": draw(st.sampled_from((0, 0, 1, 3))),
        "end_user": draw(st.sampled_from((None, "ann", "bob", "cid", "dan", "eve"))),
        "api_key_id": draw(st.sampled_from((None, 1, 2))),
        "response_id": draw(st.sampled_from((None, "r1", "r2", "r3"))),
        "error_message": draw(st.sampled_from((None, "no luck"))),
    }
    if draw(st.booleans()):
        fields |= {"trace_id": "t", "span_id": draw(st.sampled_from(("s1", "s2", "s3")))}
    kind = draw(st.sampled_from(("", "", "", "cache_hit", "refused")))
    if kind == "cache_hit":
        return put(**fields, cache_hit=True, saved_cost=draw(st.sampled_from((None, 40))))
    if kind == "refused":
        return put(**fields, refused="switched off")
    cost = draw(st.sampled_from((None, 0, 1_000)))
    reported = draw(st.sampled_from((None, None, 0, 777)))
    return put(**fields, cost=cost, reported=reported, payload=draw(st.sampled_from((None, b"said"))))


_changes: st.SearchStrategy[Change] = st.one_of(
    _puts(),
    _puts(),
    _puts(),
    st.builds(
        Rate,
        CALL_IDS,
        st.sampled_from(("ann", "bob")),
        st.integers(1, 5),
        st.none(),
        st.sampled_from((None, 1)),
        st.integers(NOW, NOW + 5),
    ),
    st.builds(Erase, CALL_IDS),
    st.builds(Withdraw, CALL_IDS),
    st.builds(Reprice, CALL_IDS, st.just(_price), st.just(NOW)),
)
_submissions = st.lists(_changes, min_size=1, max_size=3).map(Submission)
_stretches = st.builds(
    Stretch,
    st.sampled_from((None, 1, 2, 3)),
    st.sampled_from((None, 1)),
    st.sampled_from((None, NOW - 24 * HOUR)),
    st.sampled_from((None, NOW)),
)
_erasings = st.builds(Erasing, st.sampled_from(("ann", "bob", "cid")), st.sampled_from((None, 1)), st.just(10**9))
_purges = st.tuples(st.sampled_from((1, 2)), st.integers(1, 4))
"""A project, and how many days it keeps its calls from now on; then all that is older is deleted."""
_batches = st.tuples(
    st.integers(0, 1),
    st.sampled_from((0, 0, 0, 3, 30, 60)),
    st.lists(_submissions, min_size=1, max_size=4),
    st.one_of(st.none(), st.none(), _stretches, _erasings, _purges),
)
Batches = list[tuple[int, int, list[Submission], Stretch | Erasing | tuple[int, int] | None]]


def _reprice_all(writer: Writer, stretch: Stretch) -> None:
    """Price a stretch anew, as a repricing does: first look, then write; nothing is left to be changed afterwards."""
    with writer.store.reading() as reading:
        row_ids = [place.id for place in reading.places(stretch, None, 1_000)]
        seen = reading.outlook(row_ids, stretch, _price, NOW, 1_000)
    done: list[CostSums] = []
    writer.store.reprice(seen.row_ids, _price, NOW, lambda _, sums: done.append(sums))
    assert done == [seen.changing]
    with writer.store.reading() as reading:
        after = reading.outlook(row_ids, stretch, _price, NOW, 1_000)
    assert (after.row_ids, after.changing) == ([], NO_CHANGE)
    both = seen.staying.plus(seen.changing)
    assert after.staying[:1] + after.staying[3:6:2] == both[:1] + both[3:6:2]


def _erase(writer: Writer, wanted: Erasing) -> None:
    assert writer.store.erase(wanted, NOW, lambda _, _calls: None, lambda: False)


def _purge(db: Database, writer: Writer, project_id: int, days: int) -> None:
    """Delete what is older, which changes no total."""
    with db.write() as connection:
        connection.execute(update(Project).where(Project.__table__.c.id == project_id).values(row_days=days))
    before = plain.totals(db)
    writer.store.purge(NOW)
    assert plain.totals(db) == before


def _run(db: Database, writers: tuple[Writer, Writer], batches: Batches) -> None:
    wipe(db)
    for process, floor_hours, submissions, then in batches:
        if floor_hours:
            floor = (NOW - DAY * 3 + floor_hours * HOUR) // MINUTE
            with db.write() as connection:
                totals.raise_minute_floor(connection, floor - floor % 60)
            if floor_hours == 30:
                with db.write() as connection:
                    for table, level in product((rollups, rollup_histograms), Level):
                        while tidying.drop_minutes(table, int(level), 1, connection, 100):
                            pass
        for outcome in writers[process].apply(*submissions):
            assert outcome.error is None or isinstance(outcome.error, CallNotFound | TooOld)
        match then:
            case Stretch():
                _reprice_all(writers[1 - process], then)
            case Erasing():
                _erase(writers[1 - process], then)
            case (project_id, days):
                _purge(db, writers[1 - process], project_id, days)
    plain.check(db, MAX_END_USERS)
    if db.is_sqlite and any(isinstance(then, tuple) and not isinstance(then, Stretch) for *_, then in batches):
        assert examine(db).found.total() == 0


def test_totals_equal_the_rows_after_anything_that_can_happen(
    db: Database, writer: Writer, other_writer: Writer
) -> None:
    @settings(
        max_examples=EXAMPLES["sqlite" if db.is_sqlite else "postgresql"],
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),  # to shrink a failure takes minutes: the long form does it
        derandomize=True,
        database=None,
    )
    @given(st.lists(_batches, min_size=1, max_size=8))
    def holds(batches: Batches) -> None:
        _run(db, (writer, other_writer), batches)

    holds()


@pytest.mark.long
def test_totals_equal_the_rows_after_very_much(db: Database, writer: Writer, other_writer: Writer) -> None:
    @settings(
        max_examples=250 if db.is_sqlite else 60,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(st.lists(_batches, min_size=1, max_size=25))
    def holds(batches: Batches) -> None:
        _run(db, (writer, other_writer), batches)

    holds()


MOST = 2**53
"""What one project's calls of a day may add up to, in nano-dollars or in microseconds."""


def _costly(nanos: int, **fields: Any) -> Submission:
    return Submission([put(reported=nanos, **fields)])


def test_what_would_be_more_than_can_be_counted_is_refused_alone(db: Database, writer: Writer) -> None:
    recorder = Recorder(writer.store)
    futures = [
        recorder.submit(submission)
        for submission in (
            _costly(MOST - 5), _costly(5), _costly(1), _costly(0), _costly(MOST, project_id=2), _costly(7, project_id=3),
            Submission([put(cache_hit=True, saved_cost=MOST + 1)]),
            Submission([put(latency_ms=1.0), *(put(latency_ms=MOST / 1_000_000) for _ in range(1_001))]),
            _costly(1, created_at=NOW - DAY),
        )
    ]  # fmt: skip
    recorder.start()
    errors = [future.result(60).error for future in futures]
    recorder.stop()
    assert [isinstance(error, TotalsFull) for error in errors] == [False, False, True, *[False] * 3, True, True, False]
    plain.check(db, MAX_END_USERS)


def test_sums_over_days_and_projects_are_exact_beyond_64_bits(db: Database, writer: Writer) -> None:
    expected = 0
    for project in range(1, 121):
        puts = [
            put(reported=MOST - project - day, project_id=project, created_at=NOW - day * DAY, end_user="ann")
            for day in range(10)
        ]
        writer.together(*puts)
        expected += sum(MOST - project - day for day in range(10))
    assert expected > 2**63
    days = (NOW // DAY - 9, NOW // DAY + 1)
    with writer.store.reading() as reading:
        span = reading.countable(Span(days[0] * 1440, days[1] * 1440))
        everything = reading.totals(Selection(), span, ("calls", "cost_nanos", "latency_us"))
        by_model = reading.totals(Selection(), span, ("cost_nanos",), GroupBy.MODEL)
        (ann,) = reading.side_totals(SideKind.END_USER, None, days, 10)
    assert everything == {None: {"calls": 1_200, "cost_nanos": expected, "latency_us": 1_200 * 250_000}}
    assert by_model == {1: {"cost_nanos": expected}}
    assert ann.cost_nanos == expected
    assert examine(db).found.total() == 0


def test_who_costs_most_is_who_does_by_a_plain_sum(writer: Writer) -> None:
    """On days that have calls and on others, for any projects; of two that cost the same who has more calls."""
    rng = random.Random(4)
    today = NOW // DAY
    made = [
        (today - ago, rng.randint(1, 3), rng.choice(("ann", "bob", "cid")), rng.choice((0, 5, 5, 700)))
        for ago in (0, 1, 4, 9)
        for _ in range(12)
    ]
    writer.together(*(put(created_at=day * DAY, project_id=p, end_user=name, cost=cost) for day, p, name, cost in made))
    for projects in (None, frozenset({1}), frozenset({1, 3}), frozenset[int]()):
        for first, end in ((today - 9, today + 1), (today - 4, today), (today - 8, today - 5), (0, 2 * today)):
            costs: dict[str, list[int]] = {}
            for day, project, name, cost in made:
                if first <= day < end and (projects is None or project in projects):
                    costs.setdefault(name, []).append(cost)
            ranked = sorted((-sum(each), -len(each), name) for name, each in costs.items())
            with writer.store.reading() as reading:
                found = reading.side_totals(SideKind.END_USER, projects, (first, end), 2)
            assert [(-row.cost_nanos, -row.calls, row.value) for row in found] == ranked[:2]

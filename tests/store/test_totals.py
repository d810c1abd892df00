"""Whatever happens to calls, in whatever order and batches: the totals are what the rows add up to."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from callscope.db.engine import Database
from callscope.ingest.changes import Change, Erase, Put, Rate, Reprice, Submission, Withdraw
from callscope.ingest.row import CallRow, PriceSource
from callscope.pricing.cost import Cost
from callscope.store.errors import CallNotFound
from callscope.store.sql import totals
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
_batches = st.tuples(
    st.integers(0, 1), st.sampled_from((0, 0, 0, 3, 30, 60)), st.lists(_submissions, min_size=1, max_size=4)
)


def _run(db: Database, writers: tuple[Writer, Writer], batches: list[tuple[int, int, list[Submission]]]) -> None:
    wipe(db)
    for process, floor_hours, submissions in batches:
        if floor_hours:
            floor = (NOW - DAY * 3 + floor_hours * HOUR) // MINUTE
            with db.write() as connection:
                totals.raise_minute_floor(connection, floor - floor % 60)
            if floor_hours == 30:
                with db.write() as connection:
                    totals.drop_minutes(connection, 1)
        for outcome in writers[process].apply(*submissions):
            assert outcome.error is None or isinstance(outcome.error, CallNotFound)
    plain.check(db, MAX_END_USERS)


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
    def holds(batches: list[tuple[int, int, list[Submission]]]) -> None:
        _run(db, (writer, other_writer), batches)

    holds()


@pytest.mark.long
def test_totals_equal_the_rows_after_very_much(db: Database, writer: Writer, other_writer: Writer) -> None:
    @settings(
        max_examples=1_000 if db.is_sqlite else 200,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        database=None,
    )
    @given(st.lists(_batches, min_size=1, max_size=25))
    def holds(batches: list[tuple[int, int, list[Submission]]]) -> None:
        _run(db, (writer, other_writer), batches)

    holds()

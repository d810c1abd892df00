"""One call from several witnesses: the same call, whatever the order in which they came and how they were cut."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from callscope.db.engine import Database
from callscope.feedback.models import Feedback
from callscope.ingest.changes import Erase, Put, Rate, Reprice, Submission, Withdraw
from callscope.ingest.row import ERASED, CallRow, PriceSource
from callscope.pricing.cost import Cost
from callscope.store.sql import payload_tables
from callscope.store.sql.operations import MAX_WITNESSES
from tests.store import plain
from tests.store.conftest import MAX_END_USERS
from tests.store.witness import DAY, GPT_4, GPT_4O, HAIKU, HOUR, MINUTE, NOW, Writer, put, rows_of, wipe

OWN = {"id", "payload_table", "payload_id", "witnesses"}
"""What may differ between two orders: the number of a call and of its payload, and how often something was said."""


def _seen(writer: Writer, call_id: int) -> Mapping[str, Any]:
    """A call as it answers to any of its numbers: all that it says, its cost and its payload."""
    with writer.store.reading() as reading:
        found = reading.call(call_id)
        assert found is not None
        payload = reading.payloads([found.call]).get(found.call.id)
    said = {name: value for name, value in found.call._asdict().items() if name not in OWN}
    cost = found.cost and (found.cost.estimated_cost, found.cost.price_source)
    return said | {"cost": cost, "payload": payload}


@dataclass(frozen=True)
class Story:
    """Witnesses, who of them is erased or withdrawn later on, and which ratings are given to them, in order of time."""

    puts: Sequence[Put]
    erased: Sequence[int]
    withdrawn: Sequence[int]
    ratings: Sequence[tuple[int, str, int]]


@st.composite
def _stories(draw: st.DrawFn) -> Story:
    puts = [_witness(draw) for _ in range(draw(st.integers(2, 6)))]
    chosen = st.lists(st.integers(0, len(puts) - 1), max_size=1)
    erased = draw(chosen) if draw(st.booleans()) else []
    ratings = [] if erased else draw(
        st.lists(
            st.tuples(st.integers(0, len(puts) - 1), st.sampled_from(("ann", "bob")), st.integers(1, 5)), max_size=4
        )
    )  # fmt: skip
    return Story(puts, erased, draw(chosen) if draw(st.booleans()) else [], ratings)


def _witness(draw: st.DrawFn) -> Put:
    """One of few witnesses, so that many of them meet: by response id, by span, or through a third one."""
    prompt = draw(st.sampled_from((0, 5, 9)))
    fields: dict[str, Any] = {
        "model_id": draw(st.sampled_from((GPT_4, GPT_4O, HAIKU))),
        "source": draw(st.sampled_from((10, 20))),
        "api_key_id": draw(st.sampled_from((None, None, 4))),
        "created_at": NOW - draw(st.sampled_from((0, MINUTE, 20 * HOUR, 23 * HOUR, 30 * HOUR, 45 * HOUR))),
        "status": draw(st.sampled_from((0, 1))),
        "prompt_tokens": prompt,
        "completion_tokens": 0,
        "latency_ms": draw(st.sampled_from((0.0, 50.0, 75.5))),
        "time_to_first_token_ms": draw(st.sampled_from((None, 5.0))),
        "usage_estimated": draw(st.booleans()),
        "violation": draw(st.integers(0, 3)),
        "response_id": draw(st.sampled_from((None, "r1", "r1", "r2"))),
        "end_user": draw(st.sampled_from((None, "ann", "bob"))),
        "session_id": draw(st.sampled_from((None, "talk"))),
        "error_message": draw(st.sampled_from((None, "no luck"))),
        "tags": draw(st.sampled_from((None, '["a"]'))),
        "cache_hit": draw(st.sampled_from((False, False, False, True))),
    }
    if draw(st.booleans()):
        fields |= {"trace_id": "t", "span_id": draw(st.sampled_from(("s1", "s2")))}
    reported = draw(st.sampled_from((None, None, None, 0, 4_000)))
    return put(
        **fields, cost=prompt * fields["model_id"], reported=reported, payload=draw(st.sampled_from((None, b"x")))
    )


def _tell(
    writers: Sequence[Writer], story: Story, order: Sequence[int], cuts: Sequence[int], *, early: bool
) -> list[int]:
    """Tell a story, the witnesses in this order, a transaction for each stretch; gives the call of each witness.

    With `early`, what happens to a witness happens as soon as it was stored, else at the end.
    """
    found: dict[int, int] = {}
    waiting = list(enumerate(story.ratings))
    position = turn = 0

    def later() -> None:
        for index in (*story.erased, *story.withdrawn):
            if index in found:
                if index in story.erased:
                    writers[0].each(Erase(found[index]))
                if index in story.withdrawn:
                    writers[0].each(Withdraw(found[index]))
        while waiting and waiting[0][1][0] in found:  # in the order of time: one author's later rating replaces
            time, (index, author, rating) = waiting.pop(0)
            writers[0].each(Rate(found[index], author, rating, None, None, NOW + time))

    for size in (*cuts, len(order)):
        part = order[position : position + size]
        position += size
        if part:
            writer = writers[turn % len(writers)]
            turn += 1
            ids = [out.receipts[0].call_id for out in writer.apply(*(Submission([story.puts[i]]) for i in part))]
            found.update(zip(part, ids, strict=True))
            if early:
                later()
    later()
    return [found[index] for index in range(len(story.puts))]


def _groups(writer: Writer, ids: Sequence[int]) -> list[int]:
    """Which witnesses are one call: for each, the first one that is the same call."""
    with writer.store.reading() as reading:
        roots = [row.call.id for call_id in ids if (row := reading.call(call_id))]
    return [roots.index(root) for root in roots]


def _compare(db: Database, writers: Sequence[Writer], story: Story, data: st.DataObject) -> None:
    results = []
    for early in (False, True):
        wipe(db)
        order = data.draw(st.permutations(range(len(story.puts))))
        cuts = data.draw(st.lists(st.integers(1, 3), max_size=5))
        ids = _tell(writers, story, order, cuts, early=early)
        results.append((_groups(writers[0], ids), [_seen(writers[0], call_id) for call_id in ids]))
        plain.check(db, MAX_END_USERS)
    assert results[0] == results[1]


def _settings(examples: int, *phases: Phase) -> settings:
    return settings(
        max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), phases=phases, database=None,
        derandomize=Phase.shrink not in phases,
    )  # fmt: skip


def test_a_call_is_the_same_whatever_the_order_of_its_witnesses(
    db: Database, writer: Writer, other_writer: Writer
) -> None:
    @_settings(40 if db.is_sqlite else 12, Phase.generate)
    @given(_stories(), st.data())
    def holds(story: Story, data: st.DataObject) -> None:
        _compare(db, (writer, other_writer), story, data)

    holds()


@pytest.mark.long
def test_a_call_is_the_same_whatever_the_order_of_very_many_witnesses(
    db: Database, writer: Writer, other_writer: Writer
) -> None:
    @_settings(1_500 if db.is_sqlite else 200, Phase.generate, Phase.shrink)
    @given(_stories(), st.data())
    def holds(story: Story, data: st.DataObject) -> None:
        _compare(db, (writer, other_writer), story, data)

    holds()


def test_two_reports_with_one_response_id_within_a_day_are_one_call(db: Database, writer: Writer) -> None:
    first, second, late = writer.each(
        put(response_id="r", prompt_tokens=5),
        put(response_id="r", created_at=NOW - 24 * HOUR, prompt_tokens=5, end_user="ann"),
        put(response_id="r", created_at=NOW + 25 * HOUR),
    )
    assert first == second != late
    assert _seen(writer, first)["end_user"] == "ann"
    plain.check(db, MAX_END_USERS)


@pytest.mark.parametrize(
    "other",
    [{"project_id": 2}, {"model_id": HAIKU}, {"cache_hit": True}, {"response_id": "s"}],
    ids=["project", "provider", "cache hit", "response"],
)
def test_a_response_id_means_nothing_elsewhere(writer: Writer, other: dict[str, Any]) -> None:
    first, second = writer.each(put(response_id="r"), put(**{"response_id": "r"} | other))
    assert first != second


def test_an_id_that_everything_carries_is_no_id(db: Database, writer: Writer) -> None:
    """A mocked provider gives each call the same response id: what is too much for one call is kept as others."""
    puts = [put(response_id="chatcmpl-123", trace_id="t", span_id="s", created_at=NOW + i) for i in range(40)]
    apart = writer.each(*puts)
    assert len(set(apart[:MAX_WITNESSES])) == 1
    assert len(set(apart[MAX_WITNESSES:])) == 40 - MAX_WITNESSES
    assert writer.each(puts[3]) == apart[:1], "a repeated delivery is still known"
    plain.check(db, MAX_END_USERS)
    wipe(db)
    assert len(set(writer.together(*puts))) == len(set(apart))
    plain.check(db, MAX_END_USERS)


def test_a_delivery_that_is_repeated_changes_nothing(db: Database, writer: Writer) -> None:
    told = put(trace_id="t", span_id="s", cost=7, payload=b"said")
    first, again = writer.each(told, told)
    together = writer.together(told, told)
    assert {first, again, *together} == {first}
    assert [row.witnesses for row in rows_of(db)] == [1]


def test_what_was_written_is_added_by_a_second_delivery(db: Database, writer: Writer) -> None:
    bare, full = (put(trace_id="t", span_id="s", payload=payload) for payload in (None, b"said"))
    for told in ((bare, full), (full, bare)):
        wipe(db)
        call_id = writer.each(*told)[0]
        assert _seen(writer, call_id)["payload"] == [b"said"]


def test_a_second_report_completes_the_first(db: Database, writer: Writer) -> None:
    call_id, *_ = writer.each(
        put(trace_id="t", span_id="s", prompt_tokens=0, completion_tokens=0, latency_ms=40.0, end_user="ann"),
        put(trace_id="t", span_id="s", prompt_tokens=8, completion_tokens=2, latency_ms=0.0, cost=5),
    )
    seen = _seen(writer, call_id)
    assert (seen["prompt_tokens"], seen["latency_ms"], seen["end_user"], seen["cost"]) == (8, 40.0, "ann", (5, 3))
    plain.check(db, MAX_END_USERS)


def test_a_person_changes_nothing_of_what_a_program_told(db: Database, writer: Writer) -> None:
    program = put(response_id="r", api_key_id=4, prompt_tokens=1_000, usage_estimated=True, cost=5, payload=b"said")
    person = put(
        response_id="r", user_id=2, prompt_tokens=9, cached_tokens=1, reported=10**12, payload=b"forged", name="n",
        session_id="s", end_user="ann", time_to_first_token_ms=1.0, refused="forged", status=1, error_message="forged",
    )  # fmt: skip
    for told in ((program, person), (person, program)):
        wipe(db)
        seen = _seen(writer, writer.each(*told)[0])
        assert (seen["prompt_tokens"], seen["cost"], seen["payload"]) == (1_000, (5, 3), [b"said", b"forged"])
        assert (seen["status"], seen["refused"], seen["end_user"]) == (0, None, "ann")
        plain.check(db, MAX_END_USERS)


@pytest.mark.parametrize("together", [False, True], ids=["apart", "together"])
def test_a_third_witness_makes_two_calls_one_and_both_numbers_answer(
    db: Database, writer: Writer, together: bool
) -> None:
    by_response = put(response_id="r", prompt_tokens=6)
    by_span = put(trace_id="t", span_id="s", prompt_tokens=6, end_user="ann")
    bridge = put(response_id="r", trace_id="t", span_id="s", prompt_tokens=6)
    puts = (by_response, by_span, bridge)
    low, high, third = writer.together(*puts) if together else writer.each(*puts)
    if not together:
        assert low < high
    assert third == low
    assert _seen(writer, high) == _seen(writer, low)
    with writer.store.reading() as reading:
        assert {row.call.id for call_id in (low, high) if (row := reading.call(call_id))} == {low}
    plain.check(db, MAX_END_USERS)


def test_a_witness_found_by_its_span_stays_findable_by_its_response(db: Database, writer: Writer) -> None:
    """A span says one provider, the same span from elsewhere another: the first one's response id still leads there."""
    story = (
        put(model_id=GPT_4, trace_id="t", span_id="s", response_id="r"),
        put(model_id=HAIKU, trace_id="t", span_id="s"),
        put(model_id=GPT_4, response_id="r", prompt_tokens=1),
    )
    for tell in (writer.each, writer.together):
        wipe(db)
        assert len(set(tell(*story))) == 1


def test_feedback_moves_along_and_an_author_has_one_rating(db: Database, writer: Writer) -> None:
    low, high = writer.each(put(response_id="r"), put(trace_id="t", span_id="s"))
    writer.each(
        Rate(low, "ann", 5, "good", None, NOW + 1),
        Rate(high, "ann", 2, "not so good", None, NOW + 2),
        Rate(high, "bob", 4, None, None, NOW + 3),
        put(response_id="r", trace_id="t", span_id="s"),
        Rate(high, "bob", 3, None, None, NOW + 4),
    )
    seen = _seen(writer, low)
    assert [seen[f"rating_{i}"] for i in range(1, 6)] == [0, 1, 1, 0, 0]
    with db.read_session() as session:
        kept = session.execute(select(Feedback.llm_call_id, Feedback.author, Feedback.comment)).all()
    assert sorted(kept) == [(low, "ann", "not so good"), (low, "bob", None)]
    plain.check(db, MAX_END_USERS)


def test_a_user_and_whom_a_key_calls_like_him_are_two_authors(db: Database, writer: Writer) -> None:
    low, high = writer.each(put(response_id="r"), put(trace_id="t", span_id="s"))
    writer.each(
        Rate(low, "ann", 5, "mine", 7, NOW + 1),
        Rate(low, "ann", 1, "forged", None, NOW + 2),
        Rate(high, "ann", 2, "forged again", None, NOW + 3),
        Rate(high, "ann, married", 4, "mine again", 7, NOW + 4),
        put(response_id="r", trace_id="t", span_id="s"),
        Rate(low, "ann", 3, "forged at last", None, NOW + 5),
    )
    with db.read_session() as session:
        kept = session.execute(select(Feedback.user_id, Feedback.rating, Feedback.comment).order_by(Feedback.rating))
        assert kept.all() == [(None, 3, "forged at last"), (7, 4, "mine again")]
    plain.check(db, MAX_END_USERS)


def test_feedback_is_found_under_the_model_that_the_call_proves_to_be(db: Database, writer: Writer) -> None:
    call_id = writer.each(put(trace_id="t", span_id="s", model_id=GPT_4, source=10))[0]
    writer.each(Rate(call_id, "ann", 5, None, None, NOW), put(trace_id="t", span_id="s", model_id=GPT_4O, source=20))
    assert _seen(writer, call_id)["model_id"] == GPT_4O
    with db.read_session() as session:
        assert session.scalars(select(Feedback.model_id)).all() == [GPT_4O]


def _texts(db: Database) -> str:
    """Everything that the database holds of calls and ratings, as one text."""
    with db.read() as connection:
        stored = [*rows_of(db), *connection.execute(select(Feedback.__table__)).all()]
    return repr(stored)


@pytest.mark.parametrize("moment", ["before", "between", "after"])
def test_erasing_reaches_every_witness_and_rating_whenever_it_comes(db: Database, writer: Writer, moment: str) -> None:
    personal: dict[str, Any] = {
        "end_user": "Secret Ann", "session_id": "Secret talk", "name": "Secret name", "tags": '["Secret"]',
        "error_message": "Secret error",
    }  # fmt: skip
    low = writer.each(put(response_id="r", payload=b"Secret", cost=5, **personal))[0]
    if moment == "before":
        writer.each(Erase(low))
    high = writer.each(put(trace_id="t", span_id="s", payload=b"Secret", cost=5, **personal))[0]
    writer.each(Rate(high, "Secret Bob", 4, "Secret comment", None, NOW))
    if moment == "between":
        writer.each(Erase(high))
    writer.each(put(response_id="r", trace_id="t", span_id="s", payload=b"Secret", cost=5, **personal))
    if moment == "after":
        writer.each(Erase(high))
    writer.each(put(response_id="r", payload=b"Secret", latency_ms=9.0, cost=5, **personal))
    assert "Secret" not in _texts(db)
    seen = _seen(writer, low)
    assert (seen["end_user"], seen["payload"], seen["cost"], seen["rating_4"]) == (ERASED, None, (5, 3), 1)
    with db.read() as connection:
        table = payload_tables.table(payload_tables.number(payload_tables.week_at(NOW)))
        if connection.dialect.has_table(connection, table.name):
            assert connection.scalar(select(func.count()).select_from(table)) == 0
    plain.check(db, MAX_END_USERS)


def test_a_payload_that_was_never_written_can_be_erased(db: Database, writer: Writer) -> None:
    """An erased call proves to be one with a call whose payload arrives in the same transaction."""
    low = writer.each(put(response_id="r"))[0]
    writer.each(Erase(low))
    ids = writer.together(
        put(trace_id="t", span_id="s", payload=b"said"), put(response_id="r", trace_id="t", span_id="s")
    )
    assert _seen(writer, ids[0])["payload"] is None
    plain.check(db, MAX_END_USERS)


def test_a_withdrawn_call_stays_withdrawn_when_more_is_told_of_it(db: Database, writer: Writer) -> None:
    low, high = writer.each(put(response_id="r"), put(trace_id="t", span_id="s"))
    writer.each(Withdraw(high), put(response_id="r", trace_id="t", span_id="s"), put(response_id="r", latency_ms=3.0))
    assert not _seen(writer, low)["is_call"]
    plain.check(db, MAX_END_USERS)


def _dear(row: CallRow) -> tuple[Cost, PriceSource]:
    return Cost(99, 99, 0, 0, 0, 0), PriceSource.override


def test_repricing_leaves_what_the_provider_reported_and_what_cost_nothing(db: Database, writer: Writer) -> None:
    ids = writer.each(put(cost=5), put(), put(reported=0), put(cache_hit=True), put(refused="switched off"))
    writer.together(*(Reprice(call_id, _dear, NOW) for call_id in ids))
    assert [_seen(writer, call_id)["cost"] for call_id in ids] == [(99, 2), (99, 2), (0, 1), None, None]
    writer.each(Reprice(ids[0], lambda _: None, NOW))
    assert _seen(writer, ids[0])["cost"] is None
    plain.check(db, MAX_END_USERS)


def test_a_call_that_moves_to_another_day_takes_its_end_user_and_key_along(db: Database, writer: Writer) -> None:
    early: dict[str, Any] = {"created_at": NOW - DAY, "latency_ms": 0.0, "end_user": "ann", "api_key_id": 4}
    writer.each(put(trace_id="t", span_id="s", **early), put(trace_id="t", span_id="s", created_at=NOW, cost=5))
    (root,) = (row for row in rows_of(db) if row.is_call)
    assert (root.day, root.end_user, root.api_key_id) == (NOW // DAY, "ann", 4)
    plain.check(db, MAX_END_USERS)

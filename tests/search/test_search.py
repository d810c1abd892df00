"""A call is found by what is in its prompt or answer, by whoever may read it, as soon as it is indexed."""

import json
import time
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from callscope.accounts.models import Project
from callscope.db.engine import Database
from callscope.ingest.changes import Erase, Submission
from callscope.search import follower
from callscope.search.query import TextQuery, parse
from callscope.search.words import words
from callscope.store.sql import indexing, payload_tables, search
from tests.caller import Api

CALL = {"model": "gpt-4o", "prompt_tokens": 1, "completion_tokens": 2, "latency_ms": 3, "status": "success"}
TEXTS = {
    "refund": "I want a refund: my parcel is late",
    "delivery": "When is my delivery? The parcel left on Monday.",
    "tokyo": "東京タワーの高さは？",
    "arabic": "مرحبا بالعالم",
    "thai": "สวัสดีชาวโลก",
    "cafe": "Où est le café Zürich?",
    "chat": {"messages": [{"role": "user", "content": "Please refund the monday order"}]},
}


def filled(api: Api) -> Api:
    api.log(
        [
            CALL | {"name": name, "prompt": text, "project": "shop" if name == "chat" else "default"}
            for name, text in TEXTS.items()
        ]
    )
    api.log([CALL | {"name": "answer", "response": "Your refund is on its way"}, CALL | {"name": "silent"}])
    api.app.state.indexer.catch_up()
    return api


def found(api: Api, text: str, **more: Any) -> list[str]:
    return [call["name"] for call in api.get("/llm/calls", text=text, **more)["items"]]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("refund", ["answer", "chat", "refund"]),
        ("REFUND parcel", ["refund"]),
        ('"parcel is late"', ["refund"]),
        ('"late parcel"', []),
        ("deliver*", ["delivery"]),
        ("deliver", []),
        ("parcel -refund", ["delivery"]),
        ("東京", ["tokyo"]),
        ("京東", []),
        ("タワー", ["tokyo"]),
        ("مرحبا", ["arabic"]),
        ("สวัสดี", ["thai"]),
        ("cafe zurich", ["cafe"]),
        ("user", []),
        ("nothing", []),
    ],
)
def test_it_is_found(api: Api, text: str, names: list[str]) -> None:
    assert found(filled(api), text) == names


def test_it_goes_with_all_that_the_list_can(api: Api) -> None:
    filled(api)
    assert found(api, "refund", project="shop") == ["chat"]
    assert found(api.limited_to("shop"), "refund") == ["chat"]
    assert found(api, "refund", status="error") == []
    assert found(api, "refund", days=1, model="gpt-4o", name="answer") == ["answer"]
    assert found(api, "refund", sort="latency") == ["answer", "chat", "refund"]
    page = api.get("/llm/calls", text="refund", limit=2)
    assert [call["name"] for call in page["items"]] == ["answer", "chat"]
    assert found(api, "refund", limit=2, cursor=page["next_cursor"]) == ["refund"]
    assert {one["value"] for one in api.get("/llm/calls/facets", field="name", text="refund")["values"]} == {
        "answer",
        "chat",
        "refund",
    }
    taken = api.client.get("/llm/calls/export?format=ndjson&text=refund", headers=api._headers())
    assert [json.loads(line)["name"] for line in taken.text.splitlines()] == ["answer", "chat", "refund"]
    assert api.get("/llm/calls", text="-only", expect=422)["errors"][0]["field"] == "text"


def test_what_is_kept_no_longer_does_not_end_what_is_found(
    api: Api, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Hidden, and not deleted yet, it may be all that one look into the index finds."""
    api.log([CALL | {"name": "kept", "prompt": "zebra"}, *[CALL | {"prompt": "zebra", "project": "shop"}] * 3])
    api.app.state.indexer.catch_up()
    monkeypatch.setattr(search, "PIECE", 1)
    with db.write() as connection:
        connection.execute(update(Project).where(Project.name == "shop").values(payloads_from=100_000))
    assert found(api, "zebra") == found(api, "zebra", sort="latency") == ["kept"]
    assert [one["value"] for one in api.get("/llm/calls/facets", field="name", text="zebra")["values"]] == ["kept"]
    taken = api.client.get("/llm/calls/export?format=ndjson&text=zebra", headers=api._headers())
    assert [json.loads(line)["name"] for line in taken.text.splitlines()] == ["kept"]


def test_what_comes_later_is_found_too_and_what_is_erased_no_more(api: Api) -> None:
    filled(api)
    trace = {"trace_id": "t", "span_id": "s", "response_id": "r"}
    [call] = api.log([CALL | trace | {"name": "late"}])
    api.log([CALL | {"name": "between", "prompt": "refund"}])
    api.app.state.indexer.catch_up()
    api.log([CALL | trace | {"name": "late", "prompt": "zebra refund"}])
    assert found(api, "zebra") == []
    api.app.state.indexer.catch_up()
    assert found(api, "zebra") == ["late"]
    api.app.state.recorder.submit(Submission([Erase(call["id"])])).result(10)
    assert found(api, "zebra") == []
    api.log([CALL | {"prompt": "lion", "response_id": "x"}])
    erased = api.log([CALL | {"prompt": "tiger", "response_id": "y"}])[0]["id"]
    api.app.state.recorder.submit(Submission([Erase(erased)])).result(10)
    api.app.state.indexer.catch_up()
    assert found(api, "tiger") == []
    assert len(found(api, "lion")) == 1


SAME = CALL | {
    "trace_id": "t",
    "span_id": "s",
    "response_id": "r",
    "created_at": "2026-11-01T10:00:00Z",
    "name": "late",
}
"""Delivered again with a prompt, it adds that to the call that is there."""


def test_what_comes_later_while_the_index_is_behind_is_in_it_once(api: Api) -> None:
    api.log([CALL | {"prompt": "first"}])
    api.app.state.indexer.catch_up()
    [call] = api.log([SAME])
    api.log([CALL | {"prompt": "refund"}])
    api.log([SAME | {"prompt": "zebra"}])
    api.app.state.indexer.catch_up()
    assert found(api, "zebra") == ["late"]
    api.app.state.recorder.submit(Submission([Erase(call["id"])])).result(10)
    assert found(api, "zebra") == []
    api.app.state.indexer.catch_up()
    with api.app.state.db.read() as connection:
        [number] = payload_tables.existing(connection)
        asked = list(search.found(connection, parse("zebra"), None, None))
    assert asked == [], "no word of it is left in the index"
    assert number


def test_what_comes_late_in_the_midst_of_a_first_step_is_not_lost(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api.log([SAME, CALL | {"prompt": "refund"}])
    told: list[bytes] = []
    words_in = search.words_in

    def and_meanwhile(body: bytes) -> list[str]:
        if not told:
            told.append(body)
            api.log([SAME | {"prompt": "zebra"}])
        return words_in(body)

    monkeypatch.setattr(search, "words_in", and_meanwhile)
    api.app.state.indexer.catch_up()
    assert found(api, "zebra") == ["late"]


def test_an_index_by_another_version_is_made_anew(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(api)
    monkeypatch.setattr(search, "VERSION", 2)
    assert found(api, "refund") == []
    api.app.state.indexer._done.clear()
    api.app.state.indexer.catch_up()
    assert found(api, "refund") == ["answer", "chat", "refund"]


@pytest.mark.parametrize("weeks_back", [2, 7])
def test_what_comes_after_the_clock_was_set_back_is_found(
    api: Api, monkeypatch: pytest.MonkeyPatch, weeks_back: int
) -> None:
    real = time.time_ns
    index = api.app.state.indexer.catch_up

    def clock(weeks: float) -> None:
        monkeypatch.setattr(time, "time_ns", lambda: real() + int(weeks * payload_tables.MICROS_PER_WEEK) * 1_000)

    for weeks in (-weeks_back, 0):
        clock(weeks)
        api.log([CALL | {"prompt": "before", "name": f"at {weeks}"}])
        index()
    clock(-weeks_back)
    index()
    api.log([CALL | {"prompt": "zebra", "name": "set back"}])
    index()
    assert found(api, "zebra") == ["set back"]
    api.log([CALL | {"prompt": "lion", "name": "just before it was put right"}])
    clock(0)
    index()
    assert found(api, "lion") == ["just before it was put right"]


def test_what_another_clock_put_into_a_week_gone_by_is_found_in_the_end(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, monotonic = time.time_ns, time.monotonic
    back = int(3 * payload_tables.MICROS_PER_WEEK) * 1_000
    monkeypatch.setattr(time, "time_ns", lambda: real() - back)
    monkeypatch.setattr(indexing, "time", SimpleNamespace(time_ns=real, monotonic=monotonic))
    for word in ("zebra", "lion"):
        api.log([CALL | {"prompt": word, "name": word}])
        api.app.state.indexer.catch_up()
    monkeypatch.setattr(follower, "ALL_EVERY_SECONDS", 0.0)
    api.app.state.indexer.catch_up()
    assert found(api, "lion") == ["lion"]


WORDS = st.sampled_from(
    ["a", "bb", "Bb", "é", "e", "東", "京都", "x1", "_", "สวัส", "-", '"', "'", "\\", "*", "(a)", "NOT", "ﬁ"]
)
LINES = st.lists(WORDS, max_size=6).map(" ".join)


def is_in(query: TextQuery, text: str) -> bool:
    """The plain meaning of a query."""
    there = words(text)

    def has(term: Any) -> bool:
        for at in range(len(there) - len(term.words) + 1):
            piece = there[at : at + len(term.words)]
            same = piece[:-1] == list(term.words[:-1])
            last = piece[-1].startswith(term.words[-1]) if term.prefix else piece[-1] == term.words[-1]
            if same and last:
                return True
        return False

    return all(map(has, query.terms)) and not any(map(has, query.without))


def test_a_search_finds_what_a_look_at_each_text_does(api: Api) -> None:
    number = iter(range(10**6))

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.lists(LINES, min_size=1, max_size=8), st.lists(LINES, min_size=1, max_size=4))
    def check(texts: list[str], queries: list[str]) -> None:
        name = f"run {next(number)}"
        api.log([CALL | {"prompt": text, "tags": [str(at)], "name": name} for at, text in enumerate(texts)])
        api.app.state.indexer.catch_up()
        for asked in queries:
            try:
                query = parse(asked)
            except Exception:  # what is no query is told so
                api.get("/llm/calls", text=asked, expect=422)
                continue
            items = api.get("/llm/calls", text=asked, name=name)["items"]
            expected = [str(at) for at, text in reversed(list(enumerate(texts))) if is_in(query, text)]
            assert [call["tags"][0] for call in items] == expected, (asked, texts)

    check()


def test_no_text_is_too_much_for_the_index(api: Api) -> None:
    letters = "".join(chr(0x10428 + i) for i in range(30))
    long_words = " ".join(letters[i % 30 :] + letters * 2 + str(i) for i in range(4_000))[:250_000]
    api.log([CALL | {"prompt": long_words, "response": long_words}, CALL | {"prompt": "refund", "name": "after"}])
    api.app.state.indexer.catch_up()
    assert found(api, "refund") == ["after"]


def test_a_phrase_does_not_go_on_in_the_next_text(api: Api) -> None:
    parts = [{"role": "user", "content": "one two"}, {"role": "user", "content": "three"}]
    api.log([CALL | {"prompt": parts, "response": "four", "name": "parts"}])
    api.app.state.indexer.catch_up()
    assert [found(api, text) for text in ('"one two"', '"two three"', '"three four"', "one four")] == [
        ["parts"],
        [],
        [],
        ["parts"],
    ]


def test_a_payload_that_cannot_be_read_holds_up_neither_index_nor_erasure(api: Api, db: Database) -> None:
    broken = api.log([CALL | {"prompt": "broken refund"}])[0]["id"]
    api.log([CALL | {"prompt": "refund", "name": "after"}])
    with db.write() as connection:
        [number] = payload_tables.existing(connection)
        of = payload_tables.table(number)
        connection.execute(update(of).where(of.c.call_id == broken).values(body=b"no zlib"))
    api.app.state.indexer.catch_up()
    assert found(api, "refund") == ["after"]
    api.app.state.recorder.submit(Submission([Erase(broken)])).result(10)
    with db.read() as connection:
        assert connection.scalars(select(of.c.call_id)).all() != [broken]

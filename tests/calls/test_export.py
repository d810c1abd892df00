"""Calls taken out: what is in the file is what the list shows, all of it, or the file does not look whole."""

import csv
import io
import json
import os
import sys
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from callscope.api.rights import Caller
from callscope.calls import exporting, payload
from callscope.calls import parquet as exporting_parquet
from callscope.calls.exporting import COLUMNS, PAYLOAD_COLUMNS, Kind, dollars_text, harmless
from callscope.db.engine import DatabaseUnavailable
from callscope.store.queries import CallFilter, HasPayload
from callscope.store.sql.store import SqlReading
from tests.caller import Api

CALL = {"model": "gpt-4o", "provider": "openai", "prompt_tokens": 1_000, "completion_tokens": 7, "status": "success"}
FORMULA = '=HYPERLINK("http://example.com")'


@pytest.fixture
def filled(api: Api, monkeypatch: pytest.MonkeyPatch) -> Api:
    """A server with calls of several kinds, read four at a time."""
    monkeypatch.setattr(exporting, "PLACES_AT_ONCE", 4)
    monkeypatch.setattr(exporting, "PAYLOADS_AT_ONCE", 3)
    api.log(
        [
            CALL
            | {"latency_ms": 10 + i, "created_at": f"2026-11-0{1 + i % 5}T10:00:00.00{i % 3}Z", "name": f"step {i}"}
            for i in range(17)
        ]
        + [
            CALL | {"latency_ms": 1, "project": "shop", "end_user": FORMULA, "tags": ["a,b", "ü"], "prompt": FORMULA},
            CALL | {"latency_ms": 2, "model": "our-own", "provider": "us", "session_id": "s", "metadata": {"k": [1]}},
            CALL | {"latency_ms": 3, "status": "error", "error_type": "RateLimit", "error_message": 'no "more"\nnow'},
            CALL | {"latency_ms": 4, "end_user": "名前"},
        ]
    )
    return api


def taken(api: Api, form: str, query: str = "") -> bytes:
    answer = api.client.get(f"/llm/calls/export?format={form}{query}", headers=api._headers())
    assert answer.status_code == 200, answer.text
    return answer.content


def listed(api: Api, query: str = "") -> list[dict[str, Any]]:
    answer = api.client.get(f"/llm/calls?limit=500{query}", headers=api._headers())
    return list(answer.json()["data"]["items"])


FILTERS = [
    "",
    "&project=shop",
    "&model=gpt-4o&model=our-own",
    "&status=error",
    "&session_id=s",
    "&min_latency_ms=15",
    "&tag=ü",
]


@pytest.mark.parametrize("query", FILTERS)
def test_ndjson_has_what_the_list_shows(filled: Api, query: str) -> None:
    lines = [json.loads(line) for line in taken(filled, "ndjson", query).splitlines()]
    shown = listed(filled, query)
    assert [line["id"] for line in lines] == [call["id"] for call in shown]
    assert lines
    for line, call in zip(lines, shown, strict=True):
        assert list(line) == list(COLUMNS)
        same = [name for name in COLUMNS if name in call]
        assert {name: line[name] for name in same} == {name: call[name] for name in same}
        assert set(COLUMNS) - set(same) == {name for name in COLUMNS if name.endswith("_cost")} - set(same)


def test_csv_and_parquet_have_the_same(filled: Api) -> None:
    lines = [json.loads(line) for line in taken(filled, "ndjson", "&payloads=true").splitlines()]
    rows = list(csv.DictReader(io.StringIO(taken(filled, "csv", "&payloads=true").decode(), newline="")))
    table = parquet.read_table(io.BytesIO(taken(filled, "parquet", "&payloads=true"))).to_pylist()
    assert len(lines) == len(rows) == len(table) == 21
    for line, row, stored in zip(lines, rows, table, strict=True):
        assert list(row) == list(stored) == [*COLUMNS, *PAYLOAD_COLUMNS]
        assert row["created_at"] == line["created_at"]
        assert stored["created_at"].isoformat().replace("+00:00", "Z") == line["created_at"]
        assert row["tags"] == (
            json.dumps(line["tags"], ensure_ascii=False, separators=(",", ":")) if line["tags"] else ""
        )
        assert stored["tags"] == line["tags"]
        assert row["estimated_cost"] == (
            "" if line["estimated_cost"] is None else dollars_text(round(line["estimated_cost"] * 10**9))
        )
        assert stored["estimated_cost"] == (None if line["estimated_cost"] is None else Decimal(row["estimated_cost"]))
        assert (row["error_message"] or None) == stored["error_message"] == line["error_message"]
        assert row["usage_estimated"] == str(line["usage_estimated"]).lower()
    own = next(row for row in rows if row["project"] == "shop")
    assert own["end_user"] == own["prompt"] == f"'{FORMULA}", "no spreadsheet runs it"
    assert [line["prompt"] for line in lines if line["project"] == "shop"] == [FORMULA]
    assert next(line["metadata"] for line in lines if line["model"] == "our-own") == {"k": [1]}
    assert next(stored["metadata"] for stored in table if stored["model"] == "our-own") == '{"k": [1]}'


TRICKY = st.sampled_from(
    [
        "",
        "a",
        "a,b",
        'say "so"',
        '"',
        "two\nlines",
        "\r",
        "'",
        " led",
        "=1",
        "-",
        "＋1",
        "名前",
        "\ud83d",
        "[1,2]",
        "\0",
    ]
) | st.text(max_size=5)
VALUES = {
    Kind.TEXT: st.none() | TRICKY,
    Kind.NUMBER: st.none() | st.integers(0, 10**12),
    Kind.FLOAT: st.none() | st.sampled_from([0.0, -0.0, 1e-7, 12.5, 604_800_000.0, 1e22]) | st.floats(0, 1e9),
    Kind.MONEY: st.none() | st.integers(-(10**12), 10**12) | st.sampled_from([0, 1, 999_999_999, 10**9]),
    Kind.TIME: st.integers(0, 4 * 10**15),
    Kind.FLAG: st.booleans(),
    Kind.LIST: st.none() | st.lists(TRICKY.filter(lambda text: "\ud83d" not in text), max_size=2).map(json.dumps),
    Kind.JSON: st.none() | TRICKY | st.dictionaries(TRICKY, st.booleans() | st.sampled_from([0, 1, 1.0]), max_size=2),
}


def _as_the_csv_module_has_it(columns: Mapping[str, Kind], batches: Sequence[Sequence[exporting.Values]]) -> bytes:
    def cell(kind: Kind, value: Any) -> Any:
        if value is None:
            return None
        match kind:
            case Kind.TEXT:
                return harmless(value)
            case Kind.MONEY:
                return (
                    f"{Decimal(value).scaleb(-9):f}".rstrip("0").rstrip(".") if value % 10**9 else str(value // 10**9)
                )
            case Kind.TIME:
                moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=value)
                return moment.isoformat().replace("+00:00", "Z")
            case Kind.FLAG:
                return str(value).lower()
            case Kind.JSON:
                return harmless(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
        return value

    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(columns)
    lines.writerows([cell(*one) for one in zip(columns.values(), row, strict=True)] for rows in batches for row in rows)
    return text.getvalue().encode(errors="replace")


@given(st.data())
def test_csv_is_what_the_csv_module_writes(data: st.DataObject) -> None:
    columns = {f"{kind} {number}": kind for kind in Kind for number in range(2)}
    row = st.tuples(*(VALUES[kind] for kind in columns.values()))
    some = st.lists(row, max_size=4) | row.map(lambda one: [one] * 3)
    batches = data.draw(st.lists(some, max_size=3))
    assert b"".join(exporting._as_csv(columns, iter(batches))) == _as_the_csv_module_has_it(columns, batches)


@pytest.mark.parametrize(("nanos", "text"), [(0, "0"), (1, "0.000000001"), (465_000, "0.000465"), (12 * 10**9, "12")])
def test_money_is_exact(nanos: int, text: str) -> None:
    assert dollars_text(nanos) == text
    assert dollars_text(-nanos) == (f"-{text}" if nanos else text)


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@a", "\t=1", "\r=1", "\n=1", "＝1+1", "＠a"])
def test_what_a_spreadsheet_would_run_is_made_harmless(text: str) -> None:
    assert harmless(text) == f"'{text}"
    assert harmless(f"a{text}") == f"a{text}"


TEXTS = [CALL | {"latency_ms": 9, "prompt": f"tall {'x' * 300 * n}", "response": {"n": n}} for n in range(7)]
TOLD_TWICE = [
    CALL | {"latency_ms": 5, "response_id": "r", **text}
    for text in ({"prompt": "a tall tale"}, {"response": "so tall", "user_id": 1})
]


@pytest.mark.parametrize("query", ["", "&text=tall", "&min_latency_ms=5"])
def test_however_little_is_read_at_once_the_file_is_the_same(
    filled: Api, query: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled.log([*TEXTS, TOLD_TWICE[0]])
    filled.with_key(1).log([TOLD_TWICE[1]])
    filled.app.state.indexer.catch_up()
    query += "&payloads=true"
    whole = taken(filled, "ndjson", query)
    for most in (1, 300):
        monkeypatch.setattr(exporting, "MOST_BYTES", most)
        monkeypatch.setattr(exporting, "PIECE_BYTES", most)
        assert taken(filled, "ndjson", query) == whole


def test_payloads_are_read_by_their_size_and_unpacked_one_by_one(filled: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    filled.log([CALL | {"latency_ms": 9, "prompt": os.urandom(5_000).hex()} for _ in range(9)])
    read: list[int] = []
    unpacked: list[int] = []
    store_read, unpack, here = SqlReading.payloads, payload.unpack, threading.current_thread()

    def reading(self: SqlReading, calls: Sequence[HasPayload]) -> dict[int, list[bytes]]:
        bodies = store_read(self, calls)
        read.append(sum(len(body) for told in bodies.values() for body in told))
        return bodies

    def unpacking(bodies: Sequence[bytes]) -> tuple[dict[str, Any], int]:
        if threading.current_thread() is here:  # the server brings texts into their index meanwhile
            unpacked.append(len(bodies))
        return unpack(bodies)

    monkeypatch.setattr(SqlReading, "payloads", reading)
    monkeypatch.setattr(payload, "unpack", unpacking)
    monkeypatch.setattr(exporting, "PAYLOADS_AT_ONCE", 50)
    monkeypatch.setattr(exporting, "MOST_BYTES", 15_000)
    monkeypatch.setattr(exporting, "PIECE_BYTES", 5_000)
    pieces = filled.app.state.exporter.written(CallFilter(), exporting.Format.NDJSON, payloads=True)
    for count in range(1, 10):
        assert json.loads(next(pieces))["prompt"]
        assert len(unpacked) == count, "what comes next is still packed"
    rest = b"".join(pieces)
    assert len(rest.splitlines()) == 21
    assert max(read) <= 15_000
    assert len(read) >= 5


def test_long_texts_are_not_gathered_for_parquet(filled: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting_parquet, "GROUP_CHARS", 50)
    filled.log([CALL | {"latency_ms": 9, "prompt": "x" * 40, "response": {"n": number}} for number in range(9)])
    file = parquet.ParquetFile(io.BytesIO(taken(filled, "parquet", "&payloads=true")))
    assert file.metadata.num_rows == 30
    assert file.metadata.num_row_groups >= 3, "each batch of long texts is written at once"
    assert file.read().to_pylist()[0]["response"] == '{"n": 8}'


def test_nobody_takes_out_what_he_may_not_see(filled: Api) -> None:
    lines = taken(filled.limited_to("shop"), "ndjson").splitlines()
    assert [json.loads(line)["project"] for line in lines] == ["shop"]
    assert filled.limited_to("shop").get("/llm/calls/export", format="csv", project="default", expect=403)


def test_so_many_exports_run_at_a_time(filled: Api) -> None:
    take_room = filled.app.state.exporter.take_room
    others = [Caller("a user", user_id=number // 2, session=str(number)) for number in range(exporting.AT_ONCE)]
    places = [take_room(other) for other in others]
    answer = filled.client.get("/llm/calls/export?format=csv", headers=filled._headers())
    assert answer.status_code == 429
    assert answer.headers["Retry-After"]
    places.pop()()
    taken(filled, "csv")
    taken(filled, "csv")
    places.pop()()
    with pytest.raises(exporting.TooManyExports, match="exports of yours"):
        take_room(others[0])
    for give_back in places:
        give_back()
    take_room(others[0])()


def test_without_pyarrow_it_is_said_how_to_get_it(filled: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert "callscope[parquet]" in filled.get("/llm/calls/export", format="parquet", expect=501)["detail"]
    taken(filled, "csv")


def test_an_empty_export_is_whole(api: Api) -> None:
    assert taken(api, "csv").decode().splitlines() == [",".join(COLUMNS)]
    whole = taken(api, "csv", "&payloads=true").decode()
    assert whole.splitlines() == [",".join([*COLUMNS, *PAYLOAD_COLUMNS])]
    assert taken(api, "ndjson") == b""
    assert parquet.read_table(io.BytesIO(taken(api, "parquet"))).num_rows == 0


def test_one_that_cannot_be_begun_is_an_error_and_takes_no_place(filled: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    store = filled.app.state.store

    def away() -> Any:
        raise DatabaseUnavailable("gone")

    with monkeypatch.context() as patch:
        patch.setattr(type(store), "reading", lambda _self: away())
        for _ in range(exporting.AT_ONCE + 1):
            assert filled.get("/llm/calls/export", format="csv", expect=503)["status"] == 503
    taken(filled, "csv")

"""/llm/calls/stream: each call once, soon, from whichever process, for who may, and never at others' cost."""

import json
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from callscope.api import streams
from callscope.api.rights import Scope
from callscope.tail import feed
from tests.caller import Api
from tests.cli.test_serve import SERVE, log_in, started
from tests.observability.server import ADMIN, LocalServer

CALL = {
    "model": "gpt-4o-mini", "provider": "openai", "prompt_tokens": 7, "completion_tokens": 1, "latency_ms": 10,
    "status": "success", "project": "shop",
}  # fmt: skip
Event = tuple[str, str | None, dict[str, Any]]


def events(lines: list[str]) -> list[Event]:
    """Kind, id and data of each event of a stream."""
    found, fields = [], dict[str, str]()
    for line in lines:
        if line:
            name, _, value = line.partition(": ")
            fields[name] = value
        else:
            if "data" in fields:
                found.append((fields["event"], fields.get("id"), json.loads(fields["data"])))
            fields = {}
    return found


def look(api: Api, after: int = 0, **query: Any) -> list[Event]:
    """What a stream that begins behind a call tells at once."""
    headers = api._headers()
    answer = api.client.get("/llm/calls/stream", params={"after": after, "seconds": 0, **query}, headers=headers)
    assert answer.status_code == 200, answer.text
    return events(answer.text.split("\n"))


def test_it_tells_what_the_list_has_in_the_order_of_arrival(api: Api) -> None:
    api.log([CALL, CALL | {"created_at": "2026-01-01T00:00:00Z", "prompt": "long past"}, CALL | {"status": "error"}])
    told = look(api)
    assert [(kind, number) for kind, number, _ in told] == [("call", "1"), ("call", "2"), ("call", "3")]
    listed = {item["id"]: item for item in api.get("/llm/calls")["items"]}
    assert [call for _, _, call in told] == [listed[1], listed[2], listed[3]]
    assert [number for _, number, _ in look(api, after=2)] == ["3"]
    assert look(api, after=3) == look(api, after=9_999) == []


def test_every_filter_of_the_list_holds(api: Api) -> None:
    api.log(
        [
            CALL, CALL | {"project": "desk", "model": "gpt-4o"}, CALL | {"status": "timeout", "end_user": "u-1"},
            CALL | {"tags": ["slow"], "latency_ms": 900, "environment": "staging"},
            CALL | {"status": "error", "error_type": "rate_limit_exceeded", "session_id": "s", "name": "answer"},
        ]
    )  # fmt: skip
    for query in (
        {"project": "shop"}, {"project": ["shop", "desk"], "model": "gpt-4o"}, {"model": "gpt-4o-mini"},
        {"status": ["error", "timeout"]}, {"status": "success"}, {"end_user": "u-1"}, {"tag": "slow"},
        {"min_latency_ms": 100}, {"environment": "staging"}, {"error_kind": "rate_limit"}, {"session_id": "s"},
        {"name": "answer", "project": "desk"}, {"unpriced": False}, {"days": 1},
    ):  # fmt: skip
        listed = sorted(item["id"] for item in api.get("/llm/calls", query)["items"])
        assert [call["id"] for _, _, call in look(api, **query)] == listed, query
    assert {call["project"] for _, _, call in look(api.limited_to("desk"))} == {"desk"}
    assert api.limited_to("desk").get("/llm/calls/stream", project="shop", seconds=0, expect=403)
    assert api.get("/llm/calls/stream", project="nowhere", seconds=0, expect=404)


def test_a_text_is_looked_for_without_waiting_for_its_index(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["A late parcel", "late, the parcels", "Nothing", "late parcel, as a test", "Refunded, the LATE parcel"]
    api.log([CALL | {"prompt": text} for text in texts] + [CALL])
    for text, ids in {
        "late": [1, 2, 4, 5], '"late parcel"': [1, 4, 5], "late -test": [1, 2, 5], "refund* late": [5], "parcel*": [1, 2, 4, 5],
    }.items():  # fmt: skip
        assert [call["id"] for _, _, call in look(api, text=text)] == ids, text
    monkeypatch.setattr(feed, "MOST_CALLS", 3)
    assert look(api, text="late")[0] == ("gap", None, {"left_out": 1, "at_least": False})
    monkeypatch.setattr(feed, "MOST_TEXTS", 2)
    assert [kind for kind, _, _ in look(api, text="late")] == ["gap", "call"]
    monkeypatch.setattr(feed, "MOST_TEXTS", 500)
    monkeypatch.setattr(feed, "TEXT_SECONDS", 0.0)
    assert look(api, text="late") == [("gap", None, {"left_out": 0, "at_least": True})], "the newest is not late"


def test_witnesses_of_a_call_are_not_told_again(api: Api) -> None:
    first = CALL | {"response_id": "resp-1"}
    api.log([first])
    api.log([first | {"trace_id": "t", "span_id": "b"}])
    told = look(api)
    assert [(number, call["witnesses"]) for _, number, call in told] == [("1", 2)]
    assert look(api, after=1) == []


def test_what_is_too_much_is_left_out_and_counted(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api.log([CALL | {"project": "shop" if number % 2 else "desk"} for number in range(300)])
    gap, *told = look(api, project="shop")
    assert gap == ("gap", None, {"left_out": 100, "at_least": False})
    assert [call["id"] for _, _, call in told] == list(range(202, 301, 2))
    monkeypatch.setattr(feed, "CATCH_UP_ROWS", 120)
    assert look(api, project="shop")[0] == ("gap", None, {"left_out": 10, "at_least": True})
    assert look(api, after=180)[0] == ("gap", None, {"left_out": 70, "at_least": False})


class Reader:
    """Follows a stream in a thread."""

    def __init__(self, url: str, key: str, *, query: str = "", **headers: str) -> None:
        self.lines: list[str] = []
        self.ended = threading.Event()
        self._came = threading.Condition()
        self._open = threading.Event()
        self._url, self._headers = f"{url}/llm/calls/stream?{query}", {"Authorization": f"Bearer {key}", **headers}
        threading.Thread(target=self._run, daemon=True).start()
        assert self._open.wait(30)

    def _run(self) -> None:
        try:
            with httpx.stream("GET", self._url, headers=self._headers, timeout=60) as answer:
                for line in answer.iter_lines():
                    with self._came:
                        self.lines.append(line)
                        self._came.notify_all()
                    if "retry" in line:
                        self._open.set()
        except httpx.HTTPError:
            pass
        self.ended.set()
        self._open.set()

    @property
    def ids(self) -> list[int]:
        return [call["id"] for kind, _, call in events([*self.lines]) if kind == "call"]

    def wait_for(self, *ids: int) -> None:
        with self._came:
            assert self._came.wait_for(lambda: self.ids == list(ids), 20), self.lines


def log(server: LocalServer, key: str, **fields: Any) -> int:
    answer = httpx.post(f"{server.url}/llm/log-call", json=CALL | fields, headers={"Authorization": f"Bearer {key}"})
    return int(answer.json()["data"]["id"])


def ask(server: LocalServer, key: str, seconds: float = 0) -> httpx.Response:
    """A stream to its end, which comes after so long."""
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.get(f"{server.url}/llm/calls/stream?seconds={seconds}", headers=headers)


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LocalServer, LocalServer]]:
    """Two servers on one database."""
    folder = tmp_path_factory.mktemp("tail")
    one, other = LocalServer(folder), LocalServer(folder)
    with one.running(), other.running():
        yield one, other


def test_a_call_of_any_process_is_told_soon_and_a_reader_goes_on_where_he_was(
    servers: tuple[LocalServer, LocalServer],
) -> None:
    one, other = servers
    key = one.key(Scope.INGEST, Scope.CALLS)
    readers = [Reader(server.url, key) for server in servers]
    began = time.monotonic()
    first, second = log(one, key), log(other, key, created_at="2026-01-01T00:00:00Z")
    for reader in readers:
        reader.wait_for(first, second)
    assert time.monotonic() - began < 5  # a second is promised; the machine may be busy
    third = log(other, key)
    late = Reader(one.url, key, query="after=0", **{"Last-Event-ID": str(first)})
    late.wait_for(second, third)
    new = Reader(one.url, key, query="project=shop")
    fourth = log(one, key)
    new.wait_for(fourth)
    late.wait_for(second, third, fourth)


def test_a_reader_whose_right_is_taken_hears_no_more(servers: tuple[LocalServer, LocalServer]) -> None:
    one, other = servers
    writer = one.key(Scope.INGEST)
    made = one.app.state.accounts.keys.create(ADMIN, "a program", [Scope.CALLS], None)
    reader, stays = Reader(one.url, made.secret), Reader(one.url, one.key(Scope.CALLS))
    other.app.state.accounts.keys.revoke(ADMIN, made.key.id)
    assert reader.ended.wait(20)
    call = log(other, writer)
    stays.wait_for(call)
    assert (reader.ids, stays.ended.is_set()) == ([], False)


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Looks into texts do not come to an end until this is set."""
    go_on, with_text = threading.Event(), feed._with_text

    def wait(*arguments: Any) -> Any:
        assert go_on.wait(60)
        return with_text(*arguments)

    monkeypatch.setattr(feed, "_with_text", wait)
    yield go_on
    go_on.set()


def test_looks_into_texts_hold_up_nobody_else(servers: tuple[LocalServer, LocalServer], held: threading.Event) -> None:
    server, _ = servers
    key, searching = server.key(Scope.INGEST, Scope.CALLS), server.key(Scope.CALLS)
    log(server, key, prompt="a slow parcel")
    slow = [Reader(server.url, searching, query="after=0&text=slow") for _ in range(feed.AT_ONCE + 1)]
    other = Reader(server.url, key)
    other.wait_for(log(server, key))
    assert [reader.ids for reader in slow] == [[]] * len(slow)
    held.set()


def test_who_waited_for_a_place_while_his_right_was_taken_hears_nothing(
    servers: tuple[LocalServer, LocalServer], held: threading.Event
) -> None:
    server, _ = servers
    writer, places = server.key(Scope.INGEST), server.app.state.call_feed._text_places
    log(server, writer, prompt="first")
    Reader(server.url, server.key(Scope.CALLS), query="after=0&text=first&seconds=0")
    made = server.app.state.accounts.keys.create(ADMIN, "a program", [Scope.CALLS], None)
    reader = Reader(server.url, made.secret, query="text=secret")
    deadline = time.monotonic() + 20
    while not places.statistics().tasks_waiting:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    server.app.state.accounts.keys.revoke(ADMIN, made.key.id)
    log(server, writer, prompt="a secret")
    held.set()
    assert reader.ended.wait(20)
    assert reader.ids == []


def test_a_stream_is_one_request_of_a_limited_key(
    servers: tuple[LocalServer, LocalServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "LOOK_SECONDS", 0.0)
    monkeypatch.setattr(feed, "RIGHTS_SECONDS", 0.05)
    server, _ = servers
    made = server.app.state.accounts.keys.create(ADMIN, "a program", [Scope.CALLS], None, requests_per_minute=2)
    began = time.monotonic()
    for seconds in (1, 0):
        assert ask(server, made.secret, seconds).status_code == 200
    assert time.monotonic() - began >= 1, "it was not ended before its time"
    headers = {"Authorization": f"Bearer {made.secret}"}
    assert httpx.get(f"{server.url}/llm/calls", headers=headers).status_code == 429


def test_one_caller_has_so_many_streams(
    servers: tuple[LocalServer, LocalServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "OF_ONE_CALLER", 1)
    server, _ = servers
    key, other = server.key(Scope.CALLS), server.key(Scope.CALLS)
    Reader(server.url, key)
    answers = [ask(server, one) for one in (key, other)]
    assert [answer.status_code for answer in answers] == [429, 200]
    assert "Retry-After" in answers[0].headers


def test_there_is_room_for_so_many_and_a_place_comes_back(
    servers: tuple[LocalServer, LocalServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    server, _ = servers
    monkeypatch.setattr(feed, "MAX_READERS", len(server.app.state.call_feed._readers))
    key = server.key(Scope.CALLS)
    refused = ask(server, key)
    assert (refused.status_code, "Retry-After" in refused.headers) == (503, True)
    monkeypatch.undo()
    assert ask(server, key).status_code == 200


def test_a_reader_who_takes_nothing_is_let_go(
    servers: tuple[LocalServer, LocalServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "SLOW_SECONDS", 0.3)
    monkeypatch.setattr(feed, "LOOK_SECONDS", 0.0)
    server, _ = servers
    key = server.key(Scope.INGEST, Scope.CALLS)
    readers = server.app.state.call_feed._readers
    before = set(readers)
    with httpx.stream("GET", f"{server.url}/llm/calls/stream", headers={"Authorization": f"Bearer {key}"}) as answer:
        assert answer.status_code == 200
        deadline = time.monotonic() + 30
        written = {**CALL, "error_message": "x" * 20_000, "status": "error"}
        headers = {"Authorization": f"Bearer {key}"}
        while readers.keys() - before or not before <= readers.keys():
            assert time.monotonic() < deadline
            httpx.post(f"{server.url}/llm/log-calls", json=[written] * 50, headers=headers).raise_for_status()


def test_a_stop_does_not_wait_for_readers(tmp_path: Path) -> None:
    with started(tmp_path, *SERVE) as server:
        reader = Reader(server.url, log_in(server).json()["access_token"])
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        assert server.process.wait(20) == 0
        assert time.monotonic() - began < 5
        assert reader.ended.wait(5)

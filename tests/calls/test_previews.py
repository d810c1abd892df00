"""What a list shows of a prompt lies beside the payload: no list and no live tail unpacks what may be megabytes."""

import json
from typing import Any

import pytest
from sqlalchemy import text, update

from callscope.calls import payload
from callscope.db.engine import Database
from callscope.store.sql import payload_tables, payloads
from callscope.tail import feed
from tests.caller import Api

CALL = {"model": "gpt-4o", "provider": "openai", "prompt_tokens": 9, "completion_tokens": 7, "latency_ms": 5, "status": "success"}  # fmt: skip


def previews(api: Api) -> list[str | None]:
    """What the list shows, the first call first; the live tail and each call by itself must show the same."""
    items = api.get("/llm/calls", limit=500)["items"][::-1]
    shown = [item["preview"] for item in items]
    assert [api.get(f"/llm/calls/{item['id']}")["preview"] for item in items] == shown
    stream = api.client.get("/llm/calls/stream?after=0&seconds=0", headers=api._headers()).text
    told = [json.loads(line.removeprefix("data: ")) for line in stream.split("\n") if line.startswith('data: {"id"')]
    assert [call["preview"] for call in sorted(told, key=lambda call: int(call["id"]))] == shown
    return shown


def _table(db: Database) -> Any:
    with db.read() as connection:
        [number] = payload_tables.existing(connection)
    return payload_tables.table(number)


PROMPTS: list[tuple[Any, str | None]] = [
    ("Where is\n my   parcel?", "Where is my parcel?"),
    ("x" * 1_000, "x" * 120),
    ([{"role": "user", "content": "First"}, {"role": "assistant", "content": "A"}], "First"),
    ({"messages": [{"role": "user", "content": [{"type": "text", "text": "In parts"}]}]}, "In parts"),
    ([{"role": "system", "content": "s" * 300_000}, {"role": "user", "content": "Past the cut"}], "Past the cut"),
    ("NUL \0", "NUL \ufffd"),
    ("名前", "名前"),
    ("", None),
    (None, None),
]


def test_the_list_the_tail_and_the_call_show_the_beginning_of_what_the_user_wrote(api: Api) -> None:
    body = [CALL | {"prompt": prompt, "response": "a"} for prompt, _ in PROMPTS]
    for call in body:
        api.client.post("/llm/log-call", content=json.dumps(call), headers=api._headers()).raise_for_status()
    assert previews(api) == [preview for _, preview in PROMPTS]


def test_a_preview_is_text_as_databases_take_it() -> None:
    assert payload.preview({"prompt": "half a pair \ud83d, \0"}) == "half a pair ?, \ufffd"


def test_no_list_unpacks_a_payload(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api.log([CALL | {"prompt": "Where?", "response": "Here."}, CALL])
    monkeypatch.setattr(payload, "unpack", None)
    assert [item["preview"] for item in api.get("/llm/calls")["items"]] == [None, "Where?"]
    assert "Where?" in api.client.get("/llm/calls/stream?after=0&seconds=0", headers=api._headers()).text


def test_of_several_witnesses_the_most_trusted_that_has_a_prompt_is_shown(api: Api) -> None:
    call = CALL | {"response_id": "r"}
    api.log([call | {"prompt": "A person's"}])
    api.with_key(1).log([call | {"prompt": "A program's", "latency_ms": 6}])
    assert previews(api) == ["A program's"]
    call = CALL | {"response_id": "s"}
    api.with_key(1).log([call | {"response": "Only an answer"}])
    api.log([call | {"prompt": "A person's"}])
    assert previews(api) == ["A program's", "A person's"]


def test_what_was_stored_without_a_preview_is_unpacked_up_to_a_bound(
    api: Api, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.log([CALL | {"prompt": f"Question {n} {'x' * 200}"[:100]} for n in range(6)])
    whole = previews(api)
    of = _table(db)
    with db.write() as connection:
        connection.execute(update(of).where(of.c.call_id > 1).values(preview=None))
    assert previews(api) == whole
    monkeypatch.setattr(payloads, "READ_BYTES", 1)
    assert previews(api) == whole
    monkeypatch.setattr(payloads, "MOST_UNPACKED", 250)
    shown = [item["preview"] for item in api.get("/llm/calls")["items"]]
    assert shown == [*whole[:2:-1], None, None, whole[0]], "three were unpacked, and one had a preview"


def test_a_table_of_an_older_server_is_read_and_written_as_it_is(api: Api, db: Database) -> None:
    api.log([CALL | {"prompt": "Made by us"}])
    with db.write() as connection:
        connection.execute(text(f"ALTER TABLE {_table(db).name} DROP COLUMN preview"))
    api.log([CALL | {"prompt": "Written beside"}])
    assert previews(api) == ["Made by us", "Written beside"]
    with db.write() as connection:
        connection.execute(text(f"ALTER TABLE {_table(db).name} ADD COLUMN preview TEXT"))
    api.log([CALL | {"prompt": "After it was migrated"}])
    assert previews(api) == ["Made by us", "Written beside", "After it was migrated"]


def test_the_tail_looks_for_a_text_in_so_much_at_a_time(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    api.log([CALL | {"prompt": f"a late parcel {n}"} for n in range(9)])

    def told() -> list[str]:
        stream = api.client.get("/llm/calls/stream?after=0&seconds=0&text=late", headers=api._headers()).text
        return [line.removeprefix("event: ") for line in stream.split("\n") if line.startswith("event: ")]

    assert told() == ["call"] * 9
    monkeypatch.setattr(payloads, "READ_BYTES", 50)
    assert told() == ["call"] * 9
    monkeypatch.setattr(feed, "MOST_TEXT_BYTES", 100)
    assert told() == ["gap", *["call"] * 4]

"""An Idempotency-Key makes a retry harmless."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from callscope.db.engine import Database
from callscope.ingest.changes import IdempotencyKey, Submission
from callscope.store.errors import KeyReused
from callscope.store.sql.store import SqlStore
from tests.caller import Api
from tests.ingest.conftest import CALL
from tests.store.witness import HOUR, NOW, Writer, put, rows_of

KEY = {"Idempotency-Key": "retry me"}


def test_the_same_key_and_body_give_the_same_receipt_and_count_once(api: Api) -> None:
    first = api.post("/llm/log-calls", [CALL, CALL | {"prompt_tokens": 7}], headers=KEY)
    again = api.post("/llm/log-calls", [CALL, CALL | {"prompt_tokens": 7}], headers=KEY)
    assert first == again
    assert api.get("/metrics/summary")["calls"] == 2


def test_many_retries_at_once_count_once(api: Api) -> None:
    with ThreadPoolExecutor(10) as pool:
        receipts = list(pool.map(lambda _: api.post("/llm/log-calls", [CALL] * 5, headers=KEY), range(20)))
    assert all(receipt == receipts[0] for receipt in receipts)
    assert api.get("/metrics/summary")["calls"] == 5


def test_another_body_under_the_same_key_is_a_conflict(api: Api) -> None:
    api.post("/llm/log-call", CALL, headers=KEY)
    api.post("/llm/log-call", CALL | {"latency_ms": 21}, headers=KEY, expect=409)
    assert api.get("/metrics/summary")["calls"] == 1


def test_another_caller_has_keys_of_his_own(api: Api) -> None:
    ids = {caller.post("/llm/log-call", CALL, headers=KEY)["id"] for caller in (api, api.with_key(1), api.with_key(2))}
    assert len(ids) == 3


def test_a_refused_call_leaves_no_key_behind(api: Api) -> None:
    api.post("/llm/log-call", CALL | {"latency_ms": -1}, headers=KEY, expect=422)
    api.post("/llm/log-call", CALL, headers=KEY)


def _keyed(at_micros: int, body: bytes = b"body", key: bytes = b"key", puts: int = 2) -> Submission:
    changes = [put(prompt_tokens=i) for i in range(puts)]
    return Submission(changes, IdempotencyKey(key.ljust(32), body.ljust(32), at_micros))


@pytest.fixture
def writer(db: Database) -> Writer:
    """The store, with the time in the test's hand."""
    return Writer(SqlStore(db))


def test_a_retry_in_the_same_transaction_counts_once(db: Database, writer: Writer) -> None:
    outcomes = writer.apply(_keyed(NOW), _keyed(NOW), _keyed(NOW, body=b"other"), _keyed(NOW, key=b"other"))
    assert outcomes[0] == outcomes[1]
    assert isinstance(outcomes[2].error, KeyReused)
    assert len(rows_of(db)) == 4


@pytest.mark.parametrize("hours", [0, 1, 23, 24])
def test_a_key_is_known_for_a_day(db: Database, writer: Writer, hours: int) -> None:
    first = writer.apply(_keyed(NOW))
    writer.now = NOW + hours * HOUR
    writer.store.tidy(writer.now)
    assert writer.apply(_keyed(writer.now)) == first
    assert isinstance(writer.apply(_keyed(writer.now, body=b"other"))[0].error, KeyReused)
    assert len(rows_of(db)) == 2


def test_a_key_is_forgotten_after_a_day(db: Database, writer: Writer) -> None:
    writer.apply(_keyed(NOW))
    writer.now = NOW + 26 * HOUR
    assert writer.apply(_keyed(writer.now, body=b"other"))[0].error is None
    writer.now += 26 * HOUR
    writer.store.tidy(writer.now)
    assert writer.apply(_keyed(writer.now))[0].error is None
    assert len(rows_of(db)) == 6


@pytest.mark.parametrize("back", [1.5, 30, 24 * 365 * 10])
def test_a_key_is_known_after_the_clock_was_set_back(db: Database, writer: Writer, back: float) -> None:
    later = [_keyed(NOW - hours * HOUR, key=b"%d" % hours) for hours in range(40)]
    first = writer.apply(*later[:24])
    writer.apply(*later[24:])
    writer.now = NOW - int(back * HOUR)
    retries = [_keyed(writer.now, key=b"%d" % hours) for hours in range(24)]
    assert writer.apply(*retries) == first
    writer.store.tidy(writer.now)
    assert writer.apply(*retries, _keyed(writer.now, key=b"new"))[:24] == first
    assert len(rows_of(db)) == 2 * 41


def test_the_receipt_of_a_retry_tells_the_call_as_it_is_now(writer: Writer) -> None:
    story = Submission(
        [put(trace_id="t", span_id="s", prompt_tokens=0, completion_tokens=0)],
        IdempotencyKey(b"k" * 32, b"b" * 32, NOW),
    )
    (first,) = writer.apply(story)
    writer.each(put(trace_id="t", span_id="s", prompt_tokens=8, cost=5))
    (again,) = writer.apply(story)
    assert again.receipts[0].call_id == first.receipts[0].call_id
    assert (again.receipts[0].total_tokens, again.receipts[0].estimated_cost) == (18, 5)

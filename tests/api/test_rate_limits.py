"""Limits of requests with a key, and of calls of a project."""

from collections import Counter

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from callscope.api.rate_limits import RateLimited, RateLimits, rate_counts
from callscope.db.engine import Database, DatabaseUnavailable

START = 1_728_000_000.0
"""A whole minute."""


class Clock:
    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def limits(db: Database, clock: Clock) -> RateLimits:
    return RateLimits(db, clock)


@pytest.fixture
def elsewhere(db: Database, clock: Clock) -> RateLimits:
    """Those of another process."""
    return RateLimits(db, clock)


def _wait(limits: RateLimits, key: int, limit: int) -> int:
    with pytest.raises(RateLimited) as refused:
        limits.request(key, limit)
    assert refused.value.headers is not None
    return int(refused.value.headers["Retry-After"])


def test_a_key_may_send_so_many_requests_a_minute(limits: RateLimits, clock: Clock) -> None:
    for _ in range(5):
        limits.request(1, 5)
    assert _wait(limits, 1, 5) == 61
    limits.request(2, 5)
    limits.request(1, None)
    clock.now += 60
    wait = _wait(limits, 1, 5)
    clock.now += wait
    limits.request(1, 5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(limit=st.integers(1, 20), steps=st.lists(st.floats(0, 100), max_size=60))
def test_no_minute_has_more_than_the_limit_and_whoever_waits_as_told_gets_in(
    db: Database, limit: int, steps: list[float]
) -> None:
    clock = Clock()
    limits = RateLimits(db, clock)
    minutes: Counter[int] = Counter()
    waits: list[int] = []
    for step in steps:
        clock.now += step
        try:
            limits.request(1, limit)
        except RateLimited as refused:
            wait = int((refused.headers or {})["Retry-After"])
            waits.append(wait)
            clock.now += wait
            limits.request(1, limit)
        minutes[int(clock.now // 60)] += 1
    assert max(minutes.values(), default=0) <= limit
    assert all(1 <= wait <= 121 for wait in waits)


def test_processes_count_together(limits: RateLimits, elsewhere: RateLimits, clock: Clock) -> None:
    for here in (limits, elsewhere, limits, elsewhere, limits):
        here.request(1, 5)
        here.sync()
    elsewhere.sync()
    assert _wait(limits, 1, 5) == 61
    assert _wait(elsewhere, 1, 5) == 61


def test_a_batch_is_let_in_whole_and_what_comes_after_waits_for_it(limits: RateLimits, clock: Clock) -> None:
    of = {7: ("shop", 100)}
    limits.calls({7: 1_000, 8: 5}, of)
    with pytest.raises(RateLimited, match="'shop' may log a call 100 times a minute") as refused:
        limits.calls({7: 1}, of)
    assert refused.value.headers == {"Retry-After": "115"}
    clock.now += 113
    with pytest.raises(RateLimited):
        limits.calls({7: 1}, of)
    clock.now += 2
    limits.calls({7: 1}, of)


def test_where_one_project_has_no_room_nothing_of_the_batch_is_counted(limits: RateLimits) -> None:
    of = {7: ("shop", 10), 8: ("search", 1)}
    limits.calls({8: 1}, of)
    with pytest.raises(RateLimited, match="search"):
        limits.calls({7: 10, 8: 1}, of)
    limits.calls({7: 10}, of)


def test_what_is_long_over_is_forgotten(limits: RateLimits, clock: Clock, db: Database) -> None:
    for _ in range(5):
        limits.request(1, 100)
        limits.sync()
        clock.now += 600
    limits.request(1, 100)
    limits.sync()
    with db.read() as connection:
        assert connection.scalar(select(func.count()).select_from(rate_counts)) == 1


def test_a_clock_that_is_set_back_locks_nobody_out(limits: RateLimits, clock: Clock) -> None:
    for _ in range(5):
        limits.request(1, 5)
    limits.sync()
    clock.now -= 3600
    limits.request(1, 5)


def test_the_limit_holds_while_the_database_is_away(
    limits: RateLimits, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away() -> None:
        raise DatabaseUnavailable("away")

    limits.request(1, 2)
    with monkeypatch.context() as patch:
        patch.setattr(db, "write", away)
        with pytest.raises(DatabaseUnavailable):
            limits.sync()
    limits.request(1, 2)
    assert _wait(limits, 1, 2) == 61
    limits.sync()
    assert _wait(limits, 1, 2) == 61

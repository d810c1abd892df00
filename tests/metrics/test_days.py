"""The user's days are the user's: in every zone the figures of a day are those of the calls of that local day."""

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from callscope.db.types import to_micros
from tests.caller import Api
from tests.metrics.conftest import START, WEEKS, figures, is_percentile

ZONES = (
    "UTC", "Asia/Kathmandu", "America/St_Johns", "Europe/Berlin", "Pacific/Apia", "Pacific/Chatham",
    "Australia/Lord_Howe",
)  # fmt: skip
END = START + timedelta(weeks=WEEKS)


def _local_day(moment: datetime, zone: ZoneInfo, *, weeks: bool) -> date:
    day = moment.astimezone(zone).date()
    return day - timedelta(days=day.weekday()) if weeks else day


def _by_day(
    calls: list[dict[str, Any]], zone: ZoneInfo, start: datetime, end: datetime, *, weeks: bool
) -> dict[datetime, dict[str, Any]]:
    """Figures by the start of the local day, for each day that the range touches."""
    groups: dict[date, list[dict[str, Any]]] = defaultdict(list)
    moment = start
    while moment < end:
        groups[_local_day(moment, zone, weeks=weeks)] = []
        moment += timedelta(minutes=15)
    for call in calls:
        if start <= call["time"] < end:
            groups[_local_day(call["time"], zone, weeks=weeks)].append(call)
    return {
        datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC): figures(of_day)
        for day, of_day in groups.items()
    }


def _points(answer: dict[str, Any]) -> dict[datetime, dict[str, Any]]:
    return {datetime.fromisoformat(point["start"]): point for point in answer["points"]}


def _compare(api: Api, query: dict[str, Any], expected: dict[datetime, dict[str, Any]]) -> None:
    usage = _points(api.get("/metrics/token-usage", query))
    cost = _points(api.get("/metrics/cost", query))
    errors = _points(api.get("/metrics/error-rate", query))
    latency = _points(api.get("/metrics/latency", query))
    assert list(usage) == list(cost) == list(errors) == list(latency) == sorted(expected)
    for start, day in expected.items():
        tokens = (usage[start]["calls"], usage[start]["prompt_tokens"], usage[start]["completion_tokens"])
        assert tokens == (day["calls"], day["prompt_tokens"], day["completion_tokens"])
        assert cost[start]["cost"] == pytest.approx(day["cost"], abs=1e-9)
        assert cost[start]["unpriced_calls"] == day["unpriced_calls"]
        assert (errors[start]["calls"], errors[start]["errors"]) == (day["calls"], day["errors"])
        assert latency[start]["calls"] == len(day["latencies"])
        assert is_percentile(latency[start], day["latencies"])


def test_the_days_of_every_zone_are_those_of_a_plain_computation(api: Api, logged: list[dict[str, Any]]) -> None:
    for name in ZONES:
        zone = ZoneInfo(name)
        if name == ZONES[len(ZONES) // 2]:  # the other half without the minutes
            api.app.state.store.tidy(to_micros(END + timedelta(days=3)))
        for bucket in ("day", "week"):
            query = {"from": START.isoformat(), "to": END.isoformat(), "tz": name, "bucket": bucket}
            _compare(api, query, _by_day(logged, zone, START, END, weeks=bucket == "week"))


def test_a_range_that_begins_and_ends_within_a_day_counts_its_parts(api: Api, logged: list[dict[str, Any]]) -> None:
    start, end = START + timedelta(days=26, hours=7, minutes=13), START + timedelta(days=29, hours=21, minutes=1)
    zone = ZoneInfo("Europe/Berlin")  # its clocks go back on day 27
    query = {"from": start.isoformat(), "to": end.isoformat(), "tz": "Europe/Berlin", "bucket": "day"}
    expected = _by_day(logged, zone, start, end, weeks=False)
    assert len(expected) == 4
    _compare(api, query, expected)


def test_a_day_on_which_clocks_change_has_its_own_length(api: Api) -> None:
    query = {"from": "2025-10-26T00:00:00+02:00", "to": "2025-10-27T00:00:00+01:00", "tz": "Europe/Berlin"}
    (day,) = api.get("/metrics/token-usage", query, bucket="day")["points"]
    hours = api.get("/metrics/token-usage", query, bucket="hour")["points"]
    assert (day["start"], len(hours)) == ("2025-10-25T22:00:00Z", 25)


@pytest.mark.parametrize(
    ("zone", "first"), [("Asia/Kathmandu", "00:15"), ("America/St_Johns", "00:30"), ("UTC", "00:00")]
)
def test_hours_are_those_of_the_zone(api: Api, zone: str, first: str) -> None:
    query = {"from": "2025-10-02T00:45:00Z", "to": "2025-10-02T06:00:00Z", "tz": zone, "bucket": "hour"}
    points = api.get("/metrics/token-usage", query)["points"]
    assert points[0]["start"] == f"2025-10-02T{first}:00Z"


def test_minutes_are_counted_while_they_are_kept_and_quarters_of_an_hour_afterwards(
    api: Api, logged: list[dict[str, Any]]
) -> None:
    start, end = START + timedelta(days=20, minutes=7), START + timedelta(days=33, hours=5, minutes=52)
    query = {"from": start.isoformat(), "to": end.isoformat()}
    for tidied in (False, True):
        if tidied:
            api.app.state.store.tidy(to_micros(END + timedelta(days=3)))
            start, end = start - timedelta(minutes=7), end + timedelta(minutes=8)
        told = api.get("/metrics/summary", query)
        plain = figures([call for call in logged if start <= call["time"] < end])
        assert (datetime.fromisoformat(told["from"]), datetime.fromisoformat(told["to"])) == (start, end)
        assert told["calls"] == plain["calls"]
        assert told["prompt_tokens"] == plain["prompt_tokens"]
        assert told["total_cost"] == pytest.approx(plain["cost"], abs=1e-9)
        assert is_percentile(told["latency_ms"], plain["latencies"])
        assert is_percentile(told["time_to_first_token_ms"], plain["first_tokens"])


def test_a_short_range_of_long_ago_is_told_without_asking_for_a_width(api: Api) -> None:
    api.app.state.store.tidy(to_micros(END))
    query = {"from": "2025-10-06T10:00:00Z", "to": "2025-10-06T11:00:00Z"}
    assert api.get("/metrics/token-usage", query)["bucket"] == "hour"
    refusal = api.get("/metrics/token-usage", query, expect=422, bucket="minute")
    assert refusal["errors"][0]["field"] == "bucket"


def test_the_summary_tells_the_window_before(api: Api, logged: list[dict[str, Any]]) -> None:
    start, end = START + timedelta(days=20), START + timedelta(days=30)
    previous = api.get("/metrics/summary", {"from": start.isoformat(), "to": end.isoformat()})["previous"]
    before = figures([call for call in logged if start - timedelta(days=10) <= call["time"] < start])
    assert datetime.fromisoformat(previous["from"]) == start - timedelta(days=10)
    assert (previous["calls"], previous["errors"]) == (before["calls"], before["errors"])


def test_the_last_days_end_now(api: Api) -> None:
    now = datetime.now(UTC)
    api.log([{"model": "m", "prompt_tokens": 1, "completion_tokens": 1, "latency_ms": 1, "status": "success"} | rest for rest in (
        {}, {"created_at": (now - timedelta(hours=23)).isoformat()}, {"created_at": (now - timedelta(hours=25)).isoformat()},
    )])  # fmt: skip
    for days, calls in ((1, 2), (2, 3), (0.01, 1)):
        told = api.get("/metrics/summary", days=days)
        assert told["calls"] == calls
        length = datetime.fromisoformat(told["to"]) - datetime.fromisoformat(told["from"])
        assert timedelta(0) <= length - timedelta(days=days) <= timedelta(minutes=2)
        assert sum(point["calls"] for point in api.get("/metrics/token-usage", days=days)["points"]) == calls


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"tz": "Mars/Olympus"}, "tz"),
        ({"from": "2025-10-02T00:00:00Z", "to": "2025-10-01T00:00:00Z"}, "from"),
        ({"days": 0}, "days"),
        ({"days": 300, "bucket": "hour"}, "bucket"),
        ({"days": 7, "from": "2025-10-01T00:00:00Z"}, "days"),
        ({"days": 7, "to": "2025-10-01T00:00:00Z"}, "days"),
        ({"from": "1815-01-01"}, "from"),
    ],
)
def test_a_range_that_cannot_be_told_is_refused_by_name(api: Api, query: dict[str, Any], field: str) -> None:
    assert api.get("/metrics/token-usage", query, expect=422)["errors"][0]["field"] == field

"""The month's cost at its end: what was spent, and for the days to come what their day of the week cost before."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from callscope.metrics.forecast import DAYS, FEWEST, habit_of
from tests.caller import Api

ZONE = ZoneInfo("Asia/Kathmandu")


def log_days(api: Api, days: int, weekend: float, *, project: str = "default") -> None:
    """A call at noon of each of the last days: a dollar, or at weekends something else."""
    today = datetime.now(ZONE).date()
    noons = [datetime.combine(today - timedelta(days=i), time(12), ZONE) for i in range(1, days + 1)]
    api.log([
        {"model": "m", "cost": weekend if noon.weekday() >= 5 else 1.0, "prompt_tokens": 1, "completion_tokens": 1,
         "latency_ms": 1, "status": "success", "project": project, "created_at": noon.astimezone(UTC).isoformat()}
        for noon in noons
    ])  # fmt: skip


def test_a_day_to_come_costs_what_its_day_of_the_week_cost(api: Api) -> None:
    log_days(api, 40, 0.25)
    told = api.get("/metrics/cost/forecast", tz=ZONE.key)
    today = datetime.now(ZONE).date()
    starts = [datetime.fromisoformat(day["start"]).astimezone(ZONE) for day in told["days"]]
    assert [start.day for start in starts] == list(range(1, len(starts) + 1))
    assert (starts[0].time(), starts[0].month) == (time(0), today.month)
    assert told["month_end"] == (starts[-1] + timedelta(days=1)).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    for start, day in zip(starts, told["days"], strict=True):
        usual = 0.25 if start.weekday() >= 5 else 1.0
        if start.date() < today:
            assert (day["kind"], day["cost"], day["so_far"]) == ("actual", usual, usual)
        elif start.date() > today:
            assert (day["kind"], day["cost"], day["so_far"]) == ("forecast", usual, 0)
        else:
            assert day["kind"] == "forecast"
            assert 0 <= day["cost"] <= usual
    assert told["so_far"] == pytest.approx(sum(day["so_far"] for day in told["days"]))
    assert told["forecast"] == pytest.approx(sum(day["cost"] for day in told["days"]), abs=1e-8)
    assert told["low"] == told["high"] == told["forecast"]  # no day was ever off
    assert told["reason"] is None


def test_too_few_days_give_no_forecast_but_a_reason(api: Api) -> None:
    log_days(api, FEWEST - 1, 1.0)
    told = api.get("/metrics/cost/forecast", tz=ZONE.key)
    assert told["forecast"] is told["low"] is told["high"] is None
    assert f"so far there are {FEWEST - 1}" in told["reason"]
    assert {day["cost"] for day in told["days"] if day["kind"] == "forecast"} == {None}
    log_days(api, FEWEST, 1.0, project="shop")
    assert api.get("/metrics/cost/forecast", tz=ZONE.key, project="shop")["forecast"] is not None
    viewer = api.limited_to("shop")
    assert viewer.get("/metrics/cost/forecast", tz=ZONE.key)["so_far"] == api.get("/metrics/cost/forecast", tz=ZONE.key, project="shop")["so_far"]  # fmt: skip
    api.get("/metrics/cost/forecast", expect=422, days=7)


def test_the_band_is_as_wide_as_days_were_off_their_average() -> None:
    off = [(weekday, 100 + (10 if week % 2 else -10)) for week in range(DAYS // 7) for weekday in range(7)]
    habit = habit_of(off)
    assert set(habit.means.values()) == {100}
    assert habit.deviation == pytest.approx((28 * 100 / 21) ** 0.5)
    # One Monday: its own deviation, and that of the mean of four.
    assert habit.spread([(0, 1.0)]) == pytest.approx(habit.deviation * 1.25**0.5)
    assert habit.spread([]) == 0

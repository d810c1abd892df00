"""Ratings count at the time of their call, over time as in all."""

from datetime import timedelta

import pytest

from tests.caller import Api
from tests.metrics.conftest import START

CALL = {"model": "gpt-4o", "prompt_tokens": 1, "completion_tokens": 1, "latency_ms": 1, "status": "success"}


def test_ratings_over_time_are_those_of_the_calls_of_each_day(api: Api) -> None:
    days = (0, 0, 2)
    receipts = api.log([CALL | {"created_at": (START + timedelta(days=day, hours=5)).isoformat()} for day in days])
    for receipt, rating in zip(receipts, (2, 5, 4), strict=True):
        api.post("/feedback", {"llm_call_id": receipt["id"], "rating": rating})
    told = api.get(
        "/feedback/summary", {"from": START.isoformat(), "to": (START + timedelta(days=3)).isoformat()}, bucket="day"
    )
    assert [(point["ratings"], point["average_rating"]) for point in told["points"]] == [(2, 3.5), (0, None), (1, 4)]
    assert (told["bucket"], told["ratings"], told["average_rating"]) == ("day", 3, pytest.approx(11 / 3))
    nothing = api.get("/feedback/summary", days=1, model="no such", bucket="hour")
    assert nothing["points"]
    assert {point["ratings"] for point in nothing["points"]} == {0}

"""The values of a field for menus: as many of each as the list of calls has, exactly or among the newest."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from callscope.calls.facets import Field
from callscope.store.sql import facets
from tests.caller import Api

DAY0 = datetime(2026, 3, 2, tzinfo=UTC)
Call = dict[str, Any]
MODELS = (("openai", "gpt-4o"), ("azure", "gpt-4o"), ("anthropic", "claude-haiku-4-5"), ("us", "Straße-7b"))


def some_calls(count: int = 260) -> list[Call]:
    """Calls of four days, of all kinds but refused ones."""
    rng = random.Random(5)
    calls = []
    for i in range(count):
        provider, model = rng.choice(MODELS)
        status = rng.choice(("success", "success", "error", "timeout"))
        call: Call = {
            "project": rng.choice(("default", "shop", "desk")), "environment": rng.choice(("production", "staging")),
            "provider": provider, "model": model, "prompt_tokens": rng.randrange(1, 900), "completion_tokens": 5,
            "latency_ms": float(rng.randrange(2_000)), "status": status,
            "created_at": (DAY0 + timedelta(minutes=rng.randrange(4 * 1440))).isoformat(),
            "end_user": rng.choice((None, "ann", "bob", "Zoë")), "session_id": rng.choice((None, f"talk {i % 7}")),
            "name": rng.choice((None, "answer", "Summarise")), "tags": rng.choice(([], ["red"], ["red", "blue"], ['a "b"'])),
        }  # fmt: skip
        if status == "error":
            call["error_type"] = rng.choice(("rate_limit_exceeded", "invalid_request_error"))
        calls.append({key: value for key, value in call.items() if value is not None})
    return calls


@pytest.fixture(autouse=True)
def _time_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is; what is told when time runs out has a test of its own."""
    for function in (facets.counted, facets.side_counts):
        monkeypatch.setattr(function, "__defaults__", (60.0,))


@pytest.fixture
def shown(api: Api) -> list[Call]:
    """The calls as the list shows them."""
    api.log(some_calls())
    api.with_key(1).log([call | {"project": "shop"} for call in some_calls(30)])
    return list(api.get("/llm/calls", limit=500)["items"])


def counted(calls: list[Call], field: str) -> dict[str, int]:
    """How many calls have each value, counted plainly."""
    counts: Counter[str] = Counter()
    for call in calls:
        value = call["tags" if field == "tag" else field]
        counts.update([] if value is None else value if isinstance(value, list) else [str(value)])
    return dict(counts)


def told(answer: dict[str, Any]) -> dict[str, int]:
    return {value["value"]: value["count"] for value in answer["values"]}


RANGES: tuple[tuple[dict[str, str], Callable[[Call], bool]], ...] = (
    ({}, lambda _: True),
    (
        {"from": "2026-03-03T00:00:00Z", "to": "2026-03-05T00:00:00Z"},
        lambda call: "2026-03-03" <= call["created_at"] < "2026-03-05",
    ),
)
FILTERS: tuple[tuple[dict[str, Any], Callable[[Call], bool]], ...] = (
    ({}, lambda _: True),
    ({"project": "shop"}, lambda call: call["project"] == "shop"),
    (
        {"model": "gpt-4o", "provider": "azure"},
        lambda call: (call["model"], call["provider"]) == ("gpt-4o", "azure"),
    ),
    ({"status": ["error", "timeout"]}, lambda call: call["status"] != "success"),
    ({"error_kind": "rate_limit"}, lambda call: call["error_kind"] == "rate_limit"),
    ({"end_user": "ann"}, lambda call: call["end_user"] == "ann"),
    ({"tag": "red", "environment": "staging"}, lambda call: "red" in call["tags"] and call["environment"] == "staging"),
    ({"min_latency_ms": 700, "name": "answer"}, lambda call: call["latency_ms"] >= 700 and call["name"] == "answer"),
)


def test_each_field_has_as_many_of_each_value_as_the_list(api: Api, shown: list[Call]) -> None:
    for range_, within in RANGES:
        for filters, keep in FILTERS:
            expected_of = [call for call in shown if within(call) and keep(call)]
            for field in Field:
                if field.value in filters:
                    continue
                answer = api.get("/llm/calls/facets", range_ | filters, field=field.value, limit=500)
                assert answer["exact"], (field, filters)
                assert told(answer) == counted(expected_of, field.value), (field, range_, filters)
                counts = [value["count"] for value in answer["values"]]
                assert counts == sorted(counts, reverse=True)


def test_a_fields_own_filter_hides_none_of_its_other_values(api: Api, shown: list[Call]) -> None:
    for field, value in (("model", "gpt-4o"), ("status", "error"), ("end_user", "ann"), ("tag", "red")):
        answer = api.get("/llm/calls/facets", {"field": field, field: value, "environment": "staging"})
        assert told(answer) == counted([call for call in shown if call["environment"] == "staging"], field)


def test_a_part_of_a_name_is_enough_in_upper_or_lower_case(api: Api, shown: list[Call]) -> None:
    def values(field: str, q: str, **more: Any) -> list[str]:
        return [value["value"] for value in api.get("/llm/calls/facets", field=field, q=q, **more)["values"]]

    assert values("model", "STRASSE") == ["Straße-7b"]
    assert values("end_user", "zo") == ["Zoë"]
    assert values("tag", '"') == ['a "b"']
    assert values("model", "%") == []
    first = api.get("/llm/calls/facets", field="session_id", limit=2)
    assert (len(first["values"]), first["more"]) == (2, True)


def test_an_api_key_has_its_name_beside_its_number(api: Api, shown: list[Call]) -> None:
    api.post("/api-keys", {"name": "Ünïted shop", "scopes": ["ingest"]})
    (value,) = api.get("/llm/calls/facets", field="api_key_id", q="ünï")["values"]
    assert value == {"value": "1", "label": "Ünïted shop", "count": 30}
    assert len(api.get("/llm/calls", api_key_id=1)["items"]) == 30


def test_the_range_that_was_counted_is_told(api: Api, shown: list[Call]) -> None:
    asked = {"from": "2026-03-03T10:07:30Z", "to": "2026-03-03T12:01:01Z"}
    by_minutes = api.get("/llm/calls/facets", asked, field="model")
    assert (by_minutes["from"], by_minutes["to"]) == ("2026-03-03T10:07:00Z", "2026-03-03T12:02:00Z")
    by_days = api.get("/llm/calls/facets", asked, field="end_user")
    assert (by_days["from"], by_days["to"]) == ("2026-03-03T00:00:00Z", "2026-03-04T00:00:00Z")
    exact = api.get("/llm/calls/facets", asked, field="name")
    assert (exact["from"], exact["to"]) == (asked["from"], asked["to"])
    within = [call for call in shown if "2026-03-03T10:07:30" <= call["created_at"] < "2026-03-03T12:01:01"]
    assert told(exact) == counted(within, "name")


def test_a_range_up_to_now_has_what_came_just_now(api: Api) -> None:
    api.log([{**some_calls(1)[0], "end_user": "ann", "created_at": datetime.now(UTC).isoformat()}])
    for field in ("project", "status", "end_user", "name"):
        counts = told(api.get("/llm/calls/facets", field=field, days=1))
        assert counts == counted(api.get("/llm/calls", days=1)["items"], field), field


def test_when_time_runs_out_it_says_how_far_it_came(
    api: Api, shown: list[Call], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("callscope.store.sql.calls._FIRST_STEP", 40)
    for function in (facets.counted, facets.side_counts):
        monkeypatch.setattr(function, "__defaults__", (-1.0,))
    answer = api.get("/llm/calls/facets", field="session_id")
    assert (answer["exact"], answer["sampled"], answer["scanned_to"]) == (False, 40, shown[39]["created_at"])
    assert told(answer) == counted(shown[:40], "session_id")
    days = api.get("/llm/calls/facets", field="end_user")
    assert (days["exact"], days["scanned_to"]) == (False, "2026-03-05T00:00:00Z")
    assert told(days) == counted([call for call in shown if call["created_at"] >= "2026-03-05"], "end_user")


def test_a_project_that_one_may_not_see_is_in_no_menu(api: Api, shown: list[Call]) -> None:
    viewer = api.limited_to("shop")
    for field in Field:
        answer = told(viewer.get("/llm/calls/facets", field=field.value, limit=500))
        assert answer == counted([call for call in shown if call["project"] == "shop"], field.value)
    viewer.get("/llm/calls/facets", field="model", project="desk", expect=403)
    assert "field" in api.get("/llm/calls/facets", field="latency_ms", expect=422)["errors"][0]["field"]

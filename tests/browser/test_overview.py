"""The overview: figures that are those of the rows, each a door to its calls, and every state that it can be in."""

import math
import re
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
FROM, TO = NOW - timedelta(days=9), NOW - timedelta(days=2)
RANGE = {"from": FROM.isoformat().replace("+00:00", "Z"), "to": TO.isoformat().replace("+00:00", "Z")}
PAST = f"/ui/overview?from={RANGE['from']}&to={RANGE['to']}"
CHARTS = ("Calls and errors", "Cost by model", "Latency percentiles", "Tokens by kind")
TILES = (
    "Calls", "Cost", "Error rate", "Latency p95", "Tokens", "Average rating", "Time to first token p50", "Latency p50",
)  # fmt: skip
COUNTED = "FROM llm_call_logs c WHERE is_call AND refused IS NULL AND created_at >= :from AND created_at < :to"


def tile(page: Page, title: str) -> Locator:
    """A tile by its title."""
    return page.locator("main [class*=_tile_]").filter(has=page.get_by_text(title, exact=True))


def exact(place: Locator) -> str:
    """What is shown when the figure is pointed at; what stands there, where that is all there is."""
    figure = place.locator("[data-tip]").first
    return str(figure.get_attribute("data-tip") if figure.count() else place.inner_text())


def number(text: str) -> float:
    """The first number of a text."""
    found = re.search(r"[\d,]+(\.\d+)?", text)
    assert found, text
    return float(found[0].replace(",", ""))


def chart(page: Page, title: str) -> Locator:
    """The part of the page that is one chart."""
    return page.get_by_role("region", name=title, exact=True)


def plot(page: Page, title: str) -> Locator:
    """What one points at and drags over."""
    return page.get_by_role("group", name=re.compile(f"^{title}"))


def metrics(urls: Sequence[str]) -> list[str]:
    """Those of the requests that asked for figures."""
    return [url for url in urls if urlsplit(url).path.startswith(("/metrics/", "/feedback/"))]


def hold(page: Page, pattern: str) -> list[Route]:
    """Requests that wait from now on; they go on when one says so."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(re.compile(pattern), keep)
    return held


def asked_of(page: Page) -> dict[str, list[str]]:
    """The parameters in the address."""
    return parse_qs(urlsplit(page.url).query)


class Rows:
    """Plain SQL over the rows of a range."""

    def __init__(self, database: Path, start: datetime, end: datetime) -> None:
        self._connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        self._bounds = {"from": int(start.timestamp() * 1e6), "to": int(end.timestamp() * 1e6)}

    def all(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of a query that knows `:from` and `:to`."""
        return self._connection.execute(query, self._bounds).fetchall()

    def one(self, expression: str) -> Any:
        """A figure over all counted calls."""
        return self.all(f"SELECT {expression} {COUNTED}")[0][0]

    def percentile(self, column: str, share: float) -> float:
        """By nearest rank."""
        values = sorted(
            row[0] for row in self.all(f"SELECT {column} {COUNTED} AND NOT cache_hit AND {column} IS NOT NULL")
        )
        return float(values[math.ceil(share * len(values)) - 1])


@pytest.fixture
def rows(own_server: str, tmp_path: Path) -> Rows:
    """The rows of the server that this test has for itself, in the range of `PAST`."""
    return Rows(tmp_path / "data" / "callscope.db", FROM, TO)


@pytest.fixture
def past(own_server: str, rows: Rows, open_page: OpenPage, guard: Guard) -> Page:
    """The overview of a range that is over."""
    page = open_page(address=own_server)
    page.goto(PAST)
    guard.settled(page)
    return page


def answer(address: str, page: Page, path: str, **query: str) -> Any:
    """What the API says about the same range."""
    cookies = {cookie["name"]: cookie["value"] for cookie in page.context.cookies()}
    given = httpx.get(f"{address}{path}", params={**RANGE, "tz": "Europe/Berlin", **query}, cookies=cookies)
    given.raise_for_status()
    return given.json()["data"]


def test_each_tile_is_what_the_api_and_the_rows_say(own_server: str, rows: Rows, past: Page) -> None:
    told = answer(own_server, past, "/metrics/summary")
    shown = {title: exact(tile(past, title)) for title in TILES}

    calls = rows.one("count(*)")
    assert calls > 300
    assert number(shown["Calls"]) == told["calls"] == calls

    cost = rows.all(f"SELECT sum(estimated_cost) FROM cost_logs WHERE id IN (SELECT id {COUNTED} AND NOT cache_hit)")[
        0
    ][0]
    assert number(shown["Cost"]) == pytest.approx(told["total_cost"], abs=1e-9)
    assert number(shown["Cost"]) == pytest.approx(cost / 1e9, abs=1e-9)

    errors = rows.one("sum(status <> 0 AND NOT cache_hit)")
    assert shown["Error rate"] == f"{errors:,} of {calls:,} calls"
    assert told["errors"] == errors

    tokens = rows.one("sum((prompt_tokens + completion_tokens) * (NOT cache_hit))")
    assert number(shown["Tokens"]) == told["total_tokens"] == tokens

    for title, column, share, of in (
        ("Latency p50", "latency_ms", 0.50, told["latency_ms"]["p50"]),
        ("Latency p95", "latency_ms", 0.95, told["latency_ms"]["p95"]),
        ("Time to first token p50", "time_to_first_token_ms", 0.50, told["time_to_first_token_ms"]["p50"]),
    ):
        assert number(shown[title]) == pytest.approx(of, abs=0.06), title
        assert number(shown[title]) == pytest.approx(rows.percentile(column, share), rel=0.011), title

    ratings = rows.one("sum(rating_1 + rating_2 + rating_3 + rating_4 + rating_5)")
    points = rows.one("sum(rating_1 + 2 * rating_2 + 3 * rating_3 + 4 * rating_4 + 5 * rating_5)")
    assert number(shown["Average rating"]) == pytest.approx(points / ratings, abs=1e-4)
    assert f"from {ratings:,} rating" in shown["Average rating"]
    assert told["ratings"] == ratings


def test_a_change_says_what_it_was_before(own_server: str, past: Page) -> None:
    told = answer(own_server, past, "/metrics/summary")
    now, before = told["calls"], told["previous"]["calls"]
    percent = round(abs(now - before) / before * 100)
    sign = "±" if percent == 0 else "▲" if now > before else "▼"
    foot = tile(past, "Calls").locator("[data-tip*='in the window before']")
    expect(foot).to_contain_text(f"{sign}\u00a0{percent}\u00a0%")


def test_models_and_kinds_of_error_are_what_the_api_and_the_rows_say(own_server: str, rows: Rows, past: Page) -> None:
    counted = dict(
        rows.all(f"SELECT (SELECT name FROM llm_models m WHERE m.id = c.model_id), count(*) {COUNTED} GROUP BY 1")
    )
    p95 = {row["name"]: row["p95"] for row in answer(own_server, past, "/metrics/latency", by="model")["groups"]}
    costs = {row["name"]: row for row in answer(own_server, past, "/metrics/cost", by="model")["by_model"]}
    rated = {row["model"]: row for row in answer(own_server, past, "/feedback/summary")["by_model"]}
    table = past.get_by_role("region", name="Models").get_by_role("table")
    lines = table.locator("tbody tr")
    assert lines.count() == len(counted) == len(costs)
    for line in lines.all():
        cells = line.get_by_role("cell")
        name = cells.nth(0).inner_text().strip()
        assert number(exact(cells.nth(1))) == counted[name] == costs[name]["calls"]
        if costs[name]["unpriced_calls"] == 0:
            assert number(exact(cells.nth(2))) == pytest.approx(costs[name]["cost"], abs=1e-9)
        assert number(exact(cells.nth(3))) == pytest.approx(p95[name], abs=0.06)
        assert exact(cells.nth(4)).startswith(f"{costs[name]['errors']:,} of {counted[name]:,} calls")
        if name in rated:
            assert f"from {rated[name]['ratings']:,} rating" in exact(cells.nth(5))

    kinds = {row["kind"]: row["errors"] for row in answer(own_server, past, "/metrics/error-rate")["by_kind"]}
    errors = rows.all(f"SELECT error_kind, count(*) {COUNTED} AND NOT cache_hit AND status <> 0 GROUP BY 1")
    assert sorted(kinds.values()) == sorted(count for _, count in errors)
    listed = past.get_by_role("region", name="Kinds of error").get_by_role("table").locator("tbody tr")
    shown = {
        line.get_by_role("cell").nth(0).inner_text(): exact(line.get_by_role("cell").nth(1)) for line in listed.all()
    }
    assert shown == {kind.replace("_", " "): f"{count:,} error{'s' * (count != 1)}" for kind, count in kinds.items()}


def test_behind_each_chart_is_the_table_of_what_the_api_says(own_server: str, past: Page) -> None:
    errors = answer(own_server, past, "/metrics/error-rate")
    cost = answer(own_server, past, "/metrics/cost", by="model")
    latency = answer(own_server, past, "/metrics/latency")
    tokens = answer(own_server, past, "/metrics/token-usage")
    expected: dict[str, list[float | None]] = {
        "Calls and errors": [point["calls"] for point in errors["points"]],
        "Cost by model": [point["cost"] for point in cost["points"]],
        "Tokens by kind": [point["total_tokens"] for point in tokens["points"]],
        "Latency percentiles": [point["p99"] for point in latency["points"]],
    }
    for title in CHARTS:
        chart(past, title).get_by_role("button", name=f"{title} as a table").click()
        lines = chart(past, title).locator("tbody tr").all()
        cells = [[cell.inner_text() for cell in line.locator("td").all()] for line in lines]
        assert len(cells) == len(expected[title])
        for texts, value in zip(cells, expected[title], strict=True):
            values = [0.0 if text == "—" else number(text) for text in texts]
            total = values[-1] if title == "Latency percentiles" else sum(values)
            assert total == pytest.approx(value or 0, abs=0.06 if title == "Latency percentiles" else 1e-8)


def test_the_answer_is_in_view_without_scrolling(admin_page: Page, guard: Guard) -> None:
    admin_page.goto("/ui/overview?range=7d")
    guard.settled(admin_page)
    for title in TILES:
        expect(tile(admin_page, title)).to_be_in_viewport(ratio=1)
    for title in CHARTS[:2]:
        expect(chart(admin_page, title)).to_be_in_viewport(ratio=1)


def test_each_thing_is_asked_for_once_and_not_again_when_one_comes_back(admin_page: Page, guard: Guard) -> None:
    admin_page.goto("/ui/overview?range=30d")
    guard.settled(admin_page)
    asked = metrics(guard.requests)
    assert len(asked) == len(set(asked)) == 6
    admin_page.get_by_role("link", name="Models", exact=True).first.click()
    guard.settled(admin_page)
    admin_page.go_back()
    expect(tile(admin_page, "Calls")).to_be_visible()
    guard.settled(admin_page)
    assert metrics(guard.requests) == asked


def test_a_change_of_range_keeps_the_old_picture_and_cancels_what_is_under_way(admin_page: Page, guard: Guard) -> None:
    admin_page.goto("/ui/overview?range=30d")
    guard.settled(admin_page)
    before = exact(tile(admin_page, "Calls"))
    cancelled: list[str] = []
    admin_page.on("requestfailed", lambda request: cancelled.append(request.url))
    held = hold(admin_page, r"/metrics/.*days=7&")
    admin_page.keyboard.press("r")
    admin_page.get_by_text("Last 7 days").click()
    expect(admin_page).to_have_url(re.compile("range=7d"))
    assert exact(tile(admin_page, "Calls")) == before
    expect(admin_page.locator("main [aria-busy=true]")).to_have_count(7)
    admin_page.keyboard.press("r")
    admin_page.get_by_text("Last 3 days").click()
    guard.settled(admin_page)
    assert len(held) == 5
    assert len(metrics(cancelled)) == 5
    assert number(exact(tile(admin_page, "Calls"))) < number(before)


def drag(page: Page, title: str, start: float, end: float) -> None:
    """Drag over a part of a chart; 0 is the left end of the plot, 1 the right one."""
    box = plot(page, title).bounding_box()
    assert box is not None
    left, width = box["x"] + 64, box["width"] - 72
    page.mouse.move(left + start * width, box["y"] + 60)
    page.mouse.down()
    page.mouse.move(left + (start + end) / 2 * width, box["y"] + 70)
    page.mouse.move(left + end * width, box["y"] + 70)
    page.mouse.up()


def test_dragging_over_a_chart_is_the_range_and_a_double_click_goes_back(admin_page: Page, guard: Guard) -> None:
    admin_page.goto("/ui/overview?range=7d&environment=production")
    guard.settled(admin_page)
    drag(admin_page, "Cost by model", 0.3, 0.6)
    expect(admin_page).to_have_url(re.compile("from="))
    guard.settled(admin_page)
    asked = asked_of(admin_page)
    assert asked["environment"] == ["production"]
    assert "range" not in asked
    start, end = (datetime.fromisoformat(asked[name][0]) for name in ("from", "to"))
    assert timedelta(days=2) <= end - start <= timedelta(days=5)
    plot(admin_page, "Tokens by kind").dblclick()
    expect(admin_page).to_have_url(re.compile("range=7d"))


def test_all_charts_have_one_crosshair(admin_page: Page, guard: Guard) -> None:
    admin_page.goto(PAST)
    guard.settled(admin_page)
    lines = admin_page.locator("main [class*=_line_]")
    expect(lines).to_have_count(0)
    plot(admin_page, "Calls and errors").hover(position={"x": 300, "y": 60})
    expect(lines).to_have_count(len(CHARTS))
    listed = admin_page.get_by_role("status").filter(has_text=re.compile("sum|success|nothing"))  # as the bucket has it
    expect(listed).to_have_count(1)
    admin_page.mouse.move(0, 0)
    expect(lines).to_have_count(0)


def test_a_bucket_leads_to_its_calls_by_mouse_and_by_keyboard(admin_page: Page, guard: Guard) -> None:
    admin_page.goto(f"{PAST}&environment=production")
    guard.settled(admin_page)
    plot(admin_page, "Calls and errors").click(position={"x": 300, "y": 60})
    listed = admin_page.get_by_role("dialog", name=re.compile("Calls and errors, "))
    expect(listed.get_by_role("link", name="success")).to_be_visible()
    expect(listed.get_by_role("link", name="See these calls")).to_be_visible()
    admin_page.keyboard.press("Escape")
    expect(listed).to_have_count(0)

    plot(admin_page, "Cost by model").focus()
    admin_page.keyboard.press("ArrowLeft")
    admin_page.keyboard.press("ArrowLeft")
    admin_page.keyboard.press("Enter")
    expect(admin_page.get_by_role("dialog").get_by_role("link").first).to_be_focused()
    admin_page.keyboard.press("Enter")
    expect(admin_page).to_have_url(re.compile("/ui/calls"))
    asked = asked_of(admin_page)
    assert asked["environment"] == ["production"]
    assert len(asked["model"]) == 1
    start, end = (datetime.fromisoformat(asked[name][0]) for name in ("from", "to"))
    assert end - start == timedelta(days=1)
    assert start >= FROM
    guard.settled(admin_page)


def test_a_legend_entry_is_shown_alone_and_then_all_again(admin_page: Page, guard: Guard) -> None:
    admin_page.goto(PAST)
    guard.settled(admin_page)
    entries = chart(admin_page, "Tokens by kind").get_by_role("listitem").get_by_role("button")
    assert entries.count() >= 2
    entries.nth(1).click()
    expect(chart(admin_page, "Tokens by kind").locator("li button[aria-pressed=true]")).to_have_count(1)
    entries.nth(1).click()
    expect(chart(admin_page, "Tokens by kind").locator("li button[aria-pressed=false]")).to_have_count(0)
    entries.nth(0).click(modifiers=["Shift"])
    expect(chart(admin_page, "Tokens by kind").locator("li button[aria-pressed=false]")).to_have_count(1)


DOORS: tuple[tuple[str, dict[str, list[str]]], ...] = (
    ("Calls", {}),
    ("Cost", {"sort": ["cost"]}),
    ("Error rate", {"status": ["error", "timeout"]}),
    ("Tokens", {"sort": ["tokens"]}),
)


def test_a_tile_leads_to_its_calls_with_range_and_filters_kept(admin_page: Page, guard: Guard) -> None:
    admin_page.goto("/ui/overview?range=7d&environment=production")
    for title, expected in DOORS:
        guard.settled(admin_page)
        tile(admin_page, title).click()
        expect(admin_page).to_have_url(re.compile("/ui/calls"))
        assert asked_of(admin_page) == {"range": ["7d"], "environment": ["production"]} | expected
        guard.settled(admin_page)
        admin_page.go_back()


def test_a_model_and_a_kind_of_error_lead_to_their_calls(admin_page: Page, guard: Guard) -> None:
    admin_page.goto("/ui/overview?range=7d")
    guard.settled(admin_page)
    link = admin_page.get_by_role("region", name="Models").locator("tbody a").first
    name = link.inner_text()
    link.click()
    expect(admin_page).to_have_url(re.compile("/ui/calls"))
    assert asked_of(admin_page)["model"] == [name]
    guard.settled(admin_page)
    admin_page.go_back()
    first = admin_page.get_by_role("region", name="Kinds of error").locator("tbody tr").first
    kind = first.get_by_role("link").inner_text()
    first.get_by_role("link").click()
    expect(admin_page).to_have_url(re.compile("/ui/calls"))
    assert asked_of(admin_page)["error_kind"] == [kind.replace(" ", "_")]
    guard.settled(admin_page)


def test_a_viewer_has_the_figures_and_no_way_to_calls(viewer_page: Page, guard: Guard) -> None:
    viewer_page.goto("/ui/overview?range=30d")
    guard.settled(viewer_page)
    assert number(exact(tile(viewer_page, "Calls"))) > 1_000
    expect(viewer_page.locator("main a[href*='/calls']")).to_have_count(0)
    expect(viewer_page.locator("a[href*='/models?']")).to_have_count(0)
    plot(viewer_page, "Calls and errors").click(position={"x": 300, "y": 60})
    expect(viewer_page.get_by_role("dialog")).to_have_count(0)


def test_what_has_no_price_is_pointed_out_with_the_way_to_set_one(admin_page: Page, guard: Guard) -> None:
    admin_page.goto("/ui/overview?range=30d")
    guard.settled(admin_page)
    line = admin_page.get_by_role("region", name="Models").locator("tbody tr", has_text="Set a price").first
    name = line.get_by_role("cell").first.inner_text().strip()
    line.get_by_role("link", name=re.compile("Set a price")).click()
    expect(admin_page).to_have_url(re.compile("/ui/models"))
    expect(admin_page.get_by_role("dialog")).to_contain_text(name)
    guard.settled(admin_page)


def test_models_are_sorted_by_what_one_presses(admin_page: Page, guard: Guard) -> None:
    admin_page.goto(PAST)
    guard.settled(admin_page)
    models = admin_page.get_by_role("region", name="Models")
    models.get_by_role("button", name="Calls").click()
    counts = [number(exact(line.get_by_role("cell").nth(1))) for line in models.locator("tbody tr").all()]
    assert counts == sorted(counts, reverse=True)
    models.get_by_role("button", name="Calls").click()
    counts = [number(exact(line.get_by_role("cell").nth(1))) for line in models.locator("tbody tr").all()]
    assert counts == sorted(counts)


def test_an_empty_server_says_what_to_do(empty_server: str, open_page: OpenPage, guard: Guard) -> None:
    page = open_page("viewer", address=empty_server)
    page.goto("/ui/overview")
    page.get_by_role("link", name="Connect a program").click()
    expect(page).to_have_url(re.compile("/ui/connect"))
    guard.settled(page)


def test_what_the_filters_leave_nothing_of_can_be_had_back(admin_page: Page, guard: Guard) -> None:
    admin_page.goto("/ui/overview?range=7d&model=no-such-model")
    expect(admin_page.get_by_text("No calls fit the filters, in the last 7 days.")).to_be_visible()
    admin_page.get_by_role("button", name="Clear the filters").click()
    expect(tile(admin_page, "Calls")).to_be_visible()
    guard.settled(admin_page)


def test_a_part_that_fails_can_be_tried_again_and_the_rest_lives_on(admin_page: Page, guard: Guard) -> None:
    guard.expect("500")
    failing = True

    def fail(route: Route) -> None:
        if failing:
            route.fulfill(status=500, json={"detail": "The disk is full.", "status": 500, "request_id": "r-17"})
        else:
            route.continue_()

    admin_page.route("**/metrics/token-usage*", fail)
    admin_page.goto("/ui/overview?range=7d")
    alert = admin_page.get_by_role("alert")
    expect(alert).to_contain_text("Tokens by kind could not be loaded")
    expect(alert).to_contain_text("The disk is full.")
    expect(alert).to_contain_text("r-17")
    expect(tile(admin_page, "Tokens")).to_be_visible()
    expect(plot(admin_page, "Cost by model")).to_be_visible()
    failing = False
    alert.get_by_role("button", name="Try again").click()
    expect(plot(admin_page, "Tokens by kind")).to_be_visible()
    guard.settled(admin_page)


def test_without_a_server_the_last_figures_stay_with_their_time(admin_page: Page, guard: Guard) -> None:
    guard.expect("ERR_FAILED")
    admin_page.goto("/ui/overview?range=7d")
    guard.settled(admin_page)
    before = exact(tile(admin_page, "Calls"))
    admin_page.route(re.compile("/(metrics|feedback)/"), lambda route: route.abort())
    admin_page.get_by_role("button", name="Live: refresh").click()
    expect(admin_page.get_by_text("newer figures cannot be had just now")).to_have_count(1)
    assert exact(tile(admin_page, "Calls")) == before


@pytest.mark.parametrize("width", [360, 1440])
def test_a_single_call_with_a_long_name_and_hardly_a_cost_has_its_place(
    width: int, empty_server: str, open_page: OpenPage, guard: Guard
) -> None:
    page = open_page(address=empty_server, width=width)
    name = "<img src=x onerror=alert(1)>" + "م" * 86 + "x" * 86
    call = {
        "model": name,
        "prompt_tokens": 3,
        "completion_tokens": 1,
        "latency_ms": 84,
        "status": "success",
        "cost": 3e-7,
    }
    logged = page.request.post(
        "/llm/log-call", data=call, headers={"Origin": empty_server, "Content-Type": "application/json"}
    )
    assert logged.status == 201, logged.text()
    page.goto("/ui/overview?range=1h")
    guard.settled(page)
    expect(tile(page, "Calls")).to_contain_text("1 call")
    expect(tile(page, "Cost")).to_contain_text("$0.00000030")
    expect(tile(page, "Time to first token p50")).to_contain_text("—")
    expect(page.get_by_role("region", name="Models").locator("tbody a").first).to_contain_text("<img src=x")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("main img").count() == 0


def test_loading_has_the_size_of_what_comes(admin_page: Page, guard: Guard) -> None:
    held = hold(admin_page, "/(metrics|feedback)/")
    admin_page.goto("/ui/overview?range=7d")
    expect(admin_page.locator("main [aria-busy=true]")).to_have_count(7)

    def places() -> list[float]:
        heading = admin_page.get_by_role("heading", name="Models", exact=True).bounding_box()
        first = tile(admin_page, "Calls").bounding_box()
        assert heading is not None
        assert first is not None
        return [heading["y"] - first["y"], first["height"]]

    before = places()
    for route in held:
        route.continue_()
    expect(plot(admin_page, "Tokens by kind")).to_be_visible()
    guard.settled(admin_page)
    assert places() == pytest.approx(before, abs=1)
    expect(admin_page.locator("main [aria-busy=true]")).to_have_count(0)

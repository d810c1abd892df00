"""The cost page: figures that are the API's, each a door to its calls; why it changed; what other models would cost."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.asking import ask, log_call
from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard
from tests.browser.test_overview import asked_of, chart, exact, number, tile

NOW = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
FROM, TO = (moment.isoformat().replace("+00:00", "Z") for moment in (NOW - timedelta(days=9), NOW - timedelta(days=2)))
RANGE = f"from={FROM}&to={TO}"


def told(address: str, path: str, **query: str) -> Any:
    """What the API says of the range."""
    return ask(address, f"/metrics/{path}?{RANGE}&tz=Europe/Berlin" + "".join(f"&{k}={v}" for k, v in query.items()))


@pytest.fixture
def page(admin_page: Page, guard: Guard) -> Page:
    """The cost of a range that is over."""
    admin_page.goto(f"/ui/cost?{RANGE}")
    guard.settled(admin_page)
    return admin_page


def scroll_to(page: Page, title: str, guard: Guard) -> None:
    """Come near a part that is made only then."""
    for _ in range(20):
        if page.get_by_role("heading", name=title, exact=True).count():
            break
        page.mouse.move(720, 500)
        page.mouse.wheel(0, 600)
        page.wait_for_timeout(50)
    guard.settled(page)
    page.get_by_role("heading", name=title, exact=True).scroll_into_view_if_needed()
    guard.settled(page)


def test_the_sum_its_change_and_the_tables_are_what_the_api_says(server: str, page: Page) -> None:
    cost, summary, month = told(server, "cost"), told(server, "summary"), ask(server, "/metrics/cost/forecast")
    assert number(exact(tile(page, "Cost"))) == pytest.approx(cost["total_cost"], abs=1e-9)
    assert number(exact(tile(page, "Cost per call"))) == pytest.approx(cost["average_cost"], abs=1e-9)
    expect(tile(page, "Cost").locator("[data-tip*='in the window before']")).to_have_count(1)
    shown = number(exact(page.locator("main [class*=_tile_]").nth(1)))
    assert shown == pytest.approx(month["forecast"] if month["forecast"] is not None else month["so_far"], rel=0.01)
    assert summary["previous"]["total_cost"] > 0
    for title, key in (("Models", "by_model"), ("Projects", "by_project"), ("Environments", "by_environment")):
        lines = page.get_by_role("region", name=title, exact=True).last.locator("tbody tr")
        expected = {row["name"]: row["cost"] for row in cost[key] if row["unpriced_calls"] < row["calls"]}
        for line in lines.all():
            name = line.get_by_role("cell").first.inner_text().strip()
            if name in expected:
                figure = line.get_by_role("cell").nth(1).locator("[data-tip^='$'], span:not([aria-hidden])").last
                assert number(figure.get_attribute("data-tip") or figure.inner_text()) == pytest.approx(
                    expected.pop(name), abs=1e-9
                )
        assert not expected


def test_each_figure_is_a_door_and_the_switch_is_in_the_address(page: Page, guard: Guard) -> None:
    page.get_by_role("radiogroup", name="Stacked by").get_by_text("Project").click()
    expect(page).to_have_url(re.compile("by=project"))
    expect(chart(page, "Cost by project")).to_be_visible()
    guard.settled(page)
    page.get_by_role("region", name="Projects").locator("tbody a").first.click()
    expect(page).to_have_url(re.compile("/ui/calls"))
    asked = asked_of(page)
    assert asked["from"] == [FROM]
    assert asked["sort"] == ["cost"]
    assert asked["project"]
    guard.settled(page)


def test_why_it_changed_adds_up_and_can_be_copied(server: str, page: Page, guard: Guard) -> None:
    scroll_to(page, "Why it changed", guard)
    why = told(server, "cost/why")
    rows = page.get_by_role("list", name="Why it changed").locator("> li")
    expect(rows).to_have_count(len(why["parts"]) + 2)
    amounts = []
    for row in rows.all():
        text = exact(row.locator("[class*=rowValue]"))
        amounts.append(number(text) * (-1 if text.startswith("−") else 1))
    assert amounts[0] == pytest.approx(why["previous_cost"], abs=1e-9)
    assert amounts[-1] == pytest.approx(why["cost"], abs=1e-9)
    assert sum(amounts[:-1]) == pytest.approx(amounts[-1], abs=2e-8)
    expect(page.get_by_text("than in the window before")).to_be_visible()
    page.get_by_role("button", name="Why it changed as a table").click()
    expect(page.get_by_role("button", name="Copy Why it changed as CSV")).to_be_visible()
    lines = page.get_by_role("table", name="Why it changed, table").locator("tbody tr")
    assert lines.count() == sum(1 + len(part["models"]) + len(part["projects"]) for part in why["parts"])


def test_other_models_are_chosen_compared_and_kept_in_the_address(server: str, page: Page, guard: Guard) -> None:
    scroll_to(page, "What if", guard)
    rows = page.get_by_role("list", name="What if").locator("> li")
    assert rows.count() >= 3
    page.get_by_role("combobox", name="Models to compare with").fill("gpt-4.1-nano")
    page.get_by_role("option", name="openai/gpt-4.1-nano", exact=True).click()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("what_if=openai/gpt-4.1-nano"))
    guard.settled(page)
    other = told(server, "what-if", model="openai/gpt-4.1-nano")["models"][0]
    row = rows.filter(has_text="gpt-4.1-nano")
    assert number(exact(row.locator("[class*=rowValue]"))) == pytest.approx(other["cost"], abs=1e-9)
    expect(row).to_contain_text("saves" if other["saving"] > 0 else "more")
    row.get_by_role("button", name="gpt-4.1-nano").click()
    parts = page.get_by_role("table", name="Calls to").locator("tbody tr")
    assert parts.count() == min(sum(1 for group in other["by_source_model"] if group["calls"]), 8)
    page.get_by_role("button", name="Cheaper of the same family").click()
    expect(page).not_to_have_url(re.compile("gpt-4.1-nano"))
    guard.settled(page)
    assert len(asked_of(page)["what_if"]) >= 1
    page.get_by_role("button", name="Models in use").click()
    expect(page).not_to_have_url(re.compile("what_if"))
    guard.settled(page)


def test_end_users_are_shown_to_who_may_read_calls_when_he_asks(page: Page, guard: Guard) -> None:
    page.get_by_role("button", name="Show the end users that cost most").click()
    table = page.get_by_role("table", name="End users")
    expect(table).to_be_visible()
    guard.settled(page)
    assert table.locator("tbody a").count() >= 1


def test_a_viewer_has_the_figures_and_no_way_to_calls_prices_or_people(viewer_page: Page, guard: Guard) -> None:
    viewer_page.goto(f"/ui/cost?{RANGE}")
    guard.settled(viewer_page)
    scroll_to(viewer_page, "Why it changed", guard)
    scroll_to(viewer_page, "What if", guard)
    assert number(exact(tile(viewer_page, "Cost"))) > 0
    main = viewer_page.get_by_role("main")
    expect(main.locator("a[href*='/calls'], a[href*='/models']")).to_have_count(0)
    expect(main.get_by_text("End users")).to_have_count(0)


@pytest.mark.parametrize("width", [360, 1440])
def test_a_single_call_with_hardly_a_cost_has_its_place(
    width: int, empty_server: str, open_page: OpenPage, guard: Guard
) -> None:
    page = open_page(address=empty_server, width=width)
    page.goto("/ui/cost")
    page.get_by_role("link", name="Connect a program").wait_for()
    name = "<img src=x onerror=alert(1)>" + "م" * 86 + "x" * 86
    log_call(empty_server, model=name, cost=3e-7)
    page.goto("/ui/cost?range=1h")
    guard.settled(page)
    expect(tile(page, "Cost")).to_contain_text("$0.00000030")
    scroll_to(page, "Why it changed", guard)
    scroll_to(page, "What if", guard)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("main img").count() == 0


def test_a_part_that_fails_can_be_tried_again_and_the_rest_lives_on(admin_page: Page, guard: Guard) -> None:
    guard.expect("500")
    failing = True

    def fail(route: Route) -> None:
        if failing:
            route.fulfill(status=500, json={"detail": "The disk is full.", "status": 500, "request_id": "r-17"})
        else:
            route.continue_()

    admin_page.route(re.compile("/metrics/cost/why"), fail)
    admin_page.goto(f"/ui/cost?{RANGE}")
    guard.settled(admin_page)
    alert = admin_page.get_by_role("alert")
    while not alert.count():
        admin_page.mouse.move(720, 500)
        admin_page.mouse.wheel(0, 400)
        admin_page.wait_for_timeout(50)
    expect(alert).to_contain_text("Why the cost changed could not be loaded")
    expect(tile(admin_page, "Cost")).to_have_count(1)
    failing = False
    alert.get_by_role("button", name="Try again").click()
    expect(admin_page.get_by_role("list", name="Why it changed")).to_be_visible()
    guard.settled(admin_page)

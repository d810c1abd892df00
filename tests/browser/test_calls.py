"""The list of calls: what it shows, how one moves in it, and that nothing in it jumps."""

import json
import re
from typing import Any

from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.asking import ask, let_viewer_read_calls, log_call
from tests.browser.conftest import CheckAxe, OpenPage
from tests.browser.guard import Guard

ALL = "/ui/calls?range=90d"


def table(page: Page) -> Locator:
    return page.get_by_role("table", name="Calls")


def rows(page: Page) -> Locator:
    """The rows that exist: those in view, and some more."""
    return table(page).locator("[data-index]")


def row(page: Page, index: int) -> Locator:
    return table(page).locator(f'[data-index="{index}"]')


def panel(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Call")


def scrolled(page: Page) -> int:
    top: int = table(page).evaluate("box => box.scrollTop")
    return top


def call_in(page: Page) -> int:
    """The number of the call that the address names."""
    found = re.search(r"(?:call=|calls/)(\d+)", page.url)
    assert found, page.url
    return int(found[1])


def test_the_newest_calls_are_shown_as_the_api_gives_them(admin_page: Page, server: str) -> None:
    admin_page.goto(ALL)
    expect(row(admin_page, 0)).to_be_visible()
    for index, call in enumerate(ask(server, "/llm/calls?days=90&limit=10")["items"]):
        shown = row(admin_page, index)
        expect(shown).to_contain_text(call["model"])
        expect(shown).to_contain_text(call["name"])
        expect(shown).to_contain_text(call["preview"][:40])
        expect(shown.get_by_label(f"{call['prompt_tokens']:,} prompt tokens")).to_be_visible()
        if call["estimated_cost"] is not None:
            expect(shown.get_by_label(f"${call['estimated_cost']:.9f}")).to_be_visible()
        if call["status"] == "success":
            expect(shown).to_contain_text("refused" if call["refused"] else "success")


def test_a_call_against_a_policy_is_marked_and_found_from_the_overview(empty_server: str, open_page: OpenPage) -> None:
    ask(empty_server, "/settings", method="PUT", body={"max_tokens_per_request": 100})
    log_call(empty_server, status="error", error_type="Overloaded")
    log_call(empty_server)
    viewer, page = open_page("viewer", address=empty_server), open_page(address=empty_server)
    for shown in (viewer, page):
        shown.goto("/ui/overview")
        expect(shown.get_by_text("Average rating", exact=True)).to_be_visible()
    expect(viewer.get_by_text("against a policy")).to_have_count(0)
    page.get_by_role("link", name="2 calls against a policy").click()
    expect(page).to_have_url(re.compile("violation=true"))
    expect(table(page)).to_have_attribute("aria-rowcount", "3")
    for index, status in enumerate(("success", "Overloaded")):
        expect(row(page, index)).to_contain_text(status)
        expect(row(page, index)).to_contain_text("Against a policy: max tokens")


def test_a_click_opens_a_call_beside_the_list(admin_page: Page, guard: Guard) -> None:
    admin_page.goto(ALL)
    row(admin_page, 2).click()
    expect(panel(admin_page)).to_contain_text("Tokens")
    assert "call=" in admin_page.url
    expect(row(admin_page, 0)).to_be_visible()
    expect(row(admin_page, 2)).to_have_attribute("aria-selected", "true")
    first = call_in(admin_page)
    row(admin_page, 4).click()
    expect(row(admin_page, 4)).to_have_attribute("aria-selected", "true")
    assert call_in(admin_page) != first
    guard.settled(admin_page)
    admin_page.keyboard.press("Escape")
    expect(panel(admin_page)).to_have_count(0)
    assert "call=" not in admin_page.url


def test_the_keyboard_is_enough(admin_page: Page) -> None:
    admin_page.goto(ALL)
    expect(row(admin_page, 0)).to_be_visible()
    for key in "jjjk":
        admin_page.keyboard.press(key)
    expect(row(admin_page, 1)).to_have_attribute("aria-selected", "true")
    expect(row(admin_page, 1)).to_be_focused()
    admin_page.keyboard.press("Enter")
    expect(panel(admin_page)).to_contain_text("Tokens")
    beside = call_in(admin_page)
    admin_page.keyboard.press("ArrowDown")
    expect(row(admin_page, 2)).to_have_attribute("aria-selected", "true")
    expect(panel(admin_page).get_by_role("heading", name="Tokens")).to_be_visible()
    assert call_in(admin_page) != beside
    opened = call_in(admin_page)
    admin_page.keyboard.press("Enter")
    expect(admin_page.get_by_role("navigation", name="Where this is")).to_contain_text(str(opened))
    admin_page.keyboard.press("Escape")
    expect(panel(admin_page)).to_be_visible()
    admin_page.keyboard.press("Escape")
    expect(panel(admin_page)).to_have_count(0)
    admin_page.keyboard.press("f")
    expect(admin_page.get_by_role("dialog", name="Filter")).to_be_visible()


def test_scroll_and_selection_are_there_on_the_way_back(admin_page: Page, guard: Guard) -> None:
    admin_page.goto(ALL)
    expect(row(admin_page, 0)).to_be_visible()
    guard.settled(admin_page)
    table(admin_page).evaluate("box => box.scrollTo(0, box.scrollHeight)")
    expect(table(admin_page)).to_have_attribute("aria-rowcount", re.compile("^[6-9].."))
    guard.settled(admin_page)
    table(admin_page).evaluate("box => box.scrollTo(0, 36 * 300)")
    row(admin_page, 305).click()
    panel(admin_page).get_by_role("heading", level=2).first.get_by_role("link").click()
    expect(admin_page.get_by_role("heading", level=1)).to_be_visible()
    admin_page.go_back()
    expect(row(admin_page, 305)).to_have_attribute("aria-selected", "true")
    assert scrolled(admin_page) == 36 * 300
    asked = len(guard.requests)
    guard.settled(admin_page)
    assert not [url for url in guard.requests[asked:] if "limit=100" in url], "the list was asked for again"


def test_more_rows_come_while_one_scrolls_and_few_exist(admin_page: Page, guard: Guard) -> None:
    admin_page.goto(ALL)
    expect(row(admin_page, 0)).to_be_visible()
    for _ in range(20):
        table(admin_page).evaluate("box => box.scrollTo(0, box.scrollHeight)")
        guard.settled(admin_page)
        if admin_page.get_by_text("That is all.").is_visible():
            break
    expect(admin_page.get_by_text(re.compile(r"^3,\d\d\d calls$|^2,9\d\d calls$"))).to_be_visible()
    assert rows(admin_page).count() < 80
    numbers = [int(one.get_attribute("data-index") or 0) for one in rows(admin_page).all()]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))


def test_filters_stand_in_the_address_and_as_chips(admin_page: Page, guard: Guard) -> None:
    admin_page.goto(f"{ALL}&status=error&status=timeout&min_latency_ms=100")
    expect(row(admin_page, 0)).to_be_visible()
    guard.settled(admin_page)
    assert not [text for text in rows(admin_page).all_inner_texts() if "success" in text]
    chips = admin_page.get_by_role("list", name="Filters")
    expect(chips).to_contain_text("Latency at least: 100 ms")
    chips.get_by_role("button", name="Remove Status: error").click()
    expect(chips).not_to_contain_text("Status: error")
    expect(rows(admin_page).first).to_contain_text("timeout")
    chips.get_by_role("button", name="Clear all").click()
    expect(rows(admin_page).filter(has_text="success").first).to_be_visible()
    assert "status" not in admin_page.url


def test_filters_without_a_call_can_be_cleared(admin_page: Page) -> None:
    admin_page.goto("/ui/calls?end_user=nobody-at-all")
    expect(admin_page.get_by_text("No calls fit the filters")).to_be_visible()
    admin_page.get_by_role("button", name="Clear the filters").click()
    expect(row(admin_page, 0)).to_be_visible()


def test_the_order_says_among_how_many_it_holds(admin_page: Page, server: str) -> None:
    admin_page.goto(ALL)
    admin_page.get_by_role("columnheader", name="Cost").get_by_role("button").click()
    expect(admin_page.get_by_text(re.compile("^Sorted among the newest [0-9,]+ calls$"))).to_be_visible()
    dearest = ask(server, "/llm/calls?days=90&sort=cost&limit=3")["items"]
    for index, call in enumerate(dearest):
        expect(row(admin_page, index).get_by_label(f"${call['estimated_cost']:.9f}")).to_be_visible()
    assert "sort=cost" in admin_page.url
    expect(admin_page.get_by_role("columnheader", name="Cost")).to_have_attribute("aria-sort", "descending")
    admin_page.get_by_role("button", name="Order: Most expensive first").click()
    admin_page.get_by_role("menuitem", name="Newest first").click()
    expect(admin_page.get_by_text("Sorted among")).to_have_count(0)


def test_chosen_columns_stay_chosen(admin_page: Page) -> None:
    admin_page.goto(ALL)
    head = table(admin_page).get_by_role("columnheader")
    expect(head.filter(has_text="Rating")).to_be_visible()
    admin_page.get_by_role("button", name="Choose columns").click()
    admin_page.get_by_role("checkbox", name="Rating").uncheck()
    admin_page.get_by_role("checkbox", name="Project").check()
    admin_page.keyboard.press("Escape")
    admin_page.reload()
    expect(head.filter(has_text="Project")).to_be_visible()
    expect(head.filter(has_text="Rating")).to_have_count(0)


def test_new_calls_are_announced_and_move_nothing(own_server: str, open_page: OpenPage, guard: Guard) -> None:
    page = open_page(address=own_server)
    page.goto("/ui/calls")
    expect(row(page, 0)).to_be_visible()
    guard.settled(page)
    first = row(page, 0).inner_text()
    log_call(own_server, name="one-more")
    log_call(own_server, name="the-newest")
    page.get_by_role("button", name="Live: refresh").click()
    news = page.get_by_role("button", name="2 new calls")
    expect(news).to_be_visible()
    assert row(page, 0).inner_text() == first
    news.click()
    expect(row(page, 0)).to_contain_text("the-newest")
    expect(row(page, 1)).to_contain_text("one-more")
    expect(news).to_have_count(0)


def test_a_list_that_was_cut_by_its_time_goes_on_when_one_says_so(admin_page: Page, guard: Guard) -> None:
    def cut(route: Route) -> None:
        answer = route.fetch()
        page: Any = answer.json()
        if "cursor" not in route.request.url:
            page["data"] |= {"items": page["data"]["items"][:3], "scanned_to": "2026-11-03T13:20:00Z"}
        route.fulfill(response=answer, body=json.dumps(page))

    admin_page.route("**/llm/calls?*", cut)
    admin_page.goto(f"{ALL}&cache_hit=false")
    note = admin_page.get_by_text("Scanned to 3 Nov, 14:20:00")
    expect(note).to_be_visible()
    guard.settled(admin_page)
    expect(rows(admin_page)).to_have_count(3)
    admin_page.get_by_role("button", name="Continue").click()
    expect(row(admin_page, 10)).to_be_visible()
    expect(note).to_have_count(0)


def test_what_went_wrong_is_said_and_can_be_tried_again(admin_page: Page, guard: Guard) -> None:
    guard.expect("500")
    failing = True

    def fail(route: Route) -> None:
        if failing:
            route.fulfill(status=500, json={"detail": "The disk is full.", "status": 500, "request_id": "req-17"})
        else:
            route.continue_()

    admin_page.route("**/llm/calls?*", fail)
    admin_page.goto(ALL)
    note = admin_page.get_by_role("alert")
    expect(note).to_contain_text("The disk is full.")
    expect(note).to_contain_text("req-17")
    failing = False
    note.get_by_role("button", name="Try again").click()
    expect(row(admin_page, 0)).to_be_visible()


def test_where_there_is_nothing_yet_the_way_on_is_shown(empty_server: str, open_page: OpenPage) -> None:
    page = open_page(address=empty_server)
    page.goto("/ui/calls")
    expect(page.get_by_role("link", name="Connect a program")).to_be_visible()


def test_a_viewer_who_was_given_the_right_sees_calls(own_server: str, open_page: OpenPage, guard: Guard) -> None:
    let_viewer_read_calls(own_server)
    page = open_page("viewer", address=own_server)
    page.goto(ALL)
    row(page, 0).click()
    expect(panel(page)).to_contain_text("Feedback")
    guard.settled(page)
    assert not [url for url in guard.requests if "/feedback?" in url], "only an admin may list ratings"


def test_a_list_with_a_call_beside_it_has_no_serious_fault_of_accessibility(
    admin_page: Page, check_axe: CheckAxe, guard: Guard
) -> None:
    admin_page.goto(ALL)
    row(admin_page, 1).click()
    guard.settled(admin_page)
    check_axe(admin_page)

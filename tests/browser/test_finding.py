"""Finding calls: menus of what there is, the search, saved views, taking calls out, and the live tail."""

import csv
import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Locator, Page, expect

from tests.browser.asking import ask, log_call
from tests.browser.conftest import CheckAxe, OpenPage
from tests.browser.guard import Guard
from tests.browser.test_calls import ALL, row, scrolled, table


def menu(page: Page, name: str) -> Locator:
    page.get_by_role("button", name=name, exact=True).click()
    return page.get_by_role("dialog").last


def test_a_filter_menu_has_what_there_is_with_counts_and_a_search(
    admin_page: Page, server: str, check_axe: CheckAxe
) -> None:
    top = ask(server, "/llm/calls/facets?days=90&field=end_user&limit=1")["values"][0]
    admin_page.goto(ALL)
    expect(row(admin_page, 0)).to_be_visible()
    admin_page.keyboard.press("f")
    dialog = admin_page.get_by_role("dialog", name="Filter")
    dialog.get_by_role("button", name="End user").click()
    expect(dialog.get_by_role("button", name=f"{top['value']} {top['count']} calls")).to_be_visible()
    check_axe(admin_page)
    dialog.get_by_label("Search End user").fill(top["value"].upper())
    dialog.get_by_role("button", name=f"{top['value']} {top['count']} calls").click()
    expect(dialog).to_have_count(0)
    expect(admin_page).to_have_url(re.compile(f"end_user={top['value']}"))
    admin_page.keyboard.press("f")
    dialog.get_by_role("button", name="End user").click()
    dialog.get_by_label("Search End user").fill("nobody has this")
    dialog.get_by_role("button", name="Exactly").click()
    expect(admin_page.get_by_text("No calls")).to_be_visible()


def test_a_search_finds_marks_and_stands_in_the_address(admin_page: Page, guard: Guard, check_axe: CheckAxe) -> None:
    admin_page.goto(ALL)
    expect(row(admin_page, 0)).to_be_visible()
    admin_page.keyboard.press("/")
    box = admin_page.get_by_role("textbox", name="Search prompts and answers")
    expect(box).to_be_focused()
    expect(admin_page.get_by_text("for beginnings")).to_be_visible()
    box.fill("order")
    box.press("Enter")
    expect(admin_page).to_have_url(re.compile("text=order"))
    expect(table(admin_page).locator("mark").first).to_have_text(re.compile("order", re.IGNORECASE))
    expect(admin_page.get_by_role("list", name="Filters")).to_contain_text("Text: order")
    guard.settled(admin_page)
    check_axe(admin_page)
    admin_page.get_by_role("button", name="Clear the search").click()
    expect(admin_page).not_to_have_url(re.compile("text="))
    expect(table(admin_page).locator("mark")).to_have_count(0)


def test_a_view_is_saved_shared_renamed_and_deleted(own_server: str, open_page: OpenPage, check_axe: CheckAxe) -> None:
    page = open_page(address=own_server)
    page.goto(f"{ALL}&status=error")
    expect(row(page, 0)).to_be_visible()
    views = menu(page, "Views")
    views.get_by_role("button", name="Save this view").click()
    views.get_by_label("Name").fill("Errors " + "w" * 90)
    views.get_by_label("Share it").check()
    check_axe(page)
    views.get_by_role("button", name="Save view").click()
    expect(views.get_by_role("link", name="Errors")).to_have_attribute("aria-current", "page")
    assert ask(own_server, "/views")["items"][0]["filters"]["status"] == ["error"]
    check_axe(page)
    page.goto("/ui/calls")
    views = menu(page, "Views")
    views.get_by_role("link", name="Errors").click()
    expect(page).to_have_url(re.compile("range=90d.*status=error|status=error.*range=90d"))
    views = menu(page, "Views")
    views.get_by_role("button", name="Edit Errors").click()
    views.get_by_label("Name").fill("Faults")
    views.get_by_role("button", name="Save view").click()
    expect(views.get_by_role("link", name="Faults")).to_be_visible()
    views.get_by_role("button", name="Edit Faults").click()
    views.get_by_role("button", name="Delete").click()
    page.get_by_role("button", name="Delete view").click()
    expect(page.get_by_role("button", name="Delete view")).to_have_count(0)
    assert ask(own_server, "/views")["items"] == []


def test_what_is_filtered_is_taken_out(admin_page: Page, server: str, tmp_path: Path) -> None:
    admin_page.goto(f"{ALL}&status=error&status=timeout")
    expect(row(admin_page, 0)).to_be_visible()
    export = menu(admin_page, "Export")
    expect(export).to_contain_text(re.compile(r"About \d+ calls"))
    told = int(re.findall(r"About (\d+)", export.inner_text())[0])
    link = export.get_by_role("link", name="CSV")
    asked = parse_qs(urlsplit(link.get_attribute("href") or "").query)
    assert (asked["format"], asked["status"]) == (["csv"], ["error", "timeout"])
    with admin_page.expect_download() as waiting:
        link.click()
    waiting.value.save_as(tmp_path / "calls.csv")
    with (tmp_path / "calls.csv").open(newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert len(found) == told
    assert {line["status"] for line in found} == {"error", "timeout"}


def test_new_calls_come_in_and_move_nothing_that_is_read(own_server: str, open_page: OpenPage, guard: Guard) -> None:
    page = open_page(address=own_server)
    page.goto("/ui/calls?range=90d&project=default")
    expect(page.get_by_role("main")).not_to_have_attribute("aria-busy", "true")
    switch = page.get_by_role("button", name="Live tail")
    with page.expect_response(re.compile("/llm/calls/stream")):
        switch.click()
    expect(switch).to_have_attribute("data-state", "live")
    log_call(own_server, name="the-first")
    expect(row(page, 0)).to_contain_text("the-first")
    page.keyboard.press("Space")
    log_call(own_server, name="the-second")
    log_call(own_server, name="the-third")
    expect(page.get_by_role("button", name="2 new calls")).to_be_visible()
    expect(row(page, 0)).to_contain_text("the-first")
    page.get_by_role("button", name="2 new calls").click()
    expect(row(page, 0)).to_contain_text("the-third")
    expect(row(page, 1)).to_contain_text("the-second")
    assert scrolled(page) == 0
    switch.click()
    expect(switch).to_have_attribute("aria-pressed", "false")

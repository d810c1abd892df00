"""What holds on each page, whatever it is about."""

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import CheckAxe, OpenPage
from tests.browser.guard import Guard

FOR_ALL = ["/ui/overview", "/ui/cost", "/ui/models", "/ui/connect", "/ui/account"]
FOR_READERS = ["/ui/calls"]
FOR_ADMINS = ["/ui/settings", "/ui/users", "/ui/projects", "/ui/api-keys", "/ui/audit-log", "/ui/health"]
PAGES = [*FOR_ALL, *FOR_READERS, *FOR_ADMINS]
MOST_REQUESTS = 8
"""Of the API, until a page is complete."""


def asked(guard: Guard) -> list[str]:
    """What was asked of the API, without the page's own files."""
    return [url for url in guard.requests if not urlsplit(url).path.startswith("/ui/")]


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_no_serious_fault_of_accessibility(
    path: str, admin_page: Page, check_axe: CheckAxe, guard: Guard
) -> None:
    admin_page.goto(path)
    expect(admin_page.locator("main h1")).to_have_count(1)
    guard.settled(admin_page)
    check_axe(admin_page)


@pytest.mark.parametrize("path", PAGES)
def test_a_page_asks_little_and_fits_its_window(path: str, open_page: OpenPage, guard: Guard) -> None:
    page = open_page(width=360)
    page.goto(path)
    expect(page).to_have_title(re.compile(r".+ · Callscope"))
    guard.settled(page)
    assert len(asked(guard)) <= MOST_REQUESTS, asked(guard)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, "it scrolls sideways"


@pytest.mark.parametrize("path", FOR_READERS + FOR_ADMINS)
def test_a_viewer_is_told_what_he_may_not_see(path: str, viewer_page: Page, guard: Guard) -> None:
    viewer_page.goto(path)
    guard.settled(viewer_page)
    expect(viewer_page.get_by_role("main")).to_contain_text("admin")
    assert not [url for url in asked(guard) if path.removeprefix("/ui") in urlsplit(url).path]


def test_a_viewer_finds_no_way_to_the_pages_of_admins(viewer_page: Page, guard: Guard) -> None:
    viewer_page.goto("/ui/")
    guard.settled(viewer_page)
    expect(viewer_page.get_by_role("navigation").first).to_be_visible()
    links = [link.get_attribute("href") for link in viewer_page.locator("a[href]").all()]
    assert "/ui/overview" in links
    assert not set(FOR_ADMINS) & set(links)


def test_nobody_gets_to_a_page_without_logging_in(open_page: OpenPage, guard: Guard) -> None:
    guard.expect("401")  # it asks who is logged in
    page = open_page("nobody")
    for path in PAGES:
        page.goto(path)
        expect(page.locator('input[type="password"]')).to_be_visible()
    assert {urlsplit(request).path for request in asked(guard)} <= {"/auth/me", "/auth/options"}


def test_the_sign_in_page_has_no_serious_fault_of_accessibility(
    open_page: OpenPage, check_axe: CheckAxe, guard: Guard
) -> None:
    guard.expect("401")
    page = open_page("nobody")
    page.goto("/ui/sign-in")
    guard.settled(page)
    check_axe(page)

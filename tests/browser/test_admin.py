"""Settings, users, projects, API keys, audit log and account, as an admin and as a viewer."""

import re

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import CheckAxe, OpenPage
from tests.browser.guard import Guard

ADMIN = {"email": "admin@example.com", "password": "admin123"}
LONG = "A name that goes on " * 10


def client(address: str, email: str = ADMIN["email"], password: str = ADMIN["password"]) -> httpx.Client:
    """The API, as a program with a login sees it."""
    answer = httpx.post(f"{address}/auth/login", json={"email": email, "password": password}, timeout=30)
    answer.raise_for_status()
    headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    return httpx.Client(base_url=address, headers=headers, timeout=30)


# Settings


def test_settings_are_saved_by_one_button(admin: Page, changing: str, guard: Guard) -> None:
    admin.goto("/ui/settings")
    save = admin.get_by_role("button", name="Save settings")
    expect(save).to_be_disabled()
    admin.get_by_role("switch", name="Claude Haiku 4.5").click(force=True)
    cap = admin.get_by_label("Tokens per request, at most")
    cap.fill("a lot")
    expect(admin.get_by_text("Must be a whole number, or empty for no cap")).to_be_visible()
    expect(save).to_be_disabled()
    cap.fill("4,096")
    admin.get_by_label("Cached answers hold for, in seconds").fill("600")
    save.click()
    expect(admin.get_by_text(re.compile("Last changed .*by admin@example.com"))).to_be_visible()
    expect(save).to_be_disabled()
    with client(changing) as api:
        now = api.get("/settings").json()["data"]
    assert (now["claude_haiku_45_enabled"], now["max_tokens_per_request"]) == (False, 4096)
    assert (now["enable_caching"], now["cache_ttl_seconds"]) == (False, 600)
    admin.goto("/ui/models?q=claude-haiku-4-5")
    haiku = admin.get_by_role("switch", name="Enable claude-haiku-4-5 of anthropic", exact=True)
    expect(haiku).not_to_be_checked()
    haiku.click(force=True)  # it is the same switch
    guard.settled(admin)
    expect(haiku).to_be_checked()
    admin.goto("/ui/settings")
    expect(admin.get_by_role("switch", name="Claude Haiku 4.5")).to_be_checked()


def test_a_cap_that_the_api_refuses_says_so_at_its_field(admin: Page, guard: Guard) -> None:
    guard.expect("422")
    admin.goto("/ui/settings")
    admin.get_by_label("Tokens per request, at most").fill("0")
    admin.get_by_role("button", name="Save settings").click()
    expect(admin.get_by_text("Must be at least 1")).to_be_visible()


# Users


def test_a_user_is_made_limited_deactivated_and_deleted(admin: Page, changing: str, guard: Guard) -> None:
    guard.expect("422|409")
    admin.goto("/ui/users")
    admin.get_by_role("button", name="Add user").click()
    dialog = admin.get_by_role("dialog", name="Add user")
    dialog.get_by_label("Email").fill("sam")
    dialog.get_by_role("textbox", name="Password").fill("correct horse battery")
    dialog.get_by_role("button", name="Create user").click()
    expect(dialog.get_by_text("Must be an email address")).to_be_visible()
    dialog.get_by_label("Email").fill("viewer@example.com")
    dialog.get_by_role("button", name="Create user").click()
    expect(dialog.get_by_text("There is a user with this email already.")).to_be_visible()
    dialog.get_by_label("Email").fill("sam@example.com")
    dialog.get_by_label("Only these").check()
    dialog.get_by_role("combobox", name="Projects that the user sees").click()
    admin.get_by_role("option", name="code-review").click()
    dialog.get_by_role("button", name="Create user").click()
    expect(dialog).to_be_hidden()
    row = admin.get_by_role("row").filter(has_text="sam@example.com")
    expect(row).to_contain_text("code-review")

    row.get_by_role("link").click()
    dialog = admin.get_by_role("dialog", name="sam@example.com")
    expect(dialog.get_by_role("button", name="Save")).to_be_disabled()
    dialog.get_by_label("May read calls").check()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_be_hidden()
    expect(row).to_contain_text("Yes")
    with client(changing) as api:
        sam = next(user for user in api.get("/users").json()["data"]["items"] if user["email"] == "sam@example.com")
    assert (sam["projects"], sam["can_read_calls"]) == (["code-review"], True)

    row.get_by_role("link").click()
    dialog.get_by_role("button", name="Deactivate user").click()
    admin.get_by_role("dialog", name="Deactivate sam@example.com?").get_by_role(
        "button", name="Deactivate user"
    ).click()
    expect(row).to_contain_text("Deactivated")

    row.get_by_role("link").click()
    dialog.get_by_role("button", name="Delete user").click()
    question = admin.get_by_role("dialog", name="Delete sam@example.com?")
    admin.keyboard.press("Enter")  # no button is chosen beforehand
    expect(question).to_be_visible()
    question.get_by_role("button", name="Delete user").click()
    expect(row).to_have_count(0)


def test_the_last_admin_stays_and_the_api_says_why(own_server: str, open_page: OpenPage, guard: Guard) -> None:
    guard.expect("409|401")
    owner = {"email": "owner@example.com", "password": "correct horse battery"}
    page = open_page(address=own_server)
    page.goto("/ui/users?tab=new")
    dialog = page.get_by_role("dialog", name="Add user")
    dialog.get_by_label("Email").fill(owner["email"])
    dialog.get_by_role("textbox", name="Password").fill(owner["password"])
    dialog.get_by_label("Admin", exact=True).check()
    expect(dialog.get_by_text("the demo logins end")).to_be_visible()
    dialog.get_by_role("button", name="Create user").click()
    # The demo login has ended with it.
    page.wait_for_url(re.compile("/ui/sign-in"))
    page.get_by_label("Email").fill(owner["email"])
    page.get_by_role("textbox", name="Password").fill(owner["password"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile("/ui/users"))
    page.get_by_role("link", name=owner["email"]).click()
    dialog = page.get_by_role("dialog", name=owner["email"])
    dialog.get_by_label("Viewer", exact=True).check()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("This is the last admin. Make another user an admin first.")
    dialog.get_by_role("button", name="Delete user").click()
    page.get_by_role("dialog", name=f"Delete {owner['email']}?").get_by_role("button", name="Delete user").click()
    expect(dialog.get_by_role("alert").last).to_contain_text("This is the last admin.")


# Projects


def test_what_a_retention_would_delete_is_asked_about_first(admin: Page, changing: str, guard: Guard) -> None:
    with client(changing) as api:
        call = {"model": "gpt-4", "prompt_tokens": 1, "completion_tokens": 1, "latency_ms": 1, "status": "success"}
        old = {**call, "project": "short-lived", "created_at": "2026-01-02T10:00:00Z", "prompt": "old"}
        api.post("/llm/log-call", json=old).raise_for_status()
    admin.goto("/ui/projects")
    admin.get_by_role("link", name="Edit short-lived").click()
    form = admin.get_by_role("dialog", name="short-lived")
    form.get_by_label("Keep calls (days)").fill("20")
    form.get_by_role("button", name="Save").click()
    question = admin.get_by_role("dialog", name="Delete what “short-lived” keeps no longer?")
    expect(question).to_contain_text("about 1 calls from before")
    question.get_by_role("button", name="Cancel").click()
    form.get_by_role("button", name="Save").click()
    question.get_by_role("button", name="Save and delete").click()
    guard.settled(admin)
    with client(changing) as api:
        kept = {one["name"]: one["row_days"] for one in api.get("/projects").json()["data"]["items"]}
    assert kept["short-lived"] == 20


def test_a_project_is_made_and_renamed(admin: Page, changing: str, guard: Guard) -> None:
    guard.expect("409|422")
    admin.goto("/ui/projects")
    admin.get_by_role("button", name="Add project").click()
    dialog = admin.get_by_role("dialog", name="Add project")
    dialog.get_by_role("button", name="Create project").click()
    expect(dialog.get_by_text("Must not be empty")).to_be_visible()
    dialog.get_by_label("Name").fill("code-review")
    dialog.get_by_role("button", name="Create project").click()
    expect(dialog.get_by_text("There is a project 'code-review' already.")).to_be_visible()
    dialog.get_by_label("Name").fill("shop")
    dialog.get_by_label("Description").fill("The shop's assistant")
    dialog.get_by_role("button", name="Create project").click()
    expect(dialog).to_be_hidden()
    admin.get_by_role("link", name="Edit shop").click()
    dialog = admin.get_by_role("dialog", name="shop")
    dialog.get_by_label("Name").fill("store")
    dialog.get_by_role("button", name="Save").click()
    expect(admin.get_by_role("row").filter(has_text="store")).to_contain_text("The shop's assistant")
    with client(changing) as api:
        names = [project["name"] for project in api.get("/projects").json()["data"]["items"]]
    assert "store" in names
    assert "shop" not in names
    admin.get_by_role("link", name="Edit default").click()
    expect(admin.get_by_role("dialog", name="default").get_by_label("Name")).not_to_be_editable()


# API keys


def test_a_keys_secret_is_shown_once(admin: Page, changing: str, guard: Guard) -> None:
    guard.expect("422")
    admin.goto("/ui/api-keys")
    admin.get_by_role("button", name="Create key").click()
    dialog = admin.get_by_role("dialog", name="Create key")
    dialog.get_by_role("button", name="Create key").click()
    expect(dialog.get_by_text("Must not be empty")).to_be_visible()
    dialog.get_by_label("Name").fill("the nightly report")
    dialog.get_by_label("ingest").uncheck()
    dialog.get_by_label("metrics").check()
    dialog.get_by_role("combobox", name="Project").click()
    admin.get_by_role("option", name="All projects").click()
    dialog.get_by_role("button", name="Create key").click()
    made = admin.get_by_role("dialog", name="Key “the nightly report”")
    secret = made.locator("code").first.inner_text()
    admin.keyboard.press("Escape")  # it would be gone
    expect(made).to_be_visible()
    headers = {"Authorization": f"Bearer {secret}"}
    assert httpx.get(f"{changing}/metrics/summary", headers=headers).status_code == 200
    assert httpx.get(f"{changing}/llm/calls", headers=headers).status_code == 403
    made.get_by_role("button", name="Done").click()
    row = admin.get_by_role("row").filter(has_text="the nightly report")
    expect(row).to_contain_text(secret[:10])
    assert secret not in admin.content()
    row.get_by_role("link", name="Edit key the nightly report").click()
    dialog = admin.get_by_role("dialog", name="the nightly report")
    dialog.get_by_label("Requests a minute").fill("1200")
    dialog.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("1,200")
    row.get_by_role("button", name="Delete key the nightly report").click()
    question = admin.get_by_role("dialog", name="Delete the key “the nightly report”?")
    question.get_by_role("button", name="Delete key").click()
    expect(row).to_have_count(0)
    assert httpx.get(f"{changing}/metrics/summary", headers=headers).status_code == 401


# Audit log


def test_the_audit_log_says_who_changed_what_from_what_to_what(admin: Page, changing: str, guard: Guard) -> None:
    with client(changing) as api:
        for cap in (700, 4097):
            api.put("/settings", json={"max_tokens_per_request": cap}).raise_for_status()
        body = {"email": "sue@example.com", "password": "correct horse battery", "projects": ["code-review"]}
        sue = api.post("/users", json=body).json()["data"]["id"]
        api.patch(f"/users/{sue}", json={"projects": ["default", "code-review"]}).raise_for_status()
    admin.goto("/ui/audit-log")
    entries = admin.get_by_role("list", name="Changes, the newest first").locator("> li")
    expect(entries.first).to_contain_text("Changed a user sue@example.com")
    expect(entries.first).to_contain_text(re.compile(r"code-review.*default, code-review"))
    admin.get_by_role("combobox", name="What was changed").click()
    admin.get_by_role("option", name="Settings").click()
    expect(entries.first).to_contain_text("Changed settings")
    expect(entries.first).to_contain_text("admin@example.com")
    expect(entries.first).to_contain_text(re.compile(r"Tokens per request, at most\s*700\s*4,097"))
    expect(admin).to_have_url(re.compile(r"tab=settings"))
    guard.settled(admin)
    admin.get_by_role("combobox", name="Who changed it").fill("nobody@example.com")
    admin.keyboard.press("Enter")
    expect(admin.get_by_text("No changes fit the filters.")).to_be_visible()
    admin.get_by_role("button", name="Clear the filters").click()
    expect(entries.first).to_contain_text("Changed a user sue@example.com")


def test_the_audit_log_is_paged(admin: Page, changing: str) -> None:
    with client(changing) as api:
        for number in range(120):
            api.put("/settings", json={"max_tokens_per_request": 1000 + number}).raise_for_status()
    admin.goto("/ui/audit-log?tab=settings.*")
    entries = admin.get_by_role("list", name="Changes, the newest first").locator("> li")
    expect(entries).to_have_count(100)
    admin.get_by_role("button", name="Show older changes").click()
    expect(admin.get_by_role("button", name="Show older changes")).to_have_count(0)
    assert 120 <= entries.count() < 200


# Account


def test_a_password_is_changed_and_one_signs_out(own_server: str, open_page: OpenPage, guard: Guard) -> None:
    guard.expect("403|401|422")
    page = open_page("viewer", address=own_server)
    page.goto("/ui/account")
    expect(page.get_by_role("main")).to_contain_text("viewer@example.com")
    expect(page.get_by_role("main")).to_contain_text("Not to be read")
    current = page.get_by_role("textbox", name="Current password")
    new = page.get_by_role("textbox", name="New password")
    change = page.get_by_role("button", name="Change password")
    current.fill("wrong")
    new.fill("staple the battery")
    change.click()
    expect(page.get_by_text("The current password is wrong.")).to_be_visible()
    current.fill("viewer123")
    new.fill("short")
    change.click()
    expect(page.get_by_text(re.compile("8 characters to 72 bytes|at least 8"))).to_be_visible()
    new.fill("staple the battery")
    change.click()
    expect(page.get_by_text("Password changed. Your other sessions have ended.")).to_be_visible(timeout=20_000)
    page.reload()  # this session goes on
    expect(page.get_by_role("main")).to_contain_text("viewer@example.com")
    page.get_by_role("main").get_by_role("button", name="Sign out").click()
    page.wait_for_url(re.compile("/ui/sign-in"))
    client(own_server, "viewer@example.com", "staple the battery").close()


# All of them


@pytest.mark.parametrize(
    "path", ["/ui/users?tab=new", "/ui/projects?tab=new", "/ui/api-keys?tab=new", "/ui/models?tab=new",
             "/ui/models?model=gpt-4o"],
)  # fmt: skip
def test_a_panel_has_no_serious_fault_of_accessibility(
    path: str, admin_page: Page, check_axe: CheckAxe, guard: Guard
) -> None:
    admin_page.goto(path)
    expect(admin_page.get_by_role("dialog")).to_be_visible()
    guard.settled(admin_page)
    check_axe(admin_page)


def test_long_names_do_not_break_a_page(changing: str, open_page: OpenPage, guard: Guard) -> None:
    with client(changing) as api:
        project = (LONG * 2)[:100].strip()
        email = f"{'a-long-name' * 20}@example.com"[-254:]
        api.post("/projects", json={"name": project, "description": LONG * 2}).raise_for_status()
        api.post("/api-keys", json={"name": project, "scopes": ["ingest"], "project": project}).raise_for_status()
        api.post("/llm/models", json={"name": LONG.replace(" ", "x"), "provider": project}).raise_for_status()
        body = {"email": email, "password": "correct horse battery", "projects": [project, "default"]}
        api.post("/users", json=body).raise_for_status()
    page = open_page(address=changing, width=360)
    for path in ("users", "projects", "api-keys", "models?q=that", "audit-log", f"connect?project={project}"):
        page.goto(f"/ui/{path}")
        guard.settled(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360, f"{path} scrolls sideways"

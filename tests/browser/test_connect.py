"""Connect: from an empty server to a call that is seen, with what the page gives to paste."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.browser.asking import ask
from tests.browser.conftest import OpenPage
from tests.browser.guard import Guard
from tests.provider import running

CLIPBOARD = ["clipboard-read", "clipboard-write"]
WAYS = {"curl": "curl", "python": "Python requests", "client": "Python client"}
CLIENTS = {"OpenAI": "gpt-4o-mini", "Anthropic": "claude-sonnet-5-5"}
"""What the snippets with a provider's own client ask."""


def run_in_terminal(text: str, folder: Path, **variables: str) -> str:
    """What a shell says to the pasted text; `python3` is this Python, which has what the snippets need."""
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    done = subprocess.run(
        ["/bin/bash"], input=text, env={"PATH": path, "HOME": str(folder), **variables}, cwd=folder,
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout


def copied_snippet(page: Page) -> str:
    """Press the copy button of the second step; gives what is in the clipboard then."""
    page.get_by_role("button", name="Copy", exact=True).click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    text: str = page.evaluate("() => navigator.clipboard.readText()")
    return text


@pytest.mark.parametrize("way", WAYS)
def test_an_empty_server_shows_its_first_call(way: str, empty_server: str, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(address=empty_server, permissions=CLIPBOARD)
    page.goto("/ui/connect")
    expect(page.get_by_role("button", name="Copy", exact=True)).to_be_disabled()
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_role("heading", name="Create a key (done)")).to_be_visible()
    page.get_by_text(WAYS[way], exact=True).click()
    snippet = copied_snippet(page)
    assert empty_server in snippet
    expect(page.get_by_role("heading", name="See it arrive (done)")).to_have_count(0)
    assert "estimated_cost" in run_in_terminal(snippet, tmp_path)
    card = page.get_by_role("article", name="The first call")
    expect(card).to_contain_text("gpt-4o-mini")
    expect(card).to_contain_text("Say hello to Callscope.")
    expect(page.get_by_role("heading", name="See it arrive (done)")).to_be_visible()
    card.get_by_role("link", name="Open the call").click()
    expect(page).to_have_url(f"{empty_server}/ui/calls/1")
    expect(page.get_by_role("main")).to_contain_text("gpt-4o-mini")


def test_the_clients_of_providers_are_instrumented(empty_server: str, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(address=empty_server, permissions=CLIPBOARD)
    page.goto("/ui/connect")
    page.get_by_role("button", name="Create key").click()
    with running() as provider:
        for client, model in CLIENTS.items():
            page.get_by_text(client, exact=True).click()
            name = client.upper()
            base = f"{provider}/v1" if client == "OpenAI" else provider
            keys = {f"{name}_API_KEY": "any", f"{name}_BASE_URL": base}
            assert run_in_terminal(copied_snippet(page), tmp_path, **keys)
            newest = ask(empty_server, "/llm/calls?limit=1")["items"][0]
            assert (newest["model"], newest["preview"]) == (model, "Say hello to Callscope.")


def test_a_key_belongs_to_the_project_that_was_chosen(own_server: str, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(address=own_server, permissions=CLIPBOARD)
    page.goto("/ui/connect")
    page.get_by_role("combobox", name="Project").click()
    page.get_by_role("option", name="code-review").click()
    expect(page).to_have_url(f"{own_server}/ui/connect?project=code-review")
    page.get_by_role("button", name="Create key").click()
    run_in_terminal(copied_snippet(page), tmp_path)
    expect(page.get_by_role("article", name="The first call")).to_contain_text("code-review")


def test_only_the_calls_of_the_new_key_count(own_server: str, open_page: OpenPage, tmp_path: Path) -> None:
    """A server where others are at work is no proof that this program is connected."""
    page = open_page(address=own_server, permissions=CLIPBOARD)
    page.goto("/ui/connect")
    page.get_by_role("button", name="Create key").click()
    expect(page.get_by_text("Waiting for the call.")).to_be_visible()
    token = httpx.post(f"{own_server}/auth/login", json={"email": "admin@example.com", "password": "admin123"}).json()[
        "access_token"
    ]
    call = {"model": "gpt-4", "prompt_tokens": 1, "completion_tokens": 1, "latency_ms": 1, "status": "success"}
    httpx.post(f"{own_server}/llm/log-call", json=call, headers={"Authorization": f"Bearer {token}"}).raise_for_status()
    page.wait_for_timeout(3_000)
    expect(page.get_by_text("Waiting for the call.")).to_be_visible()
    run_in_terminal(copied_snippet(page), tmp_path)
    expect(page.get_by_role("article", name="The first call")).to_contain_text("gpt-4o-mini")


def test_a_viewer_pastes_a_key_that_an_admin_made(
    own_server: str, open_page: OpenPage, tmp_path: Path, guard: Guard
) -> None:
    token = httpx.post(f"{own_server}/auth/login", json={"email": "admin@example.com", "password": "admin123"}).json()[
        "access_token"
    ]
    body = {"name": "shop", "scopes": ["ingest"]}
    secret = httpx.post(f"{own_server}/api-keys", json=body, headers={"Authorization": f"Bearer {token}"}).json()[
        "data"
    ]["secret"]
    page = open_page("viewer", address=own_server, permissions=CLIPBOARD)
    page.goto("/ui/connect")
    guard.settled(page)
    expect(page.get_by_role("main")).to_contain_text("An admin can make a key for you")
    field = page.get_by_label("API key")
    field.fill("sk-not-one-of-ours")
    expect(page.get_by_text("An API key starts with cs_")).to_be_visible()
    expect(page.get_by_role("button", name="Copy", exact=True)).to_be_disabled()
    field.fill(f" {secret} ")
    page.wait_for_timeout(2_500)  # until it has counted what there is
    run_in_terminal(copied_snippet(page), tmp_path)
    expect(page.get_by_text("A call has arrived")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("link", name="Open the call")).to_have_count(0)
    assert not [request for request in guard.requests if "/llm/calls" in request or "/api-keys" in request]


def test_what_does_not_work_yet_is_not_offered(admin_page: Page) -> None:
    admin_page.goto("/ui/connect")
    ways = admin_page.get_by_role("radiogroup", name="How your program calls models")
    expect(ways.get_by_role("radio")).to_have_count(len(WAYS) + len(CLIENTS))

"""What an admin sets in the page holds in a program that runs elsewhere."""

import pytest
from playwright.sync_api import expect

import callscope
from callscope.observability import follow
from tests.browser.asking import ask
from tests.browser.conftest import OpenPage
from tests.observability.test_settings import SPELLINGS, refuses, soon


def test_a_running_program_refuses_the_model_that_an_admin_switches_off(
    empty_server: str, open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(follow, "FIRST_SECONDS", 60.0)
    key = ask(empty_server, "/api-keys", method="POST", body={"name": "a program", "scopes": ["ingest"]})["secret"]
    page = open_page(address=empty_server)
    page.goto("/ui/settings")
    with callscope.connect(empty_server, api_key=key) as db:
        assert not any(refuses(db, name) for name in SPELLINGS)
        page.get_by_role("switch", name="Claude Haiku 4.5").click(force=True)
        page.get_by_role("button", name="Save settings").click()
        soon(lambda: refuses(db, SPELLINGS[0]))
        assert all(refuses(db, name) for name in SPELLINGS)
        assert not refuses(db, "claude-sonnet-4-5")
        assert db.flush()
    refused = [call for call in ask(empty_server, "/llm/calls?limit=500")["items"] if call["refused"]]
    assert len(refused) > len(SPELLINGS)
    assert not any(call["policy_violation"] for call in refused)
    page.goto("/ui/audit-log?tab=settings.*")
    change = page.get_by_role("list", name="Changes, the newest first").locator("> li").first
    expect(change).to_contain_text("admin@example.com")
    expect(change).to_contain_text("Claude Haiku 4.5")

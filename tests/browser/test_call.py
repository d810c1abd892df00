"""A call: its conversation, its facts, and that what people wrote is text and nothing else."""

import json

import pytest
from playwright.sync_api import Dialog, Locator, Page, expect

from tests.browser.asking import ask, let_viewer_read_calls, log_call
from tests.browser.conftest import CheckAxe, OpenPage
from tests.browser.guard import Guard

CLIPBOARD = ["clipboard-read", "clipboard-write"]
HOSTILE = """<img src=x onerror="alert(1)"><script>alert(2)</script><iframe src="javascript:alert(3)"></iframe>

# <b>Heading</b>

[script](javascript:alert(4)) [data](data:text/html,<script>alert(5)</script>) ![picture](https://example.com/x.png)
<a href="https://example.com/" onclick="alert(6)">raw</a> <svg onload=alert(7)></svg>

<style>body { display: none }</style><base href="https://example.com/"><meta http-equiv="refresh" content="0;url=/">

```html
<script>alert(8)</script>
```
"""
INJECTED = ", ".join(
    f"main {tag}" for tag in ("script", "iframe", "img", "style", "base", "meta", "object", "svg[onload]", "[onclick]")
)


def conversation(page: Page) -> Locator:
    return page.get_by_role("region", name="Conversation")


def facts(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Facts")


def a_call(server: str, where: str) -> dict[str, object]:
    """The newest call that fits."""
    found: dict[str, object] = ask(server, f"/llm/calls?days=90&limit=1&{where}")["items"][0]
    return found


def test_a_call_is_shown_with_its_messages_and_facts(admin_page: Page, server: str) -> None:
    call = ask(server, f"/llm/calls/{a_call(server, 'status=success&provider=anthropic')['id']}")
    admin_page.goto(f"/ui/calls/{call['id']}")
    expect(admin_page.get_by_role("heading", level=1)).to_have_text(call["name"])
    messages = conversation(admin_page).get_by_role("article")
    expect(messages.first).to_contain_text("system")
    expect(messages.last).to_contain_text("assistant")
    shown = facts(admin_page)
    expect(shown).to_contain_text(call["model"])
    expect(shown.get_by_role("table", name="Parts of the tokens")).to_contain_text(f"{call['total_tokens']:,}")
    expect(shown.get_by_role("table", name="Parts of the cost")).to_contain_text(f"${call['estimated_cost']:.9f}")
    expect(shown).to_contain_text("By the provider's price at that time.")
    expect(shown).to_contain_text(call["response_id"])


def test_a_tool_is_shown_with_its_arguments_and_result(admin_page: Page, server: str) -> None:
    admin_page.goto(f"/ui/calls/{a_call(server, 'tag=tools')['id']}")
    tool = admin_page.get_by_role("region", name="Tool look_up_order")
    expect(tool).to_contain_text("Arguments")
    expect(tool).to_contain_text('"state": "in transit"')
    tool.get_by_role("button", expanded=True).last.click()
    expect(tool.get_by_role("button", expanded=False)).to_be_visible()


@pytest.mark.parametrize("prompt", [HOSTILE, [{"role": "<b>user</b>", "content": [{"type": "text", "text": HOSTILE}]}]])
def test_a_prompt_full_of_html_and_script_does_nothing(
    prompt: object, own_server: str, open_page: OpenPage, guard: Guard
) -> None:
    call_id = log_call(
        own_server, prompt=prompt, response=HOSTILE, name="<script>alert(9)</script>", tags=["<img src=x>"],
        end_user="<script>alert(10)</script>", metadata={"<b>key</b>": HOSTILE}, status="error", error_message=HOSTILE,
    )  # fmt: skip
    page = open_page(address=own_server)
    dialogs: list[str] = []

    def dismissed(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", dismissed)
    for path in (f"/ui/calls?call={call_id}", f"/ui/calls/{call_id}"):
        page.goto(path)
        expect(conversation(page)).to_contain_text("<script>alert(2)</script>")
        expect(conversation(page)).to_contain_text("picture")
        guard.settled(page)
        assert page.locator(INJECTED).count() == 0
        assert page.url.endswith(path)
        for link in conversation(page).get_by_role("link").all():
            assert (link.get_attribute("data-tip") or "").startswith("https://")
            assert link.get_attribute("href") is None
    assert dialogs == []
    assert page.evaluate("getComputedStyle(document.body).display") != "none"


def test_a_link_asks_before_it_leads_away(own_server: str, open_page: OpenPage) -> None:
    call_id = log_call(own_server, prompt="Where?", response="Look [here](https://example.com/?secret=1).")
    page = open_page(address=own_server)
    page.goto(f"/ui/calls/{call_id}")
    link = conversation(page).get_by_role("link", name="here")
    link.click()
    question = page.get_by_role("dialog", name="Leave for example.com?")
    expect(question).to_contain_text("https://example.com/?secret=1")
    question.get_by_role("button", name="Cancel").click()
    expect(question).to_have_count(0)
    expect(link).to_be_focused()
    assert len(page.context.pages) == 1


def test_long_texts_are_folded(own_server: str, open_page: OpenPage) -> None:
    text = "\n".join(f"line {number}" for number in range(1, 201))
    call_id = log_call(own_server, prompt="Count.", response=text)
    page = open_page(address=own_server)
    page.goto(f"/ui/calls/{call_id}")
    message = conversation(page).get_by_role("article").last
    expect(message.get_by_role("button", name="Show all 200 lines")).to_be_visible()
    assert message.evaluate("element => element.getBoundingClientRect().height") < 700
    message.get_by_role("button", name="Show all 200 lines").click()
    expect(message.get_by_role("button", name="Show less")).to_be_visible()
    assert message.evaluate("element => element.getBoundingClientRect().height") > 3_000


def test_a_text_that_was_cut_says_so(own_server: str, open_page: OpenPage) -> None:
    call_id = log_call(own_server, prompt="word " * 60_000, response="ok")
    page = open_page(address=own_server)
    page.goto(f"/ui/calls/{call_id}")
    expect(conversation(page)).to_contain_text("The prompt was cut: 262,144 of 300,000 characters are kept.")


def test_texts_can_be_shown_as_they_were_written(own_server: str, open_page: OpenPage) -> None:
    call_id = log_call(own_server, prompt="Bold?", response="This is **bold**.")
    page = open_page(address=own_server)
    page.goto(f"/ui/calls/{call_id}")
    expect(conversation(page).locator("strong")).to_have_text("bold")
    page.get_by_role("button", name="Show texts as written").click()
    expect(conversation(page)).to_contain_text("This is **bold**.")


def test_a_call_can_be_copied_as_curl_and_as_json(server: str, open_page: OpenPage) -> None:
    call = a_call(server, "provider=openai&status=success")
    page = open_page(permissions=CLIPBOARD)
    page.goto(f"/ui/calls/{call['id']}")
    page.get_by_role("button", name="Copy as curl").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    curl: str = page.evaluate("() => navigator.clipboard.readText()")
    assert curl.startswith("curl 'https://api.openai.com/v1/chat/completions'")
    assert "$OPENAI_API_KEY" in curl
    page.get_by_role("button", name="Copy as JSON").click()
    expect(page.get_by_role("button", name="Copied")).to_have_count(2)
    copied: str = page.evaluate("() => navigator.clipboard.readText()")
    assert json.loads(copied) == ask(server, f"/llm/calls/{call['id']}")


def test_a_rating_is_given_and_changed(own_server: str, open_page: OpenPage) -> None:
    call_id = log_call(own_server, prompt="Good?", response="Yes.")
    page = open_page(address=own_server)
    page.goto(f"/ui/calls/{call_id}")
    shown = facts(page)
    shown.get_by_role("radio", name="4 of 5").focus()
    page.keyboard.press("Space")
    shown.get_by_role("textbox", name="Comment").fill("right, but long")
    shown.get_by_role("button", name="Rate call").click()
    expect(shown).to_contain_text("4 of 5, one rating")
    expect(shown).to_contain_text("right, but long")
    expect(shown).to_contain_text("admin@example.com")
    shown.get_by_role("radio", name="2 of 5").focus()
    page.keyboard.press("Space")
    shown.get_by_role("button", name="Change rating").click()
    expect(shown).to_contain_text("2 of 5, one rating")
    assert ask(own_server, f"/llm/calls/{call_id}")["rating"] == 2


def test_a_viewer_with_the_right_may_rate_too(own_server: str, open_page: OpenPage) -> None:
    call_id = log_call(own_server, prompt="Good?", response="Yes.")
    let_viewer_read_calls(own_server)
    page = open_page("viewer", address=own_server)
    page.goto(f"/ui/calls/{call_id}")
    shown = facts(page)
    shown.get_by_role("radio", name="5 of 5").focus()
    page.keyboard.press("Space")
    shown.get_by_role("button", name="Rate call").click()
    expect(shown).to_contain_text("5 of 5, one rating")
    assert ask(own_server, f"/feedback?llm_call_id={call_id}")["items"][0]["author"] == "viewer@example.com"


def test_an_unknown_cost_says_what_is_missing_and_how_it_is_set(admin_page: Page, server: str) -> None:
    admin_page.goto(f"/ui/calls/{a_call(server, 'unpriced=true')['id']}")
    expect(facts(admin_page)).to_contain_text("no price for nordlicht-8b-v3")
    expect(facts(admin_page)).to_contain_text("The price book does not know")
    facts(admin_page).get_by_role("link", name="Set a price").click()
    expect(admin_page.get_by_role("dialog", name="nordlicht-8b-v3")).to_be_visible()


def test_an_error_is_where_the_answer_would_be(admin_page: Page, server: str) -> None:
    call = a_call(server, "status=error")
    admin_page.goto(f"/ui/calls/{call['id']}")
    expect(conversation(admin_page).get_by_role("heading", name="Error")).to_contain_text(str(call["error_type"]))
    expect(conversation(admin_page)).to_contain_text(str(call["error_message"])[:60])


@pytest.mark.parametrize(("number", "said"), [("999999999", "There is no call 999999999"), ("abc", "no such call")])
def test_a_call_that_is_not_there(number: str, said: str, admin_page: Page, guard: Guard) -> None:
    guard.expect("404")
    admin_page.goto(f"/ui/calls/{number}")
    expect(admin_page.get_by_role("main")).to_contain_text(said)
    admin_page.get_by_role("main").get_by_role("link", name="Go to the calls").click()
    expect(admin_page.get_by_role("table", name="Calls")).to_be_visible()


def test_a_viewer_without_the_right_is_told_who_can_give_it(viewer_page: Page, server: str, guard: Guard) -> None:
    viewer_page.goto(f"/ui/calls/{a_call(server, 'status=success')['id']}")
    expect(viewer_page.get_by_role("main")).to_contain_text("An admin can give you the right to read them")
    guard.settled(viewer_page)
    assert not [url for url in guard.requests if "/llm/calls" in url]


def test_a_call_of_another_project_is_not_shown(own_server: str, open_page: OpenPage, guard: Guard) -> None:
    guard.expect("403")
    let_viewer_read_calls(own_server)
    users = ask(own_server, "/users")["items"]
    viewer = next(user["id"] for user in users if user["email"] == "viewer@example.com")
    ask(own_server, f"/users/{viewer}", method="PATCH", body={"projects": ["default"]})
    page = open_page("viewer", address=own_server)
    page.goto(f"/ui/calls/{a_call(own_server, 'status=success')['id']}")
    expect(page.get_by_role("main")).to_contain_text("You may not see this call")


@pytest.mark.parametrize("where", ["tag=tools", "status=error", "unpriced=true"])
def test_a_call_has_no_serious_fault_of_accessibility(
    where: str, admin_page: Page, server: str, check_axe: CheckAxe, guard: Guard
) -> None:
    admin_page.goto(f"/ui/calls/{a_call(server, where)['id']}")
    expect(conversation(admin_page)).to_be_visible()
    guard.settled(admin_page)
    check_axe(admin_page)

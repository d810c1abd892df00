"""Models: what each costs and since when, what has no price, and pricing stored calls anew."""

import re
from typing import Any

from playwright.sync_api import Page, Route, expect

from tests.browser.asking import ask
from tests.browser.conftest import CheckAxe
from tests.browser.guard import Guard
from tests.browser.test_overview import number

LONG = "A name that goes on " * 10
UNPRICED = "nordlicht-8b-v3"
"""Of the demo data."""


def test_a_model_is_found_opened_and_priced(admin: Page, changing: str, guard: Guard) -> None:
    admin.goto("/ui/models")
    guard.settled(admin)
    admin.get_by_role("searchbox", name="Search name or provider").fill("openai gpt-4o-mini")
    expect(admin.get_by_role("status").filter(has_text="of")).to_have_text(re.compile(r"^\d of \d+ models$"))
    admin.get_by_role("link", name="gpt-4o-mini", exact=True).click()
    expect(admin).to_have_url(re.compile(r"q=openai\+gpt-4o-mini.*model=gpt-4o-mini|model=gpt-4o-mini"))
    dialog = admin.get_by_role("dialog", name="gpt-4o-mini")
    expect(dialog).to_contain_text("genai-prices")
    dialog.get_by_role("button", name="Set price").click()
    expect(dialog.get_by_text("Must be given; 0 if it costs nothing")).to_have_count(2)
    dialog.get_by_label("Input", exact=True).fill("1.25")
    dialog.get_by_label("Output", exact=True).fill("5")
    dialog.get_by_label("Source").fill("our contract")
    dialog.get_by_role("button", name="Set price").click()
    expect(dialog.get_by_text("in force")).to_be_visible()
    expect(dialog).to_contain_text("our contract")
    expect(dialog).to_contain_text("$1.25")
    found = ask(changing, "/llm/models?q=gpt-4o-mini")["items"]
    mine = next(model for model in found if model["name"] == "gpt-4o-mini" and model["provider"] == "openai")
    assert [(price["input"], price["output"], price["source"]) for price in mine["prices"]] == [
        (1.25, 5, "our contract")
    ]
    admin.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(admin.get_by_role("link", name="gpt-4o-mini", exact=True)).to_be_visible()


def test_a_price_that_the_api_refuses_says_so_at_its_field(admin: Page, guard: Guard) -> None:
    guard.expect("422")
    admin.goto("/ui/models?model=gpt-4o")
    dialog = admin.get_by_role("dialog", name="gpt-4o")
    dialog.get_by_label("Input", exact=True).fill("123456789")
    dialog.get_by_label("Output", exact=True).fill("1")
    dialog.get_by_role("button", name="Set price").click()
    expect(dialog.get_by_text("10000")).to_be_visible()
    expect(dialog.get_by_label("Input", exact=True)).to_be_focused()


def test_a_flat_rate_is_set_and_gives_way_to_a_price(admin: Page, changing: str) -> None:
    admin.goto("/ui/models?model=gpt-4o")
    dialog = admin.get_by_role("dialog", name="gpt-4o")
    dialog.get_by_text("Flat rate", exact=True).click()
    dialog.get_by_role("textbox", name="Flat rate").fill("0.03")
    dialog.get_by_role("button", name="Set flat rate").click()
    expect(dialog.get_by_role("button", name="Remove flat rate")).to_be_visible()
    dialog.get_by_text("Per million tokens", exact=True).click()
    expect(dialog.get_by_text("It takes the place of the flat rate.")).to_be_visible()
    dialog.get_by_label("Input", exact=True).fill("2")
    dialog.get_by_label("Output", exact=True).fill("8")
    dialog.get_by_role("button", name="Set price").click()
    expect(dialog.get_by_text("in force")).to_be_visible()
    expect(dialog.get_by_role("button", name="Remove flat rate")).to_have_count(0)
    found = ask(changing, "/llm/models?q=gpt-4o&provider=openai")["items"]
    assert next(model for model in found if model["name"] == "gpt-4o")["cost_per_1k_tokens"] is None


def test_a_model_is_added_and_switched_off(admin: Page, changing: str, guard: Guard) -> None:
    guard.expect("409")
    admin.goto("/ui/models")
    dialog = admin.get_by_role("dialog", name="Add model")
    for expected in (False, True):
        admin.get_by_role("main").get_by_role("button", name="Add model").click()
        dialog.get_by_label("Name").fill("our-llama")
        dialog.get_by_label("Provider").fill("vllm")
        dialog.get_by_label("Provider").press("Tab")  # the list of providers closes
        dialog.get_by_text("Not now").click()
        dialog.get_by_role("button", name="Add model").click()
        taken = dialog.get_by_text("our-llama of vllm is in the catalogue already")
        expect(taken if expected else dialog).to_be_visible(visible=expected)
    admin.keyboard.press("Escape")
    admin.get_by_role("combobox", name="Which models").click()
    admin.get_by_role("option", name="Without a price").click()
    row = admin.get_by_role("row").filter(has_text="our-llama")
    expect(row).to_contain_text("no price")
    with admin.expect_response(lambda answer: answer.request.method == "PATCH"):
        admin.get_by_role("switch", name="Enable our-llama of vllm").click(force=True)
    expect(admin.get_by_role("switch", name="Enable our-llama of vllm")).not_to_be_checked()
    expect(admin.get_by_role("dialog")).to_have_count(0)
    assert ask(changing, "/llm/models?q=our-llama")["items"][0]["enabled"] is False


def test_a_model_without_a_price_is_reached_by_its_name(admin: Page, changing: str, guard: Guard) -> None:
    ask(changing, "/llm/models", method="POST", body={"name": LONG, "provider": "vllm"})
    admin.goto(f"/ui/models?model={LONG.strip().replace(' ', '+')}")
    expect(admin.get_by_role("dialog", name=LONG.strip())).to_contain_text("Its calls have no cost.")
    admin.goto("/ui/models?model=no-such-model")
    expect(admin.get_by_text("No model has “no-such-model” in its name or provider.")).to_be_visible()
    admin.get_by_role("button", name="Clear the search").click()
    guard.settled(admin)
    expect(admin.get_by_role("status").filter(has_text="models")).to_have_text(re.compile(r"^\d{3} models$"))


def test_a_viewer_sees_models_and_changes_none(viewer_page: Page, guard: Guard) -> None:
    viewer_page.goto("/ui/models?model=gpt-4o")
    dialog = viewer_page.get_by_role("dialog", name="gpt-4o")
    expect(dialog).to_contain_text("$2.50")
    expect(dialog.get_by_role("switch")).to_be_disabled()
    expect(dialog.get_by_role("button", name="Set price")).to_have_count(0)
    viewer_page.keyboard.press("Escape")
    expect(viewer_page.get_by_role("switch")).to_have_count(0)
    expect(viewer_page.get_by_role("button", name="Add model")).to_have_count(0)
    viewer_page.goto("/ui/models?tab=unpriced&repricing=1")
    guard.settled(viewer_page)
    expect(viewer_page.get_by_role("table", name="Models")).to_be_visible()
    expect(viewer_page.get_by_role("navigation", name="Parts of the page")).to_have_count(0)
    assert not [url for url in guard.requests if "/llm/repricings" in url or "/llm/unpriced" in url]


def test_hundreds_of_models_are_moved_through_by_keyboard(admin_page: Page, guard: Guard) -> None:
    admin_page.goto("/ui/models")
    guard.settled(admin_page)
    assert admin_page.get_by_role("table", name="Models").get_by_role("row").count() < 100
    for key in ("j", "j", "j", "k", "Enter"):
        admin_page.keyboard.press(key)
    expect(admin_page.get_by_role("dialog")).to_be_visible()
    expect(admin_page).to_have_url(re.compile("model="))


def test_what_has_no_price_gets_one_and_its_calls_are_priced_anew(admin: Page, changing: str, guard: Guard) -> None:
    before = next(row for row in ask(changing, "/llm/unpriced?days=90")["models"] if row["model"] == UNPRICED)
    admin.goto("/ui/models?tab=unpriced")
    row = admin.get_by_role("row").filter(has_text=UNPRICED)
    expect(row).to_contain_text(before["reason"])
    row.get_by_role("link", name=f"Set a price of {UNPRICED}").click()
    dialog = admin.get_by_role("dialog", name=UNPRICED)
    expect(dialog).to_contain_text(before["reason"])
    dialog.get_by_label("Input", exact=True).fill("1")
    dialog.get_by_label("Output", exact=True).fill("2")
    dialog.get_by_label("Valid from").fill("2026-01-01T00:00")
    dialog.get_by_role("button", name="Set price").click()
    dialog.get_by_role("button", name="See what its stored calls would cost").click()
    job = admin.get_by_role("dialog", name=re.compile("Repricing"))
    expect(job).to_contain_text("A dry run: nothing is changed.")
    write = job.get_by_role("button", name=re.compile(r"Price [\d,]+ calls anew"))
    write.click()
    assert number(write.inner_text()) == before["calls"]
    assert ask(changing, "/llm/unpriced?days=90")["calls"] >= before["calls"]
    admin.get_by_role("dialog", name=re.compile("Write the new cost")).get_by_role(
        "button", name="Price calls anew"
    ).click()
    expect(job).to_contain_text(f"{before['calls']:,} of {before['calls']:,} calls got another cost.", timeout=30_000)
    expect(job.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "100")
    left = [row["model"] for row in ask(changing, "/llm/unpriced?days=90")["models"]]
    assert UNPRICED not in left
    done = ask(changing, "/llm/repricings")["items"][0]
    assert (done["dry_run"], done["state"], done["unpriced_after"]) == (False, "done", 0)
    admin.keyboard.press("Escape")
    expect(admin.get_by_role("table", name="Repricings").locator("tbody tr")).to_have_count(2)
    guard.settled(admin)


def test_a_price_entered_wrongly_is_corrected_and_removed(admin: Page, changing: str, guard: Guard) -> None:
    model = next(one for one in ask(changing, "/llm/models?q=gpt-4.1-mini")["items"] if one["name"] == "gpt-4.1-mini")
    price = {"input": 4000, "output": 16, "valid_from": "2026-05-01T00:00:30Z", "source": "typo"}
    ask(changing, f"/llm/models/{model['id']}", method="PATCH", body={"prices": [price]})
    admin.goto("/ui/models?model=gpt-4.1-mini&provider=openai")
    dialog = admin.get_by_role("dialog", name="gpt-4.1-mini")
    dialog.get_by_role("button", name="Correct", exact=True).click()
    expect(dialog.get_by_label("Input", exact=True)).to_be_focused()
    dialog.get_by_label("Input", exact=True).fill("4")
    dialog.get_by_role("button", name="Correct price").click()
    expect(dialog.get_by_role("heading", name="Set a price")).to_be_visible()
    corrected = ask(changing, f"/llm/models/{model['id']}")["prices"][-1]
    assert (corrected["input"], corrected["valid_from"]) == (4, price["valid_from"])
    dialog.get_by_role("button", name="Remove", exact=True).click()
    admin.get_by_role("dialog", name=re.compile("Remove this price")).get_by_role("button", name="Remove price").click()
    expect(dialog.get_by_role("button", name="Correct", exact=True)).to_have_count(0)
    assert all(one["id"] is None for one in ask(changing, f"/llm/models/{model['id']}")["prices"])
    guard.settled(admin)


def test_a_name_of_ones_own_is_priced_as_another_model(admin: Page, changing: str, guard: Guard) -> None:
    ask(changing, "/llm/models", method="POST", body={"name": "our-deployment", "provider": "azure"})
    admin.goto("/ui/models?model=our-deployment")
    dialog = admin.get_by_role("dialog", name="our-deployment")
    dialog.get_by_label("Model of the price book").fill("openai/gpt-4o")
    dialog.get_by_role("button", name="Price as this model").click()
    expect(dialog).to_contain_text("Priced as gpt-4o of openai")
    expect(dialog).to_contain_text("$2.50")
    dialog.get_by_role("button", name="End this").click()
    expect(dialog).to_contain_text("Its calls have no cost.")
    guard.settled(admin)


def test_a_repricing_shows_how_far_it_is_and_is_cancelled(admin_page: Page, check_axe: CheckAxe, guard: Guard) -> None:
    job: dict[str, Any] = {
        "id": 7, "model_id": 4, "model": "gpt-4o-mini", "provider": "openai", "project": None, "from": None, "to": None,
        "dry_run": False, "state": "running", "calls_total": 120_000, "calls_done": 30_000, "calls_changed": 29_000,
        "cost_before": 0, "cost_after": 3e-7, "unpriced_before": 29_000, "unpriced_after": 0,
        "created_by": "jane@example.com", "created_at": "2026-11-20T09:30:00Z", "started_at": "2026-11-20T09:30:03Z",
        "finished_at": None, "error": None,
    }  # fmt: skip

    def answer(route: Route) -> None:
        if route.request.method == "DELETE":
            job["state"] = "cancelled"
        data: Any = job if route.request.url.endswith("/7") else {"items": [job], "next_cursor": None}
        route.fulfill(json={"data": data, "status": "success", "message": ""})

    admin_page.route(re.compile("/llm/repricings"), answer)
    admin_page.goto("/ui/models?tab=repricings&repricing=7")
    dialog = admin_page.get_by_role("dialog", name="Repricing 7")
    expect(dialog.get_by_role("progressbar")).to_have_attribute("aria-valuenow", "25")
    expect(dialog).to_contain_text("30,000 of about 120,000 calls looked at")
    expect(dialog).to_contain_text("$0.00000030")
    dialog.get_by_role("button", name="Cancel repricing").click()
    expect(dialog).to_contain_text("Cancelled; what it had changed stays")
    expect(dialog.get_by_role("button", name="Cancel repricing")).to_have_count(0)
    check_axe(admin_page)

"""Asks axe what is wrong with a page for people who see, hear or move differently."""

from functools import cache
from typing import Any

from playwright.sync_api import Page

from tests.browser.server import ROOT

AXE = ROOT / "web" / "node_modules" / "axe-core" / "axe.min.js"
_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "resultTypes": ["violations"],
}
_GRAVE = {"serious", "critical"}


@cache
def _source() -> str:
    return AXE.read_text(encoding="utf-8")


def faults(page: Page) -> list[str]:
    """The serious and critical faults of what the page shows now, each with the element that has it.

    axe is put in by the browser's debugger, which the page's content security policy does not concern.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(f"() => {{ {_source()} }}")
    result: dict[str, Any] = page.evaluate("options => axe.run(document, options)", _OPTIONS)
    return [
        f"{fault['id']} ({fault['impact']}): {fault['help']}: {node['html'][:200]} {_why(node)}"
        for fault in result["violations"]
        if fault["impact"] in _GRAVE
        for node in fault["nodes"][:5]
    ]


def _why(node: dict[str, Any]) -> str:
    summary: str = node.get("failureSummary") or ""
    return " ".join(summary.split())[:200]

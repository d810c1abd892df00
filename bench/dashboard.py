"""How long a person waits for the dashboard, in Debian's Chromium on the same machine.

    make bench ARGS="dashboard DATA_DIR [--rounds 7] [--rows 100000] [--only overview|calls]"

Overview: from a cold open (a browser that has never been here, but for the login) and after a change of range, until
the last answer is here and the last thing is painted; and how many requests that took. Calls: the longest frame, and
those over 50 ms, while the table is scrolled from the first row on, as fast as a wheel does it.
"""

import argparse
import shutil
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from bench.server import Server

QUIET_MS = 700
PATIENCE_MS = 30_000
ROW_PX = 36

# Notes the time of the last thing that came or was painted. What is written by the clock ("2 min ago", figures that are
# asked for again) comes later than QUIET_MS after the rest.
WATCH = """
(() => {
  const seen = (window.__seen = { last: 0, requests: [] });
  const now = () => { seen.last = performance.now(); };
  const watching = new MutationObserver(now);
  watching.observe(document, { subtree: true, childList: true, characterData: true });
  seen.stop = () => watching.disconnect();
  for (const name of ["fill", "stroke", "fillRect", "fillText", "clearRect", "drawImage"]) {
    const original = CanvasRenderingContext2D.prototype[name];
    CanvasRenderingContext2D.prototype[name] = function (...args) { now(); return original.apply(this, args); };
  }
  const fetched = window.fetch;
  let underWay = 0;
  seen.isQuiet = (ms) => underWay === 0 && seen.last > 0 && performance.now() - seen.last > ms;
  window.fetch = async (...args) => {
    const url = new URL(args[0] instanceof Request ? args[0].url : args[0], location.href);
    const live = /stream/.test(url.pathname);
    if (!live) { underWay += 1; seen.requests.push(url.pathname + url.search); }
    try { return await fetched(...args); } finally { if (!live) { underWay -= 1; now(); } }
  };
})();
"""
SETTLED = "quiet => window.__seen.isQuiet(quiet) ? window.__seen.last : 0"

SCROLL = """
async ({ rows, rowPx, step }) => {
  const scrollers = [...document.querySelectorAll("main, main *")].filter(
    (element) => element.scrollHeight > element.clientHeight + 100
      && ["auto", "scroll"].includes(getComputedStyle(element).overflowY),
  );
  const list = scrollers.sort((a, b) => b.scrollHeight - a.scrollHeight)[0] ?? document.scrollingElement;
  const frames = [];
  const long = [];
  new PerformanceObserver((entries) => long.push(...entries.getEntries().map((entry) => entry.duration)))
    .observe({ type: "longtask" });
  let before = await new Promise(requestAnimationFrame);
  let stuck = 0;
  while (list.scrollTop < rows * rowPx && stuck < 600) {
    const top = list.scrollTop;
    list.scrollTop = top + step;
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - before);
    before = now;
    stuck = list.scrollTop > top ? 0 : stuck + 1;  // the next page is on its way
  }
  return { frames, long, rows: Math.round(list.scrollTop / rowPx) };
}
"""


@dataclass(frozen=True)
class Wait:
    """How long until everything was there, and what was asked of the server's API for it."""

    ms: float
    requests: int


def context_of(browser: Browser, server: Server, token: str) -> BrowserContext:
    """A browser that has never been here, but is logged in."""
    context = browser.new_context(base_url=server.url, viewport={"width": 1440, "height": 900})
    context.add_cookies([{"name": "callscope_session", "value": token, "url": server.url, "httpOnly": True}])
    context.add_init_script(WATCH)
    return context


def wait_for(page: Page) -> float:
    """Wait until nothing comes any more; gives the page's time of the last thing, in milliseconds."""
    return float(page.wait_for_function(SETTLED, arg=QUIET_MS, timeout=PATIENCE_MS).json_value())


def asked(page: Page) -> int:
    """How many requests the page has made to the API so far."""
    return int(page.evaluate("window.__seen.requests.length"))


def cold_open(browser: Browser, server: Server, token: str) -> Wait:
    """Open the overview for the first time."""
    context = context_of(browser, server, token)
    page = context.new_page()
    page.goto("/ui/overview?range=30d", wait_until="commit")
    wait = Wait(wait_for(page), asked(page))
    context.close()
    return wait


def range_changes(browser: Browser, server: Server, token: str, ranges: Sequence[str]) -> list[Wait]:
    """Open the overview, then change its range, as the range menu does."""
    context = context_of(browser, server, token)
    page = context.new_page()
    page.goto("/ui/overview?range=24h")
    wait_for(page)
    waits = []
    for name in ranges:
        before = asked(page)
        started = page.evaluate(
            "name => { const now = performance.now(); window.__seen.last = 0;"
            " history.pushState({}, '', `?range=${name}`); dispatchEvent(new PopStateEvent('popstate')); return now; }",
            name,
        )
        waits.append(Wait(wait_for(page) - started, asked(page) - before))
    context.close()
    return waits


def scroll(browser: Browser, server: Server, token: str, rows: int, rows_a_frame: int) -> None:
    """Print the longest frame while the table of calls is scrolled."""
    context = context_of(browser, server, token)
    page = context.new_page()
    page.goto("/ui/calls?range=90d")
    wait_for(page)
    page.evaluate("window.__seen.stop()")  # what watches costs frames, too
    page.set_default_timeout(0)
    found = page.evaluate(SCROLL, {"rows": rows, "rowPx": ROW_PX, "step": rows_a_frame * ROW_PX})
    frames = sorted(found["frames"])
    over = sum(frame > 50 for frame in frames)
    p99 = frames[int(0.99 * (len(frames) - 1))]
    print(
        f"calls, {rows_a_frame} rows a frame: {found['rows']:,} rows in {len(frames):,} frames: longest {frames[-1]:.0f} ms, "
        f"p99 {p99:.0f} ms, {over} over 50 ms; {len(found['long'])} long tasks, "
        f"the longest {max(found['long'], default=0):.0f} ms; {asked(page)} requests"
    )
    context.close()


def show(name: str, waits: Sequence[Wait]) -> None:
    """Print one line of figures."""
    times = [wait.ms for wait in waits]
    print(
        f"{name}: median {statistics.median(times):.0f} ms, longest {max(times):.0f} ms; "
        f"{max(wait.requests for wait in waits)} requests"
    )


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--only", choices=("overview", "calls"))
    options = parser.parse_args()
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("there is no Chromium here (Debian: apt-get install chromium)")
    with Server(options.data_dir) as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        token = server.login()
        if options.only != "calls":
            cold_open(browser, server, token)  # the server's own first time is not what a person waits for each day
            show("overview, 30 days, cold open", [cold_open(browser, server, token) for _ in range(options.rounds)])
            ranges = (["7d", "30d", "24h"] * options.rounds)[: max(3, options.rounds)]
            show("overview, another range", range_changes(browser, server, token, ranges))
        if options.only != "overview":
            for rows_a_frame in (3, 30):
                scroll(browser, server, token, options.rows, rows_a_frame)
        browser.close()


if __name__ == "__main__":
    main()

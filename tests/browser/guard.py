"""What no page may do, whatever the test is about: an error in the console, or a request to another server."""

import re
import time
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, WebError

_QUIET_SECONDS = 0.15
_LIVE = {"eventsource", "websocket"}
"""Requests that stay open as long as the page does."""
_COMPLETE = """() => document.querySelector("main")?.innerText.trim() && !document.querySelector("[aria-busy=true]")"""
_PAINTED = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  const idle = () => new Promise((done) => requestIdleCallback(done, { timeout: 5000 }));
  await frame();
  await idle();
  const moving = () => document.getAnimations().filter((one) => one.effect?.getComputedTiming().endTime !== Infinity);
  await frame();
  for (let rounds = 0; rounds < 50 && moving().length > 0; rounds += 1) {
    await Promise.allSettled(moving().map((one) => one.finished));
    await frame();
  }
  await frame();
}"""
"""What was done to the page has had its effects, requests among them, once a frame is over and nothing is left to do.

The end of one transition can be the start of the next: a colour that is inherited, say.
"""


class Guard:
    """Watches browser contexts. `problems` is what was seen and not expected."""

    def __init__(self) -> None:
        self.problems: list[str] = []
        self.requests: list[str] = []
        self._expected: list[re.Pattern[str]] = []
        self._under_way: set[Request] = set()
        self._last = time.monotonic()

    def expect(self, pattern: str) -> None:
        """From now on an error that contains the regular expression is part of the test: `guard.expect("409")`."""
        self._expected.append(re.compile(pattern))

    def watch(self, context: BrowserContext, address: str) -> None:
        """Watch all pages of a context, whose server is at `address`."""
        own = urlsplit(address).netloc
        context.on("console", self._console)
        context.on("weberror", self._failed)
        context.on("request", lambda request: self._asked(request, own))
        context.on("requestfinished", self._answered)
        context.on("requestfailed", self._answered)

    def settled(self, page: Page) -> None:
        """Wait until the page has everything that it asked for, and has painted it."""
        until = time.monotonic() + 15
        while True:
            page.wait_for_function(_COMPLETE)
            page.evaluate(_PAINTED)
            if not self._under_way and time.monotonic() - self._last >= _QUIET_SECONDS:
                return
            assert time.monotonic() < until, f"still waiting for {[request.url for request in self._under_way]}"
            page.wait_for_timeout(30)

    def _found(self, problem: str) -> None:
        if not any(pattern.search(problem) for pattern in self._expected):
            self.problems.append(problem)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":  # a violation of the content security policy is one, too
            self._found(f"console: {message.text} ({message.location.get('url', '')})")

    def _failed(self, error: WebError) -> None:
        self._found(f"uncaught: {error.error}")

    def _asked(self, request: Request, own: str) -> None:
        self._last = time.monotonic()
        parts = urlsplit(request.url)
        if parts.scheme in {"data", "blob", "about"}:
            return
        self.requests.append(request.url)
        if parts.netloc != own:
            self._found(f"a request to another server: {request.url}")
        if request.resource_type not in _LIVE:
            self._under_way.add(request)

    def _answered(self, request: Request) -> None:
        self._last = time.monotonic()
        self._under_way.discard(request)

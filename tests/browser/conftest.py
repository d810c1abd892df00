"""A real server with demo data, and Debian's Chromium in front of it.

`admin_page` and `viewer_page` are pages of somebody who is logged in, on a server that all tests of a worker share: they
must leave it as it was. A test that changes something takes `open_page` with `own_server`. Every page is guarded: an
error in the console, or a request to another server, fails the test, unless it said `guard.expect("…")` before.
"""

import fcntl
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.axe import AXE, faults
from tests.browser.guard import Guard
from tests.browser.server import ROOT, fill, serving, session_cookie

Who = Literal["admin", "viewer", "nobody"]
Theme = Literal["light", "dark"]
OpenPage = Callable[..., Page]
CheckAxe = Callable[[Page], None]

CHROMIUM = shutil.which("chromium")
DEMO_CALLS = 3_000
_LOGINS = {"admin": ("admin@example.com", "admin123"), "viewer": ("viewer@example.com", "viewer123")}
_HERE = Path(__file__).parent
_PAGE = ROOT / "src" / "callscope" / "dashboard" / "static" / "index.html"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The tests in a browser come last: from the first one on there is an event loop in the worker's main thread."""
    items.sort(key=_is_here)
    if CHROMIUM is None:
        for item in filter(_is_here, items):
            item.add_marker(pytest.mark.skip(reason="there is no Chromium here (Debian: apt-get install chromium)"))


def _is_here(item: pytest.Item) -> bool:
    return item.path.is_relative_to(_HERE)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Debian's Chromium, as root too."""
    arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb", "--hide-scrollbars"]
    return {**browser_type_launch_args, "executable_path": CHROMIUM, "args": arguments}


@pytest.fixture(scope="session")
def demo_data(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """A data folder with demo data, made once for all workers; to be copied."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "demo-data"
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            making = folder.with_suffix(".making")
            making.mkdir()
            fill(making, DEMO_CALLS)
            making.rename(folder)
    return folder


@pytest.fixture(scope="session")
def server(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server with demo data. Leave it as it was."""
    assert _PAGE.is_file(), "the dashboard is not built: `make page`"
    folder = tmp_path_factory.mktemp("server") / "data"
    shutil.copytree(demo_data, folder)
    with serving(folder) as address:
        yield address


@pytest.fixture
def own_server(demo_data: Path, tmp_path: Path) -> Iterator[str]:
    """The address of a server with demo data that this test alone has, and may change."""
    folder = tmp_path / "data"
    shutil.copytree(demo_data, folder)
    with serving(folder) as address:
        yield address


@pytest.fixture(scope="module")
def changing(demo_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that the tests of one file change, each something else."""
    folder = tmp_path_factory.mktemp("changing") / "data"
    shutil.copytree(demo_data, folder)
    with serving(folder) as address:
        yield address


@pytest.fixture
def empty_server(tmp_path: Path) -> Iterator[str]:
    """The address of a server that nobody has logged a call to."""
    with serving(tmp_path / "data") as address:
        yield address


@pytest.fixture(scope="session")
def cookies() -> dict[tuple[str, str], str]:
    """The sessions there are, by server and login."""
    return {}


@pytest.fixture
def guard() -> Iterator[Guard]:
    """What the pages of this test did wrong fails it, unless it was expected."""
    watching = Guard()
    yield watching
    assert not watching.problems


@pytest.fixture
def open_page(browser: Browser, server: str, guard: Guard, cookies: dict[tuple[str, str], str]) -> Iterator[OpenPage]:
    """A function that opens a page of its own: `open_page("viewer", width=360, theme="dark")`.

    Relative addresses are the server's: `page.goto("/ui/calls")`.
    """
    opened: list[BrowserContext] = []

    def open_(
        who: Who = "admin", *, address: str = server, width: int = 1440, height: int = 900, theme: Theme = "light",
        **options: Any,
    ) -> Page:  # fmt: skip
        context = browser.new_context(
            base_url=address, viewport={"width": width, "height": height}, color_scheme=theme, locale="en-US",
            reduced_motion="reduce", timezone_id="Europe/Berlin", **options,
        )  # fmt: skip
        opened.append(context)
        context.set_default_timeout(10_000)
        guard.watch(context, address)
        if who != "nobody":
            email, password = _LOGINS[who]
            value = cookies.get((address, email)) or session_cookie(address, email, password)
            cookies[address, email] = value
            context.add_cookies([{"name": "callscope_session", "value": value, "url": address, "httpOnly": True}])
        return context.new_page()

    yield open_
    for context in opened:
        context.close()


@pytest.fixture
def admin_page(open_page: OpenPage) -> Page:
    """A page of the demo admin."""
    return open_page("admin")


@pytest.fixture
def admin(changing: str, open_page: OpenPage) -> Page:
    """A page of the demo admin, on the server that the tests of the file may change."""
    return open_page("admin", address=changing)


@pytest.fixture
def viewer_page(open_page: OpenPage) -> Page:
    """A page of the demo viewer, who may not read calls."""
    return open_page("viewer")


@pytest.fixture
def check_axe(guard: Guard) -> CheckAxe:
    """A function that fails on serious faults of accessibility, in light and dark, wide and narrow."""

    def check(page: Page) -> None:
        found: dict[str, list[str]] = {}
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            for width in (1440, 360):
                page.set_viewport_size({"width": width, "height": 900})
                guard.settled(page)
                for fault in faults(page):
                    found.setdefault(fault, []).append(f"{theme} {width}")
        assert not found, "\n".join(f"{fault} [{', '.join(where)}]" for fault, where in found.items())

    assert AXE.is_file(), "axe-core is not installed: `make page`"
    return check

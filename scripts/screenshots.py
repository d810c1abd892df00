"""Takes the pictures in docs/screenshots, of each page of the dashboard, on a server with demo data of its own.

    make screenshots [ARGS="overview calls"]

Light and dark at 1440 px, and what is looked at on a telephone at 360 px.
"""

import io
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Literal

import httpx
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
from tests.browser.guard import Guard  # noqa: E402  # the path is set first
from tests.browser.server import fill, serving, session_cookie  # noqa: E402

FOLDER = ROOT / "docs" / "screenshots"
CALLS = 40_000
WIDE, NARROW = (1440, 900), (360, 780)
PAGES = {
    "sign-in": "/ui/sign-in",
    "overview": "/ui/overview?range=7d",
    "calls": "/ui/calls?range=7d",
    "call": "/ui/calls/{call}",
    "cost": "/ui/cost?range=7d",
    "connect": "/ui/connect",
    "models": "/ui/models",
    "settings": "/ui/settings",
    "users": "/ui/users",
    "projects": "/ui/projects",
    "api-keys": "/ui/api-keys",
    "audit-log": "/ui/audit-log",
    "account": "/ui/account",
}
ON_A_TELEPHONE = ["overview", "calls", "call", "cost", "connect"]
KEPT_COLOURS = 128
Colour = tuple[int, int, int]
Theme = Literal["light", "dark"]


def prepare(address: str, cookie: str) -> int:
    """Make what the pages of administrators show; gives the call whose page is taken: a long one that was rated."""
    headers = {"Origin": address, "Cookie": f"callscope_session={cookie}"}
    with httpx.Client(base_url=address, headers=headers, timeout=30) as client:
        for path, body in (
            ("/users", {"email": "grace@example.com", "password": "correct horse battery", "can_read_calls": True}),
            ("/users", {"email": "alan@example.com", "password": "correct horse battery", "projects": ["default"]}),
            ("/api-keys", {"name": "checkout service", "scopes": ["ingest"], "project": "default"}),
            ("/api-keys", {"name": "weekly report", "scopes": ["metrics"]}),
        ):
            client.post(path, json=body).raise_for_status()
        client.put("/settings", json={"max_tokens_per_request": 32_000, "enable_caching": True}).raise_for_status()
        page = client.get("/llm/calls", params={"days": 7, "status": "success", "limit": 200}).json()["data"]
        call = max(page["items"], key=lambda item: item["completion_tokens"])
        rating = {"llm_call_id": call["id"], "rating": 5, "comment": "Right, and to the point."}
        client.post("/feedback", json=rating).raise_for_status()
    return int(call["id"])


def take(browser: Browser, address: str, cookie: str | None, path: str, size: tuple[int, int], theme: Theme) -> bytes:
    """One picture, as PNG."""
    width, height = size
    context = browser.new_context(
        base_url=address, viewport={"width": width, "height": height}, color_scheme=theme, locale="en-US",
        timezone_id="Europe/Berlin", reduced_motion="reduce",
    )  # fmt: skip
    guard = Guard()
    guard.watch(context, address)
    if cookie is not None:
        context.add_cookies([{"name": "callscope_session", "value": cookie, "url": address, "httpOnly": True}])
    page = context.new_page()
    page.goto(path)
    guard.settled(page)
    page.wait_for_timeout(400)
    picture = page.screenshot()
    context.close()
    return picture


def save(picture: bytes, name: str) -> None:
    """Write a picture with a palette: a third of the size, and no difference that one sees."""
    path = FOLDER / f"{name}.png"
    with_palette(Image.open(io.BytesIO(picture)).convert("RGB")).save(path, optimize=True)
    print(f"{path.relative_to(ROOT)}  {path.stat().st_size // 1_000} kB", flush=True)


def with_palette(image: Image.Image) -> Image.Image:
    """The picture in 256 colours: the most common ones as they are, and for the others (edges of letters) the nearest.

    Pillow alone shifts large even surfaces by a shade, which is seen when the page lies beside its picture.
    """
    ranked: list[Colour] = [colour for _, colour in sorted(image.getcolors(image.width * image.height), reverse=True)]
    common, others = ranked[:KEPT_COLOURS], ranked[KEPT_COLOURS:]
    palette = list(common)
    if others:
        strip = Image.new("RGB", (len(others), 1))
        strip.putdata(others)
        flat = strip.quantize(256 - KEPT_COLOURS, Image.Quantize.MAXCOVERAGE).getpalette() or []
        palette += list(zip(flat[::3], flat[1::3], flat[2::3], strict=True))[: 256 - KEPT_COLOURS]
    place = {colour: index for index, colour in enumerate(common)}
    for colour in others:
        place[colour] = min(range(len(palette)), key=lambda index: _distance(palette[index], colour))
    indexed = Image.frombytes("P", image.size, bytes(place[colour] for colour in image.get_flattened_data()))
    indexed.putpalette([value for colour in palette for value in colour])
    return indexed


def _distance(one: Colour, other: Colour) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def main(wanted: list[str]) -> None:
    """Take all pictures, or those of the named pages."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("there is no Chromium here (Debian: apt-get install chromium)")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        data_dir = Path(folder)
        fill(data_dir, CALLS)
        with serving(data_dir) as address:
            cookie = session_cookie(address, "admin@example.com", "admin123")
            call = prepare(address, cookie)
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            for name in wanted or PAGES:
                login = None if name == "sign-in" else cookie
                path = PAGES[name].format(call=call)
                for theme in ("light", "dark"):
                    save(take(browser, address, login, path, WIDE, theme), f"{name}-{theme}")
                if name in ON_A_TELEPHONE:
                    save(take(browser, address, login, path, NARROW, "light"), f"{name}-narrow")
            browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])

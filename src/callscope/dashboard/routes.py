"""The page at `/`: the way to the dashboard, or the first steps as one self-contained file where it was not built."""

from functools import cache
from importlib.resources import files
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from callscope.config import Config
from callscope.dashboard import web

router = APIRouter(include_in_schema=False)

PLACEHOLDER = "http://localhost:8000"
"""The address in the page's examples; it is replaced by the one that the server is reached at."""
POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@cache
def _file(name: str) -> str:
    return files("callscope.dashboard").joinpath(name).read_text(encoding="utf-8")


@router.get("/")
async def start_page(request: Request) -> Response:
    """The dashboard, or the first steps with examples that can be pasted."""
    if web.is_built():
        return RedirectResponse(f"{web.ADDRESS}/", headers={"Cache-Control": "no-cache"})
    config: Config = request.app.state.config
    page = _file("start.html").replace(PLACEHOLDER, config.public_url or _origin(request))
    return HTMLResponse(page, headers={"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"})


@router.get("/start.css")
async def start_style() -> Response:
    """The style of the page at `/`."""
    return Response(_file("start.css"), media_type="text/css", headers={"Cache-Control": "max-age=3600"})


def _origin(request: Request) -> str:
    """The address that the browser used, if its `Host` is a plain one: it ends up in the page."""
    host = request.headers.get("host", "")
    try:
        parts = urlsplit(f"//{host}")
        plain = parts.netloc == host and parts.port != 0 and all(c.isalnum() or c in ".-:[]" for c in host)
    except ValueError:
        plain = False
    return f"{request.url.scheme}://{host}" if host and plain and host.isascii() else PLACEHOLDER

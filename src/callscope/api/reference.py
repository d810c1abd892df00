"""/docs and /redoc: FastAPI's pages with their scripts served from here, so that no page asks another server.

The files come from the package fastapi-offline. Each page names the hashes of its own inline scripts in its
Content-Security-Policy; no other inline script runs.
"""

import base64
import hashlib
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html, get_swagger_ui_oauth2_redirect_html
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from callscope.api import openapi

ASSETS = "/docs/assets"
REDIRECT = "/docs/oauth2-redirect"
_INLINE_SCRIPT = re.compile(rb"<script>(.*?)</script>", re.DOTALL)


def install(app: FastAPI) -> None:
    """Add the pages to an app that was made with `docs_url=None, redoc_url=None`."""
    title = app.title
    icon = f"{ASSETS}/favicon.png"

    @app.get("/docs", include_in_schema=False)
    async def _swagger_ui() -> HTMLResponse:
        page = get_swagger_ui_html(
            openapi_url=openapi.ADDRESS, title=f"{title} – API", oauth2_redirect_url=REDIRECT,
            swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js", swagger_css_url=f"{ASSETS}/swagger-ui.css",
            swagger_favicon_url=icon, swagger_ui_parameters={"persistAuthorization": True},
        )  # fmt: skip
        return _with_policy(page)

    @app.get("/redoc", include_in_schema=False)
    async def _redoc() -> HTMLResponse:
        page = get_redoc_html(
            openapi_url=openapi.ADDRESS, title=f"{title} – API", redoc_js_url=f"{ASSETS}/redoc.standalone.js",
            redoc_favicon_url=icon, with_google_fonts=False,
        )  # fmt: skip
        return _with_policy(page)

    @app.get(REDIRECT, include_in_schema=False)
    async def _oauth2_redirect() -> HTMLResponse:
        return _with_policy(get_swagger_ui_oauth2_redirect_html())

    app.mount(ASSETS, _Assets(directory=_folder()), name="docs-assets")


class _Assets(StaticFiles):
    """Files that a browser may keep for a day."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """The file, with how long it may be kept."""
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "public, max-age=86400"
        return response


def _folder() -> Path:
    """Where fastapi-offline keeps its files; the package itself is not imported."""
    spec = find_spec("fastapi_offline")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("the package fastapi-offline is not installed; it is part of callscope[server]")
    return Path(spec.origin).parent / "static"


def _with_policy(page: HTMLResponse) -> HTMLResponse:
    page.headers["Content-Security-Policy"] = page_policy(bytes(page.body))
    return page


def page_policy(html: bytes) -> str:
    """A policy for a page of ours: scripts from here and the page's own inline ones, requests to here only.

    Inline styles are let through, since both libraries set them; they can do little where nothing else may be loaded.
    """
    hashes = (base64.b64encode(hashlib.sha256(script).digest()).decode() for script in _INLINE_SCRIPT.findall(html))
    scripts = " ".join(("'self'", *(f"'sha256-{digest}'" for digest in hashes)))
    return (
        f"default-src 'none'; script-src {scripts}; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "font-src 'self' data:; connect-src 'self'; worker-src blob:; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'none'"
    )

"""The dashboard at `/ui/`: a web page that was built beforehand, and is handed out as files.

The build (scripts/web.py) fills `static/` in this package. Below `assets/` each file has its content's hash in its
name, so a browser may keep it for ever. Every other address is a place in the page, which the page itself finds its
way to: /ui/calls/17 gives index.html too. Beside each file that is worth it lies one that was gzipped at the build.
"""

import hashlib
from functools import lru_cache
from os import stat_result
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, Response
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

from callscope.api.errors import NotFound

ADDRESS = "/ui"
FOLDER = Path(__file__).parent / "static"
ASSETS = "assets"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
"""Scripts from here alone. Inline styles are let through, since the components set positions and sizes with them."""

FOR_EVER = "public, max-age=31536000, immutable"
_MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
    ".woff2": "font/woff2",
}
"""Named here, since what the machine's own table says differs, and a browser runs no script of another type."""


def is_built() -> bool:
    """Whether this installation has the page: a checkout has it after `make serve`."""
    return (FOLDER / "index.html").is_file()


def install(app: FastAPI) -> None:
    """Add the page to an app."""
    app.mount(ADDRESS, _Page(directory=FOLDER, check_dir=False), name="dashboard")


class NotBuilt(NotFound):
    """There is no page here, as in a checkout that was not built."""

    def __init__(self) -> None:
        super().__init__("This installation has no dashboard. In a checkout `make serve` builds it.")


class _Page(StaticFiles):
    """Files of one folder, and index.html for the places in the page."""

    async def check_config(self) -> None:
        """A missing folder is no mistake of the set-up; it is answered with NotBuilt."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file at `path`, or index.html."""
        try:
            return await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404 or Path(path).parts[:1] == (ASSETS,):
                raise
        if not is_built():
            raise NotBuilt
        return await super().get_response("index.html", scope)

    def file_response(self, full_path: Any, stat_result: stat_result, scope: Scope, status_code: int = 200) -> Response:
        """The file, gzipped if there is such a one and the browser takes it, with how long it may be kept."""
        asked = Headers(scope=scope)
        path = Path(full_path)
        packed = path.with_name(f"{path.name}.gz")
        is_packed = "gzip" in asked.get("accept-encoding", "") and packed.is_file()
        headers = {
            "Cache-Control": FOR_EVER if path.parent.name == ASSETS else "no-cache",
            "Content-Security-Policy": POLICY,
            "ETag": f'"{_digest(full_path, stat_result.st_mtime_ns, stat_result.st_size)}{"-gzip" * is_packed}"',
            "Vary": "Accept-Encoding",
        }
        if is_packed:
            headers["Content-Encoding"] = "gzip"
        response = FileResponse(
            packed if is_packed else path,
            status_code,
            headers,
            media_type=_MEDIA_TYPES.get(path.suffix, "application/octet-stream"),
        )
        if self.is_not_modified(response.headers, asked):
            unchanged = NotModifiedResponse(response.headers)
            # Browsers put its headers in place of those they kept, and without a policy it would get the strictest.
            unchanged.headers["Content-Security-Policy"] = POLICY
            return unchanged
        return response


@lru_cache(maxsize=256)
def _digest(path: str, _changed: int, _size: int) -> str:
    """A hash of what is in the file: times and sizes of two versions of index.html can be the same."""
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]

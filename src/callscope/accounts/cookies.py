"""The dashboard's session cookie, and the check that a request which comes with it was made by the dashboard."""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from callscope.api.errors import Forbidden
from callscope.config import Config

COOKIE = "callscope_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class ForeignOrigin(Forbidden):
    """A request that would change something was made by a page from elsewhere, or doesn't say by which."""

    def __init__(self) -> None:
        super().__init__(
            "A request with the session cookie may change something only from the server's own pages, or from an "
            "address in CORS_ORIGINS. Behind a proxy, set CALLSCOPE_PUBLIC_URL."
        )


def set_cookie(response: Response, request: Request, config: Config, token: str, seconds: int) -> None:
    """Put an access token into the cookie, for as long as it holds."""
    response.set_cookie(
        COOKIE, token, max_age=seconds, path="/", httponly=True, samesite="strict", secure=_is_https(request, config)
    )


def clear_cookie(response: Response, request: Request, config: Config) -> None:
    """Remove the cookie."""
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict", secure=_is_https(request, config))


def check_origin(request: Request, config: Config, *, may_be_missing: bool = False) -> None:
    """Raise ForeignOrigin unless the request says that it comes from our own pages or from one of CORS_ORIGINS."""
    origins = request.headers.getlist("origin")
    if not origins and may_be_missing:
        return
    own = f"{request.url.scheme}://{request.headers.get('host', '')}".lower()
    if len(origins) != 1 or origins[0].lower() not in {
        own,
        _origin(config.public_url),
        *map(str.lower, config.cors_origins),
    } - {""}:
        raise ForeignOrigin


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}".lower() if url else ""


def _is_https(request: Request, config: Config) -> bool:
    return request.url.scheme == "https" or config.public_url.startswith("https:")

"""The page behind the one-time link: a form that makes the first admin, for whoever opens the link in a browser."""

import base64
import hashlib
from html import escape

from starlette.responses import HTMLResponse

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:24rem;margin:12vh auto;padding:0 1rem;"
    "background:Canvas;color:CanvasText;color-scheme:light dark}"
    "label,input,button{display:block;width:100%;box-sizing:border-box;font:inherit}"
    "label{margin-top:1rem}input,button{padding:.5rem;margin-top:.25rem}button{margin-top:1.5rem}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",  # the token is in the address
}
_FORM = """<form method="post" action="setup">
<input type="hidden" name="token" value="{token}">
<label>Email<input name="email" type="email" required maxlength="254" autocomplete="username"></label>
<label>Password (8 characters or more)
<input name="password" type="password" required minlength="8" autocomplete="new-password"></label>
<button>Make the first admin</button></form>"""


def setup_form(token: str, problem: str = "", status: int = 200) -> HTMLResponse:
    """The form, with what was wrong with the last try, if anything."""
    notice = f'<p role="alert">{escape(problem)}</p>' if problem else ""
    return _page(f"{notice}{_FORM.format(token=escape(token))}", status)


def setup_message(text: str, status: int) -> HTMLResponse:
    """A sentence in place of the form."""
    return _page(f'<p>{escape(text)}</p><p><a href="/">Go to Callscope</a></p>', status)


def _page(body: str, status: int) -> HTMLResponse:
    return HTMLResponse(
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Callscope: the first admin</title>'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><h1>Callscope</h1>{body}</body></html>",
        status_code=status,
        headers=_HEADERS,
    )

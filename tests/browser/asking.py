"""Asks the server behind a page, as a program would."""

from functools import cache
from typing import Any

import httpx

PASSWORDS = {"admin@example.com": "admin123", "viewer@example.com": "viewer123"}


@cache
def _token(address: str, email: str) -> str:
    body = {"email": email, "password": PASSWORDS[email]}
    answer = httpx.post(f"{address}/auth/login", json=body, timeout=30)
    answer.raise_for_status()
    token: str = answer.json()["access_token"]
    return token


def ask(address: str, path: str, *, method: str = "GET", body: object = None, email: str = "admin@example.com") -> Any:
    """The `data` of an answer."""
    headers = {"Authorization": f"Bearer {_token(address, email)}"}
    answer = httpx.request(method, address + path, headers=headers, json=body, timeout=30)
    answer.raise_for_status()
    return answer.json()["data"]


def log_call(address: str, **fields: object) -> int:
    """Log a call; gives its number."""
    call = {
        "model": "gpt-4o-mini", "provider": "openai", "prompt_tokens": 412, "completion_tokens": 96,
        "latency_ms": 840.5, "status": "success",
    }  # fmt: skip
    made: int = ask(address, "/llm/log-call", method="POST", body=call | fields)["id"]
    return made


def let_viewer_read_calls(address: str) -> None:
    """Give the demo viewer the right to read calls."""
    users = ask(address, "/users")["items"]
    viewer = next(user for user in users if user["email"] == "viewer@example.com")
    ask(address, f"/users/{viewer['id']}", method="PATCH", body={"can_read_calls": True})

"""How calls get to where they are kept: what a transport does, and the one over HTTP."""

import gzip
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

import httpx

from callscope.observability.policy import Policy

UNREACHABLE = 0
COMPRESS_FROM = 4_096
MAX_WAIT_SECONDS = 60.0
"""The longest that a server may ask a sender to wait."""


class Receipt(NamedTuple):
    """What became of a call: its number, and what it cost in US dollars (None: no price is known)."""

    log_id: int
    estimated_cost: float | None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said to a batch: an HTTP status, with the receipts, or the reasons by the place of a call."""

    status: int
    receipts: Sequence[Receipt] = ()
    bad: Mapping[int, str] = field(default_factory=dict)
    detail: str = ""
    retry_after: float | None = None

    @property
    def is_temporary(self) -> bool:
        """Whether the same batch may be taken later."""
        return self.status in {UNREACHABLE, 408, 425, 429} or self.status >= 500


class Transport(Protocol):
    """Takes batches to where they are kept. Used by one thread at a time."""

    def deliver(self, body: bytes, key: str, timeout: float) -> Answer:
        """Hand over a JSON array of calls; `key` makes a second delivery of the same batch harmless. Never raises."""

    def after_fork(self) -> None:
        """Let go of what belongs to the parent process, without touching it."""

    def close(self) -> None:
        """Let go of connections."""


class PolicySource(Protocol):
    """Where the settings come from."""

    @property
    def current(self) -> Policy:
        """The settings as they are known now."""

    def wait_seconds(self) -> float:
        """How long a first call should wait until the settings are known; 0 once they are, or cannot be."""

    def after_fork(self) -> None:
        """Begin anew in a child process."""

    def close(self) -> None:
        """Stop following."""


class HttpTransport:
    """`POST /llm/log-calls`."""

    def __init__(self, url: str, api_key: str | None) -> None:
        self._url = url
        self._api_key = api_key
        self._client: httpx.Client | None = None
        self._of_parents: list[httpx.Client] = []

    def deliver(self, body: bytes, key: str, timeout: float) -> Answer:
        """Send a batch."""
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        if len(body) >= COMPRESS_FROM:
            body, headers["Content-Encoding"] = gzip.compress(body, 1, mtime=0), "gzip"
        if self._client is None:
            self._client = client(self._url, self._api_key)
        try:
            response = self._client.post("/llm/log-calls", content=body, headers=headers, timeout=timeout)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            return Answer(UNREACHABLE, detail=f"{type(error).__name__}: {error}")
        return _answer(response)

    def after_fork(self) -> None:
        """Begin with new connections: the old ones are the parent's, which would miss what is read from them here."""
        if self._client is not None:
            self._of_parents.append(self._client)  # collecting it would close them
            self._client = None

    def close(self) -> None:
        """Close connections."""
        if self._client is not None:
            self._client.close()
            self._client = None


def client(url: str, api_key: str | None) -> httpx.Client:
    """An HTTP client for a server, with its key."""
    from callscope import __version__

    headers = {"User-Agent": f"callscope-python/{__version__}"}
    if api_key:
        headers["Authorization"] = f"Bearer {api_key}"
    # Reading all certificates takes longer than all else here, and plain HTTP needs none.
    verify = url.startswith("https://")
    return httpx.Client(base_url=url, headers=headers, timeout=httpx.Timeout(10, connect=5), verify=verify)


def bad_calls(errors: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """Which calls of a batch a 422 names, by their place, and why; the server writes a field as `3.latency_ms`."""
    bad: dict[int, str] = {}
    for error in errors:
        place, _, field_name = str(error.get("field", "")).partition(".")
        if place.isdigit():
            bad.setdefault(int(place), f"{field_name}: {error.get('message')}")
    return bad


def _answer(response: httpx.Response) -> Answer:
    try:
        body = response.json()
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    if response.status_code == 201:
        receipts = [Receipt(one["id"], one["estimated_cost"]) for one in body.get("data", ())]
        return Answer(201, receipts)
    return Answer(
        response.status_code,
        bad=bad_calls(body.get("errors") or ()),
        detail=str(body.get("detail") or response.reason_phrase),
        retry_after=_seconds(response.headers.get("retry-after")),
    )


def _seconds(header: str | None) -> float | None:
    try:
        return None if header is None else min(MAX_WAIT_SECONDS, max(0.0, float(header)))
    except ValueError:
        return None

"""Answers that need not be asked for again, while caching is on: an equal request gets the answer of the first.

What is kept is JSON: texts, plain dicts and lists, and the answers of known clients with the name of their class. So an
entry's size is known, nobody changes it by accident, and programs of one project can share it through the server.
"""

import asyncio
import hashlib
import json
import sys
import threading
import time
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

import httpx

from callscope.observability.policy import Policy
from callscope.observability.transport import client

if TYPE_CHECKING:
    from callscope.observability.handle import Handle

MAX_BYTES = 16 * 2**20
"""Of all answers in memory."""
CLIENTS = ("openai", "anthropic", "google", "mistralai", "cohere")
"""Whose answers may be made anew from JSON, by their own classes."""
_STATEFUL = ("previous_response_id", "conversation", "background", "container")
SHARED_SECONDS = 0.5
"""How long to wait for the server's cache: longer, and asking the provider would be as fast."""
REST_SECONDS = 30.0
"""How long the server's cache is left alone after it did not answer."""


def digest_of(what: str, model: str | int | None, prompt: Any, params: Mapping[str, Any], project: str) -> str | None:
    """What equal requests have in common; None for one that cannot be compared.

    Args:
        what: which kind of request it is, since the same words to another function are another request.
    """
    try:
        document = json.dumps([1, what, model, prompt, params, project], sort_keys=True, allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return None
    return hashlib.sha256(document.encode("utf-8", "surrogatepass")).hexdigest()


def may_be_answered_again(params: Mapping[str, Any]) -> bool:
    """Whether a request does not ask for chance (a temperature above 0, several answers), a stream, or a state."""
    temperature, answers = params.get("temperature"), params.get("n")
    if isinstance(temperature, int | float) and temperature > 0:
        return False
    if isinstance(answers, int) and answers > 1:
        return False
    return not params.get("stream") and not any(params.get(name) for name in _STATEFUL)


def kept(answer: Any) -> Any:
    """An answer as JSON's values; None for one that would not come back the same. Never raises."""
    if isinstance(answer, str | dict | list):
        try:
            return {"value": answer} if json.loads(json.dumps(answer)) == answer else None
        except (TypeError, ValueError, RecursionError):
            return None
    kind = type(answer)
    name = f"{kind.__module__}:{kind.__qualname__}"
    if _class(name) is not kind:
        return None
    try:
        return {"class": name, "value": answer.model_dump(mode="json")}
    except Exception:  # what a program put into it
        return None


def made_again(document: Any) -> Any:
    """The answer of what `kept` gave; None where its class is not there, or does not take it. Never raises."""
    if not isinstance(document, dict) or "value" not in document:
        return None
    if "class" not in document:
        return document["value"]
    name, value = str(document["class"]), document["value"]
    kind: Any = _class(name)
    if kind is None:
        return None
    try:
        # `construct` takes what a newer server sends, as the clients' own reading of an answer does.
        return kind.construct(**value) if name.startswith(("openai.", "anthropic.")) else kind.model_validate(value)
    except Exception:  # another program of the project may have kept anything
        return None


def _class(name: str) -> type | None:
    """A class of a known client, if its package is in use here."""
    module, _, qualified = str(name).partition(":")
    if module.partition(".")[0] not in CLIENTS:
        return None
    found = getattr(sys.modules.get(module), qualified, None)
    return found if isinstance(found, type) and hasattr(found, "model_dump") else None


class Shared(Protocol):
    """Entries that programs of one project share."""

    def get(self, digest: str) -> Any:
        """The document, or None."""

    def put(self, digest: str, document: Any, model: str, ttl_seconds: float) -> None:
        """Keep a document."""


class ResponseCache:
    """Answers in memory, the least used ones dropped first, and behind them those that are shared."""

    def __init__(self, shared: Shared | None = None, max_bytes: int = MAX_BYTES) -> None:
        self.shared = shared
        self._max_bytes = max_bytes
        self._bytes = 0
        self._entries: OrderedDict[str, tuple[bytes, float]] = OrderedDict()
        self._lock = threading.Lock()

    def after_fork(self) -> None:
        """Begin anew in a child: another thread of the parent may have been at work here."""
        self._bytes = 0
        self._entries = OrderedDict()
        self._lock = threading.Lock()

    def near(self, digest: str) -> Any:
        """The answer, if it is in memory."""
        with self._lock:
            found = self._entries.get(digest)
            if found is None:
                return None
            if found[1] < time.monotonic():
                self._remove(digest)
                return None
            self._entries.move_to_end(digest)
        return made_again(json.loads(found[0]))

    def far(self, digest: str, policy: Policy) -> Any:
        """The answer, if others have it; waits a moment for the server."""
        if self.shared is None:
            return None
        document = self.shared.get(digest)
        answer = made_again(document)
        if answer is not None:
            self._keep(digest, json.dumps(document).encode(), policy)
        return answer

    def put(self, digest: str, answer: Any, policy: Policy) -> Any:
        """Keep an answer in memory; gives what may be shared, if it can be kept at all."""
        document = kept(answer)
        if document is None:
            return None
        data = json.dumps(document).encode()
        if len(data) > min(policy.cache_max_entry_bytes, self._max_bytes):
            return None
        self._keep(digest, data, policy)
        return document

    def _keep(self, digest: str, data: bytes, policy: Policy) -> None:
        with self._lock:
            if digest in self._entries:
                self._remove(digest)
            self._entries[digest] = (data, time.monotonic() + policy.cache_ttl_seconds)
            self._bytes += len(data)
            while self._bytes > self._max_bytes:
                self._remove(next(iter(self._entries)))

    def _remove(self, digest: str) -> None:
        self._bytes -= len(self._entries.pop(digest)[0])


class Lookup:
    """Whether a request was answered before, and where its answer is kept. Without a digest it finds and keeps nothing."""

    def __init__(self, handle: "Handle", digest: str | None = None, model: str | int | None = None) -> None:
        self._handle = handle
        self._digest = digest
        self._model = str(model or "unknown")

    @classmethod
    def for_request(
        cls, handle: "Handle", what: str, model: str | int | None, prompt: Any, params: Mapping[str, Any], project: str
    ) -> "Lookup":
        """For a request that may be answered from the cache."""
        return cls(handle, digest_of(what, model, prompt, params, project), model)

    def near(self) -> Any:
        """The answer, if it is in memory."""
        return None if self._digest is None else self._handle.cache.near(self._digest)

    def far(self) -> Any:
        """The answer, if another program of the project has it; waits a moment for the server."""
        return None if self._digest is None else self._handle.cache.far(self._digest, self._handle.policy)

    async def afar(self) -> Any:
        """The same within an event loop, which goes on meanwhile."""
        if self._digest is None or self._handle.cache.shared is None:
            return None
        return await asyncio.to_thread(self.far)

    def keep(self, answer: Any) -> None:
        """Keep the answer for equal requests, here at once and for others in the background."""
        digest, cache, policy = self._digest, self._handle.cache, self._handle.policy
        if digest is None:
            return
        document, shared = cache.put(digest, answer, policy), cache.shared
        if document is not None and shared is not None:
            self._handle.later(lambda: shared.put(digest, document, self._model, policy.cache_ttl_seconds))


class SharedCache:
    """`/cache/{digest}` of a server, for a key with scope `gateway`; with another key it is never asked again."""

    def __init__(self, url: str, api_key: str | None) -> None:
        self._url = url
        self._api_key = api_key
        self._client: httpx.Client | None = None
        self._of_parents: list[httpx.Client | None] = []
        self._rest_until = 0.0

    def get(self, digest: str) -> Any:
        """The document, or None."""
        answer = self._ask("GET", digest)
        if answer is None or answer.status_code != 200:
            return None
        try:
            return answer.json()["data"]["value"]
        except (ValueError, KeyError, TypeError):
            return None

    def put(self, digest: str, document: Any, model: str, ttl_seconds: float) -> None:
        """Keep a document."""
        self._ask("PUT", digest, {"value": document, "model": model, "ttl_seconds": int(ttl_seconds)})

    def after_fork(self) -> None:
        """Begin with new connections."""
        self._of_parents.append(self._client)
        self._client = None

    def _ask(self, method: str, digest: str, body: Any = None) -> httpx.Response | None:
        if time.monotonic() < self._rest_until:
            return None
        if self._client is None:
            self._client = client(self._url, self._api_key)
        try:
            answer = self._client.request(method, f"/cache/{digest}", json=body, timeout=SHARED_SECONDS)
        except (httpx.HTTPError, OSError):
            self._rest_until = time.monotonic() + REST_SECONDS
            return None
        if answer.status_code in {401, 403, 405} or answer.status_code >= 500:
            self._rest_until = float("inf") if answer.status_code < 500 else time.monotonic() + REST_SECONDS
        return answer

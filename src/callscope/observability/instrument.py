"""`instrument`: records the calls of an `openai` or `anthropic` client, which stays the client that it is.

Every call of such a client goes through its `request`, so that is the one place that is watched: helpers like `parse`,
`stream` and the beta namespaces come along by themselves, and what is recorded is what is sent.
"""

import copy
import functools
import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from callscope.observability.cache import Lookup, may_be_answered_again
from callscope.observability.connect import Database, handle_of
from callscope.observability.errors import CallscopeError
from callscope.observability.handle import Handle
from callscope.observability.reading import read
from callscope.observability.reading.shape import get
from callscope.observability.recording import Recording, Request, within
from callscope.observability.streams import StreamState, recorded
from callscope.observability.tracing import Attributes

Client = TypeVar("Client")

CHAT = "/chat/completions"
ENDPOINTS = (CHAT, "/completions", "/responses", "/embeddings", "/v1/messages")
"""What asks a model. What they answer is read by its shape."""
RAW_RESPONSE = "X-Stainless-Raw-Response"
"""By this header the clients tell that the program wants the HTTP response (`with_raw_response`) or reads it itself."""
_ASKED = ("messages", "input", "prompt")
_HOSTS = {
    "api.openai.com": "openai", "api.anthropic.com": "anthropic", "openrouter.ai": "openrouter", "api.groq.com": "groq",
    "api.deepseek.com": "deepseek", "api.mistral.ai": "mistral", "api.x.ai": "x-ai", "api.together.xyz": "together",
    "api.fireworks.ai": "fireworks", "api.perplexity.ai": "perplexity", "api.cerebras.ai": "cerebras",
    "api.moonshot.ai": "moonshotai", "generativelanguage.googleapis.com": "google",
}  # fmt: skip
"""Whose model it is that a client asks, by its address: OpenAI's client is used for many."""
_CLOUDS = {"Azure": "azure", "Foundry": "azure", "Bedrock": "aws", "Vertex": "google"}
"""The same by the name of the client's class."""


def instrument(
    client: Client,
    db: Database = None,
    *,
    provider: str | None = None,
    cache: bool | None = None,
    stream_usage: bool = True,
    user_id: int | None = None,
    project: str | None = None,
    environment: str | None = None,
    end_user: str | None = None,
    session_id: str | None = None,
    name: str | None = None,
    tags: list[str] | None = None,
    metadata: dict[str, Any] | None = None,
) -> Client:
    """Record all calls that a client makes, and keep it to the settings. Gives the same client back.

    Args:
        client: an `openai` or `anthropic` client, asynchronous or not, for whatever server. One that was instrumented
            before is left as it is.
        db: as for `LLMObservabilityWrapper`; left out, what `connect()` gives, shared within the process.
        provider: who is asked, where the client's class and address do not tell.
        cache: as for `LLMObservabilityWrapper`.
        stream_usage: whether OpenAI's chat streams are asked to tell their tokens at the end. The piece that tells them
            is kept from a program that did not ask for it. Without it the tokens of such streams are estimated.
        user_id, project, environment, end_user, session_id, name, tags, metadata: what the calls are recorded with;
            what is set around a call with `observe` is added.

    The client raises ModelDisabled or TokenCapExceeded for calls that the settings forbid. Raises CallscopeError for
    what is no such client.
    """
    request = getattr(client, "request", None)
    if (
        not any(kind.__module__.startswith(("openai.", "anthropic.")) for kind in type(client).__mro__)
        or request is None
    ):
        raise CallscopeError(
            f"{type(client).__module__}.{type(client).__name__} is no client of openai or anthropic; "
            "wrap its calls with LLMObservabilityWrapper instead"
        )
    if isinstance(getattr(request, "callscope", None), _Watch):
        return client
    attributes = {
        "user_id": user_id, "project": project, "environment": environment, "end_user": end_user,
        "session_id": session_id, "name": name, "tags": tags, "metadata": metadata,
    }  # fmt: skip
    _watch(
        client,
        _Watch(
            handle_of(db),
            str(getattr(client, "base_url", "")),
            provider or _provider(client),
            cache,
            stream_usage,
            attributes,
        ),
    )
    return client


@dataclass(slots=True)
class _Watch:
    """How the calls of one client are recorded. `server` is whom it asks."""

    handle: Handle
    server: str
    provider: str | None
    cache: bool | None
    stream_usage: bool
    attributes: Attributes = field(default_factory=dict)

    def begin(self, options: Any) -> "_Call | None":
        """The call that a request makes; None for one that asks no model."""
        url = str(options.url).partition("?")[0].rstrip("/")
        endpoint = next((one for one in ENDPOINTS if url.endswith(one)), None)
        if str(options.method).lower() != "post" or endpoint is None or not isinstance(options.json_data, Mapping):
            return None
        body = {**options.json_data, **(options.extra_json or {})}
        return _Call(self, endpoint, body, options)


class _Call:
    """One request of the client."""

    def __init__(self, watch: _Watch, endpoint: str, body: dict[str, Any], options: Any) -> None:
        headers = options.headers if isinstance(options.headers, Mapping) else {}
        self.raw = headers.get(RAW_RESPONSE)
        self.is_stream = bool(body.get("stream"))
        self.options = options
        self._watch = watch
        self._hides_usage = False
        params = {key: value for key, value in body.items() if key not in {*_ASKED, "model", "system", "instructions"}}
        request = Request(body.get("model"), watch.provider, _prompt(body), params, watch.attributes)
        self.recording = Recording(watch.handle, request)
        self.lookup = Lookup(watch.handle)
        repeatable = watch.cache or may_be_answered_again(params)
        if (
            watch.cache is not False
            and watch.handle.policy.caching
            and not self.raw
            and not self.is_stream
            and repeatable
        ):
            project = str(self.recording.attributes.get("project") or watch.handle.project or "")
            what = f"{endpoint} of {watch.server}"
            self.lookup = Lookup.for_request(watch.handle, what, request.model, request.prompt, params, project)
        if self.is_stream and endpoint == CHAT and watch.stream_usage and not self.raw:
            self._ask_for_usage(body)

    def _ask_for_usage(self, body: Mapping[str, Any]) -> None:
        given = body.get("stream_options") or {}
        if "include_usage" in given:
            return
        self.options = copy.copy(self.options)
        self.options.json_data = {**self.options.json_data, "stream_options": {**given, "include_usage": True}}
        self._hides_usage = True

    def refuses_usage(self, error: Exception, options: Any) -> bool:
        """Whether a server knows nothing of asking for usage; then it is asked as the program does, now and later."""
        if (
            not self._hides_usage
            or getattr(error, "status_code", None) not in {400, 422}
            or "stream_options" not in str(error)
        ):
            return False
        self._watch.stream_usage = False
        self._hides_usage = False
        self.options = options
        return True

    def hit(self, found: Any) -> Any:
        """An answer from the cache."""
        self.recording.finish(read(found), cache_hit=True)
        return found

    def answered(self, answer: Any, *, asynchronous: bool) -> Any:
        """The client has got its answer; gives what the program is to get."""
        if self.is_stream:
            state = StreamState(self.recording, hides=_tells_usage_only if self._hides_usage else None)
            return recorded(answer, state, asynchronous=asynchronous)
        self.recording.finish(read(answer))
        self.lookup.keep(answer)
        return answer

    def answered_raw(self, answer: Any) -> Any:
        """The program gets the HTTP response; gives what is still to be awaited, if it must be. Never raises."""
        if self.is_stream or self.raw != "true":
            return None
        try:
            parsed = answer.parse()
        except Exception:  # what the program may be looking for in it
            parsed = None
        if inspect.isawaitable(parsed):
            return self._awaited(parsed)
        self.recording.finish(read(parsed))
        return None

    async def _awaited(self, parsed: Any) -> None:
        try:
            answer = await parsed
        except Exception:  # as above
            answer = None
        self.recording.finish(read(answer))


def _watch(client: Any, watch: _Watch) -> None:
    original = client.request
    hook = _async_request(original, watch) if inspect.iscoroutinefunction(original) else _request(original, watch)
    hook.callscope = watch
    client.request = hook
    for name in ("copy", "with_options"):
        method = getattr(client, name, None)
        if method is not None:
            setattr(client, name, _copying(method, watch))


def _copying(method: Any, watch: _Watch) -> Any:
    """The client's method that makes another client of it, which is then recorded, too."""

    @functools.wraps(method)
    def copied(*args: Any, **kwargs: Any) -> Any:
        client = method(*args, **kwargs)
        _watch(client, watch)
        return client

    return copied


def _request(original: Any, watch: _Watch) -> Any:
    @functools.wraps(original)
    def request(cast_to: Any, options: Any, **kwargs: Any) -> Any:
        watch.handle.wait_for_policy()
        call = watch.begin(options)
        if call is None:
            return original(cast_to, options, **kwargs)
        call.recording.check()
        found = call.lookup.near() or call.lookup.far()
        if found is not None:
            return call.hit(found)
        try:
            with within(call.recording):
                try:
                    answer = original(cast_to, call.options, **kwargs)
                except Exception as error:
                    if not call.refuses_usage(error, options):
                        raise
                    answer = original(cast_to, call.options, **kwargs)
        except BaseException as error:
            call.recording.finish(error=error)
            raise
        if call.raw:
            call.answered_raw(answer)
            return answer
        return call.answered(answer, asynchronous=False)

    return request


def _async_request(original: Any, watch: _Watch) -> Any:
    @functools.wraps(original)
    async def request(cast_to: Any, options: Any, **kwargs: Any) -> Any:
        await watch.handle.await_policy()
        call = watch.begin(options)
        if call is None:
            return await original(cast_to, options, **kwargs)
        call.recording.check()
        found = call.lookup.near() or await call.lookup.afar()
        if found is not None:
            return call.hit(found)
        try:
            with within(call.recording):
                try:
                    answer = await original(cast_to, call.options, **kwargs)
                except Exception as error:
                    if not call.refuses_usage(error, options):
                        raise
                    answer = await original(cast_to, call.options, **kwargs)
        except BaseException as error:
            call.recording.finish(error=error)
            raise
        if call.raw:
            rest = call.answered_raw(answer)
            if rest is not None:
                await rest
            return answer
        return call.answered(answer, asynchronous=True)

    return request


def _prompt(body: Mapping[str, Any]) -> Any:
    """What the model is asked, with the instructions that some providers take apart from it."""
    asked = next((body[name] for name in _ASKED if body.get(name) is not None), None)
    system = body.get("system") or body.get("instructions")
    if system is None:
        return asked
    messages = asked if isinstance(asked, list) else [{"role": "user", "content": asked}]
    return [{"role": "system", "content": system}, *messages]


def _tells_usage_only(chunk: Any) -> bool:
    return get(chunk, "usage") is not None and get(chunk, "choices") == []


def _provider(client: Any) -> str | None:
    name = type(client).__name__
    cloud = next((provider for word, provider in _CLOUDS.items() if word in name), None)
    host = str(getattr(getattr(client, "base_url", None), "host", ""))
    return cloud or _HOSTS.get(host) or ("azure" if host.endswith(".azure.com") else None)

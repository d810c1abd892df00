"""One call from its start until it is handed to the sender: what it was asked, how it ended, what it took."""

import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from callscope.observability.encoding import Call
from callscope.observability.errors import Refused, message_of
from callscope.observability.estimate import estimated_tokens, tokens_asked_for
from callscope.observability.pending import Pending
from callscope.observability.reading import Reading, Usage
from callscope.observability.tracing import Attributes, current_scope, merged, new_span_id, position

if TYPE_CHECKING:
    from callscope.observability.handle import Handle

_USAGE = (
    "cached_tokens", "cache_write_tokens", "cache_write_1h_tokens", "reasoning_tokens", "audio_input_tokens",
    "audio_output_tokens", "image_tokens", "server_tool_calls", "cost",
)  # fmt: skip
_TIERS = frozenset({"standard", "default", "auto", "batch", "flex", "priority"})

_active: ContextVar["Recording | None"] = ContextVar("callscope_recording", default=None)
"""The call that is just being made: one that is made within it is the call, and the outer one a witness."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a model is asked.

    Args:
        model: its name, or its number in the catalogue; None where only the answer will tell.
        provider: who is asked, if that is known for sure.
        prompt, params: what is recorded as such; `params` also say how many tokens may be written.
        attributes: whose call it is and what for: `project`, `end_user`, `tags`, …
    """

    model: str | int | None
    provider: str | None = None
    prompt: Any = None
    params: Mapping[str, Any] = field(default_factory=dict)
    attributes: Attributes = field(default_factory=dict)

    def tokens(self) -> int:
        """About how many tokens it may come to, with the answer that it allows."""
        return estimated_tokens(self.prompt) + tokens_asked_for(self.params)


@dataclass(slots=True)
class Recorded:
    """A call that has ended, or several that were made as one. There are receipts if they were asked for."""

    latency_ms: float
    prompt_tokens: int = 0
    completion_tokens: int = 0
    succeeded: bool = True
    receipts: list[Pending] = field(default_factory=list)


class Recording:
    """A call under way. Its clock runs from here on; `finish` ends it, once."""

    def __init__(self, handle: "Handle", request: Request, *, receipt: bool = False, urgent: bool = False) -> None:
        self.request = request
        self.inner: list[Recorded] = []
        self.done: Recorded | None = None
        self.handle = handle
        outer = _active.get()
        self._outer: Recording | None = outer
        self.receipt: bool = receipt or (outer is not None and outer.receipt)
        self.urgent: bool = urgent or (outer is not None and outer.urgent)
        self._trace_id, self._parent_id = position()
        self._span_id = None if self._trace_id is None else new_span_id()
        scope = current_scope()
        attributes = request.attributes
        if outer is not None:
            attributes = merged(outer.attributes, attributes)
        if scope is not None:
            attributes = merged({**scope.attributes, "name": scope.name}, attributes)
        self.attributes: Attributes = attributes
        self._first_token_ms: float | None = None
        self._created_at = time.time()
        self._started = time.perf_counter()

    def check(self) -> None:
        """Raise Refused, and record it, if the settings forbid the call."""
        request, policy = self.request, self.handle.policy
        try:
            policy.check(request.model, request.provider, request.tokens)
            if isinstance(named := request.params.get("model"), str):  # beside a number of the catalogue
                policy.check(named, request.provider, lambda: 0)
        except Refused as refusal:
            self.finish(error=refusal)
            raise

    def first_token(self) -> None:
        """The answer has begun."""
        if self._first_token_ms is None:
            self._first_token_ms = self._elapsed_ms()

    def finish(
        self, reading: Reading | None = None, *, error: BaseException | None = None, note: str | None = None,
        cache_hit: bool = False,
    ) -> Recorded:  # fmt: skip
        """Record how the call ended.

        Args:
            reading: what the answer told, as far as there is one.
            error: what it ended with instead.
            note: what is worth knowing besides, as that nobody read the answer to its end.
            cache_hit: the provider was not asked.
        """
        if self.done is not None:
            return self.done
        latency_ms = self._elapsed_ms()
        if self._is_witness(error):
            self.done = self._sum(latency_ms, error)
            return self.done
        call = self._call(latency_ms, reading or Reading(), error, note)
        if cache_hit:
            call["cache_hit"] = True
        receipt = self.handle.send(call, receipt=self.receipt, urgent=self.urgent)
        self.done = Recorded(latency_ms, call["prompt_tokens"], call["completion_tokens"], error is None)
        if receipt is not None:
            self.done.receipts.append(receipt)
        if self._outer is not None:
            self._outer.inner.append(self.done)
        return self.done

    def _is_witness(self, error: BaseException | None) -> bool:
        """Whether the calls made within this one are all there was."""
        return any(one.succeeded for one in self.inner) or (bool(self.inner) and error is not None)

    def _sum(self, latency_ms: float, error: BaseException | None) -> Recorded:
        total = Recorded(latency_ms, succeeded=error is None)
        for one in self.inner:
            total.prompt_tokens += one.prompt_tokens
            total.completion_tokens += one.completion_tokens
            total.receipts += one.receipts
        if self._outer is not None:
            self._outer.inner += self.inner
        return total

    def _elapsed_ms(self) -> float:
        return (time.perf_counter() - self._started) * 1_000

    def _call(self, latency_ms: float, reading: Reading, error: BaseException | None, note: str | None) -> Call:
        request, attributes = self.request, self.attributes
        call: Call = {name: value for name, value in attributes.items() if value is not None}
        call.update(
            latency_ms=round(latency_ms, 3),
            time_to_first_token_ms=None if self._first_token_ms is None else round(self._first_token_ms, 3),
            created_at=self._created_at,
            status="success",
            provider=request.provider or reading.provider,
            response_id=reading.response_id,
            service_tier=reading.service_tier if reading.service_tier in _TIERS else None,
            trace_id=self._trace_id,
            span_id=self._span_id,
            parent_span_id=self._parent_id,
        )
        self._name_model(call, reading)
        _count(call, request, reading, failed=error is not None)
        if error is not None:
            _tell(call, error)
        if self.handle.capture_content:
            call["prompt"] = list(request.prompt) if isinstance(request.prompt, list) else request.prompt
            call["response"] = reading.content
            call["request_params"] = dict(request.params) or None
        metadata = {"finish_reason": reading.finish_reason, "stream": note}
        told = {name: value for name, value in metadata.items() if value is not None}
        if told:
            call["metadata"] = {**(call.get("metadata") or {}), **told}
        return call

    def _name_model(self, call: Call, reading: Reading) -> None:
        asked = self.request.model
        if isinstance(asked, int):
            call["model_id"] = asked
            call["provider"] = None
            return
        call["model"] = reading.model or asked or "unknown"
        if asked and asked != call["model"]:
            call["request_model"] = asked


def _count(call: Call, request: Request, reading: Reading, *, failed: bool) -> None:
    """The tokens as the provider counted them; else, of a call that was answered, as they may be estimated."""
    usage = reading.usage
    if usage is None:
        answered = not failed or reading.text is not None
        usage = Usage(estimated_tokens(request.prompt), estimated_tokens(reading.content)) if answered else Usage()
        call["usage_estimated"] = answered
    call["prompt_tokens"] = max(usage.prompt_tokens, usage.cached_tokens + usage.cache_write_tokens)
    call["completion_tokens"] = max(usage.completion_tokens, usage.reasoning_tokens, usage.audio_output_tokens)
    for name in _USAGE:
        if value := getattr(usage, name):
            call[name] = value


def _tell(call: Call, error: BaseException) -> None:
    call["status"] = "timeout" if _is_timeout(error) else "error"
    call["error_type"] = type(error).__name__
    call["error_message"] = message_of(error)
    if isinstance(error, Refused):
        call["refused"] = str(error)


def _is_timeout(error: BaseException) -> bool:
    """Whether an error says that it took too long: Python's own, or one of a client by its name."""
    return isinstance(error, TimeoutError) or any("Timeout" in kind.__name__ for kind in type(error).__mro__)


class within:  # noqa: N801  # it reads as a word in a `with`
    """A block in which a call is being made: calls recorded in it are what it consists of."""

    def __init__(self, recording: Recording) -> None:
        self._recording = recording

    def __enter__(self) -> None:
        self._token = _active.set(self._recording)

    def __exit__(self, *_: object) -> None:
        try:
            _active.reset(self._token)
        except ValueError:  # an asynchronous generator that is being collected ends in another context
            _active.set(None)

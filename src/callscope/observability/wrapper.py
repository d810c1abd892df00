"""`LLMObservabilityWrapper`: calls a function that calls a model, and records what came of it."""

import asyncio
import hashlib
import inspect
import weakref
from collections.abc import Callable
from typing import Any, NotRequired, TypedDict, cast

from callscope.observability.cache import Lookup, may_be_answered_again
from callscope.observability.connect import Database, handle_of
from callscope.observability.deadline import Deadline, iterate_until, within_seconds
from callscope.observability.errors import message_of
from callscope.observability.handle import Handle
from callscope.observability.pending import Pending, await_all
from callscope.observability.pending import wait as wait_for
from callscope.observability.reading import read
from callscope.observability.recording import Recorded, Recording, Request, within
from callscope.observability.streams import StreamState, is_stream, recorded
from callscope.observability.tracing import Attributes, merged


class Metrics(TypedDict):
    """What a call took. `estimated_cost` in US dollars; None while it is not known, or if no price is."""

    latency_ms: float | None
    prompt_tokens: int | None
    completion_tokens: int | None
    total_tokens: int | None
    estimated_cost: float | None


class CallResult(TypedDict):
    """What became of a call.

    `response` is what the function gave, `text` what the model wrote. `log_id` is the call's number, and None as long as
    the other side has not answered. For a stream `metrics` are filled in when it ends.
    """

    success: bool
    response: Any
    text: str | None
    metrics: Metrics
    log_id: int | None
    cache_hit: bool
    error: NotRequired[str]


class _Result(dict[str, Any]):
    """A `CallResult` that can be referred to without being held."""

    __slots__ = ("__weakref__",)


class LLMObservabilityWrapper:
    """Records the calls of functions that call a model.

    Args:
        db: what `callscope.connect` gave; or a SQLAlchemy `Session` or `Engine`, or the address of a server or database.
        user_id: the number of the user here whose calls these are.
        model_id: the model's number in the catalogue, or its name. Left out, it is what the answer says.
        provider: who is asked, where the answer does not tell.
        project, environment, end_user, session_id, name, tags, metadata: what the calls are recorded with.
        raise_errors: whether `call_llm` raises what the function raised, besides recording it; else it is in the result.
        timeout: how many seconds a call may take.
        wait: whether `call_llm` returns only when the call is recorded, with its `log_id` and cost. By default it does
            with a database in this process, and does not with a server.
        cache: True answers equal requests from the cache even where they ask for chance or call a function whose name
            does not tell what it does; False never does. By default the settings and the request decide.
    """

    def __init__(
        self,
        db: Database,
        user_id: int | None = None,
        model_id: int | str | None = None,
        *,
        provider: str | None = None,
        project: str | None = None,
        environment: str | None = None,
        end_user: str | None = None,
        session_id: str | None = None,
        name: str | None = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        raise_errors: bool = False,
        timeout: float | None = None,
        wait: bool | None = None,
        cache: bool | None = None,
    ) -> None:
        self.handle = handle_of(db)
        self._model = model_id
        self._provider = provider
        attributes = {
            "user_id": user_id, "project": project, "environment": environment, "end_user": end_user,
            "session_id": session_id, "name": name, "tags": tags, "metadata": metadata,
        }  # fmt: skip
        self._attributes = {name: value for name, value in attributes.items() if value is not None}
        self._raises = raise_errors
        self._timeout = timeout
        self._waits = wait
        self._cache = cache

    def call_llm(
        self, function: Callable[..., Any], prompt: Any = None, *args: Any,
        timeout: float | None = None, raise_errors: bool | None = None, wait: bool | None = None,
        cache: bool | None = None, name: str | None = None, end_user: str | None = None,
        session_id: str | None = None, tags: list[str] | None = None, metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> CallResult:  # fmt: skip
        """Call `function(prompt, *args, **kwargs)` and record the call.

        Args:
            function: gives a client's answer, a text, a dict with `text` and `usage`, or an iterator over the pieces of
                an answer. Then `response` is an iterator, and the call is recorded when it has been read.
            prompt: what the model is asked: a text, or messages. Left out, the function gets no first argument.
            args, kwargs: the function's other arguments. `model`, `messages` and `max_tokens` among them are noticed.
            timeout, raise_errors, wait, cache, name, end_user, session_id, tags, metadata: for this call, instead of the
                wrapper's own or, tags and metadata, besides them. The function does not get them.

        Raises what the function raised, or ModelDisabled, TokenCapExceeded or CallTimedOut, if errors are to be raised.
        """
        self.handle.wait_for_policy()
        own = {"name": name, "end_user": end_user, "session_id": session_id, "tags": tags, "metadata": metadata}
        call = self._begin(function, prompt, args, kwargs, own, wait=wait, cache=cache)
        seconds = _either(timeout, self._timeout)
        deadline = None if seconds is None else Deadline(seconds)
        try:
            call.recording.check()
            if call.hit(call.lookup.near() or call.lookup.far()):
                return call.settled()
            with within(call.recording):
                answer = call.run() if deadline is None else deadline.run(call.run)
            if inspect.iscoroutine(answer):
                answer.close()
                raise TypeError("the function gives an awaitable: await wrapper.acall_llm(…) instead")
            if is_stream(answer):
                if deadline is not None and hasattr(answer, "__next__"):
                    answer, deadline = deadline.iterate(answer), None
                return call.stream(answer, asynchronous=not hasattr(answer, "__next__"))
            call.answered(answer)
        except BaseException as error:
            call.failed(error)
            if not isinstance(error, Exception) or _either(raise_errors, self._raises):
                raise
        finally:
            if deadline is not None:
                deadline.end()
        return call.settled()

    async def acall_llm(
        self, function: Callable[..., Any], prompt: Any = None, *args: Any,
        timeout: float | None = None, raise_errors: bool | None = None, wait: bool | None = None,  # noqa: ASYNC109  # it is recorded
        cache: bool | None = None, name: str | None = None, end_user: str | None = None,
        session_id: str | None = None, tags: list[str] | None = None, metadata: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> CallResult:  # fmt: skip
        """As `call_llm`, for a function that gives an awaitable or an asynchronous iterator."""
        await self.handle.await_policy()
        own = {"name": name, "end_user": end_user, "session_id": session_id, "tags": tags, "metadata": metadata}
        call = self._begin(function, prompt, args, kwargs, own, wait=wait, cache=cache)
        seconds = _either(timeout, self._timeout)
        until = None if seconds is None else asyncio.get_running_loop().time() + seconds
        try:
            call.recording.check()
            if call.hit(call.lookup.near() or await call.lookup.afar()):
                return await call.asettled()
            with within(call.recording):
                answer = await within_seconds(call.run, seconds)
            if is_stream(answer):
                if until is not None and hasattr(answer, "__anext__"):
                    answer = iterate_until(answer, until, seconds)
                return call.stream(answer, asynchronous=hasattr(answer, "__anext__"))
            call.answered(answer)
        except BaseException as error:
            call.failed(error)
            if not isinstance(error, Exception) or _either(raise_errors, self._raises):
                raise
        return await call.asettled()

    def _begin(
        self, function: Callable[..., Any], prompt: Any, args: tuple[Any, ...], kwargs: dict[str, Any],
        attributes: Attributes, *, wait: bool | None, cache: bool | None,
    ) -> "_Call":  # fmt: skip
        params = {name: value for name, value in kwargs.items() if name != "messages"}
        model = self._model if self._model is not None else kwargs.get("model")
        asked = kwargs.get("messages") if prompt is None else prompt
        ours = merged({"name": getattr(function, "__name__", None), **self._attributes}, attributes)
        request = Request(model, self._provider, asked, params, ours)
        waits = _either(_either(wait, self._waits), self.handle.waits)
        recording = Recording(self.handle, request, receipt=True, urgent=bool(waits))
        lookup = _lookup(self.handle, function, args, request, _either(cache, self._cache))
        arguments = args if prompt is None else (prompt, *args)
        return _Call(recording, lookup, lambda: function(*arguments, **kwargs))


class _Call:
    """One call of the wrapper, and the result that its caller gets."""

    def __init__(self, recording: Recording, lookup: Lookup, run: Callable[[], Any]) -> None:
        self.recording = recording
        self.lookup = lookup
        self.run = run
        metrics = Metrics(
            latency_ms=None, prompt_tokens=None, completion_tokens=None, total_tokens=None, estimated_cost=None
        )
        self._result: _Result | None = _Result(
            success=False, response=None, text=None, metrics=metrics, log_id=None, cache_hit=False
        )
        self._where = weakref.ref(self._result)

    @property
    def result(self) -> CallResult:
        """The result as it is now."""
        return cast("CallResult", self._where() or _Result(metrics={}))

    def hit(self, found: Any) -> bool:
        """Take an answer from the cache, if there is one."""
        if found is None:
            return False
        reading = read(found)
        done = self.recording.finish(reading, cache_hit=True)
        self.result.update({"success": True, "response": found, "text": reading.text, "cache_hit": True})
        self._measured(done)
        return True

    def answered(self, answer: Any) -> None:
        """The function has given an answer."""
        reading = read(answer)
        self.result.update({"success": True, "response": answer, "text": reading.text})
        self._measured(self.recording.finish(reading))
        self.lookup.keep(answer)

    def failed(self, error: BaseException) -> None:
        """The function has raised an error, or was not called at all."""
        done = self.recording.finish(error=error)
        self.result.update({"success": False, "error": f"{type(error).__name__}: {message_of(error)}"})
        self._measured(done)

    def stream(self, stream: Any, *, asynchronous: bool) -> CallResult:
        """The function has given a stream: the result is completed when it ends."""
        state = StreamState(self.recording, when_done=self._streamed)
        result = self.result
        result.update({"success": True, "response": recorded(stream, state, asynchronous=asynchronous)})
        self._result = None  # the stream in it leads back here: held by each other, neither could be forgotten
        return result

    def settled(self) -> CallResult:
        """The result; with the receipt, if that is waited for."""
        if self.recording.urgent:
            wait_for(self._receipts(), self.recording.handle.wait_seconds)
            self._fill_in()
        return self.result

    async def asettled(self) -> CallResult:
        """The same within an event loop, which goes on meanwhile."""
        if self.recording.urgent:
            await await_all(self._receipts(), self.recording.handle.wait_seconds)
            self._fill_in()
        return self.result

    def _streamed(self, done: Recorded, reading_text: str | None, error: BaseException | None) -> None:
        self.result["text"] = reading_text
        if error is not None:
            self.result.update({"success": False, "error": f"{type(error).__name__}: {message_of(error)}"})
        self._measured(done)

    def _measured(self, done: Recorded) -> None:
        metrics = self.result["metrics"]
        metrics["latency_ms"] = round(done.latency_ms, 3)
        metrics["prompt_tokens"], metrics["completion_tokens"] = done.prompt_tokens, done.completion_tokens
        metrics["total_tokens"] = done.prompt_tokens + done.completion_tokens
        for receipt in done.receipts:
            receipt.then(self._fill_in)

    def _receipts(self) -> list[Pending]:
        done = self.recording.done
        return [] if done is None else done.receipts

    def _fill_in(self) -> None:
        """What the receipts tell that are there. Of several calls the last one's number counts."""
        told = [one.receipt for one in self._receipts() if one.receipt is not None]
        if told:
            costs = [receipt.estimated_cost for receipt in told if receipt.estimated_cost is not None]
            self.result["log_id"] = told[-1].log_id
            self.result["metrics"]["estimated_cost"] = sum(costs) if len(costs) == len(told) else None


def _lookup(
    handle: Handle, function: Callable[..., Any], args: tuple[Any, ...], request: Request, wanted: bool | None
) -> Lookup:
    """Where to look for an earlier answer."""
    if wanted is False or not handle.policy.caching:
        return Lookup(handle)
    if wanted is None and not (_is_told_by_its_name(function) and may_be_answered_again(request.params)):
        return Lookup(handle)
    name = f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', '')} {_fingerprint(function)}"
    project = request.attributes.get("project") or handle.project or ""
    return Lookup.for_request(handle, name, request.model, [request.prompt, *args], request.params, project)


def _is_told_by_its_name(function: Callable[..., Any]) -> bool:
    """Whether its name tells which function it is: a function of a module, not one that holds values of its own."""
    return inspect.isfunction(function) and "<" not in function.__qualname__ and function.__closure__ is None


def _fingerprint(function: Callable[..., Any]) -> str:
    """What tells two functions of the same name apart, as two programs may have them."""
    code = getattr(function, "__code__", None)
    if code is None:
        return ""
    constants = [one for one in code.co_consts if isinstance(one, str | int | float | bytes)]
    return hashlib.sha256(repr((code.co_code, code.co_names, constants)).encode()).hexdigest()[:16]


def _either(first: Any, second: Any) -> Any:
    return second if first is None else first

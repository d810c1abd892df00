"""Where in a program's work a call is made: traces and spans, which its calls carry so that they can be joined up.

Under an active OpenTelemetry span its ids are used. OpenTelemetry is looked at only where the program itself has
imported it; nothing of it is set or changed.
"""

import functools
import inspect
import os
import sys
from collections.abc import AsyncIterator, Callable, Generator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from types import MethodType, TracebackType
from typing import Any, NamedTuple, ParamSpec, TypeVar, cast, overload

P = ParamSpec("P")
T = TypeVar("T")
Attributes = Mapping[str, Any]


class Position(NamedTuple):
    """The trace and the span that something new is part of; both None outside of any."""

    trace_id: str | None
    span_id: str | None


@dataclass(frozen=True, slots=True)
class Scope:
    """A span of the program that has begun; `attributes` are what calls inside it are recorded with."""

    name: str
    trace_id: str
    span_id: str
    parent_span_id: str | None
    attributes: Attributes
    inside_of: str | None
    """The OpenTelemetry span that was active when it began."""
    outer: "Scope | None"
    begun_by: "Span"


_scope: ContextVar[Scope | None] = ContextVar("callscope_scope", default=None)


def current_scope() -> Scope | None:
    """The innermost span begun with `observe`."""
    return _scope.get()


def position() -> Position:
    """What a call made now is part of: the innermost of our spans and OpenTelemetry's."""
    scope, otel = _scope.get(), _otel_position()
    if scope is not None and (otel is None or otel.span_id == scope.inside_of):
        return Position(scope.trace_id, scope.span_id)
    return otel or Position(None, None)


def new_span_id() -> str:
    """A span's id: eight random bytes in hexadecimal. Not from `random`, which a program may have seeded."""
    return os.urandom(8).hex()


def merged(outer: Attributes, inner: Attributes) -> dict[str, Any]:
    """Attributes of both, the inner ones first; tags and metadata are added up."""
    result = dict(outer)
    for name, value in inner.items():
        if value is None:
            continue
        before = result.get(name)
        if before and name == "tags":
            result[name] = [*before, *value]
        elif before and name == "metadata":
            result[name] = {**before, **value}
        else:
            result[name] = value
    return result


@overload
def observe(name: Callable[P, T], /) -> Callable[P, T]: ...
@overload
def observe(
    name: str | None = None,
    *,
    session_id: str | None = None,
    end_user: str | None = None,
    project: str | None = None,
    environment: str | None = None,
    tags: list[str] | None = None,
    metadata: dict[str, Any] | None = None,
) -> "Span": ...
def observe(name: Any = None, **attributes: Any) -> Any:
    """Make a function, or a block, a span of a trace: calls of models inside it carry its ids.

    `@observe`, `@observe("plan", session_id=…)` for functions, methods and generators, asynchronous or not;
    `with observe("plan", end_user=…) as scope:` for a block, also `async with`.

    Args:
        name: what the calls inside are called, unless they have a name of their own; a function's own name by default.
        attributes: what they are recorded with: `session_id`, `end_user`, `project`, `environment`; `tags` and
            `metadata`, to which those of inner spans are added.
    """
    return Span(None, {})(name) if callable(name) else Span(name, attributes)


class Span:
    """A span to come, of a function or of a block. Each call of the function, each time in the block, is one."""

    def __init__(self, name: str | None, attributes: Attributes) -> None:
        self._name = name
        self._attributes = attributes

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """The function as a span."""
        name = self._name or function.__qualname__.replace("<locals>.", "")
        wrapped = _wrapped(function, lambda: self._scope(name))
        return cast("Callable[P, T]", functools.wraps(function)(wrapped))

    def __enter__(self) -> Scope:
        """Begin a span."""
        scope = self._scope(self._name or "span")
        _scope.set(scope)
        return scope

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it. Whoever began it in another context, as a web framework's thread may, has nothing to end here."""
        scope = _scope.get()
        if scope is not None and scope.begun_by is self:
            _scope.set(scope.outer)

    async def __aenter__(self) -> Scope:
        """Begin a span."""
        return self.__enter__()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it."""
        self.__exit__(kind, error, trace)

    def _scope(self, name: str) -> Scope:
        outer, where, otel = _scope.get(), position(), _otel_position()
        attributes = merged(outer.attributes if outer is not None else {}, self._attributes)
        trace_id = where.trace_id or os.urandom(16).hex()
        inside_of = otel.span_id if otel else None
        return Scope(name, trace_id, new_span_id(), where.span_id, attributes, inside_of, outer, self)


def _wrapped(function: Callable[..., Any], begin: Callable[[], Scope]) -> Callable[..., Any]:
    """The function within a span of its own at each call, whatever kind of function it is."""
    if inspect.isasyncgenfunction(function):
        return _GeneratorFunction(function, begin, _async_steps)
    if inspect.iscoroutinefunction(function):

        async def coroutine(*args: Any, **kwargs: Any) -> Any:
            token = _scope.set(begin())
            try:
                return await function(*args, **kwargs)
            finally:
                _scope.reset(token)

        return coroutine

    if inspect.isgeneratorfunction(function):
        return _GeneratorFunction(function, begin, _steps)

    def plain(*args: Any, **kwargs: Any) -> Any:
        token = _scope.set(begin())
        try:
            return function(*args, **kwargs)
        finally:
            _scope.reset(token)

    return plain


class _GeneratorFunction:
    """A generator function, asynchronous or not, whose span is part of what calls it.

    A real one would begin at its first step, which for a streamed answer is when the request's span has ended. This
    one has all that `inspect` looks at in a function, so that frameworks take it for the one that it is.
    """

    def __init__(self, function: Any, begin: Callable[[], Scope], steps: Callable[[Any, Scope], Any]) -> None:
        self.__code__ = function.__code__
        self.__defaults__ = function.__defaults__
        self.__kwdefaults__ = function.__kwdefaults__
        self._function = function
        self._begin = begin
        self._steps = steps

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._steps(self._function(*args, **kwargs), self._begin())

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> str:
        return str(self._function.__qualname__)  # by name, as functions are pickled


def _steps(generator: Generator[Any, Any, Any], scope: Scope) -> Generator[Any, Any, Any]:
    """The generator, in its span while it works, and not while its caller does."""
    step, value = generator.send, None
    try:
        while True:
            token = _scope.set(scope)
            try:
                produced = step(value)
            except StopIteration as end:
                return end.value
            finally:
                _scope.reset(token)
            try:
                step, value = generator.send, (yield produced)
            except GeneratorExit:
                raise
            except BaseException as error:  # what the caller throws in
                step, value = generator.throw, error
    finally:
        token = _scope.set(scope)
        try:
            generator.close()
        finally:
            _scope.reset(token)


async def _async_steps(generator: Any, scope: Scope) -> AsyncIterator[Any]:
    """The same for an asynchronous generator."""
    step, value = generator.asend, None
    try:
        while True:
            token = _scope.set(scope)
            try:
                produced = await step(value)
            except StopAsyncIteration:
                return
            finally:
                _scope.reset(token)
            try:
                step, value = generator.asend, (yield produced)
            except GeneratorExit:
                raise
            except BaseException as error:  # what the caller throws in
                step, value = generator.athrow, error
    finally:
        token = _scope.set(scope)
        try:
            await generator.aclose()
        finally:
            _scope.reset(token)


def _otel_position() -> Position | None:
    trace = sys.modules.get("opentelemetry.trace")
    if trace is None:
        return None
    context = trace.get_current_span().get_span_context()
    if not context.is_valid:
        return None
    return Position(f"{context.trace_id:032x}", f"{context.span_id:016x}")

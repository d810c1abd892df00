"""Spans around calls: whatever kind of function it is, calls inside it carry its ids, and calls outside do not."""

import asyncio
import inspect
import pickle
import sys
from collections.abc import AsyncIterator, Iterator
from types import SimpleNamespace
from typing import Annotated, Any

import pytest
from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient

import callscope
from callscope.observability.handle import Handle
from callscope.observability.tracing import Position, current_scope, position
from tests.observability.recorded import calls_of

NOWHERE = Position(None, None)


def name() -> str | None:
    scope = current_scope()
    return None if scope is None else scope.name


@callscope.observe
def plain(value: int) -> tuple[int, str | None]:
    """Kept."""
    return value, name()


@callscope.observe(name="renamed")
async def coroutine() -> str | None:
    await asyncio.sleep(0)
    return name()


@callscope.observe
def generator() -> Iterator[str | None]:
    try:
        yield name()
        yield name()
    finally:
        ends.append(name())


@callscope.observe()
async def async_generator() -> AsyncIterator[str | None]:
    try:
        yield name()
        await asyncio.sleep(0)
        yield name()
    finally:
        ends.append(name())


ends: list[str | None] = []


class Agent:
    @callscope.observe
    def act(self) -> str | None:
        return name()

    @callscope.observe
    def steps(self, many: int = 1) -> Iterator[str | None]:
        for _ in range(many):
            yield name()


def test_functions_and_methods_are_spans_while_they_run() -> None:
    assert plain(3) == (3, "plain")
    assert plain.__doc__ == "Kept."
    assert Agent().act() == "Agent.act"
    assert asyncio.run(coroutine()) == "renamed"
    assert position() == NOWHERE


def test_generators_are_spans_while_they_work_and_not_while_their_caller_does() -> None:
    ends.clear()
    steps = generator()
    assert next(steps) == "generator"
    assert name() is None
    assert list(steps) == ["generator"]
    left = generator()
    next(left)
    del left
    assert ends == ["generator", "generator"]

    async def read() -> list[str | None]:
        seen = []
        async for step in async_generator():
            seen += [step, name()]
        return seen

    assert asyncio.run(read()) == ["async_generator", None, "async_generator", None]
    assert name() is None


def test_generator_functions_stay_what_they_are() -> None:
    assert inspect.isgeneratorfunction(generator)
    assert inspect.isgeneratorfunction(Agent().steps)
    assert inspect.isasyncgenfunction(async_generator)
    assert not inspect.isgeneratorfunction(plain)
    assert list(Agent().steps(many=2)) == ["Agent.steps"] * 2
    assert pickle.loads(pickle.dumps(generator)) is generator


def test_a_web_framework_takes_them_for_dependencies() -> None:
    @callscope.observe("database")
    def database() -> Iterator[str | None]:
        yield name()

    @callscope.observe("client")
    async def client() -> AsyncIterator[str | None]:
        yield name()

    app = FastAPI()

    @app.get("/")
    async def names(first: Annotated[Any, Depends(database)], second: Annotated[Any, Depends(client)]) -> Any:
        return first, second, name()

    assert TestClient(app).get("/").json() == ["database", "client", None]


def test_a_generator_is_part_of_what_called_it() -> None:
    @callscope.observe
    def parent() -> Iterator[str | None]:
        scope = current_scope()
        assert scope is not None
        yield scope.parent_span_id

    with callscope.observe("request") as request:
        streamed = parent()
    assert list(streamed) == [request.span_id]


def test_tasks_have_spans_of_their_own() -> None:
    async def one(number: int) -> tuple[str, str | None, str]:
        async with callscope.observe(f"task {number}") as scope:
            await asyncio.sleep(0.001)
            inner = current_scope()
            assert inner is not None
            return scope.trace_id, scope.parent_span_id, inner.name

    async def all_of_them() -> Any:
        with callscope.observe("whole") as whole:
            return whole, await asyncio.gather(*(one(number) for number in range(20)))

    whole, told = asyncio.run(all_of_them())
    assert {(trace, parent) for trace, parent, _ in told} == {(whole.trace_id, whole.span_id)}
    assert [label for _, _, label in told] == [f"task {number}" for number in range(20)]


def test_what_is_sent_into_a_generator_gets_there() -> None:
    @callscope.observe
    def echo() -> Iterator[Any]:
        received = yield "first"
        try:
            yield received
        except KeyError:
            yield "caught"

    steps: Any = echo()
    assert (next(steps), steps.send("sent"), steps.throw(KeyError())) == ("first", "sent", "caught")


def test_calls_outside_of_spans_have_no_ids(handle: Handle) -> None:
    callscope.LLMObservabilityWrapper(handle, model_id="gpt-4o").call_llm(lambda prompt: "ok", "Hi")
    (call,) = calls_of(handle)
    assert (call["trace_id"], call["span_id"], call["parent_span_id"]) == (None, None, None)


@pytest.fixture
def otel(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """OpenTelemetry as a program has it that imported it: `span` is the active one."""
    none = SimpleNamespace(is_valid=False, trace_id=0, span_id=0)
    state = SimpleNamespace(span=none)
    module = SimpleNamespace(get_current_span=lambda: SimpleNamespace(get_span_context=lambda: state.span))
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", module)
    return state


def span(trace_id: int, span_id: int) -> SimpleNamespace:
    return SimpleNamespace(is_valid=True, trace_id=trace_id, span_id=span_id)


def test_under_a_span_of_opentelemetry_its_ids_are_used(otel: SimpleNamespace) -> None:
    otel.span = span(0xA, 0xB)
    assert position() == (f"{0xA:032x}", f"{0xB:016x}")
    with callscope.observe("ours") as ours:
        assert (ours.trace_id, ours.parent_span_id) == (f"{0xA:032x}", f"{0xB:016x}")
        assert position() == (ours.trace_id, ours.span_id)
        otel.span = span(0xA, 0xC)
        assert position() == (f"{0xA:032x}", f"{0xC:016x}")
        otel.span = span(0xA, 0xB)
        assert position() == (ours.trace_id, ours.span_id)

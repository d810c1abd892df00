"""The mock provider as an application: its routes, and what happens to every request before it is answered."""

import asyncio
import json
import time
from collections import Counter, deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from callscope.mock_provider import anthropic_messages, openai_chat, openai_embeddings, openai_errors, openai_responses
from callscope.mock_provider.directives import HEADER, BadDirective, Directives, read
from callscope.mock_provider.reading import BadRequest
from callscope.mock_provider.reply import Asked, Json, Reply, prompt_tokens, reply

MODELS = ("gpt-4o", "gpt-4o-mini", "text-embedding-3-small", "claude-haiku-4-5", "claude-sonnet-4-5")
"""What the list of models shows; any other name is answered as well."""
MINUTE = 60.0


@dataclass(frozen=True, slots=True)
class Options:
    """How all requests are answered, unless one says otherwise.

    Args:
        delay_ms, chunk_delay_ms: the pause before an answer, and before each part of a stream.
        error_rate: which share of the requests fails, evenly spread: 0.25 is every fourth.
        error_status: with which status they fail.
        rate_limit: so many requests a minute are answered, the others with a 429; None: all.
        context_tokens: a prompt longer than this is a 400.
        api_key: the key that requests must bring; None: any, or none.
    """

    delay_ms: int = 0
    chunk_delay_ms: int = 0
    error_rate: float = 0.0
    error_status: int = 500
    rate_limit: int | None = None
    context_tokens: int = 200_000
    api_key: str | None = None


class Dialect(Protocol):
    """A protocol that streams: each is a module with these functions."""

    def read(self, body: Json, /) -> Asked: ...  # noqa: D102  # the modules say it
    def whole(self, reply: Reply, body: Json, /) -> Json: ...  # noqa: D102
    def events(self, reply: Reply, body: Json, /) -> Iterable[Json]: ...  # noqa: D102
    def error(self, status: int, code: str | None = None, message: str | None = None, /) -> Json: ...  # noqa: D102
    def error_event(self, status: int, code: str | None, /) -> Json: ...  # noqa: D102


class Refused(Exception):
    """An answer other than success."""

    def __init__(
        self, status: int, code: str | None = None, message: str | None = None, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.retry_after = status, code, message, retry_after


class StreamBroken(Exception):
    """A stream was to be cut off."""


class MockProvider:
    """The state of one mock: how many requests came, and when."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._arrivals = deque[float]()
        self._requests = Counter[str]()
        self._due = 0.0

    def routes(self) -> list[Route]:
        """All routes."""
        return [
            Route("/v1/chat/completions", self._route(openai_chat), methods=["POST"]),
            Route("/v1/responses", self._route(openai_responses), methods=["POST"]),
            Route("/v1/messages", self._route(anthropic_messages), methods=["POST"]),
            Route("/v1/messages/count_tokens", _guarded(anthropic_messages, self._count_tokens), methods=["POST"]),
            Route("/v1/embeddings", _guarded(openai_errors, self._embeddings), methods=["POST"]),
            Route("/v1/models", self._models),
            Route("/v1/models/{name:path}", self._model),
            Route("/mock/requests", self._told),
        ]

    def _route(self, dialect: Dialect) -> Callable[[Request], Awaitable[Response]]:
        async def answer(request: Request) -> Response:
            return await self._answer(request, dialect)

        return _guarded(dialect, answer)

    async def _answer(self, request: Request, dialect: Dialect) -> Response:
        body = await self._body(request)
        asked = dialect.read(body)
        told = await self._admit(request, asked.last)
        if told.status is not None and not (asked.stream and told.break_after is not None):
            raise Refused(told.status, told.code, retry_after=told.retry_after)
        if prompt_tokens(asked) > self._options.context_tokens:
            raise Refused(400)
        answer = reply(asked, told)
        if asked.stream:
            return StreamingResponse(self._stream(dialect, answer, body, told), media_type="text/event-stream")
        return JSONResponse(dialect.whole(answer, body))

    async def _stream(self, dialect: Dialect, answer: Reply, body: Json, told: Directives) -> AsyncIterator[str]:
        pause = (self._options.chunk_delay_ms if told.chunk_delay_ms is None else told.chunk_delay_ms) / 1_000
        for number, event in enumerate(dialect.events(answer, body)):
            if number == told.break_after:
                if told.status is None:
                    raise StreamBroken
                yield _sse(dialect.error_event(told.status, told.code))
                return
            if pause:
                await asyncio.sleep(pause)
            yield _sse(event)
        if dialect is openai_chat:
            yield "data: [DONE]\n\n"

    async def _embeddings(self, request: Request) -> Response:
        body = await self._body(request)
        given = body.get("input")
        told = await self._admit(request, given if isinstance(given, str) else "")
        if told.status is not None:
            raise Refused(told.status, told.code, retry_after=told.retry_after)
        return JSONResponse(openai_embeddings.embed(body))

    async def _count_tokens(self, request: Request) -> Response:
        asked = anthropic_messages.read(await self._body(request), for_counting=True)
        return JSONResponse({"input_tokens": prompt_tokens(asked)})

    async def _models(self, request: Request) -> Response:
        models = [_model(request, name) for name in MODELS]
        more = {"has_more": False, "first_id": MODELS[0], "last_id": MODELS[-1]}
        return JSONResponse({"object": "list", "data": models, **more})

    async def _model(self, request: Request) -> Response:
        return JSONResponse(_model(request, request.path_params["name"]))

    async def _told(self, _request: Request) -> Response:
        return JSONResponse({"total": self._requests.total(), "by_path": self._requests})

    async def _body(self, request: Request) -> Json:
        """The request's body, which also counts it. Raises Refused, BadRequest."""
        self._requests[request.url.path] += 1
        key = self._options.api_key
        if key is not None and key not in {
            request.headers.get("x-api-key"),
            request.headers.get("authorization", "").removeprefix("Bearer "),
        }:
            raise Refused(401)
        try:
            body = json.loads(await request.body())
        except ValueError as error:
            raise BadRequest("the body is not JSON") from error
        if not isinstance(body, dict):
            raise BadRequest("the body is not an object")
        return body

    async def _admit(self, request: Request, prompt: str) -> Directives:
        """What the request says of its answer, after the pause that it asks for. Raises Refused, BadDirective."""
        told = read(request.headers.get(HEADER), prompt)
        delay_ms = self._options.delay_ms if told.delay_ms is None else told.delay_ms
        if delay_ms:
            await asyncio.sleep(delay_ms / 1_000)
        wait = self._over_the_limit()
        if wait is not None:
            raise Refused(429, retry_after=wait)
        self._due += self._options.error_rate
        if self._due >= 1.0:
            self._due -= 1.0
            raise Refused(self._options.error_status)
        return told

    def _over_the_limit(self) -> int | None:
        """Whether this request is one too many in this minute: then how many seconds to wait."""
        limit = self._options.rate_limit
        if limit is None:
            return None
        now = time.monotonic()
        while self._arrivals and self._arrivals[0] <= now - MINUTE:
            self._arrivals.popleft()
        if len(self._arrivals) >= limit:
            return int(self._arrivals[0] + MINUTE - now) + 1
        self._arrivals.append(now)
        return None


def create_app(options: Options | None = None) -> Starlette:
    """A new mock provider."""
    return Starlette(routes=MockProvider(options or Options()).routes())


class _Errors(Protocol):
    def error(self, status: int, code: str | None = None, message: str | None = None, /) -> Json: ...


def _guarded(
    dialect: _Errors, answer: Callable[[Request], Awaitable[Response]]
) -> Callable[[Request], Awaitable[Response]]:
    """The same with errors in the dialect's words."""

    async def guarded(request: Request) -> Response:
        try:
            return await answer(request)
        except Refused as refused:
            headers = {} if refused.retry_after is None else {"Retry-After": str(refused.retry_after)}
            body = dialect.error(refused.status, refused.code, refused.message)
            return JSONResponse(body, refused.status, headers)
        except (BadRequest, BadDirective) as error:
            return JSONResponse(dialect.error(400, None, str(error)), 400)

    return guarded


def _sse(event: Json) -> str:
    """An event of a stream; those that have a type of their own are named by it."""
    name = f"event: {event['type']}\n" if "type" in event else ""
    return f"{name}data: {json.dumps(event)}\n\n"


def _model(request: Request, name: str) -> Json:
    if "anthropic-version" in request.headers:
        return {"type": "model", "id": name, "display_name": name, "created_at": "2025-01-01T00:00:00Z"}
    return {"id": name, "object": "model", "created": 1_735_689_600, "owned_by": "mock"}

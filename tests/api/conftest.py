"""An app with a few routes of its own, to see what happens around a route; no database is asked."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from callscope.api import errors, middleware
from callscope.config import Config

LIMIT = 10_000


class Person(BaseModel):
    age: int


@pytest.fixture
def small_config(tmp_path: Path) -> Config:
    return Config(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own argument
        data_dir=tmp_path,
        max_body_bytes=LIMIT,
        cors_origins=("https://app.example.com",),
    )


@pytest.fixture
def small_app(small_config: Config) -> FastAPI:
    app = FastAPI()
    errors.install(app)
    middleware.install(app, small_config)

    @app.post("/length")
    async def length(request: Request) -> dict[str, int]:
        return {"length": len(await request.body())}

    @app.post("/json")
    async def json_body(body: dict[str, object]) -> dict[str, object]:
        return body

    @app.post("/unread")
    async def unread() -> dict[str, bool]:
        return {"ok": True}

    @app.get("/long")
    async def long() -> dict[str, str]:
        return {"text": "words " * 1_000}

    @app.get("/stream")
    async def stream() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            for number in range(3):
                yield b"data: %d\n\n" % number

        return StreamingResponse(parts(), media_type="text/event-stream")

    @app.get("/people/{name}")
    def fail(name: str) -> None:
        raise RuntimeError("the sum is wrong")

    @app.get("/validate")
    def fail_with_data() -> None:
        Person.model_validate({"age": "a very private prompt"})

    @app.get("/half")
    async def half() -> StreamingResponse:
        async def parts() -> AsyncIterator[bytes]:
            yield b"begun"
            raise RuntimeError("broken off")

        return StreamingResponse(parts())

    return app


@pytest.fixture
def small(small_app: FastAPI) -> Iterator[TestClient]:
    with TestClient(small_app, raise_server_exceptions=False) as client:
        yield client

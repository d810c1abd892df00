"""What every request can rely on, whatever its route does."""

import asyncio
import gzip
import json
import time
import zlib
from collections.abc import Iterator, Sequence

import httpx
import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from starlette.types import Message
from structlog.testing import capture_logs

from callscope.api import body, errors, middleware
from callscope.api.body import SMALL_BODY
from callscope.config import Config

LIMIT = 10_000
GZIP = {"Content-Encoding": "gzip"}


def test_every_answer_has_an_id_and_the_security_headers(small: TestClient) -> None:
    for answer in (small.get("/long"), small.get("/nothing-here"), small.get("/people/jane")):
        assert len(answer.headers["X-Request-ID"]) == 16
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_sane_request_id_is_kept_and_another_replaced(small: TestClient) -> None:
    assert small.get("/long", headers={"X-Request-ID": "trace-7:a.b"}).headers["X-Request-ID"] == "trace-7:a.b"
    for strange in ("a b", "<script>", "x" * 129, ""):
        assert small.get("/long", headers={"X-Request-ID": strange}).headers["X-Request-ID"] != strange


def test_a_redirect_stays_with_the_server_that_was_asked(small: TestClient) -> None:
    for host in ("callscope.example.com", "elsewhere.example:81"):  # behind a proxy its scheme is not known
        answer = small.post("/length/?a=b", headers={"Host": host}, follow_redirects=False)
        assert (answer.status_code, answer.headers["Location"]) == (307, "/length?a=b")
    assert small.post("/length/", content=b"123").json() == {"length": 3}


@pytest.mark.parametrize("route", ["/length", "/json", "/unread"])
def test_a_body_that_says_it_is_too_large_is_refused_unread(small: TestClient, route: str) -> None:
    answer = small.post(route, content=b"x" * (LIMIT + 1))
    assert answer.status_code == 413
    assert answer.json() == {
        "detail": f"The body is larger than {LIMIT} bytes. Send it in smaller parts.",
        "status": 413,
    }


def streamed(size: int) -> Iterator[bytes]:
    for _ in range(size // 100):
        yield b" " * 100


@pytest.mark.parametrize("route", ["/length", "/json"])
def test_a_streamed_body_is_counted(small: TestClient, route: str) -> None:
    assert small.post(route, content=streamed(LIMIT + 100)).status_code == 413


def test_a_body_of_just_the_limit_is_taken(small: TestClient) -> None:
    assert small.post("/length", content=b"x" * LIMIT).json() == {"length": LIMIT}
    assert small.post("/length", content=streamed(LIMIT)).json() == {"length": LIMIT}
    assert small.post("/length", content=gzip.compress(b"x" * LIMIT), headers=GZIP).json() == {"length": LIMIT}


def test_only_some_paths_take_large_bodies(small_config: Config) -> None:
    app = FastAPI()
    config = small_config.model_copy(update={"max_body_bytes": 150_000})
    middleware.install(app, config, {"/calls": 150_000, "/cache/": 100_000})

    @app.post("/{path:path}")
    async def length(request: Request) -> dict[str, int]:
        return {"length": len(await request.body())}

    client = TestClient(app)
    for path, limit in (
        ("/calls", 150_000),
        ("/auth", SMALL_BODY),
        ("/cache/a", 100_000),
        ("/cache", SMALL_BODY),
        ("/cache/a/b", SMALL_BODY),
    ):
        for content in (b"x" * limit, streamed(limit)):
            assert client.post(path, content=content).status_code == 200
        assert client.post(path, content=b"x" * (limit + 1)).status_code == 413
        assert client.post(path, content=streamed(limit + 100)).status_code == 413
        assert client.post(path, content=gzip.compress(b"x" * (limit + 1)), headers=GZIP).status_code == 413


def test_a_gzipped_body_may_be_of_several_files_but_not_of_any_number(
    small: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(body, "MOST_GZIP_PARTS", 100)
    part, nothing = gzip.compress(b"words "), gzip.compress(b"")
    assert small.post("/length", content=part * 100, headers=GZIP).json() == {"length": 600}
    answer = small.post("/length", content=part + nothing * 100, headers=GZIP)
    assert answer.status_code == 400
    assert answer.json()["detail"] == "The body has more than 100 gzip files in it. Pack it as a whole."


def test_what_all_bodies_together_hold_is_bounded(small_config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "HELD_BYTES", 4 * LIMIT)
    app = FastAPI()
    errors.install(app)
    middleware.install(app, small_config)
    statuses = []

    @app.post("/again/{depth}")
    async def again(request: Request, depth: int) -> None:
        """Hold a body while another request with a body is made."""
        await request.body()
        if depth:
            async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
                content = b"x" * LIMIT if depth % 2 else gzip.compress(b"x" * LIMIT)
                answer = await client.post(f"/again/{depth - 1}", content=content, headers=None if depth % 2 else GZIP)
                statuses.append((answer.status_code, answer.headers.get("Retry-After")))

    with TestClient(app) as client:
        for _ in range(2):  # what was held is let go, also of what was refused
            client.post("/again/6", content=b"x" * LIMIT)
            assert statuses == [(429, "1"), (200, None), (200, None), (200, None)]
            statuses.clear()


def test_a_body_that_does_not_come_is_not_waited_for(small_app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(body, "SLOWEST_BYTES_PER_SECOND", 100)

    async def post(parts: Sequence[tuple[float, bytes]]) -> list[Message]:
        """What is answered to a body whose parts come after so many seconds each; its end never comes."""
        waiting = iter([*parts, (10.0, b"")])
        sent: list[Message] = []

        async def receive() -> Message:
            seconds, part = next(waiting)
            await asyncio.sleep(seconds)
            return {"type": "http.request", "body": part, "more_body": bool(part)}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {
            "type": "http", "method": "POST", "path": "/length", "raw_path": b"/length", "query_string": b"",
            "headers": [], "http_version": "1.1",
        }  # fmt: skip
        began = time.monotonic()
        await small_app(scope, receive, send)
        assert time.monotonic() - began < 5
        return sent

    for parts in ([], [(0.0, b"x")] * 3, [(0.07, b"x")] * 100):
        start, answer = asyncio.run(post(parts))
        assert start["status"] == 408
        assert (b"connection", b"close") in start["headers"]
        assert json.loads(answer["body"])["status"] == 408
    slow = [(0.07, b"x" * 100)] * 4
    assert asyncio.run(post([*slow, (0.0, b"")]))[0]["status"] == 200


def test_a_gzip_body_is_taken_as_if_it_were_plain(small: TestClient) -> None:
    packed = gzip.compress(b'{"a": 1}')
    headers = {**GZIP, "Content-Type": "application/json"}
    assert small.post("/json", content=packed, headers=headers).json() == {"a": 1}
    in_two_parts = gzip.compress(b'{"a"') + gzip.compress(b": 1}")
    assert small.post("/json", content=in_two_parts, headers=headers).json() == {"a": 1}
    one_byte_at_a_time = (packed[index : index + 1] for index in range(len(packed)))
    assert small.post("/json", content=one_byte_at_a_time, headers=headers).json() == {"a": 1}


def test_a_gzip_bomb_is_refused(small: TestClient) -> None:
    bomb = gzip.compress(b"\0" * 5_000_000)
    assert len(bomb) < LIMIT
    assert small.post("/length", content=bomb, headers=GZIP).status_code == 413
    many = gzip.compress(b"\0" * 5_000) * 3
    assert small.post("/length", content=many, headers=GZIP).status_code == 413


@pytest.mark.parametrize(
    "body",
    [b"not gzip at all", gzip.compress(b"text")[:-1], gzip.compress(b"text")[:5], zlib.compress(b"text"),
     gzip.compress(b"text") + b"tail"],
    ids=["text", "no end", "a beginning", "zlib", "a tail"],  # the bytes hold the time, which differs among workers
)  # fmt: skip
@pytest.mark.parametrize("route", ["/length", "/json"])
def test_what_is_not_gzip_is_a_400(small: TestClient, body: bytes, route: str) -> None:
    answer = small.post(route, content=body, headers=GZIP)
    assert (answer.status_code, answer.json()["detail"]) == (400, "The body is not valid gzip.")


def test_another_encoding_is_a_415(small: TestClient) -> None:
    assert small.post("/length", content=b"x", headers={"Content-Encoding": "br"}).status_code == 415


def test_long_answers_are_packed_for_who_accepts_it(small: TestClient) -> None:
    assert small.get("/long", headers={"Accept-Encoding": "gzip"}).headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in small.get("/long", headers={"Accept-Encoding": "identity"}).headers
    assert "Content-Encoding" not in small.get("/stream", headers={"Accept-Encoding": "gzip"}).headers
    assert small.get("/stream").text == "data: 0\n\ndata: 1\n\ndata: 2\n\n"


def test_an_unexpected_error_tells_the_client_an_id_and_the_log_the_rest(small: TestClient) -> None:
    with capture_logs() as logs:
        answer = small.get("/people/jane")
    assert answer.status_code == 500
    assert answer.json()["status"] == 500
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
    assert "sum" not in answer.text
    assert "Traceback" not in answer.text
    (entry,) = (one for one in logs if one["event"] == "unexpected error")
    assert entry["route"] == "/people/{name}"
    assert "RuntimeError: the sum is wrong" in entry["exception"]
    assert "jane" not in str(entry)


def test_the_log_does_not_repeat_what_was_sent(small: TestClient) -> None:
    with capture_logs() as logs:
        assert small.get("/validate?prompt=hello-there").status_code == 500
    assert "age: int_parsing" in str(logs)
    assert "private" not in str(logs)
    assert "hello-there" not in str(logs)


def test_an_answer_that_fails_half_way_is_broken_off(small: TestClient) -> None:
    with capture_logs() as logs:
        small.get("/half")
    assert [one["event"] for one in logs] == ["unexpected error"]


def test_only_configured_origins_may_read_answers(small: TestClient) -> None:
    ours = small.get("/long", headers={"Origin": "https://app.example.com"})
    assert ours.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert ours.headers["Access-Control-Allow-Credentials"] == "true"
    failed = small.get("/people/jane", headers={"Origin": "https://app.example.com"})
    assert failed.headers["Access-Control-Allow-Origin"] == "https://app.example.com"
    other = small.get("/long", headers={"Origin": "https://evil.example.com"})
    assert "Access-Control-Allow-Origin" not in other.headers


def test_a_preflight_allows_what_clients_send(small: TestClient) -> None:
    asked = {
        "Origin": "https://app.example.com",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "authorization, content-type, idempotency-key",
    }
    assert small.options("/json", headers=asked).status_code == 200
    assert small.options("/json", headers={**asked, "Origin": "https://evil.example.com"}).status_code == 400


def test_a_nul_in_an_address_is_a_422(small: TestClient) -> None:
    assert small.get("/long?q=%00").status_code == 422
    assert small.get("/people/a%00b").status_code == 422

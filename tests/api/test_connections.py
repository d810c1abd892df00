"""A server on a real socket, and what it takes of those who connect and then say too much, too little, or nothing."""

import asyncio
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
import uvicorn
from fastapi import FastAPI, Response

from callscope import connections
from callscope.connections import MAX_HEADER_BYTES, BoundedConnection

HUGE = 32 * 2**20
"""An answer that fits in no buffer of the machine's."""
GET = b"GET /long HTTP/1.1\r\nHost: here\r\n"
POST = b"POST /length HTTP/1.1\r\nHost: here\r\n"


class Impatient(BoundedConnection):
    header_seconds = 0.5
    linger_seconds = 0.5
    reader_seconds = 0.5


@pytest.fixture
def server(small_app: FastAPI) -> Iterator[uvicorn.Server]:
    """A server that listens here."""

    @small_app.get("/huge")
    async def _huge() -> Response:
        return Response(b"x" * HUGE)

    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(small_app, http=Impatient, ws="none", lifespan="off", log_config=None)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[listening])))
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server
    server.should_exit = True
    thread.join()
    listening.close()


@pytest.fixture
def port(server: uvicorn.Server) -> int:
    """Where it listens."""
    found: int = server.servers[0].sockets[0].getsockname()[1]
    return found


def wait_for_connections(server: uvicorn.Server, count: int) -> None:
    """Wait until the server has so many connections."""
    deadline = time.monotonic() + 10
    while len(server.server_state.connections) != count:
        assert time.monotonic() < deadline, len(server.server_state.connections)
        time.sleep(0.005)


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=10)


def answer(connection: socket.socket) -> bytes:
    """All that comes until the server closes; nothing where it cut the connection off."""
    parts = []
    with suppress(ConnectionError):
        while part := connection.recv(65_536):
            parts.append(part)
    return b"".join(parts)


def said(port: int, *parts: bytes) -> bytes:
    with connect(port) as connection:
        with suppress(ConnectionError):  # closed already; what was answered is still there to read
            for part in parts:
                connection.sendall(part)
                time.sleep(0.02)
        return answer(connection)


def problem(text: bytes) -> dict[str, object]:
    head, _, body = text.partition(b"\r\n\r\n")
    found: dict[str, object] = json.loads(body)
    assert head.startswith(f"HTTP/1.1 {found['status']} ".encode())
    assert b"connection: close" in head.lower()
    return found


def test_requests_one_after_the_other_are_answered(port: int) -> None:
    body = b"x" * 9_000
    with_body = POST + b"Content-Length: 9000\r\n\r\n" + body
    in_chunks = POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n8\r\nxxxxxxxx\r\n0\r\n\r\n"
    slowly = [GET[:10], GET[10:], b"X-A: b\r\n", b"\r\n"]
    heard = said(port, with_body, *slowly, in_chunks, with_body + in_chunks, GET + b"Connection: close\r\n\r\n")
    assert heard.count(b"HTTP/1.1 200 OK") == 6
    assert heard.count(b'{"length":9000}') == heard.count(b'{"length":9}') == 2


@pytest.mark.parametrize(
    "parts",
    [
        [GET + b"X-A: " + b"a" * MAX_HEADER_BYTES],
        [GET, *[b"X-A: " + b"a" * 9_000 + b"\r\n"] * 8],
        [GET + b"X-A: " + b"a" * MAX_HEADER_BYTES + b"\r\n\r\n"],
        [GET + b"a:\r\n" * 2_500 + b"\r\n"],
        [b"GET /" + b"a" * MAX_HEADER_BYTES],
        [b"GET /" + b"a" * MAX_HEADER_BYTES + b" HTTP/1.1\r\nHost: here\r\n\r\n"],
        [GET + b"\r\n", GET + b"X-A: " + b"a" * MAX_HEADER_BYTES],
    ],
    ids=["endless", "many", "one", "short", "address", "whole address", "second request"],
)
def test_headers_beyond_the_limit_are_refused(port: int, parts: list[bytes]) -> None:
    heard = said(port, *parts)
    assert problem(heard[heard.rindex(b"HTTP/1.1 ") :])["status"] == 431


def test_what_is_no_http_is_told_so(port: int) -> None:
    assert problem(said(port, b"SSH-2.0-OpenSSH\r\n"))["status"] == 400


@pytest.mark.parametrize(
    "first", [b"", b"GET", GET, b"\r\n", GET + b"\r\n", GET + b"\r\n" + GET],
    ids=["nothing", "a word", "half", "an empty line", "one and nothing", "one and a half"],
)  # fmt: skip
def test_who_does_not_finish_his_headers_is_not_waited_for(port: int, first: bytes) -> None:
    with connect(port) as connection:
        connection.sendall(first)
        began = time.monotonic()
        with suppress(ConnectionError):
            while first.endswith(GET) and time.monotonic() - began < 8:
                connection.sendall(b"X-A: b\r\n")  # a little, now and then, is no progress
                time.sleep(0.1)
        assert answer(connection).count(b"HTTP/1.1 200") == first.count(b"\r\n\r\n")
        assert time.monotonic() - began < 7.5


def test_who_is_answered_early_may_not_go_on_sending_for_ever(port: int) -> None:
    with connect(port) as connection:
        connection.sendall(POST + b"Content-Length: 1000000\r\n\r\n" + b"x" * 1_000)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 413 ")
        began = time.monotonic()
        with suppress(ConnectionError):
            while time.monotonic() - began < 8:
                connection.sendall(b"x")
                time.sleep(0.05)
        assert time.monotonic() - began < 7


def connect_and_read_nothing(port: int) -> socket.socket:
    """What the machine itself takes for a reader is little then."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    connection.settimeout(10)
    connection.connect(("127.0.0.1", port))
    return connection


@pytest.mark.parametrize("requests", [1, 3], ids=["one answer", "several"])
def test_who_does_not_take_his_answer_is_let_go(port: int, monkeypatch: pytest.MonkeyPatch, requests: int) -> None:
    monkeypatch.setattr(connections, "SLOWEST_BYTES_PER_SECOND", 2**30)
    monkeypatch.setattr(connections, "max_connections", lambda: 1)
    with connect_and_read_nothing(port) as connection:
        connection.sendall((b"GET /huge HTTP/1.1\r\nHost: here\r\n\r\n") * requests)
        time.sleep(0.1)
        assert said(port, GET + b"\r\n") == b""  # he has the only place
        time.sleep(1)
        assert said(port, GET + b"Connection: close\r\n\r\n").startswith(b"HTTP/1.1 200 ")


def test_who_takes_his_answers_slowly_gets_them_whole(port: int) -> None:
    with connect_and_read_nothing(port) as connection:
        connection.sendall(b"GET /huge HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
        time.sleep(1)  # longer than a reader may take nothing of a small answer
        assert len(answer(connection)) > HUGE


def test_trailers_and_what_is_between_chunks_are_bounded(port: int) -> None:
    chunked = POST + b"Transfer-Encoding: chunked\r\n\r\n1"
    for endless in (b";", b"\r\nx\r\n0\r\nX-A: "):
        assert said(port, chunked + endless, *[b"a" * MAX_HEADER_BYTES] * 5) == b""


def test_beyond_so_many_connections_others_are_told_to_come_back(
    server: uvicorn.Server, port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "max_connections", lambda: 8)
    held = [connect(port) for _ in range(8)]
    wait_for_connections(server, 8)
    assert problem(said(port, GET + b"\r\n"))["status"] == 503
    wait_for_connections(server, 8)
    one_more = connect(port)
    wait_for_connections(server, 9)
    assert said(port, GET + b"\r\n") == b""  # cut off at once
    for connection in (*held, one_more):
        connection.close()
    wait_for_connections(server, 0)
    assert said(port, GET + b"Connection: close\r\n\r\n").startswith(b"HTTP/1.1 200 ")


def test_a_process_serves_fewer_connections_than_it_may_open_files() -> None:
    assert 100 < connections.max_connections() <= connections.MOST_CONNECTIONS

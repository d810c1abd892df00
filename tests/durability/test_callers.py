"""What callers do badly harms nobody else: broken requests, bodies without end, readers who do not let go."""

import gzip
import shutil
import socket
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.durability.load import Load, check_stored, check_totals
from tests.durability.server import Server

BODY_LIMIT = 200_000


@pytest.fixture(scope="module")
def database(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("callers") / "callscope.db"
    shutil.copyfile(sqlite_template, path)
    return path


@pytest.fixture(scope="module")
def server(database: Path) -> Iterator[Server]:
    settings = {"CALLSCOPE_MAX_BODY_BYTES": str(BODY_LIMIT)}
    server = Server(f"sqlite:///{database}", database.parent / "data", settings=settings)
    yield server
    server.kill()


@pytest.fixture(scope="module")
def load(server: Server) -> Load:
    """What all tests here have sent to their server."""
    return Load(server.login())


def send_raw(server: Server, *parts: bytes) -> None:
    """Send bytes, and hang up at once."""
    url = httpx.URL(server.url)
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(0.005)


def head(server: Server, load: Load, path: str, *headers: str) -> bytes:
    """The head of a POST."""
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {load.token}"]
    return "\r\n".join([*lines, "Content-Type: application/json", *headers, "", ""]).encode()


def check_well(server: Server, load: Load) -> None:
    """Calls are taken and counted as ever, and the log tells of no mistake of ours."""
    with load.running(server, clients=2):
        load.wait_for_more_than(len(load.acknowledged))
    load.send_unanswered(server)
    check_totals(load, server, load.token)
    assert "unexpected" not in server.log()
    assert "Traceback" not in server.log()


def test_half_sent_requests_and_garbage_leave_the_server_well(server: Server, load: Load) -> None:
    for path in ("/llm/log-call", "/llm/log-calls", "/feedback", "/auth/login"):
        for _ in range(5):
            send_raw(server, head(server, load, path, "Content-Length: 1000"))
            send_raw(server, head(server, load, path, "Content-Length: 1000"), b'[{"model": "gpt-4"')
            send_raw(server, head(server, load, path, "Transfer-Encoding: chunked"), b"5\r\nhello\r\n")
            send_raw(server, head(server, load, path, "Content-Encoding: gzip", "Content-Length: 99"), b"\x1f\x8b\x08")
            send_raw(server, head(server, load, path)[:40])
    for garbage in (
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\0" * 5_000,
        b"GET / HTTP/9.9\r\n\r\n",
        b"\r\n" * 99,
    ):
        send_raw(server, garbage)
    check_well(server, load)


def test_a_request_that_is_sent_whole_and_not_waited_for_is_taken_or_not_but_never_by_half(
    server: Server, load: Load, database: Path
) -> None:
    requests = [load.make("/llm/log-calls", 20) for _ in range(20)]
    for request in requests:
        headers = (f"Content-Length: {len(request.body)}", f"Idempotency-Key: {request.key}")
        send_raw(server, head(server, load, request.path, *headers) + request.body)
    load.unanswered.extend(requests)
    load.send_unanswered(server)
    check_stored(load, f"sqlite:///{database}")
    check_well(server, load)


def test_a_body_over_the_limit_is_refused_however_it_is_sent(server: Server, load: Load) -> None:
    headers = {"Authorization": f"Bearer {load.token}", "Content-Type": "application/json"}
    large = b"[" + b" " * BODY_LIMIT + b"]"
    for path in ("/llm/log-call", "/llm/log-calls"):
        for content, more in (
            (large, {}),
            (iter([large[:99_999], large[99_999:]]), {}),  # in parts, without saying how long it is
            (gzip.compress(large), {"Content-Encoding": "gzip"}),
        ):
            answer = httpx.post(server.url + path, content=content, headers=headers | more, timeout=30)
            assert answer.status_code == 413, answer.text
            assert answer.json()["status"] == 413
    check_well(server, load)


def test_a_reader_who_holds_a_transaction_for_long_keeps_no_writer_waiting(
    server: Server, load: Load, database: Path
) -> None:
    with load.running(server):
        load.wait_for_more_than(0)
    reader = sqlite3.connect(database, isolation_level=None)
    try:
        reader.execute("BEGIN")
        (seen,) = reader.execute("SELECT count(*) FROM llm_call_logs").fetchone()
        with load.running(server):
            load.wait_for_more_than(len(load.acknowledged) + 50)
        assert set(load.statuses) == {201}
        assert reader.execute("SELECT count(*) FROM llm_call_logs").fetchone() == (seen,)
    finally:
        reader.close()
    load.send_unanswered(server)
    check_stored(load, f"sqlite:///{database}")
    check_well(server, load)

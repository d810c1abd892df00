"""An export over a real connection that breaks off: the client is told, and never takes the part for the whole."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from structlog.testing import capture_logs

from callscope.api.rights import Caller, Scope, optional_caller
from callscope.calls import download, exporting
from callscope.db.engine import DatabaseUnavailable
from tests.observability.server import ADMIN, LocalServer

CALL = {
    "model": "gpt-4o-mini", "provider": "openai", "prompt_tokens": 7, "completion_tokens": 1, "latency_ms": 10,
    "status": "success",
}  # fmt: skip


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalServer]:
    """A server with some calls."""
    folder: Path = tmp_path_factory.mktemp("broken")
    server = LocalServer(folder)
    with server.running():
        key = {"Authorization": f"Bearer {server.key(Scope.INGEST)}"}
        httpx.post(f"{server.url}/llm/log-calls", json=[CALL] * 500, headers=key).raise_for_status()
        yield server


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_a_database_that_goes_away_in_between_is_an_error_for_the_client(
    server: LocalServer, form: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "PLACES_AT_ONCE", 100)
    read = exporting.Exporter._batches

    def broken(*arguments: Any) -> Iterator[list[exporting.Values]]:
        for number, batch in enumerate(read(*arguments)):
            if number == 3:
                raise DatabaseUnavailable("gone")
            yield batch

    url = f"{server.url}/llm/calls/export?format={form}"
    headers = {"Authorization": f"Bearer {server.key(Scope.CALLS)}", "Accept-Encoding": encoding}
    whole = httpx.get(url, headers=headers, timeout=30)
    assert whole.status_code == 200
    monkeypatch.setattr(exporting.Exporter, "_batches", broken)
    for _ in range(exporting.AT_ONCE + 1):  # each gives its place back
        with pytest.raises(httpx.RemoteProtocolError):
            httpx.get(url, headers=headers, timeout=30)
    monkeypatch.setattr(exporting.Exporter, "_batches", read)
    assert len(httpx.get(url, headers=headers, timeout=30).content) == len(whole.content)


def test_it_is_one_request_of_a_limited_key(server: LocalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "PLACES_AT_ONCE", 100)
    monkeypatch.setattr(download, "RIGHTS_SECONDS", 0.0)
    keys = server.app.state.accounts.keys
    secret = keys.create(ADMIN, "a program", [Scope.CALLS], None, requests_per_minute=1).secret
    url, headers = f"{server.url}/llm/calls/export?format=ndjson", {"Authorization": f"Bearer {secret}"}
    assert httpx.get(url, headers=headers, timeout=30).text.count("\n") == 500
    assert httpx.get(url, headers=headers, timeout=30).status_code == 429


@pytest.mark.parametrize(
    "left", [None, Caller("jane", user_id=1), Caller("a key", 0, 1, None, frozenset({Scope.CALLS}), frozenset({2}))]
)
def test_it_breaks_off_when_the_right_to_read_ends(
    server: LocalServer, left: Caller | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "PLACES_AT_ONCE", 100)
    monkeypatch.setattr(download, "RIGHTS_SECONDS", 0.0)
    url = f"{server.url}/llm/calls/export?format=ndjson"
    headers = {"Authorization": f"Bearer {server.key(Scope.CALLS)}"}
    assert httpx.get(url, headers=headers, timeout=30).text.count("\n") == 500

    looks = count()

    async def rights_now(request: Request) -> Caller | None:
        return await optional_caller(request) if next(looks) < 3 else left

    monkeypatch.setattr(download, "optional_caller", rights_now)
    with capture_logs() as logs, pytest.raises(httpx.RemoteProtocolError):
        httpx.get(url, headers=headers, timeout=30)
    assert "unexpected error" not in {entry["event"] for entry in logs}

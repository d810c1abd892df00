"""Newer prices: fetched, checked before they replace others, and taken by a book that is in use."""

import json
import logging
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from genai_prices import update_prices
from genai_prices.types import Provider

from callscope.cli import main
from callscope.pricing import fetched
from callscope.pricing.book import PriceBook
from callscope.pricing.names import FIRST_PARTIES

from .test_book import DAY, model


def raw(dollars: float = 2.5, **extra: Any) -> list[dict[str, Any]]:
    """A list with one model of each first party."""
    return [
        {
            "id": provider, "name": provider, "api_pattern": provider,
            "models": [{"id": "gpt-4o", "match": {"equals": "gpt-4o"}, "prices": {"input_mtok": dollars} | extra}],
        }
        for provider in FIRST_PARTIES
    ]  # fmt: skip


@pytest.fixture
def known() -> list[Provider]:
    return fetched._parsed(raw())


def content(listed: Any) -> bytes:
    return json.dumps(listed).encode()


def cost(book: PriceBook) -> int:
    rates = book.rates(model(), "gpt-4o", DAY)
    assert rates is not None
    return rates.cost(1_000_000, 0).total


def test_a_book_in_use_takes_newer_prices(tmp_path: Path, known: list[Provider]) -> None:
    file = tmp_path / "prices.json"
    book = PriceBook(file)
    assert (cost(book), book.label.split()[0]) == (2_500_000_000, "genai-prices")
    assert fetched.update(file, content(raw(3)), known) == fetched.Report(10, 0, 10)
    book.preload()
    assert cost(book) == 3_000_000_000
    assert book.label.startswith("genai-prices of 20")
    file.unlink()
    book.preload()
    assert cost(book) == 2_500_000_000
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "damaged",
    [
        b"",
        b"[1",
        b"{}",
        b"[{}]",
        content(raw()[1:]),
        content(raw(-1)),
        content(raw(1e9)),
        content(raw(output_mtok="x")),
    ],
)
def test_a_damaged_list_changes_nothing(damaged: bytes, tmp_path: Path, known: list[Provider]) -> None:
    file = tmp_path / "prices.json"
    fetched.update(file, content(raw(3)), known)
    before = file.read_bytes()
    with pytest.raises(fetched.NotUpdated):
        fetched.update(file, damaged, known)
    assert file.read_bytes() == before


@pytest.mark.parametrize("kept", [b"", b"[]", b'{"genai_prices": "0"}', b"\xff"])
def test_a_file_that_cannot_be_used_leaves_the_installed_prices(kept: bytes, tmp_path: Path) -> None:
    (tmp_path / "prices.json").write_bytes(kept)
    assert cost(PriceBook(tmp_path / "prices.json")) == 2_500_000_000


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """A server that answers with `status` and `body`."""
    answer: dict[str, Any] = {"status": 200, "body": b""}

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(answer["status"])
            self.end_headers()
            self.wfile.write(answer["body"])

        def log_message(self, *_args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(update_prices, "DEFAULT_UPDATE_URL", f"http://127.0.0.1:{server.server_port}/")
        yield answer
        server.shutdown()


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (404, b"", "answered 404"),
        (200, b"<html>", "no list of prices"),
        (200, content(raw()), "much less"),
        (200, b"0" * 9_000, "too large"),
    ],
)
def test_why_prices_were_not_updated_is_one_line(
    status: int, body: bytes, reason: str, source: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(fetched, "MAX_BYTES", 8_000)
    monkeypatch.setattr(logging.root, "handlers", [])  # those of a server that ran in this process before
    source |= {"status": status, "body": body}
    with pytest.raises(SystemExit) as ended:
        main(["prices", "update", "--data-dir", str(tmp_path)])
    assert ended.value.code == 1
    told = capsys.readouterr().err
    assert reason in told
    assert told.count("\n") == 1
    assert not (tmp_path / "prices.json").exists()


def test_without_a_network_it_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(update_prices, "DEFAULT_UPDATE_URL", "http://127.0.0.1:1/")
    with pytest.raises(SystemExit) as ended:
        main(["prices", "update", "--data-dir", str(tmp_path)])
    assert ended.value.code == 1
    assert "is there a network?" in capsys.readouterr().err

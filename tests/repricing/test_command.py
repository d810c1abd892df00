"""`callscope reprice`: does it itself, says what became of it, and asks before it changes anything."""

import sys

import pytest
from fastapi import FastAPI

from callscope import cli
from tests.conftest import SECRET
from tests.repricing.conftest import Admin
from tests.repricing.test_repricing import MARCH, OF_MARCH


def run(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(["reprice", *arguments])
    return int(ended.value.code or 0)


@pytest.fixture
def stored(admin: Admin, app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> Admin:
    """Two calls that have a price since they were logged, on the database that the command finds."""
    config = app.state.config
    monkeypatch.setenv("DATABASE_URL", config.database_url)
    monkeypatch.setenv("CALLSCOPE_DATA_DIR", str(config.data_dir))
    monkeypatch.setenv("SECRET_KEY", SECRET)
    app.state.repricer.stop(5)  # the command does it, not the server
    admin.log({"created_at": MARCH}, {"created_at": MARCH, "project": "shop"})
    admin.set_prices(OF_MARCH)
    return admin


def test_it_prices_calls_anew_or_says_what_that_would_do(stored: Admin, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--model", "house-llama", "--dry-run") == 0
    assert "2 of 2 calls would change, their cost from $0.000000000 to $2.000000000" in capsys.readouterr().out
    assert stored.ask("GET", "/metrics/summary?from=2026-01-01")["total_cost"] == 0
    assert run("--project", "shop", "--from", "2026-01-01", "--yes") == 0
    assert "1 of 1 calls changed" in capsys.readouterr().out
    assert stored.ask("GET", "/metrics/summary?from=2026-01-01")["total_cost"] == 1


def test_what_it_is_told_wrongly_it_says_and_changes_nothing(
    stored: Admin, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for arguments in (("--yes",), ("--model", "nobodys", "--yes"), ("--all", "--project", "none", "--yes")):
        assert run(*arguments) != 0, arguments
        assert capsys.readouterr().err.startswith("callscope: "), arguments
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    assert run("--all") == 2
    assert "nobody can be asked here" in capsys.readouterr().err
    assert stored.ask("GET", "/llm/repricings")["items"] == []

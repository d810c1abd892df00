"""`callscope export`: a file that is there is whole."""

import csv
from pathlib import Path

import pytest

from callscope import cli
from callscope.calls import exporting
from tests.caller import Api

CALL = {"model": "gpt-4o", "prompt_tokens": 1, "completion_tokens": 2, "latency_ms": 3, "status": "success"}


@pytest.fixture
def run(api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> "Run":
    """Runs the command on a database with three calls; gives its exit code."""
    monkeypatch.setenv("DATABASE_URL", api.app.state.config.database_url)
    monkeypatch.setenv("CALLSCOPE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("SECRET_KEY", "a-secret-for-tests-only-0123456789")
    api.log([CALL | {"project": project} for project in ("shop", "shop", "default")])
    return Run()


class Run:
    def __call__(self, *arguments: str) -> int:
        with pytest.raises(SystemExit) as ended:
            cli.main(["export", *arguments])
        return int(ended.value.code or 0)


def test_a_file_has_what_was_asked_for(run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "november.csv"
    assert run(str(path), "--project", "shop", "--from", "2020-01-01") == 0
    assert "2 calls exported" in capsys.readouterr().err
    assert [row["project"] for row in csv.DictReader(path.open())] == ["shop", "shop"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert run(str(path)) == 1
    assert "is there already" in capsys.readouterr().err
    assert run("-", "--format", "ndjson", "--status", "error") == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "arguments", [("november.txt",), ("november.csv", "--from", "soon"), ("november.csv", "--project", "none")]
)
def test_what_cannot_be_done_is_said(run: Run, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    path, *options = arguments
    assert run(str(tmp_path / path), *options) == 1
    assert not list(tmp_path.glob("november*"))


def test_one_that_breaks_off_leaves_nothing_that_looks_whole(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "PLACES_AT_ONCE", 1)
    values, seen = exporting._values, []

    def fail_later(row: object, names: object) -> object:
        seen.append(row)
        if len(seen) == 3:
            raise OSError(28, "No space left on device", "november.csv")
        return values(row, names)  # type: ignore[arg-type]

    monkeypatch.setattr(exporting, "_values", fail_later)
    assert run(str(tmp_path / "november.csv")) == 1
    assert not list(tmp_path.glob("november*"))

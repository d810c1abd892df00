"""`callscope prices show`."""

from pathlib import Path

import pytest

from callscope.cli import main


def run(capsys: pytest.CaptureFixture[str], folder: Path, *arguments: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--data-dir", str(folder)])
    told = capsys.readouterr()
    assert (ended.value.code, told.err) == (0, "")
    return told.out


def test_prices_are_shown_as_a_table_with_their_times_and_sources(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(capsys, tmp_path, "migrate")
    title, heading, *rows = run(capsys, tmp_path, "prices", "show", "claude-opus-4-6").splitlines()
    assert title == "claude-opus-4-6 at anthropic"
    assert [heading.split()[0], heading.split()[-1]] == ["FROM", "SOURCE"]
    assert {"2026-03-13", "batch"} <= {word for row in rows for word in row.split()}
    flat = run(capsys, tmp_path, "prices", "show", "gpt-4", "--provider", "openai", "--at", "2026-11-26")
    assert flat.splitlines()[2].split() == ["30", "30", "flat", "rate"]
    unknown = run(capsys, tmp_path, "prices", "show", "gpt-9-ultra")
    assert unknown.splitlines()[1:] == ["The price book does not know the model “gpt-9-ultra”."]

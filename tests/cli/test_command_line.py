"""The command `callscope`: its help, its version, and its one line for what an operator did wrong."""

import os
import re
import socket
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from callscope import __version__, logs
from callscope.cli import app, main

SOURCE = Path(__file__).parents[2] / "src"


def callscope(*arguments: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    settings = {**os.environ, "PYTHONPATH": str(SOURCE), "CALLSCOPE_DATA_DIR": str(folder / "data"), **environment}
    return subprocess.run(
        [sys.executable, "-m", "callscope", *arguments],
        env=settings, cwd=folder, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def every_command() -> list[tuple[str, ...]]:
    top: list[tuple[str, ...]] = [
        (str(one.name or one.callback.__name__),) for one in app.registered_commands if one.callback
    ]
    groups: list[tuple[str, ...]] = [
        (str(group.name), str(one.name))
        for group in app.registered_groups
        if group.typer_instance
        for one in group.typer_instance.registered_commands
    ]
    return top + groups


def test_it_tells_its_version(tmp_path: Path) -> None:
    assert callscope("--version", folder=tmp_path).stdout == f"callscope {__version__}\n"


def test_every_command_has_help_with_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    commands = every_command()
    assert ("serve",) in commands
    assert ("user", "create") in commands
    for command in commands:
        app(args=[*command, "--help"], standalone_mode=False, prog_name="callscope")
        text = re.sub(r"\s+", " ", capsys.readouterr().out)
        assert re.search(rf"Example: .*callscope {' '.join(command)}", text), command


def test_migrate_makes_the_database_and_can_be_repeated(tmp_path: Path) -> None:
    for _ in range(2):
        done = callscope("migrate", folder=tmp_path)
        assert (done.returncode, done.stdout) == (0, "The database is up to date.\n")
    with sqlite3.connect(tmp_path / "data" / "callscope.db") as connection:
        assert connection.execute("SELECT name FROM llm_models WHERE id = 1").fetchone() == ("gpt-4",)


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "part"),
    [
        (("serve", "--port", "99999999"), {}, 1, "port: "),
        (("serve",), {"CALLSCOPE_DEMO_USERS": "perhaps"}, 1, "CALLSCOPE_DEMO_USERS"),
        (("serve",), {"CALLSCOPE_DATA_DIR": "/dev/null/data"}, 1, "CALLSCOPE_DATA_DIR: /dev/null/data"),
        (("serve",), {"DATABASE_URL": "sqlite:////dev/null/x.db"}, 1, "DATABASE_URL: /dev/null"),
        (("serve",), {"DATABASE_URL": "postgresql://localhost/x"}, 1, "SECRET_KEY"),
        (
            ("serve",),
            {"DATABASE_URL": "postgresql://u:very-private@127.0.0.1:1/x", "SECRET_KEY": "0123456789abcdef"},
            1,
            "DATABASE_URL",
        ),
        (("serve", "--host", "no.such.host.invalid", "--port", "0"), {}, 1, "no.such.host.invalid"),
        (("migrate",), {"CALLSCOPE_DATA_DIR": "/dev/null/data"}, 1, "/dev/null/data"),
        (("serve", "--prot", "1"), {}, 2, "--prot"),
        (("serve", "--workers", "0"), {}, 2, "--workers"),
        (("surve",), {}, 2, "surve"),
    ],
)
def test_a_mistake_is_one_line_and_an_exit_code(
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    environment: dict[str, str],
    code: int,
    part: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(logs, "configure", lambda *_: None)  # the log of this process is the tests' own
    for name, value in {"CALLSCOPE_DATA_DIR": str(tmp_path / "data"), **environment}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == code
    written = capsys.readouterr().err
    assert written.startswith("callscope: ")
    assert written.count("\n") == 1
    assert part in written
    assert "very-private" not in written


def test_a_port_in_use_is_said_before_anything_is_touched(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = callscope("serve", "--port", str(port), folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        f"callscope: port {port} on 127.0.0.1 is in use already; choose another with --port or --host\n"
    )

"""The command `callscope`: its help, its version, and its one line for what an operator did wrong."""

import os
import re
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Callable
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
        (("serve", "--port", "70000"), {}, 2, "'--port': must be at most 65535; see `callscope serve --help`"),
        (("serve",), {"CALLSCOPE_PORT": "70000"}, 1, "CALLSCOPE_PORT: must be at most 65535"),
        (("serve",), {"CALLSCOPE_PORT": "eighty"}, 1, "CALLSCOPE_PORT: must be a whole number"),
        (("serve",), {"CALLSCOPE_DEMO_USERS": "perhaps"}, 1, "CALLSCOPE_DEMO_USERS"),
        (("serve",), {"CALLSCOPE_DATA_DIR": "/dev/null/data"}, 1, "CALLSCOPE_DATA_DIR: /dev/null/data"),
        (("serve",), {"CALLSCOPE_DATA_DIR": __file__}, 1, "is not a folder"),
        (("migrate",), {"CALLSCOPE_DATA_DIR": __file__}, 1, "is not a folder"),
        (("serve",), {"DATABASE_URL": "sqlite:////dev/null/x.db"}, 1, "DATABASE_URL: /dev/null"),
        (("serve",), {"DATABASE_URL": "sqlite:///"}, 1, "DATABASE_URL names no file"),
        (("serve",), {"DATABASE_URL": "postgresql://u:very-private@db:port/x"}, 1, "DATABASE_URL is not an address"),
        (("serve",), {"DATABASE_URL": "postgresql://localhost/x"}, 1, "SECRET_KEY"),
        (
            ("serve",),
            {"DATABASE_URL": "postgresql://u:very-private@127.0.0.1:1/x", "SECRET_KEY": "0123456789abcdef"},
            1,
            "DATABASE_URL",
        ),
        (("migrate",), {"DATABASE_URL": "sqlite:///:memory:"}, 1, "DATABASE_URL"),
        (("serve",), {"DATABASE_URL": "sqlite:///"}, 1, "DATABASE_URL"),
        (("serve", "--host", "no.such.host.invalid", "--port", "0"), {}, 1, "'no.such.host.invalid' is not the name"),
        (("serve", "--host", "192.0.2.1", "--port", "0"), {}, 1, "192.0.2.1 is not an address of this machine"),
        (("migrate",), {"CALLSCOPE_DATA_DIR": "/dev/null/data"}, 1, "/dev/null/data"),
        (("serve", "--prot", "1"), {}, 2, "No such option: --prot; see `callscope serve --help`"),
        (("serve", "--workers", "0"), {}, 2, "--workers"),
        (("surve",), {}, 2, "'surve'; see `callscope --help`"),
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


def test_a_file_of_settings_that_is_not_utf_8_is_one_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"SECRET_KEY=gr\xfc\xdfe-from-latin-1")
    done = callscope("migrate", folder=tmp_path)
    assert (done.returncode, done.stderr) == (1, "callscope: .env is not text in UTF-8 (byte 13 is not)\n")


def test_settings_that_are_misspelt_are_named(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CALLSCOPE_PROT=1\nANOTHER=1\n")
    done = callscope("migrate", folder=tmp_path, CALLSCOPE_DATADIR="x")
    assert done.returncode == 0
    assert done.stderr == (
        "callscope: warning: no setting has the name CALLSCOPE_DATADIR or CALLSCOPE_PROT; it is ignored\n"
    )


def test_a_secret_key_that_was_cut_off_is_said(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret_key").write_text("short")
    done = callscope("serve", "--port", "0", folder=tmp_path)
    assert done.returncode == 1
    assert "secret_key holds fewer than 16 characters" in done.stderr


def _too_new(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")


def _no_database(path: Path) -> None:
    path.write_text("This is a letter, and was never a database. " * 100)


@pytest.mark.parametrize("command", ["serve --port 0", "migrate", "user list", "doctor", "demo --calls 1"])
@pytest.mark.parametrize(("make", "part"), [(_too_new, "9999"), (_no_database, "callscope.db: file is not a database")])
def test_a_database_that_cannot_be_used_is_said_in_one_line_and_left_alone(
    *,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    make: Callable[[Path], None],
    part: str,
) -> None:
    path = tmp_path / "callscope.db"
    make(path)
    before = path.read_bytes()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(logs, "configure", lambda *_: None)  # the log of this process is the tests' own
    monkeypatch.setenv("CALLSCOPE_DATA_DIR", str(tmp_path))
    with pytest.raises(SystemExit) as ended:
        main(command.split())
    assert ended.value.code == 1
    out, err = capsys.readouterr()
    assert out == ""
    line = err.strip()  # a progress bar leaves an empty one behind
    assert line.startswith("callscope: ")
    assert "\n" not in line
    assert part in err
    assert "migrate" not in err
    if make is _no_database:
        assert path.read_bytes() == before


def test_a_port_in_use_is_said_before_anything_is_touched(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = callscope("serve", "--port", str(port), folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr == (
        f"callscope: port {port} on 127.0.0.1 is in use already; choose another with --port or --host\n"
    )


def test_where_only_the_client_is_installed_the_command_says_what_is_missing() -> None:
    hidden = "import sys; sys.modules['typer'] = None; from callscope.__main__ import main; main()"
    done = subprocess.run([sys.executable, "-c", hidden], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "callscope[server]" in done.stderr

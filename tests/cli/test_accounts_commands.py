"""`callscope user` and `callscope key`: what an operator can do without a login."""

import io
import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import text

from callscope import cli
from callscope.accounts.passwords import Passwords
from callscope.db.engine import Database

Run = Callable[..., int]


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in this process and gives its exit code; `typed` is what comes on standard input."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SECRET_KEY", "a-secret-for-tests-only-0123456789")
    monkeypatch.setenv("CALLSCOPE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setattr(Passwords, "rounds", 4, raising=False)

    def command(*arguments: str, typed: str = "") -> int:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return command


def test_a_user_made_here_can_log_in_there(run: Run, client: TestClient) -> None:
    assert run("user", "create", "jane@example.org", "--admin", typed="correct horse\n") == 0
    login = {"email": "jane@example.org", "password": "correct horse"}
    answer = client.post("/auth/login", json=login)
    assert answer.json()["data"]["user"]["role"] == "ADMIN"
    assert run("user", "set-password", "JANE@example.org", typed="another horse\n") == 0
    assert client.post("/auth/login", json=login).status_code == 401


def test_a_viewer_gets_the_projects_and_rights_that_are_named(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("key", "create", "a program", "--project", "shop") == 0
    arguments = ("joe@example.org", "--project", "shop", "--project", "default", "--can-read-calls")
    assert run("user", "create", *arguments, typed="correct horse\n") == 0
    capsys.readouterr()
    assert run("user", "list") == 0
    listed = capsys.readouterr().out.splitlines()
    assert listed[0].split() == ["EMAIL", "ROLE", "ACTIVE", "READS", "CALLS", "PROJECTS"]
    assert any(line.split() == ["joe@example.org", "VIEWER", "yes", "yes", "default,", "shop"] for line in listed)


def test_a_key_made_here_works_until_it_is_revoked(
    run: Run, app: FastAPI, client: TestClient, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("key", "create", "my program", "--scope", "metrics", "--project", "shop") == 0
    secret = capsys.readouterr().out.strip()
    assert secret.startswith("cs_")
    headers = {"Authorization": f"Bearer {secret}"}
    assert client.get("/llm/models", headers=headers).status_code == 200
    assert run("key", "list") == 0
    listed = capsys.readouterr().out
    assert "my program" in listed
    assert "shop" in listed
    assert secret not in listed
    assert run("key", "revoke", "1") == 0
    app.state.versions.announce("accounts")  # what the other process notices within a second or so
    assert client.get("/llm/models", headers=headers).status_code == 401


def test_the_last_admin_stays(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    run("user", "create", "joe@example.org", typed="correct horse\n")
    assert run("user", "promote", "joe@example.org") == 0
    capsys.readouterr()
    assert run("user", "deactivate", "joe@example.org") == 1
    assert capsys.readouterr().err == "callscope: This is the last admin. Make another user an admin first.\n"


@pytest.mark.parametrize(
    ("arguments", "typed", "code", "part"),
    [
        (("user", "promote", "nobody@example.org"), "", 1, "There is no user nobody@example.org"),
        (("user", "create", "jim@example.org"), "short\n", 1, "8 characters"),
        (("user", "create", "nonsense"), "correct horse\n", 1, "email"),
        (("user", "create", "JOE@example.org"), "correct horse\n", 1, "`callscope user promote` or `set-password`"),
        (("user", "create", "jim@example.org", "--project", "shpo"), "", 1, "There is no project 'shpo'"),
        (("user", "create", "jim@example.org", "--project", "default", "--admin"), "", 2, "--project"),
        (("key", "create", "  "), "", 1, "name: must not be empty"),
        (("key", "create", "x" * 101), "", 1, "name: must have at most 100 characters"),
        (("key", "revoke", "99"), "", 1, "There is no API key 99"),
        (("key", "create", "x", "--scope", "everything"), "", 2, "ingest, metrics, calls, gateway"),
        (("key", "revoke", "first"), "", 2, "'ID': must be a whole number; see `callscope key revoke --help`"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_error_is_one_line(
    *, run: Run, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], typed: str, code: int, part: str
) -> None:
    run("user", "create", "joe@example.org", typed="correct horse\n")
    capsys.readouterr()
    assert run(*arguments, typed=typed) == code
    written = capsys.readouterr().err
    assert written.startswith("callscope: ")
    assert written.count("\n") == 1
    assert part in written


LOOKING = [
    ("user", "list"), ("user", "promote", "joe@example.org"), ("user", "deactivate", "joe@example.org"),
    ("user", "set-password", "joe@example.org"), ("key", "list"), ("key", "revoke", "1"), ("doctor",),
]  # fmt: skip


@pytest.mark.parametrize("arguments", LOOKING, ids=" ".join)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_only_looks_makes_no_database_in_a_mistyped_folder(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    assert run(*arguments, "--data-dir", str(tmp_path / "mistyped")) == 1
    assert f"there is no database at {tmp_path / 'mistyped' / 'callscope.db'}; " in capsys.readouterr().err
    assert not (tmp_path / "mistyped").exists()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_accounts_are_made_in_the_folder_that_is_named(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("DATABASE_URL")
    folder = str(tmp_path / "new")
    assert run("user", "create", "joe@example.org", "--data-dir", folder, typed="correct horse\n") == 0
    assert capsys.readouterr().err == f"A new database was made: {folder}/callscope.db\n"
    assert run("user", "list", "--data-dir", folder) == 0
    assert "joe@example.org" in capsys.readouterr().out


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_signs_nothing_needs_no_secret_key(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRET_KEY")
    assert run("migrate") == 0
    assert run("user", "list") == 0
    assert run("serve", "--port", "0") == 1


def test_a_postgresql_database_that_cannot_be_used_is_one_line(
    postgres: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SECRET_KEY", "a-secret-for-tests-only-0123456789")
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE DATABASE in_latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        connection.execute("CREATE DATABASE of_another")
        connection.execute("CREATE USER somebody PASSWORD 'secret'")
    somebody = re.sub("//[^@]*@", "//somebody:secret@", postgres)
    for url, reason in (
        (
            postgres.replace("/postgres?", "/in_latin?"),
            "the database is in LATIN1; it must be made with ENCODING 'UTF8'",
        ),
        (
            somebody.replace("/postgres?", "/of_another?"),
            "permission denied for schema public; the database must belong",
        ),
    ):
        monkeypatch.setenv("DATABASE_URL", url)
        for arguments in (("migrate",), ("serve", "--port", "0")):
            with pytest.raises(SystemExit):
                cli.main(arguments)
            written = capsys.readouterr().err
            assert reason in written
            assert written.count("\n") == 1


def test_what_only_looks_or_changes_little_leaves_an_older_schema_as_it_is(
    run: Run, db: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    with db.write() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0010'"))
    for arguments in (("user", "list"), ("key", "list"), ("project", "list"), ("key", "revoke", "1")):
        assert run(*arguments) == 1
        assert "run `callscope migrate` first" in capsys.readouterr().err
    with db.read() as connection:
        assert connection.scalar(text("SELECT version_num FROM alembic_version")) == "0010"

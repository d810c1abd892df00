"""`callscope user` and `callscope key`: what an operator can do without a login."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from callscope import cli
from callscope.accounts.passwords import Passwords

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
    arguments = ("joe@example.org", "--project", "shop", "--project", "default", "--can-read-calls")
    assert run("user", "create", *arguments, typed="correct horse\n") == 0
    capsys.readouterr()
    assert run("user", "list") == 0
    listed = capsys.readouterr().out.splitlines()
    assert listed[0].split() == ["EMAIL", "ROLE", "ACTIVE", "READS", "CALLS", "PROJECTS"]
    assert any(line.split() == ["joe@example.org", "VIEWER", "yes", "yes", "shop,", "default"] for line in listed)


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
        (("user", "create", "joe@example.org"), "short\n", 1, "8 characters"),
        (("user", "create", "nonsense"), "correct horse\n", 1, "email"),
        (("key", "revoke", "99"), "", 1, "There is no API key 99"),
        (("key", "create", "x", "--scope", "everything"), "", 2, "ingest, metrics, calls, gateway"),
        (("key", "revoke", "first"), "", 2, "ID"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_error_is_one_line(
    *, run: Run, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], typed: str, code: int, part: str
) -> None:
    assert run(*arguments, typed=typed) == code
    written = capsys.readouterr().err
    assert written.startswith("callscope: ")
    assert written.count("\n") == 1
    assert part in written

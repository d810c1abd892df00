"""`callscope check` says what keeps a server from running here, and what its operator should know of."""

import json
import os
import shutil
import time
from pathlib import Path

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text
from typer.testing import CliRunner

from callscope import check
from callscope.cli import app
from callscope.config import Config
from callscope.db.engine import Database


def found(config: Config) -> dict[str, set[str]]:
    """What is found, by level."""
    findings = list(check.examine(config))
    return {level: {one.about for one in findings if one.level == level} for level in ("ok", "warning", "failure")}


def changed(config: Config, **fields: object) -> Config:
    """The same settings but for these."""
    return config.model_copy(update=fields)


def test_a_server_in_good_order_has_nothing_that_fails(config: Config, client: TestClient) -> None:
    if config.is_sqlite:
        config.sqlite_file.chmod(0o600)
        for beside in config.sqlite_file.parent.glob("callscope.db-*"):
            beside.chmod(0o600)
    assert client.get("/health/ready").status_code == 200
    assert found(config)["failure"] == set()
    assert {"settings", "database", "clock"} <= found(config)["ok"]
    expected = {"logins"} if config.is_sqlite else {"logins", "durability"}
    assert found(config)["warning"] == expected, (
        "the demo logins of a first start, and that the tests' server syncs nothing"
    )
    if config.is_sqlite:
        config.sqlite_file.chmod(0o644)
        assert found(config)["warning"] == {"logins", "files"}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_postgresql_that_would_lose_what_was_acknowledged_is_warned_of(config: Config, postgres: str) -> None:
    def durability(**settings: str) -> list[str]:
        with psycopg.connect(postgres, autocommit=True) as administrator:
            for name, value in settings.items():
                administrator.execute(f"ALTER SYSTEM SET {name} = {value}")
            administrator.execute("SELECT pg_reload_conf()")
        time.sleep(0.2)
        return [f"{one.level} {one.text}" for one in check.examine(config) if one.about == "durability"]

    try:
        (only,) = durability(fsync="on", full_page_writes="on")
        assert only.startswith("ok")
        (only,) = durability(fsync="off", full_page_writes="on")
        assert only.startswith("warning the server has fsync=off")
        (only,) = durability(fsync="on", full_page_writes="off")
        assert only.startswith("warning the server has full_page_writes=off")
    finally:
        durability(fsync="off", full_page_writes="on")


def test_what_docs_security_warns_of_is_warned_of(config: Config) -> None:
    open_to_all = changed(config, demo_users="everywhere", registration="open", public_url="http://obs.example.org")
    texts = [one.text for one in check.examine(open_to_all) if one.level == "warning"]
    for word in ("CALLSCOPE_DEMO_USERS", "CALLSCOPE_REGISTRATION", "CALLSCOPE_TRUSTED_HOPS", "https"):
        assert any(word in one for one in texts), word


def test_a_newer_an_older_and_a_missing_database(config: Config, db: Database) -> None:
    for version, level in (("9999", "failure"), ("0001", "warning")):
        with db.write() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = :v"), {"v": version})
        assert "database" in found(config)[level]
    away = "postgresql+psycopg://nobody@127.0.0.1:9/none"
    assert "database" in found(changed(config, database_url_setting=away))["failure"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_what_root_does_leaves_the_servers_files_to_the_server(sqlite_template: Path, tmp_path: Path) -> None:
    shutil.copy(sqlite_template, tmp_path / "callscope.db")
    for path in (tmp_path, tmp_path / "callscope.db"):
        os.chown(path, 65_534, 65_534)
    own = Config(_env_file=None, data_dir=tmp_path)  # type: ignore[call-arg]  # pydantic-settings' own argument
    assert "files" not in found(own)["failure"]
    assert (tmp_path / "callscope.db.lock").stat().st_uid == 65_534
    os.chown(tmp_path / "callscope.db", 0, 0)
    assert "files" in found(own)["failure"]


def test_a_clock_that_was_set_back_is_noticed(
    config: Config, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    login = client.post("/auth/login", json={"email": "admin@example.com", "password": "admin123"}).json()
    call = {"model": "gpt-4", "prompt_tokens": 1, "completion_tokens": 1, "latency_ms": 1, "status": "success"}
    headers = {"Authorization": f"Bearer {login['access_token']}"}
    assert client.post("/llm/log-call", json=call, headers=headers).status_code == 201
    assert "clock" in found(config)["ok"]
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now - 7_200)
    assert "clock" in found(config)["warning"]


def test_damage_and_a_folder_that_cannot_be_written_fail_with_exit_code_1(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "callscope.db"
    content = bytearray(sqlite_template.read_bytes())
    file.write_bytes(content)
    monkeypatch.setenv("CALLSCOPE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("CALLSCOPE_NO_SUCH", "1")
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, ["check", "--json"])
    answer = json.loads(done.stdout)
    assert (done.exit_code, answer["ok"]) == (0, True)
    assert any("CALLSCOPE_NO_SUCH" in one["text"] for one in answer["findings"])
    content[4096 * 20 : 4096 * 60] = os.urandom(4096 * 40)
    for path in tmp_path.glob("callscope.db*"):
        path.unlink()
    file.write_bytes(content)
    assert CliRunner().invoke(app, ["check", "--deep"]).exit_code == 1
    monkeypatch.setenv("CALLSCOPE_DATA_DIR", str(file))
    done = CliRunner().invoke(app, ["check"])
    assert (done.exit_code, "failure  files" in done.stdout) == (1, True)

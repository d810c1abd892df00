"""The server of these tests, started once for all of a module: they ask much and change little."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from tests.contract.world import Somebody, World, everybody, open_world


@pytest.fixture(scope="module")
def world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The server on SQLite."""
    folder = tmp_path_factory.mktemp("world")
    shutil.copyfile(sqlite_template, folder / "callscope.db")
    with open_world(f"sqlite:///{folder / 'callscope.db'}", folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def roles(world: World) -> list[Somebody]:
    """Everybody who might ask the server on SQLite."""
    return everybody(world)


@pytest.fixture(scope="module")
def demo_world(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A server on SQLite that has no admin but the demo login."""
    folder = tmp_path_factory.mktemp("demo-world")
    shutil.copyfile(sqlite_template, folder / "callscope.db")
    with open_world(f"sqlite:///{folder / 'callscope.db'}", folder, admin=False) as opened:
        yield opened


@pytest.fixture(scope="module")
def postgres_world(postgres: str, postgres_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The server on PostgreSQL."""
    with psycopg.connect(postgres, autocommit=True) as connection:
        template = sql.Identifier(postgres_template)
        connection.execute(sql.SQL("CREATE DATABASE rights TEMPLATE {}").format(template))
    url = postgres.replace("/postgres?", "/rights?", 1).replace("postgresql://", "postgresql+psycopg://")
    with open_world(url, tmp_path_factory.mktemp("postgres-world")) as opened:
        yield opened
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute("DROP DATABASE rights WITH (FORCE)")

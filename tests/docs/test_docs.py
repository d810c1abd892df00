"""The docs name everything that there is, their links lead somewhere, and nothing in the repository is ours alone."""

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from fastapi import FastAPI
from fastapi.routing import iter_route_contexts

from callscope.app import create_app
from callscope.cli import app as command_line
from callscope.config import Config
from callscope.observability.environment import VARIABLES as CLIENT_VARIABLES
from tests.docs.documents import DOCUMENTS, ROOT, all_docs, anchors, links

VARIABLES = sorted(str(field.alias) for field in Config.model_fields.values())
NOT_OUR_CONTRACT = {"/docs/oauth2-redirect", "/start.css"}
"""Parts of a page that a reader never calls by himself."""


def commands() -> Iterator[tuple[str, Any]]:
    """Every command of the command line, with what it was made from."""

    def walk(command: Any, name: str) -> Iterator[tuple[str, Any]]:
        inner = getattr(command, "commands", {})
        if not inner:
            yield name, command
        for part, below in inner.items():
            yield from walk(below, f"{name} {part}")

    return walk(typer.main.get_command(command_line), "callscope")


def routes(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Method and path of every route of the contract."""
    for route in iter_route_contexts(app.routes):
        for method in sorted((getattr(route, "methods", None) or set()) - {"HEAD"}):
            path = str(getattr(route, "path", ""))
            if path not in NOT_OUR_CONTRACT:
                yield method, path


def test_the_fields_of_the_configuration_each_have_a_variable() -> None:
    assert all(field.alias for field in Config.model_fields.values())
    assert len(VARIABLES) > 10


@pytest.mark.parametrize("variable", VARIABLES)
def test_each_environment_variable_is_in_the_docs(variable: str) -> None:
    assert f"| `{variable}` |" in (ROOT / "docs/configuration.md").read_text()
    assert re.search(rf"^# {variable}=", (ROOT / ".env.example").read_text(), re.MULTILINE)


@pytest.mark.parametrize("variable", CLIENT_VARIABLES)
def test_each_variable_of_the_client_is_in_the_docs(variable: str) -> None:
    assert f"| `{variable}` |" in (ROOT / "docs/configuration.md").read_text()


def test_env_example_names_no_variable_that_there_is_not() -> None:
    named = re.findall(r"^#? ?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(named) == VARIABLES


def test_the_docs_name_no_variable_that_there_is_not() -> None:
    named = set(re.findall(r"\bCALLSCOPE_[A-Z_]+\b", all_docs()))
    assert named <= {*VARIABLES, *CLIENT_VARIABLES}


@pytest.mark.parametrize(
    ("name", "command"), list(commands()), ids=lambda value: value if isinstance(value, str) else ""
)
def test_each_command_is_in_the_docs_and_has_an_example(name: str, command: Any) -> None:
    assert f"`{name}`" in all_docs()
    assert "Example" in (command.help or ""), f"{name} --help has no example"


def test_each_route_is_in_the_docs(tmp_path: Path) -> None:
    app = create_app(Config(_env_file=None, data_dir=tmp_path))  # type: ignore[call-arg]  # pydantic-settings' own
    found = set(routes(app))
    assert ("POST", "/auth/login") in found
    text = re.sub(r"\{\w+\}", "{}", all_docs())
    missing = [f"{method} {path}" for method, path in found if f"`{method} {re.sub(r'{.*?}', '{}', path)}`" not in text]
    assert not missing, "docs/api.md does not name these routes"


def test_the_docs_name_no_route_that_there_is_not(tmp_path: Path) -> None:
    app = create_app(Config(_env_file=None, data_dir=tmp_path))  # type: ignore[call-arg]  # pydantic-settings' own
    real = {f"{method} {re.sub(r'{.*?}', '{}', path)}" for method, path in routes(app)}
    named = re.findall(r"`((?:GET|POST|PUT|PATCH|DELETE) /[^`?]*)`", all_docs())
    assert {re.sub(r"/(?:\d+|\{\w+\})(?=/|$)", "/{}", name) for name in named} <= real


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    for link in links(document):
        if link.startswith(("http://", "https://")):
            continue
        name, _, anchor = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_each_document_is_linked_from_the_readme() -> None:
    linked = {(ROOT / link.partition("#")[0]).resolve() for link in links(ROOT / "README.md") if "://" not in link}
    assert {path for path in DOCUMENTS if path.parent.name == "docs"} <= linked


def test_each_dependency_says_what_it_is_for() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    declared = [
        *project["project"]["dependencies"],
        *project["project"]["optional-dependencies"]["server"],
        *project["dependency-groups"]["dev"],
    ]
    text = (ROOT / "docs/dependencies.md").read_text()
    for requirement in declared:
        name = re.split(r"[\[<>=~! ;]", requirement)[0]
        assert re.search(rf"\b{re.escape(name)}\b", text), name


MADE = re.compile(
    r"\.git|\.venv|\.[a-z_]+_cache|__pycache__|\.hypothesis|\.cache|build|dist|node_modules|static|test-results"
)
"""Folders of what tools made."""


def files() -> Iterator[Path]:
    """The files of the repository: what is under its folders, without what tools made."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if not MADE.fullmatch(name))
        for name in sorted(names):
            if not name.endswith((".db", ".pyc")) and name not in {".env", ".git"}:
                yield Path(folder, name)


def test_no_file_names_a_package_registry_or_a_place_on_the_machine_it_was_written_on() -> None:
    registries = r"\bpypi[.]org|pythonhosted[.]org|registry[.]npmjs|\b(?:index|find)-(?:url|links) ?="
    places = r"(?<![\w.:])/(?:root|home|Users|work|mnt)/\w"
    forbidden = re.compile(f"{registries}|{places}")
    for path in files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        assert not forbidden.search(text), f"{path.relative_to(ROOT)}: {forbidden.search(text)}"


PACKAGES = sorted(path.parent.name for path in (ROOT / "src/callscope").glob("*/__init__.py"))


def test_the_map_of_rooms_has_each_package() -> None:
    rooms = (ROOT / "docs/architecture.md").read_text().partition("## The rooms")[2].partition("\n## ")[0]
    named = re.findall(r"`(\w+)/`", "".join(line.split("|")[1] for line in rooms.splitlines() if line.startswith("|")))
    assert sorted(named) == PACKAGES


@pytest.mark.parametrize(
    ("name", "below"),
    [
        ("api, db and config know no subject", {"api", "db", "observability"}),
        ("what runs inside an application knows nothing of the server", {"observability"}),
    ],
)
def test_the_rules_of_imports_name_each_package(name: str, below: set[str]) -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [forbidden] = [one["forbidden_modules"] for one in contracts if one["name"] == name]
    assert {f"callscope.{one}" for one in PACKAGES if one not in below} <= set(forbidden)

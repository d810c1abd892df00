"""The pages for people: the first steps at /, /docs and /redoc. None of them asks another server for anything."""

import base64
import hashlib
import re
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from callscope.dashboard import web

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # pages ask no database
EXTERNAL = re.compile(r"""(?:src|href)=["'](?:https?:)?//""")


@pytest.fixture(autouse=True)
def _without_a_dashboard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As in a checkout that was not built: then the first steps are at /."""
    monkeypatch.setattr(web, "FOLDER", tmp_path / "nothing")


@pytest.mark.parametrize("path", ["/", "/docs", "/redoc", "/docs/oauth2-redirect"])
def test_a_page_loads_nothing_from_elsewhere(client: TestClient, path: str) -> None:
    page = client.get(path)
    assert page.status_code == 200
    assert not EXTERNAL.search(page.text)
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'")
    assert "http" not in policy
    for linked in re.findall(r"""<(?:script|link)[^>]*(?:src|href)=["'](/[^"']+)""", page.text):
        assert client.get(linked).status_code == 200, linked


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/docs/oauth2-redirect"])
def test_a_page_names_each_of_its_inline_scripts(client: TestClient, path: str) -> None:
    page = client.get(path)
    policy = page.headers["Content-Security-Policy"]
    script_policy = next(part for part in policy.split(";") if part.strip().startswith("script-src"))
    assert "unsafe" not in script_policy
    for script in re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL):
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in script_policy


def test_the_first_steps_use_the_address_that_one_came_by(client: TestClient) -> None:
    assert "curl -s http://127.0.0.1:8000/llm/log-call" in client.get("/").text
    strange = client.get("/", headers={"Host": 'x"><script>alert(1)</script>'})
    assert "<script" not in strange.text


def test_the_examples_of_the_first_steps_name_routes_that_exist(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    for path in re.findall(r"http://127\.0\.0\.1:8000(/[a-z/-]+)", client.get("/").text):
        assert path in paths

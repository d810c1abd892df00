"""The dashboard's files: what is kept for how long, what is refused, and the way from `/`."""

import gzip
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from callscope.dashboard import web
from tests.conftest import STUB

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # files ask no database
SCRIPT = "/ui/assets/index-a1B2c3D4.js"
PLAIN = {"Accept-Encoding": "identity"}


def test_the_root_leads_to_the_dashboard(client: TestClient) -> None:
    answer = client.get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (307, "/ui/")
    assert client.get("/ui").content == STUB["index.html"]


@pytest.mark.parametrize("path", ["/ui/", "/ui/calls/17", "/ui/models/gpt-4.1", "/ui/calls/", "/ui/index.html"])
def test_each_place_in_the_page_is_the_page(client: TestClient, path: str) -> None:
    page = client.get(path)
    assert (page.status_code, page.content) == (200, STUB["index.html"])
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-cache"


def test_the_policy_lets_no_script_in_but_our_own(client: TestClient) -> None:
    policy = dict(
        part.strip().split(" ", 1) for part in client.get("/ui/").headers["Content-Security-Policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["connect-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"


@pytest.mark.parametrize("path", [SCRIPT, "/ui/icon.svg", "/ui/"])
def test_what_is_unchanged_is_not_sent_again(client: TestClient, path: str) -> None:
    etag = client.get(path).headers["ETag"]
    again = client.get(path, headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    for kept in ("Cache-Control", "Content-Security-Policy"):
        assert again.headers[kept] == client.get(path).headers[kept]


def test_a_file_with_a_hash_in_its_name_is_kept_for_ever(client: TestClient) -> None:
    script = client.get(SCRIPT, headers=PLAIN)
    assert script.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert "Content-Encoding" not in script.headers
    assert script.content == STUB["assets/index-a1B2c3D4.js"]


def test_the_gzipped_file_is_the_one_from_the_build(client: TestClient, built_page: Path) -> None:
    packed = client.get(SCRIPT, headers={"Accept-Encoding": "gzip, br"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert int(packed.headers["Content-Length"]) == (built_page / "assets/index-a1B2c3D4.js.gz").stat().st_size
    assert packed.content == gzip.decompress((built_page / "assets/index-a1B2c3D4.js.gz").read_bytes())
    assert packed.headers["ETag"] != client.get(SCRIPT, headers=PLAIN).headers["ETag"]
    assert packed.headers["Vary"] == "Accept-Encoding"


def test_two_versions_of_the_same_size_and_time_are_told_apart(client: TestClient) -> None:
    before = client.get("/ui/icon.svg").headers["ETag"]
    icon = web.FOLDER / "icon.svg"
    try:
        icon.write_bytes(STUB["icon.svg"].replace(b"2000", b"3000"))
        assert client.get("/ui/icon.svg").headers["ETag"] != before
    finally:
        icon.write_bytes(STUB["icon.svg"])


@pytest.mark.parametrize("path", ["/ui/assets/gone-00000000.js", "/ui/assets", "/ui/assets/"])
def test_a_missing_script_is_an_error_and_not_the_page(client: TestClient, path: str) -> None:
    missing = client.get(path)
    assert missing.status_code == missing.json()["status"] == 404


@pytest.mark.parametrize(
    "path",
    [
        "/ui/../secret.txt",
        "/ui/..%2fsecret.txt",
        "/ui/%2e%2e/%2e%2e/secret.txt",
        "/ui/assets/..%2f..%2f..%2fsecret.txt",
        "/ui//secret.txt",
        "/ui/link/secret.txt",
        "/ui/" + "a" * 5_000,
    ],
)
def test_nothing_outside_the_folder_is_given_out(client: TestClient, built_page: Path, path: str) -> None:
    secret = built_page.parent / "secret.txt"
    secret.write_text("secret")
    link = built_page / "link"
    if not link.exists():
        link.symlink_to(built_page.parent)
    answer = client.get(path)
    assert answer.content == STUB["index.html"] or answer.status_code == 404


def test_files_can_only_be_read(client: TestClient) -> None:
    assert client.head("/ui/").status_code == 200
    assert client.post("/ui/").status_code == 405


@pytest.fixture
def unbuilt(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(web, "FOLDER", tmp_path / "nothing")


def test_without_a_build_the_page_says_so(unbuilt: None, client: TestClient) -> None:
    assert client.get("/").status_code == 200
    missing = client.get("/ui/calls/17")
    assert missing.status_code == 404
    assert "make serve" in missing.json()["detail"]

"""Which models of the catalogue a caller is shown: none that only other projects have brought in."""

from functools import partial

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from callscope.app import create_app
from callscope.config import Config
from callscope.ingest.directory import Directory
from tests.caller import Api, admin_of

CALL = {"prompt_tokens": 1, "completion_tokens": 2, "latency_ms": 3, "status": "success"}


@pytest.fixture
def app(config: Config, monkeypatch: pytest.MonkeyPatch) -> FastAPI:
    """A server that tells two models a project apart."""
    monkeypatch.setattr("callscope.app.Directory", partial(Directory, max_models=2))
    return create_app(config)


def _brought_in(api: Api) -> set[str]:
    names = {model["name"] for model in api.get("/llm/models", limit=500)["items"]}
    return names & {"shared", "of-shop", "of-desk", "(other)"}


def test_a_viewer_is_shown_what_his_own_projects_have_logged(app: FastAPI, client: TestClient) -> None:
    api = admin_of(app, client)
    api.log(
        [
            CALL | {"project": project, "model": model}
            for project, model in (
                ("shop", "shared"), ("desk", "shared"), ("shop", "of-shop"), ("desk", "of-desk"), ("shop", "gpt-4o"),
            )
        ]
    )  # fmt: skip
    assert _brought_in(api) == {"shared", "of-shop", "of-desk", "(other)"}
    assert _brought_in(api.limited_to("shop")) == {"shared", "of-shop", "(other)"}
    assert _brought_in(api.limited_to("desk")) == {"shared", "of-desk", "(other)"}
    assert _brought_in(api.limited_to("shop", "desk")) == {"shared", "of-shop", "of-desk", "(other)"}
    assert _brought_in(api.limited_to("default")) == _brought_in(api.limited_to()) == {"(other)"}

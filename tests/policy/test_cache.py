"""/cache/{digest}: answers that programs of a project share, bounded, and off unless it is switched on."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from callscope.api.rights import Caller, Scope
from callscope.app import create_app
from callscope.config import Config
from callscope.db.engine import Database
from callscope.db.versions import Versions, bump
from callscope.policy.cache import MAX_ENTRY_BYTES, OVERHEAD_BYTES, VERSION, EntryNotFound, ResponseCache
from tests.caller import Api, admin_of

GATEWAY = Caller("a gateway", api_key_id=1, scopes=frozenset({Scope.GATEWAY}))
DIGEST = "/cache/" + "ab" * 32
ENTRY = {"value": {"text": "It is seven.", "n": [1, None, "ü"]}, "model": "gpt-4o"}


@pytest.fixture
def api(app: FastAPI, client: TestClient) -> Api:
    """For an admin; caching is on, and there are two projects."""
    api = admin_of(app, client)
    api.change("PUT", "/settings", {"enable_caching": True, "cache_ttl_seconds": 600})
    for name in ("shop", "other"):
        api.post("/projects", {"name": name})
    return api


def gateway(api: Api, project: str | None = None) -> Api:
    if project is None:
        return replace(api, caller=GATEWAY)
    ids = frozenset({api.app.state.projects.by_name(project).id})
    return replace(api, caller=replace(GATEWAY, name=f"a gateway of {project}", project_ids=ids))


def test_what_is_kept_is_answered_to_programs_of_the_project_alone(api: Api) -> None:
    shop, other, everywhere = gateway(api, "shop"), gateway(api, "other"), gateway(api)
    receipt = shop.change("PUT", DIGEST, ENTRY)
    found = shop.get(DIGEST)
    assert found == {**ENTRY, **receipt}
    other.get(DIGEST, expect=404)
    everywhere.get(DIGEST, expect=404)
    assert everywhere.get(DIGEST, project="shop") == found
    other.get(DIGEST, project="shop", expect=403)
    everywhere.change("PUT", DIGEST, {**ENTRY, "value": "for all"})
    assert (everywhere.get(DIGEST)["value"], shop.get(DIGEST)["value"]) == ("for all", ENTRY["value"])


def test_an_answer_is_forgotten_when_its_time_is_over(api: Api) -> None:
    shop, cache = gateway(api, "shop"), api.app.state.cache
    now = 1_800_000_000.0
    cache._clock = lambda: now
    shop.change("PUT", DIGEST, {**ENTRY, "ttl_seconds": 60})
    now += 59
    shop.get(DIGEST)
    now += 1
    shop.get(DIGEST, expect=404)
    shop.change("PUT", DIGEST, {**ENTRY, "ttl_seconds": 6_000})  # no longer than the setting says
    now += 600
    shop.get(DIGEST, expect=404)
    assert cache.bytes == 0


def test_nothing_is_kept_or_answered_while_caching_is_off(api: Api) -> None:
    shop = gateway(api, "shop")
    shop.change("PUT", DIGEST, ENTRY)
    api.change("PUT", "/settings", {"enable_caching": False})
    assert "switched off" in shop.get(DIGEST, expect=409)["detail"]
    shop.change("PUT", DIGEST, ENTRY, expect=409)
    api.change("PUT", "/settings", {"enable_caching": True})
    shop.get(DIGEST, expect=404)


WRONG: list[tuple[str, dict[str, Any], int]] = [
    (DIGEST, {**ENTRY, "value": "x" * MAX_ENTRY_BYTES}, 413),
    (DIGEST, {**ENTRY, "value": "x" * (2 * MAX_ENTRY_BYTES)}, 413),
    (DIGEST, {"model": "gpt-4o"}, 422),
    (DIGEST, {"value": 1}, 422),
    (DIGEST, {**ENTRY, "ttl_seconds": 0}, 422),
    ("/cache/abc", ENTRY, 422),
    (DIGEST.upper().replace("/CACHE", "/cache"), ENTRY, 422),
]


def test_what_cannot_be_kept_is_refused(api: Api) -> None:
    shop = gateway(api, "shop")
    for path, body, status in WRONG:
        shop.change("PUT", path, body, expect=status)
    nan = '{"model": "gpt-4o", "value": NaN}'  # which is no JSON, though Python reads it
    assert shop.client.put(DIGEST, content=nan, headers=shop._headers()).status_code == 422
    shop.change("PUT", DIGEST, {**ENTRY, "value": "x" * (MAX_ENTRY_BYTES - 2)})


def test_an_erasure_clears_the_cache_of_every_process(config: Config, api: Api) -> None:
    other = create_app(config)
    with TestClient(other):
        other.state.cache.put(1, "0" * 64, "an answer", "gpt-4o", 600)
        gateway(api, "shop").change("PUT", DIGEST, ENTRY)
        with api.app.state.db.write() as connection:
            bump(connection, VERSION)
        api.app.state.versions.announce(VERSION)
        assert api.app.state.cache.bytes == 0
        other.state.versions._look()
        assert other.state.cache.bytes == 0


@pytest.fixture(scope="module")
def versions(sqlite_template: object) -> Iterator[Versions]:
    db = Database(f"sqlite:///{sqlite_template}")
    yield Versions(db)
    db.dispose()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["get", "put"]), st.sampled_from([None, 1, 2]), st.sampled_from("abcd"), st.integers(0, 900)
        ),
        max_size=40,
    )
)
def test_the_least_used_go_first_and_the_bound_holds(
    versions: Versions, steps: list[tuple[str, int | None, str, int]]
) -> None:
    limit = 3 * OVERHEAD_BYTES + 1_000
    cache = ResponseCache(limit, versions)
    model: dict[tuple[int | None, str], str] = {}  # the last one is the one used last

    def weight() -> int:
        return sum(len(text) + 2 + OVERHEAD_BYTES for text in model.values())

    for what, space, digest, size in steps:
        key = space, digest
        if what == "put":
            model.pop(key, None)
            model[key] = "x" * size
            cache.put(space, digest, model[key], "m", 60)
            while weight() > limit:
                model.pop(next(iter(model)))
        elif key in model:
            model[key] = model.pop(key)
            assert cache.get(space, digest).value == f'"{model[key]}"'.encode()
        else:
            with pytest.raises(EntryNotFound):
                cache.get(space, digest)
        assert cache.bytes == weight() <= limit

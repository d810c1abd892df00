"""What people wrote reaches nobody without the right to read calls, and another project's figures and names nobody at all."""

from collections.abc import Iterator
from typing import Any

import pytest

from callscope.api.rights import Scope
from tests.contract.table import TABLE
from tests.contract.world import CALL, DAYS, SECRET_WORD, WRITTEN, Somebody, World, everybody

READING = sorted({row.route for row in TABLE if row.method == "GET" and row.right.name != "OPEN"})
QUERIES: dict[str, list[dict[str, Any]]] = {
    "/metrics/token-usage": [{"by": "model"}, {"by": "project"}, {"by": "environment"}, {"bucket": "hour", "days": 2}],
    "/metrics/latency": [{"by": "model"}, {"by": "project"}, {"by": "environment"}],
    "/metrics/error-rate": [{"by": "model"}, {"by": "project"}, {"by": "environment"}, {"status": "error"}],
    "/metrics/cost": [
        {"by": "end_user"},
        {"by": "model"},
        {"by": "project"},
        {"by": "environment"},
        {"model": "gpt-4o-mini"},
    ],
    "/metrics/what-if": [{"model": ["gpt-4o", "claude-haiku-4-5"]}],
    "/llm/models": [{"q": "zz"}, {"provider": "yonder-provider"}],
    "/llm/calls": [{"end_user": WRITTEN["end_user"]}, {"sort": "cost"}, {"unpriced": "true"}],
    "/llm/calls/stream": [{"after": 0}],
    "/llm/calls/facets": [
        {"field": field}
        for field in ("model", "provider", "environment", "project", "end_user", "api_key_id", "tag", "error_kind")
    ],
}
YONDER = "yonder"
"""In every name of the third project that is not the caller's."""
FIGURE = 7_654_321
"""So many prompt tokens its calls have."""


def answers(world: World, role: Somebody, **fixed: Any) -> Iterator[tuple[str, str]]:
    """Everything that somebody can read: the address, and the whole answer with its headers."""
    for route in READING:
        path = route.format(call_id=world.call_id, model_id=1, repricing_id=1, erasure_id=1, id=1, digest="0" * 64)
        has = {parameter["name"] for parameter in world.app.openapi()["paths"][route]["get"].get("parameters", ())}
        general = {name: value for name, value in ({"limit": 500, "seconds": 0} | fixed).items() if name in has}
        for query in [{}, *QUERIES.get(route, [])]:
            world.client.cookies.clear()
            answer = world.client.get(path, params=general | query, headers=role.log_in())
            kept = [f"{name}: {value}" for name, value in answer.headers.items() if name != "x-request-id"]
            yield f"{path} {query}", "\n".join([str(answer.status_code), *kept, answer.text])


WITHOUT = (
    "viewer", "key metrics", "key ingest", "viewer on the dashboard", "viewer's cookie without Origin", "key gateway",
    "viewer of default", "viewer of the project", "key metrics of shop",
)  # fmt: skip


@pytest.mark.parametrize("database", ["world", "postgres_world"])
def test_what_people_wrote_reaches_nobody_without_the_right_to_read_calls(
    database: str, request: pytest.FixtureRequest
) -> None:
    world: World = request.getfixturevalue(database)
    without = [role for role in everybody(world) if role.name in WITHOUT and not role.reads_calls]
    assert len(without) == len(WITHOUT)
    told = []
    for role in without[: 3 if database == "postgres_world" else None]:
        told += [f"{role.name}: {where}" for where, text in answers(world, role) if SECRET_WORD in text]
    assert not told


def test_each_text_that_was_logged_can_be_read_by_whoever_may(world: World) -> None:
    """Else the test above would look for what is not there."""
    everyone = everybody(world)
    reader = next(role for role in everyone if role.name == "viewer who reads calls")
    text = world.client.get(f"/llm/calls/{world.call_id}", headers=reader.log_in()).text
    for field, value in WRITTEN.items():
        for word in value if isinstance(value, list) else value.values() if isinstance(value, dict) else [value]:
            assert word is None or word in text, field
    admin = next(role for role in everyone if role.name == "admin")
    assert f"{SECRET_WORD} comment" in world.client.get("/feedback", headers=admin.log_in()).text


LIMITED = (
    "viewer of the project", "viewer of the project who reads calls", "key calls of shop", "viewer of no project",
    "viewer of another project who reads calls", "viewer of default", "key metrics of shop", "key ingest of shop",
)  # fmt: skip


@pytest.mark.parametrize("database", ["world", "postgres_world"])
def test_what_happens_in_a_project_shows_nowhere_to_those_of_others(
    database: str, request: pytest.FixtureRequest
) -> None:
    world: World = request.getfixturevalue(database)
    limited = [role for role in everybody(world) if role.name in LIMITED[: 3 if database == "postgres_world" else None]]
    before = {(role.name, where): text for role in limited for where, text in answers(world, role, **DAYS)}
    add_project(world, world.fresh(YONDER))
    after = {(role.name, where): text for role in limited for where, text in answers(world, role, **DAYS)}
    told = [f"{where}: {text[:2_000]}" for where, text in after.items() if YONDER in text or str(FIGURE) in text]
    assert not told
    assert len(after) > 20
    changed = {where: (before[where], after[where]) for where in after if before[where] != after[where]}
    assert not {where: texts for where, texts in changed.items() if "/auth/me" not in where[1]}  # last_used_at


def add_project(world: World, name: str) -> None:
    """A project with a call whose every name says so, its own program, a rating and a model of its own."""
    writer = world.key(Scope.INGEST, name=f"{name} program")
    call = world.log(
        writer, model=f"{name}-model", provider=f"{name}-provider", prompt_tokens=FIGURE, project=name,
        environment=f"{name}-environment", end_user=f"{name}-somebody", cost=123.456789, status="error", error_type=f"{name}Error", created_at=DAYS["from"], tags=[f"{name}-tag"],
    )  # fmt: skip
    rating = {"llm_call_id": call, "rating": 1, "author": f"{name}-author"}
    assert world.client.post("/feedback", json=rating, headers=writer).status_code == 201


def test_whoever_sees_the_project_sees_its_names_and_figures(world: World) -> None:
    """Else the test above would look for what is not there."""
    name = world.fresh(YONDER)
    add_project(world, name)
    admin = next(role for role in everybody(world) if role.name == "admin")
    seen = "\n".join(text for _, text in answers(world, admin))
    for part in ("program", "-model", "-provider", "-environment", "-somebody", "-author"):
        assert name + part in seen or f"{name} {part}" in seen, part
    assert str(FIGURE) in seen


def test_a_name_that_may_not_be_seen_is_refused_alike_whether_it_is_taken_or_not(world: World) -> None:
    name = world.fresh(YONDER)
    add_project(world, name)
    for role in everybody(world):
        if role.projects is not None and role.kind == "user":
            for route in ("/metrics/summary", "/metrics/cost", "/feedback/summary"):
                taken, free = (
                    world.client.get(route, params={"project": project}, headers=role.log_in())
                    for project in (name, "nobody-has-this-name")
                )
                assert (taken.status_code, free.status_code) == (403, 403), role.name
                assert taken.text.replace(name, "nobody-has-this-name") == free.text


def test_a_model_that_only_another_project_logs_cannot_be_named_by_its_number(
    world: World, roles: list[Somebody]
) -> None:
    name = world.fresh(YONDER)
    add_project(world, name)
    model = next(model for model in world.app.state.catalogue.all() if model.name == f"{name}-model")
    call = {key: value for key, value in CALL.items() if key != "model"}
    for stranger in (role for role in roles if role.name in {"viewer of default", "key ingest of shop"}):
        named, made_up = (
            world.client.post("/llm/log-call", json={**call, "model_id": number}, headers=stranger.log_in())
            for number in (model.id, 999_999)
        )
        assert (named.status_code, made_up.status_code) == (422, 422)
        assert named.text.replace(str(model.id), "999999") == made_up.text
    viewer = next(role for role in roles if role.name == "viewer of default").log_in()
    seen, made_up = (world.client.get(f"/llm/models/{number}", headers=viewer) for number in (model.id, 999_999))
    assert (seen.status_code, seen.text.replace(str(model.id), "999999")) == (404, made_up.text)
    world.log(world.key(Scope.INGEST), model_id=model.id, model=None, project="shop")
    sharer = next(role for role in roles if role.name == "key metrics of shop")
    shown = world.client.get("/llm/models", params={"q": name}, headers=sharer.log_in()).json()["data"]["items"]
    assert [item["name"] for item in shown] == [model.name]

"""Saved views: whose they are, who sees them, who may change them, and what they may hold."""

from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from callscope.api.rights import Caller, Role
from callscope.views import service
from tests.caller import ADMIN, Api, admin_of

FILTERS = {
    "range": "7d", "project": "shop", "model": ["gpt-4o", "claude-haiku-4-5"], "status": ["error"], "text": '"a refund"',
    "min_latency_ms": 1500.5, "violation": False, "sort": "latency",
}  # fmt: skip


@pytest.fixture
def admin(app: FastAPI, client: TestClient) -> Api:
    """The started server, for an admin who has an account; there are the projects shop and desk."""
    api = admin_of(app, client)
    for name in ("shop", "desk"):
        api.post("/projects", {"name": name})
    return api


def person(api: Api, name: str, projects: tuple[str, ...] | None = None) -> Api:
    """The same server for a new user who may read calls, of these projects or of all."""
    user = {
        "email": f"{name}@example.org", "password": "correct horse battery", "can_read_calls": True,
        "projects": None if projects is None else list(projects),
    }  # fmt: skip
    made = api.post("/users", user)
    ids = None if projects is None else frozenset(api.app.state.projects.numbers(projects))
    caller = Caller(made["email"], user_id=made["id"], role=Role.VIEWER, project_ids=ids, can_read_calls=True)
    return Api(api.app, api.client, caller, api.callers)


def names(api: Api) -> list[str]:
    return [view["name"] for view in api.get("/views", limit=500)["items"]]


def set_(filters: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in filters.items() if value is not None}


def test_a_view_comes_back_as_it_was_saved_and_changes_by_parts(admin: Api) -> None:
    ann = person(admin, "ann")
    made = ann.post("/views", {"name": "  Slow ", "filters": FILTERS, "columns": ["time", "cost"]})
    assert (made["name"], made["columns"], made["shared"], made["mine"]) == ("Slow", ["time", "cost"], False, True)
    assert set_(made["filters"]) == FILTERS
    path = f"/views/{made['id']}"
    assert ann.change("PATCH", path, {"name": "Slower"})["columns"] == ["time", "cost"]
    kept = ann.change("PATCH", path, {"filters": {"from": "2026-03-01T00:00:00+02:00"}, "columns": None})
    assert set_(kept["filters"]) == {"from": "2026-02-28T22:00:00Z"}
    assert (kept["columns"], kept["name"]) == (None, "Slower")
    assert ann.get("/views")["items"] == [kept]
    ann.change("DELETE", path, None)
    assert names(ann) == []


def test_ones_own_views_are_nobody_elses_and_shared_ones_only_their_owners_to_change(admin: Api) -> None:
    ann, bob = person(admin, "ann"), person(admin, "bob")
    own = ann.post("/views", {"name": "own", "filters": {}})["id"]
    shared = ann.post("/views", {"name": "for all", "filters": {}, "shared": True})["id"]
    (seen,) = bob.get("/views")["items"]
    assert (seen["name"], seen["owner"], seen["mine"], seen["may_change"]) == (
        "for all",
        "ann@example.org",
        False,
        False,
    )
    for view in (own, shared, 999):
        refused = [
            bob.change("PATCH", f"/views/{view}", {"name": "x"}, 403),
            bob.change("DELETE", f"/views/{view}", None, 403),
        ]
        assert all(f"no view {view}" in answer["detail"] for answer in refused)
    assert names(admin) == ["for all"]
    admin.change("PATCH", f"/views/{own}", {"name": "x"}, 404)
    assert admin.change("PATCH", f"/views/{shared}", {"name": "renamed"})["owner"] == "ann@example.org"
    assert names(bob) == ["renamed"]
    ann.change("PATCH", f"/views/{shared}", {"shared": False})
    assert names(bob) == []
    assert names(ann) == ["own", "renamed"]


def test_whoever_is_limited_to_projects_sees_no_view_of_others(admin: Api) -> None:
    clerk = person(admin, "clerk", ("shop",))
    for name, filters in (
        ("shop", {"project": "shop"}),
        ("desk", {"project": "desk"}),
        ("all", {"end_user": "yonder"}),
    ):
        admin.post("/views", {"name": name, "filters": filters, "shared": True})
    assert names(clerk) == ["shop"]
    clerk.post("/views", {"name": "mine", "filters": {"model": ["gpt-4o"]}, "shared": True})
    assert names(clerk) == ["shop", "mine"]
    clerk.post("/views", {"name": "x", "filters": {"project": "desk"}}, 403)
    admin.post("/views", {"name": "x", "filters": {"project": "no such"}}, 404)
    assert names(admin) == ["shop", "desk", "all", "mine"]
    number = next(one["id"] for one in admin.get("/projects")["items"] if one["name"] == "shop")
    admin.change("PATCH", f"/projects/{number}", {"name": "store"})
    assert clerk.get("/views")["items"][0]["filters"]["project"] == "store"


def test_a_view_of_ones_own_tells_nothing_of_a_project_that_one_may_no_longer_see(admin: Api) -> None:
    clerk = person(admin, "clerk", ("shop", "desk"))
    made = {
        name: clerk.post("/views", {"name": name, "filters": {"project": project}, "shared": name == "told"})
        for name, project in (("all", None), ("kept", "shop"), ("lost", "desk"), ("told", "desk"))
    }
    numbers = {one["name"]: one["id"] for one in admin.get("/projects")["items"]}
    admin.change("PATCH", f"/users/{clerk.caller.user_id}", {"projects": ["shop"]})
    moved = replace(clerk, caller=replace(clerk.caller, project_ids=frozenset({numbers["shop"]})))
    admin.change("PATCH", f"/projects/{numbers['desk']}", {"name": "project-quagga"})
    admin.change("PATCH", f"/projects/{numbers['shop']}", {"name": "store"})
    seen = moved.get("/views")["items"]
    assert [(view["name"], view["filters"]["project"]) for view in seen] == [("all", None), ("kept", "store")]
    for name in ("lost", "told"):
        path = f"/views/{made[name]['id']}"
        refused = [moved.change("PATCH", path, {"name": "x"}, 403), moved.change("DELETE", path, None, 403)]
        refused.append(moved.post("/views", {"name": name, "filters": {}}, 409))
        assert "quagga" not in str(refused)
    assert names(admin) == ["told"]
    back = [view for view in clerk.get("/views")["items"] if view["name"] in {"lost", "told"}]
    assert [view["filters"]["project"] for view in back] == ["project-quagga"] * 2


@pytest.mark.parametrize(
    "body",
    [
        {"name": "x", "filters": {"colour": "red"}},
        {"name": "x", "filters": {"model": "gpt-4o"}},
        {"name": "x", "filters": {"model": ["m"] * 51}},
        {"name": "x", "filters": {"end_user": "u" * 201}},
        {"name": "x", "filters": {"min_cost": -1}},
        {"name": "x", "filters": {"range": "yesterday"}},
        {"name": "x", "filters": {"status": ["fine"]}},
        {"name": "x", "filters": {}, "columns": ["id"] * 41},
        {"name": "x", "filters": {}, "columns": ["<b>"]},
        {"name": " ", "filters": {}},
        {"name": "a\nb", "filters": {}},
        {"name": "n" * 101, "filters": {}},
        {"name": "x"},
        {"name": "x", "filters": {}, "user_id": 1},
    ],
)
def test_what_is_no_view_is_refused_with_the_field(admin: Api, body: dict[str, Any]) -> None:
    assert admin.post("/views", body, 422)["errors"][0]["field"]
    assert names(admin) == []


def test_a_name_is_taken_once_by_each_and_there_is_an_end_to_them(admin: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    ann, bob = person(admin, "ann"), person(admin, "bob")
    first = ann.post("/views", {"name": "a", "filters": {}})
    bob.post("/views", {"name": "a", "filters": {}})
    assert "another name" in ann.post("/views", {"name": "a", "filters": {}}, 409)["detail"]
    second = ann.post("/views", {"name": "b", "filters": {}})
    ann.change("PATCH", f"/views/{second['id']}", {"name": "a"}, 409)
    ann.change("PATCH", f"/views/{first['id']}", {"name": "a"})
    monkeypatch.setattr(service, "MAX_VIEWS", 2)
    assert "2 views" in ann.post("/views", {"name": "c", "filters": {}}, 409)["detail"]
    assert names(ann) == ["a", "b"]


def test_the_audit_log_tells_of_shared_views_and_of_no_filter(admin: Api) -> None:
    own = admin.post("/views", {"name": "own", "filters": {"end_user": "zz-somebody"}})
    admin.change("PATCH", f"/views/{own['id']}", {"filters": {"end_user": "zz-other"}})
    assert [entry for entry in admin.get("/audit-log")["items"] if entry["action"].startswith("view.")] == []
    admin.change("PATCH", f"/views/{own['id']}", {"shared": True, "filters": {"tag": "zz-tag"}})
    admin.change("DELETE", f"/views/{own['id']}", None)
    told = admin.get("/audit-log", action="view.*")["items"]
    assert [(entry["action"], entry["before"], entry["after"]) for entry in told] == [
        ("view.delete", {"name": "own", "shared": True}, None),
        ("view.update", {"shared": False}, {"shared": True, "filters": "changed"}),
    ]
    assert "zz-" not in str(told)


def test_of_a_user_who_is_gone_only_shared_views_stay(admin: Api) -> None:
    ann = person(admin, "ann")
    ann.post("/views", {"name": "own", "filters": {"end_user": "somebody"}})
    ann.post("/views", {"name": "for all", "filters": {}, "shared": True})
    admin.change("DELETE", f"/users/{ann.caller.user_id}", None)
    (left,) = admin.get("/views")["items"]
    assert (left["name"], left["owner"], left["mine"]) == ("for all", None, False)
    admin.post("/views", {"name": "own", "filters": {}})
    admin.change("DELETE", f"/views/{left['id']}", None)
    with admin.app.state.db.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM saved_views").scalar() == 1
    assert admin.caller == ADMIN

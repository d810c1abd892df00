"""GET /policy: what a program must obey, and whose it is."""

from dataclasses import replace

from callscope.api.rights import Caller, Scope
from tests.caller import Api

CALL = {"prompt_tokens": 5, "completion_tokens": 150, "latency_ms": 20, "status": "success"}
PROGRAM = Caller("a program", api_key_id=1, scopes=frozenset({Scope.INGEST}))


def program(api: Api, project: str | None = None) -> Api:
    """The same server for a key of a project, or of all."""
    if project is None:
        return replace(api, caller=PROGRAM)
    ids = frozenset({api.app.state.projects.by_name(project).id})
    return replace(api, caller=replace(PROGRAM, name=f"a program of {project}", project_ids=ids))


def test_a_new_server_forbids_nothing(api: Api) -> None:
    policy = program(api).get("/policy")
    version = policy.pop("version")
    assert version
    assert policy == {
        "project": None,
        "disabled_models": [],
        "max_tokens_per_request": None,
        "caching": {"enabled": False, "ttl_seconds": 3600, "max_entry_bytes": 262144},
    }


def test_the_version_changes_with_the_policy_and_only_then(api: Api) -> None:
    ask = program(api)
    versions = [ask.get("/policy")["version"]]
    for change in (
        {"claude_haiku_45_enabled": False},
        {"max_tokens_per_request": 4096},
        {"enable_caching": True, "cache_ttl_seconds": 60},
    ):
        api.change("PUT", "/settings", change)
        versions.append(ask.get("/policy")["version"])
    assert len(set(versions)) == 4
    policy = ask.get("/policy")
    assert {model["key"] for model in policy["disabled_models"]} == {"claude-haiku-4-5"}
    assert policy["disabled_models"][0] == {
        "id": 2, "name": "claude-haiku-4-5", "provider": "anthropic", "key": "claude-haiku-4-5",
    }  # fmt: skip
    assert (policy["max_tokens_per_request"], policy["caching"]["enabled"]) == (4096, True)
    assert policy["caching"]["ttl_seconds"] == 60
    api.log([{**CALL, "model": "a-new-model"}])  # a change of the catalogue that is none of the policy
    assert ask.get("/policy")["version"] == versions[-1]


def test_a_key_of_a_project_does_not_see_how_others_name_a_model(api: Api) -> None:
    for name in ("shop", "other"):
        api.post("/projects", {"name": name})
    api.log([{**CALL, "model": "secret-launch/claude-haiku-4-5", "project": "other"}])
    secret = api.log([{**CALL, "model": "secret-launch/secret-model", "project": "other"}])[0]["id"]
    api.change("PUT", "/settings", {"claude_haiku_45_enabled": False})
    api.change("PATCH", f"/llm/models/{api.get(f'/llm/calls/{secret}')['model_id']}", {"enabled": False})
    names = {
        project: {model["name"] for model in program(api, project).get("/policy")["disabled_models"]}
        for project in ("shop", "other", None)
    }
    assert {"secret-launch/claude-haiku-4-5", "secret-launch/secret-model"} <= names["other"] == names[None]
    assert not any("launch" in name for name in names["shop"])
    keys = {model["key"] for model in program(api, "shop").get("/policy")["disabled_models"]}
    assert keys == {"claude-haiku-4-5", "secret-model"}  # it must obey all the same
    assert program(api, "shop").get("/policy")["project"] == "shop"

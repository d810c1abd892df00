"""/openapi.json is whole and true: a typed client can be generated from it, and what it says is what is answered."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.responses import JSONResponse

from callscope.api.rights import Role, Scope
from tests.contract.schema import Json, problems, resolved
from tests.contract.table import NOT_JSON, TABLE, Right, Row, whoever_may
from tests.contract.world import DAYS, Headers, World, bearer

JSON = "application/json"
ROWS = {(row.method.lower(), row.route.replace(":path}", "}")): row for row in TABLE}
ASKED = [
    *(row.name for row in TABLE),
    "GET /metrics/token-usage?by=model", "GET /metrics/latency?by=project", "GET /metrics/error-rate?by=environment",
    "GET /metrics/cost?by=model&bucket=week", "GET /metrics/cost?model=gpt-4o-mini", "GET /llm/calls?sort=cost",
]  # fmt: skip


@pytest.fixture
def document(world: World) -> Json:
    """The document as clients get it."""
    answer = world.client.get("/openapi.json")
    assert answer.status_code == 200
    found: Json = answer.json()
    return found


@pytest.fixture
def admin(world: World) -> Headers:
    """An admin's headers."""
    world.client.cookies.clear()
    return bearer(world.accounts.token_for(world.user(role=Role.ADMIN)))


def test_the_document_is_written_and_packed_once(world: World, document: Json, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = {"Accept-Encoding": "identity"}
    assert world.client.get("/openapi.json", headers=plain).json() == document

    def again(*_: object, **__: object) -> bytes:
        raise AssertionError("it takes long, and anybody may ask for it")

    monkeypatch.setattr(JSONResponse, "render", again)
    monkeypatch.setattr("gzip.compress", again)
    assert world.client.get("/openapi.json", headers=plain).json() == document
    assert world.client.get("/openapi.json", headers={"Accept-Encoding": "gzip"}).json() == document


def operations(document: Json) -> Iterator[tuple[str, str, Json]]:
    """Method, path and operation of everything that is documented."""
    for path, found in document["paths"].items():
        for method, operation in found.items():
            yield method, path, operation


def nodes(part: object) -> Iterator[Json]:
    """Every object in a part of the document."""
    if isinstance(part, dict):
        yield part
        for value in part.values():
            yield from nodes(value)
    elif isinstance(part, list):
        for value in part:
            yield from nodes(value)


def test_each_route_of_the_contract_is_documented(document: Json) -> None:
    pages = {
        "/", "/start.css", "/ui/{file}", "/docs", "/redoc", "/openapi.json", "/docs/oauth2-redirect", "/docs/assets/{file}",
    }  # fmt: skip
    assert {(method, path) for method, path, _ in operations(document)} == {row for row in ROWS if row[1] not in pages}


def test_each_operation_says_what_it_is_and_does(document: Json) -> None:
    for method, path, operation in operations(document):
        assert operation["summary"], path
        assert operation["description"].endswith((".", ".\n")), path
        assert len(operation["tags"]) == 1, path
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", operation["operationId"]), path
        for parameter in operation.get("parameters", []):
            assert parameter["description"], (method, path, parameter["name"])
            assert parameter["schema"], (method, path, parameter["name"])
            assert '"null"' not in json.dumps(parameter["schema"]), "an address can't hold null"
        assert set(re.findall(r"{(\w+)}", path)) == {
            parameter["name"] for parameter in operation.get("parameters", []) if parameter["in"] == "path"
        }


def test_names_tell_operations_and_schemas_apart_and_read_well(document: Json) -> None:
    names = Counter(operation["operationId"] for _, _, operation in operations(document))
    assert set(names.values()) == {1}
    assert {"log_call", "log_calls", "list_calls", "get_call", "get_summary", "give_feedback", "log_in"} <= set(names)
    for name in document["components"]["schemas"]:
        assert re.fullmatch(r"[A-Z][A-Za-z]+", name), name


def test_each_body_has_a_named_schema_and_an_example_that_fits_it(document: Json) -> None:
    for _, path, operation in operations(document):
        for kind, content in operation.get("requestBody", {}).get("content", {}).items():
            schema = content["schema"]
            examples = [content["example"]] if "example" in content else []
            if "$ref" in schema:
                examples = examples or resolved(schema, document)["examples"]
            if kind == JSON:
                assert "$ref" in schema or "$ref" in schema["items"], path
                assert examples, path


def test_the_examples_of_bodies_are_taken_by_the_server(world: World, document: Json, admin: Headers) -> None:
    """An example that is refused would be the first thing that a reader tries."""
    world.client.post("/projects", json={"name": "search"}, headers=admin)
    for method, path, operation in operations(document):
        content = operation.get("requestBody", {}).get("content", {}).get(JSON)
        if content is None or path.startswith("/auth"):
            continue
        schema = content["schema"]
        for example in [content["example"]] if "example" in content else resolved(schema, document)["examples"]:
            row = ROWS[method, path]
            headers = whoever_may(row, world, admin)
            answer = world.client.request(method, row.url(world), json=example, headers=headers)
            # Whether what an example names is there is another matter.
            missing = answer.status_code in {404, 409} or "There is no project" in answer.text
            assert answer.status_code < 300 or missing, (path, answer.text)


def test_each_operation_names_the_errors_that_its_right_and_its_input_imply(document: Json) -> None:
    for method, path, operation in operations(document):
        row, stated = ROWS[method, path], set(operation["responses"])
        wanted = {"500", "503"}
        if row.right is not Right.OPEN:
            wanted |= {"401", "403"}
        if "requestBody" in operation:
            wanted |= {"400", "413", "415", "422"}
        if operation.get("parameters"):
            wanted |= {"422"}
        if "{" in path or "project" in {parameter["name"] for parameter in operation.get("parameters", [])}:
            wanted |= {"404"}
        assert wanted <= stated, (method, path, wanted - stated)
        for status, answer in operation["responses"].items():
            assert answer["description"], (path, status)
            if status >= "400" and JSON in answer.get("content", {}):
                content = answer["content"][JSON]
                assert content["schema"]["$ref"].endswith("/ErrorBody"), (path, status)
                assert not list(problems(content["example"], content["schema"], document))
                assert content["example"]["status"] == int(status)


def test_each_success_has_a_schema_that_says_something(document: Json) -> None:
    for method, path, operation in operations(document):
        successes = [status for status in operation["responses"] if status.startswith("2")]
        assert successes == [str(ROWS[method, path].answer)] or ROWS[method, path].answer >= 400, path
        content = operation["responses"][successes[0]]["content"]
        if path in NOT_JSON and method == "get":
            continue
        envelope = resolved(content[JSON]["schema"], document)
        assert set(envelope["required"]) >= {"data", "status", "message"}, path
        assert envelope["properties"]["status"]["const"] == "success"
        data = envelope["properties"]["data"]
        assert {"$ref", "type", "oneOf", "anyOf"} & set(data), path
        assert data.get("type") != "null" or operation["operationId"] in {
            "log_out",
            "delete_user",
            "revoke_key",
            "delete_view",
        }


def test_every_reference_leads_somewhere_and_nothing_is_left_over(document: Json) -> None:
    named = set(document["components"]["schemas"])
    used = {node["$ref"].rpartition("/")[2] for node in nodes(document) if isinstance(node.get("$ref"), str)}
    assert used == named
    assert document["openapi"].startswith("3.1")
    assert not [node for node in nodes(document) if "nullable" in node or "$defs" in node]
    schemes = set(document["components"]["securitySchemes"])
    assert {name for one in document["security"] for name in one} <= schemes


@pytest.mark.parametrize("asked", ASKED)
def test_a_real_answer_is_as_declared(asked: str, world: World, document: Json, admin: Headers) -> None:
    method, _, address = asked.partition(" ")
    route, _, query = address.partition("?")
    operation = document["paths"].get(route, {}).get(method.lower())
    if operation is None or route in NOT_JSON:
        return
    row: Row = ROWS[method.lower(), route]
    url = row.url(world).partition("?")[0]
    takes_a_range = any(parameter["name"] == "from" for parameter in operation.get("parameters", ()))
    fixed: dict[str, Any] = dict(DAYS) if takes_a_range and route.startswith(("/metrics", "/feedback/")) else {}
    headers = whoever_may(row, world, admin)
    answer = world.client.request(
        method, f"{url}?{query}", params=None, json=row.body(world), headers=headers
    ) if query else world.client.request(method, url, params=fixed, json=row.body(world), headers=headers)  # fmt: skip
    assert answer.status_code == row.answer, answer.text
    assert not list(problems(answer.json(), declared(operation, answer.status_code), document))


def declared(operation: Json, status: int) -> Json:
    """The schema that is declared for an answer."""
    found: Json = operation["responses"][str(status)]["content"][JSON]["schema"]
    return found


def test_a_key_s_answers_are_as_declared_too(world: World, document: Json) -> None:
    """Where a key is answered otherwise than a user: its own description, and figures without end users."""
    for scope in (Scope.METRICS, Scope.CALLS):
        headers = world.key(scope, project="shop")
        for path in ("/auth/me", "/metrics/cost", "/metrics/summary"):
            answer = world.client.get(path, headers=headers)
            operation = document["paths"][path]["get"]
            assert not list(problems(answer.json(), declared(operation, answer.status_code), document)), path


def test_error_answers_are_as_declared(world: World, document: Json, admin: Headers) -> None:
    tried: tuple[tuple[str, str, str, Headers, int], ...] = (
        ("get", "/llm/calls", "/llm/calls", {}, 401), ("get", "/llm/calls", "/llm/calls?limit=0", admin, 422),
        ("get", "/llm/calls/{call_id}", "/llm/calls/999999", admin, 404), ("post", "/auth/login", "/auth/login", {}, 422),
        ("get", "/users", "/users", world.key(Scope.CALLS), 403), ("patch", "/users/{id}", "/users/1", admin, 422),
    )  # fmt: skip
    for method, path, url, headers, status in tried:
        answer = world.client.request(method, url, headers=headers)
        assert answer.status_code == status, answer.text
        assert not list(problems(answer.json(), declared(document["paths"][path][method], status), document))

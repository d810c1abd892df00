"""Whatever is asked of any operation of /openapi.json, the answer is one that the document has.

Schemathesis makes the requests from the schemas: sound ones, and ones that break a rule. No answer is a 500; its status,
content type, headers, fields and values are as documented. That rights hold and that lists go on is for other tests.
"""

import json
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import parse_qsl

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi import checks
from schemathesis.specs.openapi.schemas import OpenApiSchema

from callscope.api.rights import Role, Scope
from tests.contract.schema import problems
from tests.contract.table import TABLE, Right, Row
from tests.contract.world import BASE, Headers, World, bearer

CHECKS = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
"""Not `positive_data_acceptance`: what a schema cannot say, such as that a time zone exists, is a documented 422."""
JSON = "application/json"
PAGES = ("/docs", "/redoc", "/openapi.json", "/start.css", "/ui/")
"""Of the dashboard and of the docs: not in the document."""
ROWS = [row for row in TABLE if row.route != "/" and not row.route.startswith(PAGES)]
NO_KEY_MAY = {Right.READER, Right.ADMIN}
ASKED = [("admin", row) for row in ROWS] + [("key", row) for row in ROWS if row.right not in NO_KEY_MAY]
by_each = pytest.mark.parametrize(("who", "row"), ASKED, ids=lambda value: getattr(value, "name", value))

Login = Callable[[], Headers]


@schemathesis.serializer("application/x-ndjson")
def _lines(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """A body of lines: the text that the schema asks for, or what breaks it."""
    return value.encode(errors="replace") if isinstance(value, str) else json.dumps(value).encode()


@pytest.fixture(params=["world", "postgres_world"], ids=["sqlite", "postgresql"])
def server(request: pytest.FixtureRequest) -> World:
    """The server on each database in turn."""
    world: World = request.getfixturevalue(request.param)
    world.client.cookies.clear()
    return world


@pytest.fixture(scope="module")
def document(world: World) -> OpenApiSchema:
    """The document as Schemathesis has it. To read it takes a while, and it is the same on each database."""
    return schemathesis.openapi.from_dict(world.app.openapi())


@pytest.fixture
def login(server: World, who: str) -> Login:
    """Gives the headers of an admin, of a new session each time, or those of a key that may do all that a key can."""
    if who == "key":
        key = server.key(*Scope)
        return lambda: key
    user = server.user(role=Role.ADMIN)
    return lambda: bearer(server.accounts.token_for(user))


@by_each
def test_each_answer_is_documented(row: Row, server: World, document: OpenApiSchema, login: Login) -> None:
    ask(row, server, document, login, settings(max_examples=4, derandomize=True, phases=(Phase.generate,)))


@pytest.mark.long
@by_each
def test_each_of_very_many_answers_is_documented(
    row: Row, server: World, document: OpenApiSchema, login: Login
) -> None:
    ask(row, server, document, login, settings(max_examples=40, phases=(Phase.generate, Phase.shrink)))


def ask(row: Row, world: World, document: OpenApiSchema, login: Login, how: settings) -> None:
    """Make requests of the row's operation, and look at each answer.

    Half of them are about something that is there: the row's own path, query and fields, beside the generated ones.
    """
    operation = document[row.route.replace(":path}", "}")][row.method]
    sound = operation.as_strategy(GenerationMode.POSITIVE)
    broken = operation.as_strategy(GenerationMode.NEGATIVE)

    @settings(how, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=sound | broken, about_what_is_there=st.booleans())
    def answered_as_documented(case: Case[Any], about_what_is_there: bool) -> None:
        if about_what_is_there:
            fill(case, row, world)
        endless = row.route.endswith("/stream")
        if endless:
            case.query["seconds"] = 0  # what is there to be told, and then the end
        asked = requests.Request(**case.as_transport_kwargs(base_url=BASE, headers=login())).prepare()
        body, headers = cast("str | bytes | None", asked.body), cast("dict[str, str]", dict(asked.headers))
        answer = world.client.request(str(asked.method), str(asked.url), content=body, headers=headers)
        mended = about_what_is_there or endless
        case.validate_response(answer, checks=CHECKS if mended else [*CHECKS, checks.negative_data_rejection])
        if answer.headers["Content-Type"] == JSON:
            declared = operation.definition.raw["responses"][str(answer.status_code)]["content"][JSON]["schema"]
            assert not list(problems(answer.json(), declared, document.raw_schema)), (
                f"{asked.method} {asked.url} {body!r}"
            )

    answered_as_documented()


def fill(case: Case[Any], row: Row, world: World) -> None:
    """Make the request one about something that is there, as the row has it."""
    case.path_parameters |= row.path(world)
    case.query |= dict(parse_qsl(row.query.removeprefix("?")))
    known = row.body(world)
    if isinstance(case.body, dict) and isinstance(known, dict):
        case.body |= known
    elif isinstance(case.body, list) and isinstance(known, list):
        case.body = [{**one, **known[0]} if isinstance(one, dict) else one for one in case.body]

"""The log: readable by machines or people, and without secrets and payloads, whatever somebody logs."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from pydantic import BaseModel
from sqlalchemy import create_engine, text
from sqlalchemy.exc import IntegrityError

from callscope.logs import HIDDEN, configure, request_id, safe_trace


@pytest.fixture(autouse=True)
def _restored() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.handlers, root.level)
    yield
    root.handlers, root.level = before
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_events_are_lines_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "json")
    structlog.get_logger("callscope.test").info("something happened", calls=3)
    (line,) = lines(capsys)
    assert (line["event"], line["calls"], line["level"], line["logger"]) == (
        "something happened", 3, "info", "callscope.test",
    )  # fmt: skip
    assert str(line["timestamp"]).endswith("Z")


def test_what_is_below_the_level_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    configure("warning", "json")
    structlog.get_logger().info("no")
    structlog.get_logger().warning("yes")
    assert [line["event"] for line in lines(capsys)] == ["yes"]


def test_libraries_log_through_the_same_end(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "json")
    logging.getLogger("uvicorn.error").warning("a worker %s", "died")
    logging.getLogger("uvicorn.access").info("GET /secret?token=abc")
    assert [line["event"] for line in lines(capsys)] == ["a worker died"]


def test_fields_that_may_be_secret_are_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "json")
    fields = {"password": "p", "Authorization": "Bearer x", "api_key": "k", "access_token": "t", "set-cookie": "c"}
    structlog.get_logger().info("hm", **fields, headers={"cookie": "c", "host": "h"}, prompt_tokens=7)
    (line,) = lines(capsys)
    assert {line[name] for name in fields} == {HIDDEN}
    assert line["headers"] == {"cookie": HIDDEN, "host": "h"}
    assert line["prompt_tokens"] == 7


def test_events_of_a_request_carry_its_id(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "json")
    token = request_id.set("abc")
    structlog.get_logger().info("inside")
    request_id.reset(token)
    structlog.get_logger().info("outside")
    inside, outside = lines(capsys)
    assert inside["request_id"] == "abc"
    assert "request_id" not in outside


def test_people_get_readable_lines(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info", "console")
    try:
        1 / 0  # noqa: B018
    except ZeroDivisionError:
        structlog.get_logger().exception("a mistake")
    written = capsys.readouterr().err
    assert "a mistake" in written
    assert "ZeroDivisionError: division by zero" in written


class Call(BaseModel):
    prompt: int


def test_a_trace_does_not_quote_data() -> None:
    with pytest.raises(Exception) as wrong:  # noqa: PT011  # whatever it is, it is logged
        Call.model_validate({"prompt": "a private question"})
    trace = safe_trace(wrong.value)
    assert "prompt: int_parsing" in trace
    assert "private" not in trace


def test_a_databases_error_does_not_quote_its_parameters() -> None:
    engine = create_engine("sqlite://", hide_parameters=True)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (a TEXT UNIQUE)"))
        insert = text("INSERT INTO t VALUES (:a)")
        connection.execute(insert, {"a": "a private question"})
        with pytest.raises(IntegrityError) as wrong:
            connection.execute(insert, {"a": "a private question"})
    trace = safe_trace(wrong.value)
    assert "UNIQUE constraint failed" in trace
    assert "caused by:" in trace
    assert "private" not in trace

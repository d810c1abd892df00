"""An end user who is erased is found nowhere any more, and every total is what it was."""

import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fastapi import FastAPI

from callscope import cli
from callscope.db.engine import Database
from callscope.ingest.changes import Rate, Submission
from callscope.policy.cache import ResponseCache
from callscope.store.sql import erasing
from callscope.store.sql.doctor import examine
from tests.repricing.conftest import Admin

NAME = "zebedee/o'%\"x\\ 47é@example.org"
SECRET = "the launch code is quagga"
PREVIEWED = f"{SECRET}, whispered"
OTHERS = 150


def _log(admin: Admin, count: int) -> list[int]:
    """Calls of the person amid those of others, some of them told of twice; gives the person's."""
    chance = random.Random(7)
    theirs: list[int] = []
    for start in range(0, count, 500):
        calls: list[dict[str, Any]] = []
        for n in range(start, start + 500):
            is_theirs = n % 3 == 0
            text = chance.randbytes(chance.choice((20, 400, 3_000))).hex()
            call: dict[str, Any] = {
                "end_user": f"someone-{n % OTHERS}",
                "prompt": text,
                "created_at": f"2026-01-{n % 28 + 1:02}T10:00:00Z",
            }
            if is_theirs:
                call |= {
                    "end_user": NAME, "prompt": f"{PREVIEWED} {text}", "response": SECRET, "tags": [SECRET], "name": SECRET,
                    "session_id": f"{SECRET} {n}", "metadata": {"who": NAME}, "response_id": f"resp-{n // 6}",
                }  # fmt: skip
            if n % 9 == 0:
                call |= {"status": "error", "error_message": f"{SECRET} {n}"}
            calls.append(call)
        theirs += [call_id for call_id, call in zip(admin.log(*calls), calls, strict=True) if call["end_user"] == NAME]
    return theirs


def _erase(admin: Admin, app: FastAPI, query: str = "") -> Any:
    asked = admin.ask("DELETE", f"/end-users/{_quoted(NAME)}{query}", status=202)
    assert asked["state"] == "running"
    app.state.eraser.work()
    found = admin.ask("GET", f"/erasures/{asked['id']}")
    assert found["state"] == "done"
    return found


def _quoted(name: str) -> str:
    from urllib.parse import quote

    return quote(name, safe="/")


def _forms(text: str) -> list[bytes]:
    """A text as it may lie in a file."""
    return [text.encode(), text.encode().replace(b"\\", b"\\\\").replace(b'"', b'\\"'), text.encode("utf-16-le")]


def _found(files: list[Path], *texts: str) -> list[str]:
    return [
        f"{file.name}: {form!r}"
        for file in files
        for form in {f for t in texts for f in _forms(t)}
        if form in file.read_bytes()
    ]


def test_nothing_of_the_person_is_left_in_the_files(
    admin: Admin, app: FastAPI, capfd: pytest.CaptureFixture[str]
) -> None:
    theirs = _log(admin, 3_000)
    admin.ask("POST", "/feedback", {"llm_call_id": theirs[0], "rating": 2, "comment": SECRET}, 201)
    before = admin.ask("GET", "/metrics/summary?from=2026-01-01&to=2026-02-01")
    app.state.indexer.catch_up()
    files = _files(app)
    assert _found(files, NAME, "zebedee")
    assert _found(files, PREVIEWED), "the beginning of a prompt lies there as the list shows it"
    found = _erase(admin, app)
    assert found["calls"] == len(set(theirs))
    assert admin.ask("GET", "/metrics/summary?from=2026-01-01&to=2026-02-01") == before
    call = admin.ask("GET", f"/llm/calls/{theirs[0]}")
    assert (call["end_user"], call["prompt"], call["tags"], call["rating"]) == ("(erased)", None, [], 2)
    assert call["preview"] is None
    by_user = admin.ask("GET", "/metrics/cost?by=end_user&from=2026-01-01&to=2026-02-01")
    assert NAME not in str(by_user)
    assert "(erased)" in str(by_user)
    _rewrite(app)
    assert _found(_files(app), NAME, SECRET, "zebedee", "quagga", "whispered") == []
    assert examine(app.state.db).found.total() == 0
    log = capfd.readouterr()
    assert NAME not in log.err + log.out
    audit = admin.ask("GET", "/audit-log?action=end_user.*")["items"]
    assert [entry["action"] for entry in audit] == ["end_user.erased", "end_user.erase"]
    assert audit[0]["after"]["calls"] == found["calls"]
    assert "zebedee" not in str(audit)


def _files(app: FastAPI) -> list[Path]:
    db: Database = app.state.db
    if db.is_sqlite:
        folder = Path(db.url.database or "").parent
        return [path for path in folder.rglob("*") if path.is_file()]
    with psycopg.connect(_address(app), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        rows = connection.execute(
            "SELECT current_setting('data_directory') || '/' || pg_relation_filepath(oid) FROM pg_class "
            "WHERE relkind IN ('r', 'i', 't') AND relnamespace NOT IN ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)"
        ).fetchall()
    return [Path(path) for (path,) in rows if path is not None and Path(path).exists()]


def _address(app: FastAPI) -> str:
    return str(app.state.db.url.render_as_string(hide_password=False)).replace("+psycopg", "")


def _rewrite(app: FastAPI) -> None:
    """What docs/operations.md says: pages of either database have free space, in which bytes stay until they are rewritten."""
    db: Database = app.state.db
    if db.is_sqlite:
        with closing(sqlite3.connect(str(db.url.database), isolation_level=None)) as connection:
            connection.execute("VACUUM")
        assert db.empty_log()
        return
    with psycopg.connect(_address(app), autocommit=True) as connection:
        (now,) = connection.execute("SELECT pg_current_xact_id()::xid::text").fetchone() or ()
        older = (
            "SELECT 1 FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND (age(backend_xid) > age(%(now)s::xid) "
            "OR datname = current_database() AND age(backend_xmin) > age(%(now)s::xid))"
        )
        deadline = time.monotonic() + 30
        # Rows are kept for whoever could still see them: who reads here since before, or while somebody who writes since
        # before, in whichever database, has not ended.
        while connection.execute(older, {"now": now}).fetchone() and time.monotonic() < deadline:
            time.sleep(0.02)
        connection.execute("VACUUM FULL")


def test_no_word_of_theirs_is_left_in_the_index(admin: Admin, app: FastAPI) -> None:
    for start in range(0, 900, 300):
        admin.log(
            *(
                {"end_user": NAME if n % 2 else "else", "prompt": f"word {'quagga' if n % 2 else 'okapi'} {n}"}
                for n in range(start, start + 300)
            )
        )
        app.state.indexer.catch_up()
    assert _found(_files(app), "quagga")
    _erase(admin, app)
    _rewrite(app)
    assert _found(_files(app), "quagga") == []
    assert len(admin.ask("GET", "/llm/calls?text=okapi&limit=500")["items"]) == 450
    assert admin.ask("GET", "/llm/calls?text=quagga")["items"] == []


def test_figures_stay_where_the_reports_of_a_call_differ(admin: Admin, app: FastAPI) -> None:
    """What is erased must not have made one of them the more believable."""
    told = {"end_user": NAME, "created_at": "2026-01-05T10:00:00Z", "status": "error"}
    wordy: dict[str, Any] = {"tags": [SECRET], "name": SECRET, "session_id": SECRET, "error_message": SECRET}
    for n, words in enumerate(({}, *({key: value} for key, value in wordy.items()), wordy)):
        one = told | {"response_id": f"r{n}"}
        admin.log(one | words | {"prompt_tokens": 20, "error_type": "insufficient_quota"})
        admin.log(one | {"prompt_tokens": 10, "error_type": "RateLimitError"})
    asked = [f"/metrics/{name}?from=2026-01-01&to=2026-02-01" for name in ("summary", "error-rate", "token-usage")]
    before = [admin.ask("GET", route) for route in asked]
    assert before[0]["calls"] == 6
    _erase(admin, app)
    assert [admin.ask("GET", route) for route in asked] == before
    assert examine(app.state.db).found.total() == 0


def test_of_the_type_of_an_error_its_kind_is_left(admin: Admin, app: FastAPI) -> None:
    """Any text may have been sent as the type."""
    told: dict[str, Any] = {"end_user": NAME, "created_at": "2026-01-05T10:00:00Z", "status": "error"}
    wanted = {"RateLimitError": "rate_limit", f"zebedee: {SECRET}": "other", None: None}
    calls = admin.log(
        *(told | {"error_type": sent} for sent in wanted), told | {"status": "success", "error_type": NAME}
    )
    (again, _) = admin.log(*(told | {"response_id": "r", "error_type": f"{NAME} {n}: timed out"} for n in range(2)))
    asked = "/metrics/error-rate?from=2026-01-01&to=2026-02-01"
    before = admin.ask("GET", asked)
    _erase(admin, app)
    assert [admin.ask("GET", f"/llm/calls/{one}")["error_type"] for one in (*calls, again)] == [
        *wanted.values(), None, "timeout",
    ]  # fmt: skip
    admin.log(told | {"response_id": "r", "error_type": f"{NAME}: timed out, told late"})
    assert admin.ask("GET", f"/llm/calls/{again}")["error_type"] == "timeout"
    assert admin.ask("GET", asked) == before
    _rewrite(app)
    assert _found(_files(app), "zebedee", "quagga") == []
    assert examine(app.state.db).found.total() == 0


def test_only_in_one_project_and_only_what_was_there(admin: Admin, app: FastAPI) -> None:
    here, there = admin.log({"end_user": NAME, "project": "shop"}, {"end_user": NAME})
    asked = admin.ask("POST", "/erasures", {"end_user": NAME, "project": "shop"}, 202)
    (after,) = admin.log({"end_user": NAME, "project": "shop", "prompt": "new data"})
    app.state.eraser.work()
    assert admin.ask("GET", f"/erasures/{asked['id']}")["calls"] == 1
    names = [admin.ask("GET", f"/llm/calls/{one}")["end_user"] for one in (here, there, after)]
    assert names == ["(erased)", NAME, NAME]
    assert admin.ask("GET", f"/llm/calls/{after}")["prompt"] == "new data"
    assert examine(app.state.db).found.total() == 0
    assert [one["id"] for one in admin.ask("GET", "/erasures")["items"]] == [asked["id"]]


def test_the_calls_of_other_projects_are_passed_over(
    admin: Admin, app: FastAPI, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many of the same day, before, between and after; nobody who logs calls waits for looking at them."""
    monkeypatch.setattr(erasing, "SPAN", 4)
    here = {"end_user": NAME, "project": "shop"}
    told_twice = [here | {"response_id": "r", "created_at": "2026-01-05T10:00:00Z"}] * 2
    logged = admin.log(
        *({"end_user": NAME, "created_at": f"2026-01-05T{hour:02}:00:00Z"} for hour in range(24) for _ in range(5)),
        *(here | {"created_at": f"2026-01-05T{hour:02}:00:00Z"} for hour in (0, 1, 1, 1, 1, 1, 1, 12, 23)),
        *told_twice,
    )
    theirs = set(logged[120:])
    steps: list[int] = []
    monkeypatch.setattr(erasing, "_erase_calls", _counting(erasing._erase_calls, steps))
    assert _erase(admin, app, "?project=shop")["calls"] == len(theirs) == 10
    assert len(steps) < 10
    erased = {call_id for call_id in set(logged) if admin.ask("GET", f"/llm/calls/{call_id}")["end_user"] == "(erased)"}
    assert erased == theirs
    assert examine(app.state.db).found.total() == 0


def _counting(step: Callable[..., int], steps: list[int]) -> Callable[..., int]:
    def counted(*args: Any) -> int:
        steps.append(step(*args))
        return steps[-1]

    return counted


def test_calls_that_are_kept_no_longer_are_erased_with_the_rest(admin: Admin, app: FastAPI) -> None:
    from tests.retention.test_retention import _days_ago

    admin.log(
        {"end_user": NAME, "created_at": _days_ago(6)},
        {"end_user": NAME, "created_at": _days_ago(40)},
        {"end_user": NAME},
    )
    admin.ask("PATCH", "/projects/1", {"row_days": 5})
    app.state.purger.work()
    before = admin.ask("GET", "/metrics/cost?by=end_user&days=60")["by_end_user"]
    _erase(admin, app)
    groups = admin.ask("GET", "/metrics/cost?by=end_user&days=60")["by_end_user"]
    assert [group["calls"] for group in groups] == [group["calls"] for group in before] == [3]
    assert NAME not in str(groups)
    assert examine(app.state.db).found.total() == 0


def test_names_like_those_of_the_erased_keep_nobody_from_being_erased(admin: Admin, app: FastAPI) -> None:
    lookalikes = [f"(erased) {n}" for n in range(1, 10)]
    call, *_ = admin.log({"end_user": NAME}, *({"end_user": name} for name in lookalikes))
    ratings = [Rate(call, name, 3, None, None, time.time_ns() // 1000) for name in (NAME, *lookalikes)]
    app.state.recorder.submit(Submission(ratings)).result(10)
    _erase(admin, app)
    authors = [one["author"] for one in admin.ask("GET", "/feedback")["items"]]
    assert len(set(authors)) == len(authors) == 10
    assert all(name.startswith("(erased) ") for name in authors)
    assert examine(app.state.db).found.total() == 0


def test_answers_that_programs_share_are_forgotten(admin: Admin, app: FastAPI) -> None:
    cache: ResponseCache = app.state.cache
    cache.put(None, "0" * 64, "said", "gpt-4", 60)
    _erase(admin, app)
    assert cache.bytes == 0


def test_the_command_says_from_how_many_calls_and_when_there_was_none(
    admin: Admin,
    database_url: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    admin.log({"end_user": NAME})
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SECRET_KEY", "x" * 40)
    monkeypatch.setenv("CALLSCOPE_DATA_DIR", str(tmp_path / "data"))
    for told in ("Erased from 1 call. ", "No call of this end user was found. "):
        with pytest.raises(SystemExit) as ended:
            cli.main(["end-user", "erase", NAME, "--yes"])
        assert ended.value.code == 0
        assert told in capsys.readouterr().out


@pytest.mark.parametrize("name", ["(erased)", "", "x" * 201, "a\0b"])
def test_nobody_is_refused(admin: Admin, name: str) -> None:
    admin.ask("POST", "/erasures", {"end_user": name}, 422)


def test_a_misspelt_project_erases_nobody(admin: Admin) -> None:
    admin.ask("DELETE", "/end-users/someone?projekt=shop", status=422)
    admin.ask("DELETE", "/end-users/someone?project=nowhere", status=404)
    assert admin.ask("GET", "/erasures")["items"] == []
    admin.ask("GET", "/erasures/4711", status=404)

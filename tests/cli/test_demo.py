"""`callscope demo` and `callscope doctor`, as an operator runs them."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from callscope import cli
from callscope.calls.models import cost_logs, llm_call_logs
from callscope.config import load_config
from callscope.db.engine import Database
from callscope.demo.calendar import Pace, is_outage, is_spike, last_days
from callscope.demo.calls import calls_of
from callscope.demo.run import Wanted, fill
from callscope.feedback.models import Feedback
from callscope.ingest.row import MICROS_PER_DAY
from callscope.metrics.models import rollups

Run = Callable[..., int]
END = 20_770 * MICROS_PER_DAY + 50_000_000_000


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in this process and gives its exit code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("SECRET_KEY", "a-secret-for-tests-only-0123456789")
    monkeypatch.setenv("CALLSCOPE_DATA_DIR", str(tmp_path / "data"))

    def command(*arguments: str) -> int:
        with pytest.raises(SystemExit) as ended:
            cli.main(arguments)
        assert isinstance(ended.value.code, int)
        return ended.value.code

    return command


def test_a_demo_run_twice_is_counted_once(run: Run, db: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("demo", "--calls", "2000") == 0
    assert capsys.readouterr().out.startswith("2,000 calls and ")
    assert _calls(db) == 2_000
    assert run("demo", "--calls", "2000") == 0
    assert "were there already" in capsys.readouterr().out
    assert 2_000 <= _calls(db) < 2_010  # some seconds have passed in between
    assert run("doctor") == 0
    assert "every total is right" in capsys.readouterr().out


def _calls(db: Database) -> int:
    with db.read() as connection:
        return connection.scalar(select(func.count()).select_from(llm_call_logs).where(llm_call_logs.c.is_call)) or 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_where_nobody_watches_progress_is_a_plain_line_now_and_then(
    run: Run, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("callscope.progress.LINE_EVERY_SECONDS", 3_600.0)
    run("demo", "--calls", "60", "--days", "2")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("callscope.progress.LINE_EVERY_SECONDS", 0.0)
    run("demo", "--calls", "60", "--days", "2")
    assert capsys.readouterr().err.splitlines()[-1] == "Logging: 60 of 60 calls"


def test_the_same_seed_makes_the_same_figures(tmp_path: Path) -> None:
    wanted = Wanted(300, 30, 7, END)
    figures = [_figures(tmp_path / name, wanted) for name in ("one", "two")]
    assert figures[0] == figures[1]
    assert _figures(tmp_path / "three", Wanted(300, 30, 8, END)) != figures[0]


def _figures(folder: Path, wanted: Wanted) -> object:
    url = f"sqlite:///{folder / 'callscope.db'}"
    done = fill(load_config(DATABASE_URL=url, data_dir=folder), wanted, lambda _sent: None)
    assert (done.calls, done.new_calls) == (wanted.calls, wanted.calls)
    db = Database(url)
    try:
        with db.read() as connection:
            calls, costs = llm_call_logs.c, cost_logs.c
            return (
                connection.execute(
                    select(calls.created_at, calls.response_id, calls.latency_ms, calls.error_kind)
                ).all(),
                connection.scalar(select(func.sum(costs.estimated_cost))),
                connection.execute(select(Feedback.author, Feedback.rating, Feedback.comment)).all(),
            )
    finally:
        db.dispose()


def test_a_demo_of_another_day_goes_on_where_the_last_one_ended() -> None:
    pace = Pace(1, 100)
    before = {call.fields["response_id"] for day in last_days(pace, 700, END) for call in calls_of(pace, day)}
    after = {
        call.fields["response_id"]: call.created_micros
        for day in last_days(pace, 700, END + 2 * MICROS_PER_DAY)
        for call in calls_of(pace, day)
    }
    assert len(before) == len(after) == 700
    assert all(moment >= END for key, moment in after.items() if key not in before)
    assert len(before & after.keys()) > 400


def test_a_month_holds_what_is_worth_finding() -> None:
    pace = Pace(1, 400)
    calls = [call for day in last_days(pace, 12_000, END) for call in calls_of(pace, day)]
    assert [call.created_micros for call in calls] == sorted(call.created_micros for call in calls)
    assert calls[-1].created_micros < END
    fields = [call.fields for call in calls]
    assert len({one["project"] for one in fields}) == 3
    assert len({one["model"] for one in fields}) == 7  # six that have a price, and one of the house
    failing = [c.fields for c in calls if is_outage(c.created_micros) and c.fields["provider"] == "anthropic"]
    assert sum(one["status"] != "success" for one in failing) > 0.5 * len(failing) > 0
    assert any(is_spike(call.created_micros) and call.fields["model"] == "claude-opus-5-5" for call in calls)
    for wanted in ("cache_hit", "refused", "cached_tokens", "cache_write_tokens", "reasoning_tokens", "session_id"):
        assert any(one.get(wanted) for one in fields), wanted
    assert any(call.opinion is not None and call.opinion.comment for call in calls)
    turns = [one["session_id"] for one in fields if one["session_id"]]
    assert len(turns) > 1.5 * len(set(turns))


def test_the_doctor_tells_programs_what_is_wrong(run: Run, db: Database, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("demo", "--calls", "50", "--days", "2") == 0
    with db.write() as connection:
        connection.execute(update(rollups).where(rollups.c.grain == 3).values(calls=rollups.c.calls + 1))
    capsys.readouterr()
    assert run("doctor", "--json") == 1
    report = json.loads(capsys.readouterr().out)
    assert report["left"] == report["found"]["rollups"] > 0
    assert report["examples"][0].keys() == {"check", "where", "stored", "expected", "mended"}
    assert run("doctor") == 1
    assert "--repair" in capsys.readouterr().out
    assert run("doctor", "--repair") == 0
    assert "mended" in capsys.readouterr().out
    assert run("doctor") == 0


def test_the_doctor_wants_a_database_that_is_up_to_date(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "new.db").touch()
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'new.db'}")
    assert run("doctor") == 1
    assert "callscope migrate" in capsys.readouterr().err

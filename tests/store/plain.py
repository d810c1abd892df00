"""The totals as anybody would compute them from the rows: slowly, and without any of the store's own arithmetic."""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, text

from callscope.db.engine import Database
from callscope.metrics.histogram import OVERFLOW_BIN, unpack

Row = dict[str, Any]
Cells = dict[tuple[int, ...], Counter[str]]
GRAINS = ((0, 1), (1, 15), (2, 60), (3, 1440))
TOTAL, MODEL, DETAIL, UNPRICED, EVERY_STATUS = 0, 1, 2, 3, -1
_EDGES = [1.02**i for i in range(OVERFLOW_BIN)]
_TOKENS = (
    "prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens", "cache_write_1h_tokens",
    "reasoning_tokens", "server_tool_calls",
)  # fmt: skip
SIDE = ("calls", "errors", "tokens", "cost_nanos", "unpriced_calls")


def rows(connection: Connection, query: str) -> list[Row]:
    """What a query finds, as dicts."""
    return [dict(row) for row in connection.execute(text(query)).mappings()]


def figures(call: Row) -> Counter[str]:
    """What one call counts for: DESIGN's words, one after the other."""
    found: Counter[str] = Counter({f"rating_{i}": call[f"rating_{i}"] for i in range(1, 6)})
    if call["refused"] is not None:
        return found + Counter(refusals=1)
    found["calls"] += 1
    found["violations"] += bool(call["violation"])
    if call["cache_hit"]:
        found["cache_hits"] += 1
        found["saved_nanos"] += call["saved_cost"] or 0
        return found
    found["errors"] += call["status"] != 0
    found["estimated_calls"] += bool(call["usage_estimated"])
    if call["estimated_cost"] is None:
        found["unpriced_calls"] += 1
    else:
        found["cost_nanos"] += call["estimated_cost"]
    for name in _TOKENS:
        found[name] += call[name]
    rest = max(0, call["prompt_tokens"] - call["cached_tokens"] - call["cache_write_tokens"])
    found["audio_input_tokens"] += min(call["audio_input_tokens"], rest)
    found["image_tokens"] += min(call["image_tokens"], rest - found["audio_input_tokens"])
    rest = max(0, call["completion_tokens"] - call["reasoning_tokens"])
    found["audio_output_tokens"] += min(call["audio_output_tokens"], rest)
    found["image_output_tokens"] += min(call["image_tokens"], rest - found["audio_output_tokens"])
    found["latency_calls"] += 1
    found["latency_us"] += round(call["latency_ms"] * 1000)
    if call["time_to_first_token_ms"] is not None:
        found["ttft_calls"] += 1
        found["ttft_us"] += round(call["time_to_first_token_ms"] * 1000)
    return found


def _cells(call: Row) -> Iterator[tuple[int, ...]]:
    minute = call["created_at"] // 60_000_000
    for grain, width in GRAINS:
        bucket = minute // width * width
        of_model = (call["environment_id"], call["model_id"], call["status"])
        for project in (call["project_id"], 0):
            yield (TOTAL, grain, project, bucket, 0, 0, EVERY_STATUS, 0, 0, 0)
            yield (MODEL, grain, project, bucket, *of_model, 0, 0, 0)
        detail = (call["error_kind"], call["size_class"], call["service_tier"])
        yield (DETAIL, grain, call["project_id"], bucket, *of_model, *detail)
        if figures(call)["unpriced_calls"]:
            yield (UNPRICED, grain, call["project_id"], bucket, *of_model, *detail)


def bin_of(micros: int) -> int:
    """The first bin whose upper edge is not below the value."""
    return 0 if micros < 1 else max(1, bisect_left(_EDGES, micros))


def totals(db: Database) -> list[list[Row]]:
    """Every total as it is stored."""
    tables = {
        "rollups": 10, "rollup_histograms": 7, "rollup_end_users": 3, "rollup_api_keys": 3, "end_user_admissions": 2,
    }  # fmt: skip
    with db.read() as connection:
        return [
            rows(connection, f"SELECT * FROM {name} ORDER BY {', '.join(map(str, range(1, key + 1)))}")
            for name, key in tables.items()
        ]


def check(db: Database, max_end_users: int) -> None:
    """Every total in the database is what the rows add up to; raises AssertionError where it is not."""
    with db.read() as connection:
        calls = rows(
            connection,
            "SELECT c.*, k.estimated_cost FROM llm_call_logs c LEFT JOIN cost_logs k ON k.id = c.id WHERE c.is_call",
        )
        floor = connection.scalar(text("SELECT value FROM counters WHERE name = 'minute_floor'")) or 0
        days = {row["id"]: row["rows_from"] or 0 for row in rows(connection, "SELECT id, rows_from FROM projects")}
        calls = [call for call in calls if call["day"] >= days.get(call["project_id"], 0)]
        _check_cells(connection, calls, floor, days)
        _check_histograms(connection, calls, floor, days)
        _check_api_keys(connection, calls, days)
        _check_end_users(connection, calls, max_end_users, days)
        _check_ratings(connection)
        orphans = "SELECT id FROM cost_logs WHERE id NOT IN (SELECT id FROM llm_call_logs) OR id != llm_call_id"
        assert not rows(connection, orphans)


def _kept(cells: Cells, floor: int) -> dict[tuple[int, ...], dict[str, int]]:
    """What is not zero, and not a minute below the floor."""
    kept = {key: {name: n for name, n in cell.items() if n} for key, cell in cells.items()}
    return {key: cell for key, cell in kept.items() if cell and (key[1] != 0 or key[3] >= floor)}


def _take_out_purged(stored: Cells, expected: Cells, days: dict[int, int]) -> None:
    """Cells of days that a project keeps no calls of stand for themselves, also in the sums over all projects."""
    for key in list(stored):
        if key[3] // 1440 < days.get(key[2], 0):
            cell = stored.pop(key)
            if key[0] in {TOTAL, MODEL}:
                expected[(*key[:2], 0, *key[3:])].update(cell)


def _check_cells(connection: Connection, calls: list[Row], floor: int, days: dict[int, int]) -> None:
    expected: Cells = defaultdict(Counter)
    for call in calls:
        for key in _cells(call):
            expected[key].update(figures(call))
    stored: Cells = {}
    for cell in rows(connection, "SELECT * FROM rollups"):
        values = list(cell.items())
        stored[tuple(int(value) for _, value in values[:10])] = Counter(dict(values[10:]))
        assert min(value for name, value in values[10:]) >= 0 or (cell["grain"] == 0 and cell["bucket"] < floor), cell
    _take_out_purged(stored, expected, days)
    assert _kept(stored, floor) == _kept(expected, floor)


def _check_histograms(connection: Connection, calls: list[Row], floor: int, days: dict[int, int]) -> None:
    latency: Cells = defaultdict(Counter)
    first_token: Cells = defaultdict(Counter)
    for call in calls:
        found = figures(call)
        for key in {key[:7] for key in _cells(call) if key[0] in {TOTAL, MODEL}}:
            if found["latency_calls"]:
                latency[key][str(bin_of(found["latency_us"]))] += 1
            if found["ttft_calls"]:
                first_token[key][str(bin_of(found["ttft_us"]))] += 1
    cells = rows(connection, "SELECT * FROM rollup_histograms")
    for side, expected in (("latency", latency), ("first_token", first_token)):
        stored: Cells = {}
        for cell in cells:
            bins, counts = unpack(bytes(cell[side]))
            stored[tuple(list(cell.values())[:7])] = Counter(
                {str(index): count for index, count in zip(bins, counts, strict=True)}
            )
        _take_out_purged(stored, expected, days)
        assert _kept(stored, floor) == _kept(expected, floor), side


def _side(call: Row) -> Counter[str]:
    found = figures(call)
    tokens = found["prompt_tokens"] + found["completion_tokens"]
    return Counter(tokens=tokens, **{name: found[name] for name in SIDE if name != "tokens"})


def _check_api_keys(connection: Connection, calls: list[Row], days: dict[int, int]) -> None:
    expected: dict[tuple[int, ...], Counter[str]] = defaultdict(Counter)
    for call in calls:
        if call["api_key_id"] is not None:
            expected[call["day"], call["project_id"], call["api_key_id"]].update(_side(call))
    stored = {
        (cell["day"], cell["project_id"], cell["api_key_id"]): {name: cell[name] for name in SIDE if cell[name]}
        for cell in rows(connection, "SELECT * FROM rollup_api_keys")
        if cell["day"] >= days.get(cell["project_id"], 0)
    }
    assert {key: cell for key, cell in stored.items() if cell} == {
        key: +cell for key, cell in expected.items() if +cell
    }


def _check_end_users(connection: Connection, calls: list[Row], limit: int, days: dict[int, int]) -> None:
    stored = {
        (cell["day"], cell["project_id"], cell["end_user"]): {name: cell[name] for name in SIDE if cell[name]}
        for cell in rows(connection, "SELECT * FROM rollup_end_users")
        if cell["day"] >= days.get(cell["project_id"], 0)
    }
    own = Counter((day, project) for day, project, name in stored if name != "(other)")
    assert max(own.values(), default=0) <= limit
    expected: dict[tuple[int, int, str], Counter[str]] = defaultdict(Counter)
    for call in calls:
        if call["end_user"] is not None:
            key = (call["day"], call["project_id"], call["end_user"])
            expected[key if key in stored else (*key[:2], "(other)")].update(_side(call))
    assert {key: cell for key, cell in stored.items() if cell} == {
        key: +cell for key, cell in expected.items() if +cell
    }
    full = {key[:2] for key, cell in expected.items() if key[2] == "(other)" and +cell}
    assert all(own[place] == limit for place in full), "nobody is summed as (other) while there is room"


def _check_ratings(connection: Connection) -> None:
    given: dict[int, Counter[int]] = defaultdict(Counter)
    for rating in rows(connection, "SELECT llm_call_id, rating FROM feedback"):
        given[rating["llm_call_id"]][rating["rating"]] += 1
    counted = {
        call["id"]: Counter({i: call[f"rating_{i}"] for i in range(1, 6) if call[f"rating_{i}"]})
        for call in rows(connection, "SELECT * FROM llm_call_logs")
    }
    assert {call_id: stars for call_id, stars in counted.items() if stars} == given

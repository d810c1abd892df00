"""GET /health/details: the state of the server for an admin, as it is."""

from fastapi import FastAPI
from fastapi.testclient import TestClient

from tests.caller import admin_of

CALL = {"model": "gpt-4o-mini", "prompt_tokens": 10, "completion_tokens": 2, "latency_ms": 7, "status": "success"}


def test_an_admin_sees_the_state_of_the_server(app: FastAPI, client: TestClient) -> None:
    api = admin_of(app, client)
    before = api.get("/health/details")
    api.log([CALL] * 3)
    found = api.get("/health/details")
    assert found["rows_stored"] - before["rows_stored"] == 3
    assert found["processes"] == 1
    assert found["memory_bytes"] > 10 * 2**20
    assert found["troubles"] == {"database": None, "queue": None}
    assert 0 <= found["queue"]["rows"] <= 3 < found["queue"]["max_rows"]
    database = found["database"]
    assert database["size_bytes"] > 100_000
    if database["kind"] == "sqlite":
        assert 0 < database["disk_free_bytes"] < database["disk_bytes"]
        assert database["wal_bytes"] > 0
    else:
        assert (database["wal_bytes"], database["disk_free_bytes"]) == (None, None)


def test_what_is_not_well_is_said_in_words(app: FastAPI, client: TestClient) -> None:
    api = admin_of(app, client)
    app.state.readiness["queue"] = lambda: "it is full"
    assert api.get("/health/details")["troubles"]["queue"] == "it is full"

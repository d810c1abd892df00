"""What an admin sets on the server holds in a program that runs elsewhere, soon, and while the server is away."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openai
import pytest

import callscope
from callscope.api.rights import Scope
from callscope.observability import follow
from callscope.observability.errors import ModelDisabled, TokenCapExceeded
from callscope.observability.handle import Handle
from tests.observability.server import LocalServer
from tests.provider import running

SPELLINGS = [
    "claude-haiku-4-5", "claude-haiku-4-5-20251001", "Claude-Haiku-4.5", "anthropic/claude-haiku-4.5",
    "us.anthropic.claude-haiku-4-5-20251001-v1:0", "claude-haiku-4-5@20251001",
]  # fmt: skip
SOON_SECONDS = 20.0
"""Two are promised; a test machine may be busy."""


@pytest.fixture
def server(sqlite_template: Path, tmp_path: Path) -> LocalServer:
    (tmp_path / "callscope.db").write_bytes(sqlite_template.read_bytes())
    return LocalServer(tmp_path)


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy test machine may answer late; a first call waits for the settings as long as it takes."""
    monkeypatch.setattr(follow, "FIRST_SECONDS", 60.0)


def answer(prompt: str) -> dict[str, Any]:
    return {"text": f"About {prompt}", "usage": {"prompt_tokens": 5, "completion_tokens": 150}}


def soon(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def refuses(db: Handle, name: str) -> bool:
    return "ModelDisabled" in callscope.LLMObservabilityWrapper(db, model_id=name).call_llm(answer, "Hi").get(
        "error", ""
    )


def test_a_model_that_is_switched_off_is_refused_under_all_its_names_and_when_the_server_is_away(
    server: LocalServer,
) -> None:
    with server.running():
        key = server.key()
        server.change_settings(max_tokens_per_request=1_000)
        db = callscope.connect(server.url, api_key=key)
        with pytest.raises(TokenCapExceeded):  # from the first call on
            callscope.LLMObservabilityWrapper(db, raise_errors=True).call_llm(answer, "word " * 1_000)
        assert not refuses(db, SPELLINGS[0])
        server.change_settings(claude_haiku_45_enabled=False, max_tokens_per_request=None)
        soon(lambda: refuses(db, SPELLINGS[0]))
        assert all(refuses(db, name) for name in SPELLINGS)
        assert not refuses(db, "claude-sonnet-4-5")
        assert db.flush()
        assert {call.refused is not None for call in server.calls() if call.model in SPELLINGS[:2]} >= {True}
    with db:
        assert all(refuses(db, name) for name in SPELLINGS)
        with server.running():
            server.change_settings(claude_haiku_45_enabled=True)
            soon(lambda: not refuses(db, SPELLINGS[0]))
            assert db.flush(30)
            assert db.dropped == 0


def test_the_first_call_of_an_event_loop_waits_for_the_settings_without_stopping_it(server: LocalServer) -> None:
    with server.running():
        server.change_settings(claude_haiku_45_enabled=False)

        async def ask() -> None:
            with callscope.connect(server.url, api_key=server.key()) as db:
                wrapper = callscope.LLMObservabilityWrapper(db, model_id="claude-haiku-4-5", raise_errors=True)
                with pytest.raises(ModelDisabled):
                    await wrapper.acall_llm(answer, "Hi")

        asyncio.run(ask())


def test_programs_of_a_project_share_answers_with_a_key_for_it(server: LocalServer) -> None:
    with server.running(), running() as provider:
        server.change_settings(enable_caching=True)
        key = server.key(Scope.GATEWAY, Scope.INGEST)
        asked: dict[str, Any] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "What is AI?"}]}
        answers = []
        for _ in range(2):
            with (
                callscope.connect(server.url, api_key=key) as db,
                openai.OpenAI(base_url=f"{provider}/v1", api_key="any") as client,
            ):
                answers.append(callscope.instrument(client, db).chat.completions.create(**asked))
                assert db.flush()
        with callscope.connect(server.url, api_key=server.key(Scope.INGEST)) as db:
            wrapper = callscope.LLMObservabilityWrapper(db, model_id="gpt-4o")
            assert [wrapper.call_llm(answer, "AI")["cache_hit"] for _ in range(2)] == [False, True]
            assert db.flush()
        assert answers[0].id == answers[1].id
        assert answers[0] == answers[1]
        assert [call.cache_hit for call in server.calls()] == [True, False, True, False]


def test_a_call_goes_through_while_the_cache_that_programs_share_is_away(server: LocalServer) -> None:
    def hit(db: Handle, prompt: str) -> Any:
        result = callscope.LLMObservabilityWrapper(db, model_id="gpt-4o").call_llm(answer, prompt)
        assert result["text"] == f"About {prompt}"
        return result["cache_hit"]

    with server.running():
        server.change_settings(enable_caching=True)
        key = server.key(Scope.GATEWAY, Scope.INGEST)
        first, second = (callscope.connect(server.url, api_key=key) for _ in range(2))
        with first:
            assert not hit(first, "AI")
            assert first.flush()
        assert hit(second, "AI")
        assert second.flush()
        assert [call.cache_hit for call in server.calls()] == [True, False]
    assert [hit(second, prompt) for prompt in ("ML", "ML", "AI")] == [False, True, True]  # from its own memory
    second.close(timeout=0)


def test_a_key_that_may_not_read_the_settings_is_told_once(
    server: LocalServer, caplog: pytest.LogCaptureFixture
) -> None:
    with server.running(), callscope.connect(server.url, api_key=server.key(Scope.METRICS)) as db:
        for _ in range(3):
            assert callscope.LLMObservabilityWrapper(db, model_id=1).call_llm(answer, "Hi")["success"]
    assert [record.getMessage()[:40] for record in caplog.records if "settings" in record.getMessage()] == [
        "Callscope does not tell this program its"
    ]

"""What a program's own objects and surroundings do when the client looks at them does not reach the program."""

import contextvars
import os
import threading
from typing import Any

import httpx2
import openai
import pytest

import callscope
from callscope.observability import pending
from callscope.observability.cache import made_again
from callscope.observability.estimate import estimated_tokens
from callscope.observability.follow import FollowedPolicy
from callscope.observability.handle import Handle
from callscope.observability.pending import Pending
from callscope.observability.tracing import current_scope
from tests.observability.recorded import calls_of

NOWHERE = "http://127.0.0.1:9"


class Silent(Exception):
    def __str__(self) -> str:
        raise RuntimeError("outside of a request")


class Proxy:
    def __getattr__(self, name: str) -> Any:
        raise RuntimeError("outside of a request")


def test_an_error_that_cannot_be_told_is_recorded(handle: Handle) -> None:
    def fail(prompt: str) -> None:
        raise Silent

    assert callscope.LLMObservabilityWrapper(handle, model_id="gpt-4o").call_llm(fail, "Hi")["error"] == "Silent: "
    assert calls_of(handle)[0]["error_type"] == "Silent"


def test_an_answer_that_cannot_be_looked_at_is_passed_on(handle: Handle) -> None:
    answer = Proxy()
    result = callscope.LLMObservabilityWrapper(handle, model_id="gpt-4o").call_llm(lambda prompt: answer, "Hi")
    assert result["response"] is answer


def test_objects_that_lead_round_in_circles_are_looked_at_within_bounds() -> None:
    class Node:
        pass

    nodes = [Node() for _ in range(20)]
    for node in nodes:
        vars(node).update({f"to_{place}": other for place, other in enumerate(nodes)}, text="four")
    assert estimated_tokens(nodes[0]) > 20


def test_a_closed_handle_opens_nothing_again(handle: Handle) -> None:
    handle.close()
    before = threading.active_count()
    assert callscope.LLMObservabilityWrapper(handle, model_id="gpt-4o").call_llm(lambda prompt: "ok", "Hi")["success"]
    assert threading.active_count() == before
    assert handle.dropped == 1


def test_a_cached_answer_that_its_class_does_not_take_is_none() -> None:
    name = "openai.types.chat.chat_completion:ChatCompletion"
    assert made_again({"class": name, "value": {"id": "1"}}) is not None
    assert made_again({"class": name, "value": ["id"]}) is None


def test_a_raw_response_is_passed_on_whatever_is_in_it(handle: Handle) -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, headers={"content-type": "application/json"}, content=b"{half")

    with httpx2.Client(transport=httpx2.MockTransport(answer)) as http:
        client = callscope.instrument(openai.OpenAI(api_key="any", http_client=http), handle)
        raw = client.chat.completions.with_raw_response.create(model="gpt-4o", messages=[])
    assert raw.text == "{half"
    assert [call["model"] for call in calls_of(handle)] == ["gpt-4o"]


def test_a_block_may_end_in_another_context_than_it_began_in() -> None:
    span = callscope.observe("request")
    contextvars.copy_context().run(span.__enter__)
    span.__exit__(None, None, None)
    assert current_scope() is None


def test_threads_may_share_a_block() -> None:
    span, both, seen = callscope.observe("job"), threading.Barrier(2), list[Any]()

    def work() -> None:
        both.wait()
        with span as scope:
            both.wait()
            seen.append(current_scope() is scope)
        both.wait()
        seen.append(current_scope())

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True, True, None, None]


def test_a_first_call_after_the_end_does_not_wait_for_the_settings() -> None:
    policy = FollowedPolicy(NOWHERE, None)
    policy.close()
    assert policy.wait_seconds() == 0


def test_what_must_not_be_recorded_is_not_shared_either() -> None:
    with callscope.connect(NOWHERE, capture_content=False) as private, callscope.connect(NOWHERE) as other:
        assert private.cache.shared is None
        assert other.cache.shared is not None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_does_not_wait_for_a_thread_of_its_parent() -> None:
    with pending._lock:  # as another thread may hold it in the moment of the fork
        child = os.fork()
        if child == 0:
            settled = threading.Thread(target=Pending().settle, args=(None,), daemon=True)
            settled.start()
            settled.join(20)
            os._exit(settled.is_alive())
    assert os.waitpid(child, 0)[1] == 0

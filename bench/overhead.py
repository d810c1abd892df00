"""What recording a call costs the program that makes it, in its own thread.

python -m bench.overhead [--calls 20000]

The function that is called does nothing; the server is one that is away, so that sending has no part in it, or with
`--server` a running one. Prints the processor time and the time that passed, for each call, besides an empty call.
"""

import argparse
import statistics
import threading
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import callscope
from callscope.observability.handle import Handle

PROMPT = "Where is my parcel? It should have been here on Monday. " * 4
ROUND = 500


def answer(prompt: str) -> Any:
    """A client's answer, as an object."""
    return COMPLETION


COMPLETION = SimpleNamespace(
    id="chatcmpl-1",
    model="gpt-4o-mini",
    service_tier="default",
    choices=[
        SimpleNamespace(finish_reason="stop", message=SimpleNamespace(content="It left the depot.", tool_calls=None))
    ],
    usage=SimpleNamespace(
        prompt_tokens=412,
        completion_tokens=96,
        total_tokens=508,
        prompt_tokens_details=SimpleNamespace(cached_tokens=256),
        completion_tokens_details=SimpleNamespace(reasoning_tokens=0),
    ),
)


def microseconds(call: Callable[[], object], calls: int, handle: Handle) -> tuple[float, float]:
    """The median over rounds of the time that a call takes, and of this thread's processor time, in microseconds."""
    passed, used = [], []
    for _ in range(calls // ROUND):
        started, cpu = time.perf_counter(), time.thread_time()
        for _ in range(ROUND):
            call()
        passed.append((time.perf_counter() - started) / ROUND * 1e6)
        used.append((time.thread_time() - cpu) / ROUND * 1e6)
        handle.flush(30)
    return statistics.median(passed), statistics.median(used)


class Nowhere:
    """Takes everything and does nothing."""

    def deliver(self, body: bytes, key: str, timeout: float) -> Any:
        """Say yes."""
        from callscope.observability.transport import Answer, Receipt

        return Answer(201, [Receipt(1, None)] * ROUND)

    def after_fork(self) -> None:
        """Nothing is open."""

    def close(self) -> None:
        """Nothing is open."""


def main() -> None:
    """Print what the wrapper and a span cost."""
    from callscope.observability.cache import ResponseCache
    from callscope.observability.follow import FollowedPolicy
    from callscope.observability.sender import Sender

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=20_000)
    options = parser.parse_args()
    sender = Sender(Nowhere(), max_calls=10_000, max_bytes=2**25, exit_seconds=1)
    policies = FollowedPolicy("http://127.0.0.1:9", None)
    with Handle(sender, policies, ResponseCache(), waits=False) as handle:
        wrapper = callscope.LLMObservabilityWrapper(handle, model_id="gpt-4o-mini", end_user="u-318")
        spanned = callscope.observe(lambda: wrapper.call_llm(answer, PROMPT))
        for name, call in (
            ("call_llm", lambda: wrapper.call_llm(answer, PROMPT)),
            ("call_llm within observe", spanned),
        ):
            passed, used = microseconds(call, options.calls, handle)
            print(f"{name}: {passed:.1f} µs a call, {used:.1f} µs of them the processor's")
        print(f"dropped {handle.dropped}, threads {threading.active_count()}")


if __name__ == "__main__":
    main()

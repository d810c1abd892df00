"""A program that calls models, run by the tests as a process of its own: `program.py HOW URL KEY`."""

import asyncio
import os
import sys
import threading
from typing import Any

import callscope

PROMPT = "x" * 2_000


def ask(prompt: str) -> dict[str, Any]:
    return {"text": "ok", "usage": {"prompt_tokens": 5, "completion_tokens": 150}}


async def aask(prompt: str) -> dict[str, Any]:
    await asyncio.sleep(0)
    return ask(prompt)


def threads(wrapper: callscope.LLMObservabilityWrapper, db: Any) -> None:
    """20 threads that make 6,000 calls."""

    def work() -> None:
        for _ in range(300):
            wrapper.call_llm(ask, PROMPT)

    workers = [threading.Thread(target=work) for _ in range(20)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    told(db, 6_000)


def tasks(wrapper: callscope.LLMObservabilityWrapper, db: Any) -> None:
    """200 tasks that make 4,000 calls."""

    async def work() -> None:
        for _ in range(20):
            await wrapper.acall_llm(aask, PROMPT)

    async def all_of_them() -> None:
        await asyncio.gather(*(work() for _ in range(200)))

    asyncio.run(all_of_them())
    told(db, 4_000)


def fork(wrapper: callscope.LLMObservabilityWrapper, db: Any) -> None:
    """Three children of a process that has called already, each with calls of its own."""
    wrapper.call_llm(ask, "parent, before")
    children = []
    for number in range(3):
        child = os.fork()
        if child == 0:
            for turn in range(5):
                wrapper.call_llm(ask, f"child {number}, {turn}")
            sys.exit()
        children.append(child)
    wrapper.call_llm(ask, "parent, after")
    for child in children:
        os.waitpid(child, 0)


def daemon(wrapper: callscope.LLMObservabilityWrapper, db: Any) -> None:
    """A parent that ends without a word once it has a child, as one that makes itself a daemon does."""
    wrapper.call_llm(ask, "before")
    if os.fork():
        os._exit(0)
    wrapper.call_llm(ask, "after")


def stream(wrapper: callscope.LLMObservabilityWrapper, db: Any) -> None:
    """A stream that is still open when the program ends."""
    opened.append(wrapper.call_llm(lambda prompt: iter(["a ", "b"]), "left open")["response"])
    next(opened[0])


opened: list[Any] = []


def told(db: Any, calls: int) -> None:
    print(f"calls={calls} dropped={db.dropped} waiting={db.waiting}", flush=True)


if __name__ == "__main__":
    how, url, key = sys.argv[1:4]
    seconds = 1.0 if how in {"threads", "tasks"} else 60.0
    connected = callscope.connect(url, api_key=key, queue_calls=1_000, exit_seconds=seconds)
    globals()[how](callscope.LLMObservabilityWrapper(connected, model_id=1), connected)

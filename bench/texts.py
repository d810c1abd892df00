"""What long prompts cost: how long a page of the list takes, and what memory lists and exports take at the same time.

    python -m bench.texts [--calls 500] [--chars 200000] [--limit 500] [--largest]

`--largest` makes 60 of the largest calls there may be, in each of whose four texts is as much as is kept.
"""

import argparse
import json
import random
import tempfile
import time
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.client import drive, request
from bench.ingest import call
from bench.server import Server
from callscope.calls.schemas import MAX_TEXT_CHARS

LARGEST_CALLS = 60
PIECE = 65_536


def bodies(calls: int, chars: int, *, largest: bool) -> Sequence[dict[str, object]]:
    """Calls with texts of so many characters, of words as people write them; the largest of signs that take four bytes."""
    rng = random.Random(5)  # noqa: S311  # not for secrets
    words = ["".join(rng.choices("abcdefghijklmnopqrstuvwxyz", k=rng.randint(2, 9))) for _ in range(5_000)]
    signs = [chr(0x20000 + n) for n in range(4_096)]
    made = []
    for _ in range(calls):
        if largest:
            text = "".join(rng.choices(signs, k=MAX_TEXT_CHARS))
            texts: dict[str, object] = {part: {"text": text[:-16]} for part in ("metadata", "request_params")}
            texts |= {"prompt": text, "response": text[::-1]}
        else:
            texts = {"prompt": " ".join(rng.choices(words, k=chars // 5))[:chars], "response": "Yes."}
        made.append(call(rng, full=False) | texts)
    return made


def ask(server: Server, token: str, path: str) -> float:
    """Take an answer piece by piece; gives the seconds it took."""
    started = time.perf_counter()
    asked = urllib.request.Request(server.url + path, headers={"Authorization": f"Bearer {token}"})  # noqa: S310  # ours
    with urllib.request.urlopen(asked) as answer:  # noqa: S310  # our own server
        while answer.read(PIECE):
            pass
    return time.perf_counter() - started


def another(server: Server, token: str) -> str:
    """The secret of a new key that may read calls."""
    body = json.dumps({"name": "bench", "scopes": ["calls"]}).encode()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    asked = urllib.request.Request(f"{server.url}/api-keys", body, headers)  # noqa: S310  # our own server
    with urllib.request.urlopen(asked) as answer:  # noqa: S310  # our own server
        return str(json.load(answer)["data"]["secret"])


def at_once(server: Server, tokens: list[str], path: str, times: int) -> None:
    """Ask so many times at once; print how long each took, and the most memory of the server meanwhile."""
    server.forget_peak()
    with ThreadPoolExecutor(times) as threads:
        took = sorted(threads.map(lambda turn: ask(server, tokens[turn % len(tokens)], path), range(times)))
    print(f"{times:2} × {path}: {took[0]:.2f} to {took[-1]:.2f} s, at most {server.peak_mib():.0f} MiB", flush=True)


def main() -> None:
    """Print times and memory of lists and exports."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=500)
    parser.add_argument("--chars", type=int, default=200_000)
    parser.add_argument("--limit", type=int, default=500)
    parser.add_argument("--largest", action="store_true")
    parser.add_argument("--only", default="", help="of what is asked for: list, or a format")
    options = parser.parse_args()
    count = LARGEST_CALLS if options.largest else options.calls
    with tempfile.TemporaryDirectory() as folder, Server(Path(folder)) as server:
        token = server.login()
        key = another(server, token)  # two exports at a time are one caller's
        calls = iter(bodies(count, options.chars, largest=options.largest))

        def following() -> bytes | None:
            entry = next(calls, None)
            return (
                None
                if entry is None
                else request("/llm/log-call", token, json.dumps(entry, ensure_ascii=False).encode())
            )

        _, _, statuses = drive(server.port, 2, 600, following)
        print(f"{count} calls logged: {statuses}, {server.memory_mib():.0f} MiB")
        time.sleep(5)  # until they are in the index of words
        listed = f"/llm/calls?limit={min(options.limit, count)}"
        asked = [("list", listed, 1), ("list", listed, 10)]
        asked += [(form, f"/llm/calls/export?format={form}&payloads=true", 4) for form in ("csv", "ndjson", "parquet")]
        for name, path, times in asked:
            if options.only in name:
                at_once(server, [token, key], path, times)


if __name__ == "__main__":
    main()

"""How many calls a second one server process takes in, acknowledged and on disk, rollups included.

    python -m bench.ingest [--seconds 20] [--plain | --full] [--data-dir DIR]

`--plain` calls carry the required fields, project, environment and model; `--full` ones also an end user, a session,
a trace and span, the provider's response id, a name, tags, and a payload of about 1 kB.
"""

import argparse
import itertools
import json
import random
import tempfile
from pathlib import Path

from bench.client import drive, quantile, request
from bench.server import Server

MODELS = [("gpt-4o-mini", "openai"), ("gpt-4.1", "openai"), ("claude-haiku-4-5", "anthropic"),
          ("claude-sonnet-4-5", "anthropic"), ("gemini-2.5-flash", "google"), ("mistral-small-latest", "mistral")]  # fmt: skip
TURN = "@@@@@@@@"
"""In a body, where its turn is written: a body is sent again and again, and no two sendings are the same call."""
TEXT = "The parcel left the depot this morning and should be with you tomorrow before noon. "


def call(rng: random.Random, *, full: bool) -> dict[str, object]:
    """A call as an application would log it."""
    model, provider = rng.choice(MODELS)
    failed = rng.random() < 0.03
    entry: dict[str, object] = {
        "model": model, "provider": provider, "project": rng.choice(["shop", "search", "review"]),
        "environment": "production", "prompt_tokens": rng.randint(50, 6000), "completion_tokens": rng.randint(5, 800),
        "latency_ms": round(rng.lognormvariate(6.8, 0.7), 1), "status": "error" if failed else "success",
    }  # fmt: skip
    if failed:
        entry["error_message"] = "429 Too Many Requests"
    if full:
        entry |= {
            "time_to_first_token_ms": round(rng.lognormvariate(5.5, 0.5), 1), "end_user": f"u-{rng.randint(1, 5000)}",
            "session_id": f"s-{rng.randint(1, 50000)}", "trace_id": f"{rng.getrandbits(96):024x}{TURN}",
            "span_id": f"{rng.getrandbits(32):08x}{TURN}", "response_id": f"chatcmpl-{rng.getrandbits(64):016x}{TURN}",
            "name": "answer", "tags": ["bench"], "prompt": TEXT * 6, "response": TEXT * 6,
        }  # fmt: skip
    return entry


def main() -> None:
    """Print calls a second for batches, and requests a second for single calls."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--batch", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=4)
    parser.add_argument("--single", action="store_true", help="single calls at 32 connections")
    parser.add_argument("--twice", action="store_true", help="each call is told of by two witnesses")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--database-url", default="")
    options = parser.parse_args()
    rng = random.Random(1)  # noqa: S311  # not for secrets
    with tempfile.TemporaryDirectory() as folder:
        data_dir = options.data_dir or Path(folder)
        with Server(data_dir, workers=options.workers, database_url=options.database_url) as server:
            token = server.login()
            if options.single:
                bodies = [json.dumps(call(rng, full=options.full)).encode() for _ in range(500)]
                requests = [request("/llm/log-call", token, body) for body in bodies]
                connections, per_request = 32, 1
            else:
                batches = [[call(rng, full=options.full) for _ in range(options.batch)] for _ in range(40)]
                requests = [request("/llm/log-calls", token, json.dumps(batch).encode()) for batch in batches]
                connections, per_request = options.connections, options.batch
            endless, turns = itertools.cycle(requests), itertools.count()
            if options.twice:
                endless = (sent for sent in endless for _ in range(2))

            def following() -> bytes:
                turn = next(turns) // (2 if options.twice else 1)
                return next(endless).replace(TURN.encode(), b"%08x" % turn)

            drive(server.port, connections, 2, following)
            before = server.cpu_seconds()
            took, seconds, statuses = drive(server.port, connections, options.seconds, following)
            done = statuses.get(201, 0)
            cpu = 1e6 * (server.cpu_seconds() - before) / max(1, done * per_request)
            print(
                f"{done * per_request / took:,.0f} calls/s, {done / took:,.0f} requests/s, "
                f"p50 {1000 * quantile(seconds, 0.5):.1f} ms, p99 {1000 * quantile(seconds, 0.99):.1f} ms, "
                f"{cpu:.0f} µs of processor a call, statuses {statuses}, memory {server.memory_mib():.0f} MiB, "
                f"first answer after {server.seconds_to_first_answer:.2f} s"
            )


if __name__ == "__main__":
    main()

"""How fast the metrics routes and the list answer on a large database, while calls keep coming in.

    python -m bench.fill DATA_DIR --projects 40 && CALLSCOPE_DATA_DIR=DATA_DIR callscope doctor --repair
    python -m bench.read DATA_DIR [--rounds 30] [--ingest 1000]

Prints p50 and p95 of each route in milliseconds, over HTTP, one request at a time.
"""

import argparse
import asyncio
import json
import multiprocessing
import random
import time
import urllib.parse
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bench.client import quantile, request
from bench.ingest import call
from bench.server import Server

ROUTES = {
    "summary, 30 days": "/metrics/summary?days=30",
    "summary, 30 days, one model": "/metrics/summary?days=30&model=gpt-4o-mini",
    "summary, 30 days, one project": "/metrics/summary?days=30&project=team-01",
    "token usage by day": "/metrics/token-usage?days=30",
    "token usage by day and model": "/metrics/token-usage?days=30&by=model",
    "latency": "/metrics/latency?days=30",
    "latency by model": "/metrics/latency?days=30&by=model",
    "latency, 7 days by hour": "/metrics/latency?days=7&bucket=hour",
    "errors": "/metrics/error-rate?days=30&by=model",
    "cost": "/metrics/cost?days=30&by=model",
    "cost by project": "/metrics/cost?days=30&by=project",
    "last hour": "/metrics/summary?days=0.0417",
    "what-if": "/metrics/what-if?days=30&model=gpt-4o-mini&model=claude-haiku-4-5&model=gemini-2.5-flash",
    "why": "/metrics/cost/why?days=15",
    "forecast": "/metrics/cost/forecast",
    "feedback summary": "/feedback/summary?days=30",
    "local days: tokens": "/metrics/token-usage?days=30&by=model&tz=Asia/Kathmandu",
    "local days: latency": "/metrics/latency?days=30&tz=Asia/Kathmandu",
    "local days: latency, one model": "/metrics/latency?days=30&tz=America/St_Johns&model=gpt-4o-mini",
    "local days: cost by project": "/metrics/cost?days=30&by=project&tz=America/St_Johns",
    "local days: errors": "/metrics/error-rate?days=30&tz=Asia/Kathmandu",
    "list: newest": "/llm/calls",
    "list: project": "/llm/calls?project=team-01",
    "list: model": "/llm/calls?model=gpt-4o-mini",
    "list: errors": "/llm/calls?status=error&status=timeout",
    "list: end user": "/llm/calls?end_user=u-77",
    "list: session": "/llm/calls?session_id=s-77",
    "list: ten days ago": "/llm/calls?to={ten_days_ago}",
    "list: any other filter": "/llm/calls?min_latency_ms=90000",
    "facets: models": "/llm/calls/facets?days=30&field=model",
    "facets: kinds of error": "/llm/calls/facets?days=30&field=error_kind",
    "facets: end users": "/llm/calls/facets?days=30&field=end_user",
    "facets: sessions": "/llm/calls/facets?days=30&field=session_id",
    "facets: models, any other filter": "/llm/calls/facets?days=30&field=model&min_latency_ms=2000",
}


def feed(port: int, token: str, calls_per_second: int, seconds: float) -> None:
    """Send so many calls a second, in batches of 100."""
    rng = random.Random(3)  # noqa: S311  # not for secrets
    bodies = [
        json.dumps([call(rng, full=False) | {"project": f"team-{rng.randrange(40):02d}"} for _ in range(100)]).encode()
        for _ in range(20)
    ]

    async def run() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        until, due, index = time.monotonic() + seconds, time.monotonic(), 0
        while time.monotonic() < until:
            writer.write(request("/llm/log-calls", token, bodies[index % len(bodies)]))
            head = await reader.readuntil(b"\r\n\r\n")
            await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].partition(b"\r")[0]))
            index += 1
            due += 100 / calls_per_second
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    asyncio.run(run())


def main() -> None:
    """Print the times of all routes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--ingest", type=int, default=1000, help="calls a second that come in at the same time")
    parser.add_argument("--only", default="")
    options = parser.parse_args()
    ten_days_ago = urllib.parse.quote((datetime.now(UTC) - timedelta(days=10)).isoformat())
    with Server(options.data_dir) as server:
        print(f"first answer after {server.seconds_to_first_answer:.2f} s")
        token = server.login()
        feeder = None
        if options.ingest:
            feeder = multiprocessing.Process(target=feed, args=(server.port, token, options.ingest, 3600), daemon=True)
            feeder.start()
            time.sleep(3)
        for name, path in ROUTES.items():
            if options.only not in name:
                continue
            url = server.url + path.format(ten_days_ago=ten_days_ago)
            seconds = []
            for _ in range(options.rounds):
                started = time.perf_counter()
                asked = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})  # noqa: S310  # ours
                with urllib.request.urlopen(asked) as response:  # noqa: S310  # ours
                    response.read()
                seconds.append(time.perf_counter() - started)
            seconds.sort()
            p50, p95 = 1000 * quantile(seconds, 0.5), 1000 * quantile(seconds, 0.95)
            print(f"{name:34} p50 {p50:7.1f} ms   p95 {p95:7.1f} ms")
        if feeder is not None:
            feeder.terminate()


if __name__ == "__main__":
    main()

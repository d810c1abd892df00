"""From sums to what the metrics routes answer: nano-dollars become dollars, bins become percentiles."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from callscope.db.types import nanos_to_dollars
from callscope.metrics import histogram, schemas
from callscope.metrics.composition import Span, Timeline, to_datetime
from callscope.metrics.models import MEASURES
from callscope.store.protocol import Reading
from callscope.store.queries import Selection, SideRow

SHARES = {"p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99}
NO_SUMS = dict.fromkeys(MEASURES, 0)
TOKENS = ("calls", "prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens")
Sums = Mapping[str, int]


def window_fields(reading: Reading, selection: Selection, span: Span) -> dict[str, Any]:
    """The fields of a `Window` over a countable span."""
    sums = reading.totals(selection, span, MEASURES).get(None, NO_SUMS)
    latencies = reading.histograms(selection, span).get(None, {})
    first_tokens = reading.histograms(selection, span, "first_token").get(None, {})
    ratings = [sums[f"rating_{i}"] for i in range(1, 6)]
    return {
        **{name: sums[name] for name in schemas.Figures.model_fields if name in sums},
        "error_rate": rate(sums),
        "total_tokens": total_tokens(sums),
        "total_cost": nanos_to_dollars(sums["cost_nanos"]),
        "average_cost": average_cost(sums),
        "saved_cost": nanos_to_dollars(sums["saved_nanos"]),
        "ratings": sum(ratings),
        "average_rating": sum((i + 1) * n for i, n in enumerate(ratings)) / sum(ratings) if any(ratings) else None,
        "latency_ms": percentiles(sums["latency_us"], sums["latency_calls"], latencies),
        "time_to_first_token_ms": percentiles(sums["ttft_us"], sums["ttft_calls"], first_tokens),
        "from": to_datetime(span.start),
        "to": to_datetime(span.end),
    }


def range_fields(line: Timeline, zone: str) -> dict[str, Any]:
    """The fields of a `Range`; `zone` is its name."""
    return {
        "from": to_datetime(line.span.start),
        "to": to_datetime(line.span.end),
        "bucket": line.bucket.value,
        "tz": zone,
    }


def starts(line: Timeline) -> list[datetime]:
    """The starts of a timeline's points."""
    return [to_datetime(start) for start in line.starts[:-1]]


def token_points(line: Timeline, series: Sequence[Sums]) -> list[schemas.TokenPoint]:
    """A series of sums as tokens over time."""
    return [
        schemas.TokenPoint(start=start, total_tokens=total_tokens(sums), **{name: sums.get(name, 0) for name in TOKENS})
        for start, sums in zip(starts(line), series, strict=True)
    ]


def cost_points(line: Timeline, series: Sequence[Sums]) -> list[schemas.CostPoint]:
    """A series of sums as cost over time."""
    return [
        schemas.CostPoint(
            start=start, calls=sums.get("calls", 0), cost=nanos_to_dollars(cost_nanos(sums)),
            unpriced_calls=sums.get("unpriced_calls", 0),
        )
        for start, sums in zip(starts(line), series, strict=True)
    ]  # fmt: skip


def side_row(row: SideRow, name: str, number: int | None = None) -> schemas.CostRowOut:
    """What one API key or end user adds up to."""
    return schemas.CostRowOut(
        id=number, name=name, calls=row.calls, errors=row.errors, total_tokens=row.tokens,
        cost=nanos_to_dollars(row.cost_nanos), unpriced_calls=row.unpriced_calls,
        average_cost=average_cost(row._asdict()),
    )  # fmt: skip


def percentiles(total_us: int, calls: int, bins: Mapping[int, int]) -> schemas.Percentiles:
    """Mean and percentiles in milliseconds, of latencies in microseconds and their histogram."""
    mean = round(total_us / calls / 1000, 6) if calls else None
    shares = histogram.percentiles(bins, tuple(SHARES.values()))
    return schemas.Percentiles(mean=mean, **dict(zip(SHARES, shares, strict=True)))


def rate(sums: Sums) -> float:
    """The share of errors; 0 where there were no calls."""
    return sums["errors"] / sums["calls"] if sums["calls"] else 0.0


def average_cost(sums: Sums) -> float | None:
    """Dollars per priced call; None where none has a price."""
    priced = sums["calls"] - sums["unpriced_calls"]
    return nanos_to_dollars(round(sums["cost_nanos"] / priced)) if priced > 0 else None


def total_tokens(sums: Sums) -> int:
    """Prompt and completion tokens."""
    return sums.get("prompt_tokens", 0) + sums.get("completion_tokens", 0)


def cost_nanos(sums: Sums) -> int:
    """The cost, in nano-dollars."""
    return sums.get("cost_nanos", 0)


def add_to(into: dict[str, int], sums: Sums) -> None:
    """Add sums to others, in place."""
    for name, value in sums.items():
        into[name] = into.get(name, 0) + value

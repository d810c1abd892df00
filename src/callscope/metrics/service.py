"""The figures: sums, series and percentiles from the rollups. No metrics route reads a call's row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from callscope.api.errors import invalid
from callscope.api.rights import Caller, may_read_calls
from callscope.db.types import nanos_to_dollars
from callscope.ingest.row import ErrorKind
from callscope.metrics import schemas
from callscope.metrics.composition import (
    Bucket,
    Span,
    Timeline,
    TooManyBuckets,
    default_bucket,
    timeline,
    to_datetime,
)
from callscope.metrics.filters import Filters, Selector
from callscope.metrics.histogram import bin_upper, percentile
from callscope.metrics.models import MEASURES
from callscope.metrics.naming import OTHER, Label, Namer
from callscope.store.protocol import Reading, TelemetryStore
from callscope.store.queries import Group, GroupBy, Selection, SideKind, SideRow

SHARES = {"p50": 0.50, "p90": 0.90, "p95": 0.95, "p99": 0.99}
TOP_GROUPS = 20
"""Series are told apart for the largest groups; the rest are summed as `(other)`."""
TOP_ROWS = 100
MINUTES_PER_DAY = 1440
NO_SUMS = dict.fromkeys(MEASURES, 0)
COUNTS = ("calls", "errors", "cost_nanos", "unpriced_calls", "prompt_tokens", "completion_tokens")
TOKENS = ("calls", "prompt_tokens", "completion_tokens", "cached_tokens", "cache_write_tokens", "reasoning_tokens")
BY = {"model": GroupBy.MODEL, "project": GroupBy.PROJECT, "environment": GroupBy.ENVIRONMENT}
Sums = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Question:
    """What a request asks: who, which cells, which points of time, and what to tell apart."""

    caller: Caller
    selection: Selection
    filters: Filters
    bucket: Bucket | None
    by: GroupBy | None
    now: datetime


class MetricsService:
    """Answers the metrics routes."""

    def __init__(self, store: TelemetryStore, selector: Selector, namer: Namer) -> None:
        self._store = store
        self._selector = selector
        self._namer = namer

    def question(self, caller: Caller, filters: Filters, bucket: Bucket | None = None, by: str | None = None) -> Question:
        """Check and resolve what was asked.

        Raises Forbidden, NotFound and Invalid as the filters do.
        """
        selection = self._selector.selection(caller, filters.names)
        return Question(caller, selection, filters, bucket, BY[by] if by else None, datetime.now(UTC))

    def summary(self, question: Question) -> schemas.Summary:
        """The sums and percentiles of the range, and of the one before."""
        with self._store.reading() as reading:
            span = reading.countable(question.filters.span(question.now))
            before = reading.countable(span.before)
            now = _window(reading, question.selection, span)
            return schemas.Summary(**now, previous=schemas.Window(**_window(reading, question.selection, before)))

    def token_usage(self, question: Question) -> schemas.TokenUsage:
        """Tokens over time, and by group if asked."""
        with self._store.reading() as reading:
            line = _timeline(reading, question)
            points = _points(reading, question, line, TOKENS)
            ranked = self._ranked(reading, question, line, TOKENS, _total_tokens)
        groups = [
            schemas.TokenGroup(
                name=label.name, provider=label.provider, points=_token_points(line, sums),
                total_tokens=sum(map(_total_tokens, sums)),
            )
            for label, sums in ranked
        ]  # fmt: skip
        return schemas.TokenUsage(
            **_range(line, question), points=_token_points(line, points), groups=groups if question.by else None
        )

    def latency(self, question: Question) -> schemas.Latency:
        """Percentiles, over time too, and the distribution."""
        selection, measures = question.selection, ("latency_calls", "latency_us", "ttft_calls", "ttft_us")
        with self._store.reading() as reading:
            line = _timeline(reading, question)
            sums = reading.totals(selection, line.span, measures).get(None, NO_SUMS)
            bins = reading.histograms(selection, line.span).get(None, {})
            first = reading.histograms(selection, line.span, "first_token").get(None, {})
            points = _points(reading, question, line, measures)
            over_time = reading.histogram_series(selection, line)
            groups = self._latency_groups(reading, question, line.span)
        return schemas.Latency(
            **_range(line, question),
            latency_ms=_percentiles(sums["latency_us"], sums["latency_calls"], bins),
            time_to_first_token_ms=_percentiles(sums["ttft_us"], sums["ttft_calls"], first),
            calls=sums["latency_calls"],
            distribution=[
                schemas.LatencyBin(over_ms=bin_upper(i - 1) / 1000, to_ms=bin_upper(i) / 1000, calls=n)
                for i, n in sorted(bins.items())
            ],
            points=[
                schemas.LatencyPoint(
                    start=start, calls=s["latency_calls"], **dict(_percentiles(s["latency_us"], s["latency_calls"], b))
                )
                for start, s, b in zip(_starts(line), points, over_time, strict=True)
            ],
            groups=groups if question.by else None,
        )

    def error_rate(self, question: Question) -> schemas.ErrorRate:
        """Errors over time and by kind."""
        measures = ("calls", "errors")
        with self._store.reading() as reading:
            line = _timeline(reading, question)
            sums = reading.totals(question.selection, line.span, measures).get(None, NO_SUMS)
            kinds = reading.totals(question.selection, line.span, ("errors",), GroupBy.ERROR_KIND)
            points = _points(reading, question, line, measures)
            rows = reading.totals(question.selection, line.span, measures, question.by) if question.by else {}
        by_kind = [
            schemas.ErrorKindRow(kind=ErrorKind(kind or 0).name, errors=s["errors"], share=s["errors"] / sums["errors"])
            for kind, s in sorted(kinds.items(), key=lambda item: -item[1]["errors"])
            if s["errors"]
        ]
        groups = [
            schemas.ErrorGroup(
                name=label.name, provider=label.provider, calls=s["calls"], errors=s["errors"], error_rate=_rate(s)
            )
            for label, s in self._labelled(question.by, rows, lambda s: (s["errors"], s["calls"]))
        ]
        return schemas.ErrorRate(
            **_range(line, question),
            calls=sums["calls"],
            errors=sums["errors"],
            error_rate=_rate(sums),
            by_kind=by_kind,
            points=[
                schemas.ErrorPoint(start=start, calls=s["calls"], errors=s["errors"], error_rate=_rate(s))
                for start, s in zip(_starts(line), points, strict=True)
            ],
            groups=groups if question.by else None,
        )

    def cost(self, question: Question) -> schemas.Cost:
        """Cost in all, over time, and by what caused it."""
        selection = question.selection
        with self._store.reading() as reading:
            line = _timeline(reading, question)
            sums = reading.totals(selection, line.span, (*COUNTS, "saved_nanos")).get(None, NO_SUMS)
            points = _points(reading, question, line, COUNTS)
            ranked = self._ranked(reading, question, line, COUNTS, _cost_nanos)
            by = {
                f"by_{name}": self._cost_rows(group, reading.totals(selection, line.span, COUNTS, group))
                for name, group in BY.items()
            }
            sides = self._sides(reading, question, line.span)
        groups = [
            schemas.CostGroup(
                name=label.name, provider=label.provider, points=_cost_points(line, series),
                cost=nanos_to_dollars(sum(map(_cost_nanos, series))),
            )
            for label, series in ranked
        ]  # fmt: skip
        return schemas.Cost(
            **_range(line, question),
            **by,
            **sides,
            total_cost=nanos_to_dollars(sums["cost_nanos"]),
            calls=sums["calls"],
            unpriced_calls=sums["unpriced_calls"],
            average_cost=_average_cost(sums),
            saved_cost=nanos_to_dollars(sums["saved_nanos"]),
            points=_cost_points(line, points),
            groups=groups if question.by else None,
        )

    def _latency_groups(self, reading: Reading, question: Question, span: Span) -> list[schemas.LatencyGroup]:
        if question.by is None:
            return []
        labels = self._namer.labels(question.by)
        bins: dict[Label, dict[int, int]] = {}
        for key, counts in reading.histograms(question.selection, span, "latency", question.by).items():
            into = bins.setdefault(labels.get(key or 0, OTHER), {})
            for index, count in counts.items():
                into[index] = into.get(index, 0) + count
        rows = reading.totals(question.selection, span, ("latency_calls", "latency_us"), question.by)
        return [
            schemas.LatencyGroup(
                name=label.name, provider=label.provider, calls=s["latency_calls"],
                **dict(_percentiles(s["latency_us"], s["latency_calls"], bins.get(label, {}))),
            )
            for label, s in self._labelled(question.by, rows, lambda s: (s["latency_calls"],))
        ]  # fmt: skip

    def _sides(self, reading: Reading, question: Question, span: Span) -> dict[str, Any]:
        """By API key and by end user: by whole UTC days, since that is how they are kept."""
        answer: dict[str, Any] = {"by_api_key": None, "by_end_user": None, "side_from": None, "side_to": None}
        if question.selection.is_narrow:
            return answer
        days = (span.start // MINUTES_PER_DAY, -(-span.end // MINUTES_PER_DAY))
        projects = question.selection.project_ids
        names = self._namer.api_keys()
        keys = reading.side_totals(SideKind.API_KEY, projects, days, TOP_ROWS)
        answer["by_api_key"] = [
            _side_row(row, names.get(int(row.value), f"key {row.value}"), int(row.value)) for row in keys
        ]
        if may_read_calls(question.caller):
            users = reading.side_totals(SideKind.END_USER, projects, days, TOP_ROWS)
            answer["by_end_user"] = [_side_row(row, str(row.value)) for row in users]
        answer["side_from"], answer["side_to"] = (to_datetime(day * MINUTES_PER_DAY) for day in days)
        return answer

    def _cost_rows(self, by: GroupBy, rows: Mapping[Group, Sums]) -> list[schemas.CostRowOut]:
        ranked = self._labelled(by, rows, lambda s: (s["cost_nanos"], s["calls"]))
        return [
            schemas.CostRowOut(
                id=label.id, name=label.name, provider=label.provider, calls=sums["calls"], errors=sums["errors"],
                total_tokens=_total_tokens(sums), cost=nanos_to_dollars(sums["cost_nanos"]),
                unpriced_calls=sums["unpriced_calls"], average_cost=_average_cost(sums),
            )
            for label, sums in ranked[:TOP_ROWS]
        ]  # fmt: skip

    def _labelled(
        self, by: GroupBy | None, rows: Mapping[Group, Sums], weight: Callable[[Sums], tuple[int, ...]]
    ) -> list[tuple[Label, Sums]]:
        """Sums by label, heaviest first; what has nothing is left out."""
        if by is None:
            return []
        labels = self._namer.labels(by)
        summed: dict[Label, dict[str, int]] = {}
        for key, sums in rows.items():
            if any(sums.values()):
                _add(summed.setdefault(labels.get(key or 0, OTHER), {}), sums)
        return sorted(summed.items(), key=lambda item: (tuple(-w for w in weight(item[1])), item[0][:2]))

    def _ranked(
        self,
        reading: Reading,
        question: Question,
        line: Timeline,
        measures: Sequence[str],
        weight: Callable[[Sums], int],
    ) -> list[tuple[Label, Sequence[Sums]]]:
        """Series by label, heaviest first; from `TOP_GROUPS` on they are summed as `(other)`."""
        if question.by is None:
            return []
        labels = self._namer.labels(question.by)
        by_label: dict[Label, list[dict[str, int]]] = {}
        for key, series in reading.series(question.selection, line, measures, question.by).items():
            into = by_label.setdefault(labels.get(key or 0, OTHER), [{} for _ in range(len(line))])
            for sums, more in zip(into, series, strict=True):
                _add(sums, more)
        ranked = sorted(by_label.items(), key=lambda item: (-sum(map(weight, item[1])), item[0][:2]))
        if len(ranked) <= TOP_GROUPS:
            return list(ranked)
        rest: list[dict[str, int]] = [{} for _ in range(len(line))]
        for _, series in ranked[TOP_GROUPS:]:
            for sums, more in zip(rest, series, strict=True):
                _add(sums, more)
        return [*ranked[:TOP_GROUPS], (OTHER, rest)]


def _timeline(reading: Reading, question: Question) -> Timeline:
    span = reading.countable(question.filters.span(question.now))
    bucket = question.bucket or default_bucket(span)
    if bucket is Bucket.MINUTE and reading.countable(Span(span.start + 1, span.start + 2)) != Span(
        span.start + 1, span.start + 2
    ):
        raise invalid("bucket", "minutes are kept for 48 hours; ask for hours or days, or for a later start")
    try:
        return timeline(span, bucket, question.filters.zone)
    except TooManyBuckets as error:
        raise invalid("bucket", str(error)) from None


def _points(reading: Reading, question: Question, line: Timeline, measures: Sequence[str]) -> Sequence[Sums]:
    found = reading.series(question.selection, line, measures).get(None)
    return found if found is not None else [dict.fromkeys(measures, 0)] * len(line)


def _window(reading: Reading, selection: Selection, span: Span) -> dict[str, Any]:
    sums = reading.totals(selection, span, MEASURES).get(None, NO_SUMS)
    latencies = reading.histograms(selection, span).get(None, {})
    first_tokens = reading.histograms(selection, span, "first_token").get(None, {})
    ratings = [sums[f"rating_{i}"] for i in range(1, 6)]
    return {
        **{name: sums[name] for name in schemas.Figures.model_fields if name in sums},
        "error_rate": _rate(sums),
        "total_tokens": _total_tokens(sums),
        "total_cost": nanos_to_dollars(sums["cost_nanos"]),
        "average_cost": _average_cost(sums),
        "saved_cost": nanos_to_dollars(sums["saved_nanos"]),
        "ratings": sum(ratings),
        "average_rating": sum((i + 1) * n for i, n in enumerate(ratings)) / sum(ratings) if any(ratings) else None,
        "latency_ms": _percentiles(sums["latency_us"], sums["latency_calls"], latencies),
        "time_to_first_token_ms": _percentiles(sums["ttft_us"], sums["ttft_calls"], first_tokens),
        "from": to_datetime(span.start),
        "to": to_datetime(span.end),
    }


def _range(line: Timeline, question: Question) -> dict[str, Any]:
    return {
        "from": to_datetime(line.span.start),
        "to": to_datetime(line.span.end),
        "bucket": line.bucket.value,
        "tz": question.filters.zone.key,
    }


def _starts(line: Timeline) -> list[datetime]:
    return [to_datetime(start) for start in line.starts[:-1]]


def _token_points(line: Timeline, series: Sequence[Sums]) -> list[schemas.TokenPoint]:
    return [
        schemas.TokenPoint(
            start=start, total_tokens=_total_tokens(sums), **{name: sums.get(name, 0) for name in TOKENS}
        )
        for start, sums in zip(_starts(line), series, strict=True)
    ]


def _cost_points(line: Timeline, series: Sequence[Sums]) -> list[schemas.CostPoint]:
    return [
        schemas.CostPoint(
            start=start, calls=sums.get("calls", 0), cost=nanos_to_dollars(_cost_nanos(sums)),
            unpriced_calls=sums.get("unpriced_calls", 0),
        )
        for start, sums in zip(_starts(line), series, strict=True)
    ]  # fmt: skip


def _side_row(row: SideRow, name: str, number: int | None = None) -> schemas.CostRowOut:
    return schemas.CostRowOut(
        id=number, name=name, calls=row.calls, errors=row.errors, total_tokens=row.tokens,
        cost=nanos_to_dollars(row.cost_nanos), average_cost=nanos_to_dollars(round(row.cost_nanos / row.calls)),
    )  # fmt: skip


def _percentiles(total_us: int, calls: int, bins: Mapping[int, int]) -> schemas.Percentiles:
    mean = round(total_us / calls / 1000, 6) if calls else None
    return schemas.Percentiles(mean=mean, **{name: percentile(bins, share) for name, share in SHARES.items()})


def _rate(sums: Sums) -> float:
    return sums["errors"] / sums["calls"] if sums["calls"] else 0.0


def _average_cost(sums: Sums) -> float | None:
    priced = sums["calls"] - sums["unpriced_calls"]
    return nanos_to_dollars(round(sums["cost_nanos"] / priced)) if priced > 0 else None


def _total_tokens(sums: Sums) -> int:
    return sums.get("prompt_tokens", 0) + sums.get("completion_tokens", 0)


def _cost_nanos(sums: Sums) -> int:
    return sums.get("cost_nanos", 0)


def _add(into: dict[str, int], sums: Sums) -> None:
    for name, value in sums.items():
        into[name] = into.get(name, 0) + value

"""The figures: sums, series and percentiles from the rollups. No metrics route reads a call's row."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from callscope.api.errors import Forbidden
from callscope.api.rights import Caller, may_read_calls
from callscope.db.types import nanos_to_dollars
from callscope.ingest.row import ErrorKind
from callscope.metrics import schemas
from callscope.metrics.composition import Bucket, Span, Timeline, to_datetime
from callscope.metrics.filters import Filters, Selector, timeline_of
from callscope.metrics.histogram import bin_upper
from callscope.metrics.naming import OTHER, Label, Namer
from callscope.metrics.presenting import (
    NO_SUMS,
    TOKENS,
    Sums,
    add_to,
    average_cost,
    cost_nanos,
    cost_points,
    percentiles,
    range_fields,
    rate,
    side_row,
    starts,
    token_points,
    total_tokens,
    window_fields,
)
from callscope.metrics.ranking import TOP_ROWS, folded, labelled, largest
from callscope.store.protocol import Reading, TelemetryStore
from callscope.store.queries import Group, GroupBy, Selection, SideKind

TOP_GROUPS = 20
"""Series are told apart for the largest groups; the rest are summed as `(other)`."""
MINUTES_PER_DAY = 1440
COUNTS = ("calls", "errors", "cost_nanos", "unpriced_calls", "prompt_tokens", "completion_tokens")
END_USER = "end_user"
CHOSEN_BY = {
    GroupBy.MODEL: "model_ids",
    GroupBy.PROJECT: "project_ids",
    GroupBy.ENVIRONMENT: "environment_ids",
}
"""The field of a `Selection` that chooses among groups."""
BY = {"model": GroupBy.MODEL, "project": GroupBy.PROJECT, "environment": GroupBy.ENVIRONMENT}


@dataclass(frozen=True, slots=True)
class Question:
    """What a request asks: who, which cells, which points of time, and what to tell apart."""

    caller: Caller
    selection: Selection
    filters: Filters
    bucket: Bucket | None
    by: GroupBy | None
    now: datetime
    by_end_user: bool = False


class MetricsService:
    """Answers the metrics routes."""

    def __init__(self, store: TelemetryStore, selector: Selector, namer: Namer) -> None:
        self._store = store
        self._selector = selector
        self._namer = namer

    def question(
        self, caller: Caller, filters: Filters, bucket: Bucket | None = None, by: str | None = None
    ) -> Question:
        """Check and resolve what was asked.

        Raises Forbidden, NotFound and Invalid as the filters do.
        """
        if by == END_USER and not may_read_calls(caller):
            raise Forbidden("End users are people's names: this needs the right to read calls. An admin can give it.")
        selection = self._selector.selection(caller, filters.names)
        return Question(caller, selection, filters, bucket, BY.get(by or ""), datetime.now(UTC), by == END_USER)

    def summary(self, question: Question) -> schemas.Summary:
        """The sums and percentiles of the range, and of the one before."""
        with self._store.reading() as reading:
            span = reading.countable(question.filters.span(question.now))
            before = reading.countable(span.before)
            now = window_fields(reading, question.selection, span)
            return schemas.Summary(**now, previous=schemas.Window(**window_fields(reading, question.selection, before)))

    def token_usage(self, question: Question) -> schemas.TokenUsage:
        """Tokens over time, and by group if asked."""
        with self._store.reading() as reading:
            line = _line(reading, question)
            points = _points(reading, question, line, TOKENS)
            ranked = self._ranked(reading, question, line, total_tokens, points)
        groups = [
            schemas.TokenGroup(
                name=label.name, provider=label.provider, points=token_points(line, sums),
                total_tokens=sum(map(total_tokens, sums)),
            )
            for label, sums in ranked
        ]  # fmt: skip
        return schemas.TokenUsage(
            **range_fields(line, question.filters.zone.key),
            points=token_points(line, points),
            groups=groups if question.by else None,
        )

    def latency(self, question: Question) -> schemas.Latency:
        """Percentiles, over time too, and the distribution."""
        selection, measures = question.selection, ("latency_calls", "latency_us", "ttft_calls", "ttft_us")
        with self._store.reading() as reading:
            line = _line(reading, question)
            sums = reading.totals(selection, line.span, measures).get(None, NO_SUMS)
            bins = reading.histograms(selection, line.span).get(None, {})
            first = reading.histograms(selection, line.span, "first_token").get(None, {})
            points = _points(reading, question, line, measures)
            over_time = reading.histogram_series(selection, line)
            first_over_time = reading.histogram_series(selection, line, "first_token")
            groups = self._latency_groups(reading, question, line.span)
        return schemas.Latency(
            **range_fields(line, question.filters.zone.key),
            latency_ms=percentiles(sums["latency_us"], sums["latency_calls"], bins),
            time_to_first_token_ms=percentiles(sums["ttft_us"], sums["ttft_calls"], first),
            calls=sums["latency_calls"],
            distribution=[
                schemas.LatencyBin(over_ms=bin_upper(i - 1) / 1000, to_ms=bin_upper(i) / 1000, calls=n)
                for i, n in sorted(bins.items())
            ],
            points=[
                schemas.LatencyPoint(
                    start=start,
                    calls=s["latency_calls"],
                    **dict(percentiles(s["latency_us"], s["latency_calls"], b)),
                    time_to_first_token_ms=percentiles(s["ttft_us"], s["ttft_calls"], f),
                )
                for start, s, b, f in zip(starts(line), points, over_time, first_over_time, strict=True)
            ],
            groups=groups if question.by else None,
        )

    def error_rate(self, question: Question) -> schemas.ErrorRate:
        """Errors over time and by kind."""
        measures = ("calls", "errors")
        with self._store.reading() as reading:
            line = _line(reading, question)
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
                name=label.name, provider=label.provider, calls=s["calls"], errors=s["errors"], error_rate=rate(s)
            )
            for label, s in folded(labelled(self._namer, question.by, rows, lambda s: (s["errors"], s["calls"])))
        ]
        return schemas.ErrorRate(
            **range_fields(line, question.filters.zone.key),
            calls=sums["calls"],
            errors=sums["errors"],
            error_rate=rate(sums),
            by_kind=by_kind,
            points=[
                schemas.ErrorPoint(start=start, calls=s["calls"], errors=s["errors"], error_rate=rate(s))
                for start, s in zip(starts(line), points, strict=True)
            ],
            groups=groups if question.by else None,
        )

    def cost(self, question: Question) -> schemas.Cost:
        """Cost in all, over time, and by what caused it."""
        selection = question.selection
        with self._store.reading() as reading:
            line = _line(reading, question)
            sums = reading.totals(selection, line.span, (*COUNTS, "saved_nanos")).get(None, NO_SUMS)
            points = _points(reading, question, line, COUNTS)
            ranked = self._ranked(reading, question, line, cost_nanos, points)
            by: dict[str, Any] = {
                f"by_{name}": self._cost_rows(group, reading.totals(selection, line.span, COUNTS, group))
                for name, group in BY.items()
            }
            sides = self._sides(reading, question, line.span)
        groups = [
            schemas.CostGroup(
                name=label.name, provider=label.provider, points=cost_points(line, series),
                cost=nanos_to_dollars(sum(map(cost_nanos, series))),
            )
            for label, series in ranked
        ]  # fmt: skip
        return schemas.Cost(
            **range_fields(line, question.filters.zone.key),
            **by,
            **sides,
            total_cost=nanos_to_dollars(sums["cost_nanos"]),
            calls=sums["calls"],
            unpriced_calls=sums["unpriced_calls"],
            average_cost=average_cost(sums),
            saved_cost=nanos_to_dollars(sums["saved_nanos"]),
            points=cost_points(line, points),
            groups=groups if question.by else None,
        )

    def _latency_groups(self, reading: Reading, question: Question, span: Span) -> list[schemas.LatencyGroup]:
        if question.by is None:
            return []
        rows = reading.totals(question.selection, span, ("latency_calls", "latency_us"), question.by)
        ranked = folded(labelled(self._namer, question.by, rows, lambda s: (s["latency_calls"],)))
        labels = self._namer.labels(question.by, rows)
        told_apart = {label for label, _ in ranked}
        bins: dict[Label, dict[int, int]] = {}
        for key, counts in reading.histograms(question.selection, span, "latency", question.by).items():
            label = labels.get(key or 0, OTHER)
            into = bins.setdefault(label if label in told_apart else OTHER, {})
            for index, count in counts.items():
                into[index] = into.get(index, 0) + count
        return [
            schemas.LatencyGroup(
                name=label.name, provider=label.provider, calls=s["latency_calls"],
                **dict(percentiles(s["latency_us"], s["latency_calls"], bins.get(label, {}))),
            )
            for label, s in ranked
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
            side_row(row, names.get(int(row.value), f"key {row.value}"), int(row.value)) for row in keys
        ]
        if question.by_end_user:
            users = reading.side_totals(SideKind.END_USER, projects, days, TOP_ROWS)
            answer["by_end_user"] = [side_row(row, str(row.value)) for row in users]
        answer["side_from"], answer["side_to"] = (to_datetime(day * MINUTES_PER_DAY) for day in days)
        return answer

    def _cost_rows(self, by: GroupBy, rows: Mapping[Group, Sums]) -> list[schemas.CostRowOut]:
        ranked = labelled(self._namer, by, rows, lambda s: (s["cost_nanos"], s["calls"]))
        return [
            schemas.CostRowOut(
                id=label.id, name=label.name, provider=label.provider, calls=sums["calls"], errors=sums["errors"],
                total_tokens=total_tokens(sums), cost=nanos_to_dollars(sums["cost_nanos"]),
                unpriced_calls=sums["unpriced_calls"], average_cost=average_cost(sums),
            )
            for label, sums in folded(ranked)
        ]  # fmt: skip

    def _ranked(
        self,
        reading: Reading,
        question: Question,
        line: Timeline,
        weight: Callable[[Sums], int],
        points: Sequence[Sums],
    ) -> list[tuple[Label, Sequence[Sums]]]:
        """Series by label, heaviest first; what is beyond `TOP_GROUPS` is summed as `(other)`.

        `points` is the series of all: what the largest groups leave of it is the others', however many they are.
        """
        if question.by is None:
            return []
        measures = tuple(points[0])
        rows = reading.totals(question.selection, line.span, measures, question.by)
        labels = self._namer.labels(question.by, rows)
        ranked = labelled(self._namer, question.by, rows, lambda sums: (weight(sums),))
        heaviest = largest(ranked, TOP_GROUPS)
        top = {label for label, _ in heaviest}
        ids = frozenset(key for key in rows if key is not None and labels.get(key, OTHER) in top)
        chosen = replace(question.selection, **{CHOSEN_BY[question.by]: ids})
        by_label: dict[Label, list[dict[str, int]]] = {label: [{} for _ in points] for label, _ in heaviest}
        for key, series in reading.series(chosen, line, measures, question.by).items():
            for sums, more in zip(by_label[labels.get(key or 0, OTHER)], series, strict=True):
                add_to(sums, more)
        if len(ranked) == len(heaviest):
            return list(by_label.items())
        rest = [dict(sums) for sums in points]
        for series in by_label.values():
            for sums, taken in zip(rest, series, strict=True):
                add_to(sums, {name: -value for name, value in taken.items()})
        return [*by_label.items(), (OTHER, rest)]


def _line(reading: Reading, question: Question) -> Timeline:
    return timeline_of(reading, question.filters, question.bucket, question.now)


def _points(reading: Reading, question: Question, line: Timeline, measures: Sequence[str]) -> Sequence[Sums]:
    found = reading.series(question.selection, line, measures).get(None)
    return found if found is not None else [dict.fromkeys(measures, 0)] * len(line)

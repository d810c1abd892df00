"""What a call adds to the totals, as a pure function of its row, and the sums of many such contributions.

Whatever happens to a call, the totals change by its new contribution minus its old one. `Delta` collects such changes
and lays them out over the rollups: four grains of time, and three levels of detail in each.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from operator import sub

from callscope.ingest.row import CallRow, PricedRow
from callscope.metrics.histogram import bin_of
from callscope.metrics.models import ALL, GRAIN_MINUTES, MEASURES, Grain, Level

MICROS_PER_MINUTE = 60_000_000
_ZERO = (0,) * len(MEASURES)
_RATINGS = len(MEASURES) - 5
_UNPRICED = MEASURES.index("unpriced_calls")

CellKey = tuple[int, int, int, int, int, int, int, int]
"""bucket (minutes since the epoch), project, environment, model, status, error kind, size class, service tier."""
HistogramKey = tuple[int, int, int, int, int]
"""bucket, project, environment, model, status."""
Bins = dict[int, int]


def measures(row: PricedRow) -> tuple[int, ...]:
    """A call's contribution, in the order of `MEASURES`."""
    call, cost = row
    ratings = call[-5:]
    if not call.is_call:
        return _ZERO
    if call.refused is not None:
        return (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, *ratings)
    violation = 1 if call.violation else 0
    if call.cache_hit:
        saved = call.saved_cost or 0
        return (1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, saved, violation, 0, 0, *ratings)
    ttft = call.time_to_first_token_ms
    audio_in, audio_out, image_in, image_out = _media(call)
    return (
        1,
        1 if call.status else 0,
        0 if cost is None else cost.estimated_cost,
        1 if cost is None else 0,
        call.prompt_tokens,
        call.completion_tokens,
        call.cached_tokens,
        call.cache_write_tokens,
        call.cache_write_1h_tokens,
        call.reasoning_tokens,
        audio_in,
        audio_out,
        image_in,
        call.server_tool_calls,
        1,
        round(call.latency_ms * 1000),
        0 if ttft is None else 1,
        0 if ttft is None else round(ttft * 1000),
        0,
        0,
        0,
        violation,
        1 if call.usage_estimated else 0,
        image_out,
        *ratings,
    )


def _media(call: CallRow) -> tuple[int, int, int, int]:
    """Audio in and out and images in and out as `Rates.cost` bills them: each token as one thing only."""
    if not (call.image_tokens or call.audio_input_tokens or call.audio_output_tokens):
        return 0, 0, 0, 0
    rest_in = max(0, call.prompt_tokens - call.cached_tokens - call.cache_write_tokens)
    rest_out = max(0, call.completion_tokens - call.reasoning_tokens)
    audio_in, audio_out = min(call.audio_input_tokens, rest_in), min(call.audio_output_tokens, rest_out)
    return audio_in, audio_out, min(call.image_tokens, rest_in - audio_in), min(call.image_tokens, rest_out - audio_out)


@dataclass(slots=True)
class SideSums:
    """What an end user or an API key adds up to on one day."""

    calls: int = 0
    errors: int = 0
    tokens: int = 0
    cost_nanos: int = 0
    unpriced_calls: int = 0

    def add(self, values: tuple[int, ...], sign: int) -> None:
        """Add one call's measures."""
        self.calls += sign * values[0]
        self.errors += sign * values[1]
        self.cost_nanos += sign * values[2]
        self.unpriced_calls += sign * values[3]
        self.tokens += sign * (values[4] + values[5])

    @property
    def values(self) -> tuple[int, ...]:
        """The sums in the order of `SIDE_MEASURES`."""
        return (self.calls, self.errors, self.tokens, self.cost_nanos, self.unpriced_calls)

    def __bool__(self) -> bool:
        return any(self.values)


@dataclass(slots=True)
class Delta:
    """The change of all totals that a batch of changes to calls amounts to."""

    _cells: dict[CellKey, list[tuple[int, ...]]] = field(default_factory=lambda: defaultdict(list))
    _unpriced: dict[CellKey, list[tuple[int, ...]]] = field(default_factory=lambda: defaultdict(list))
    _latencies: dict[HistogramKey, Bins] = field(default_factory=dict)
    _first_tokens: dict[HistogramKey, Bins] = field(default_factory=dict)
    end_users: dict[tuple[int, int, str], SideSums] = field(default_factory=lambda: defaultdict(SideSums))
    api_keys: dict[tuple[int, int, int], SideSums] = field(default_factory=lambda: defaultdict(SideSums))

    def replace(self, old: PricedRow | None, new: PricedRow | None) -> None:
        """A row changes from `old` to `new`; None is a row that is not there."""
        if old is not None and new is not None and old.call is new.call:
            self._add_difference(old, new)
            return
        if old is not None:
            self._add(old, -1)
        if new is not None:
            self._add(new, 1)

    def _add_difference(self, old: PricedRow, new: PricedRow) -> None:
        """The same, where only the cost is another: latencies stay, and their histograms need not be read."""
        before, after = measures(old), measures(new)
        difference = tuple(map(sub, after, before))
        if not any(difference):
            return
        key = _cell(new.call)
        self._cells[key].append(difference)
        for values in (_negative(before), after):
            if values[_UNPRICED]:
                self._unpriced[key].append(values)
        self._add_sides(new.call, difference, 1)

    def _add(self, row: PricedRow, sign: int) -> None:
        values = measures(row)
        if values == _ZERO:
            return
        call = row.call
        key = _cell(call)
        signed = values if sign > 0 else _negative(values)
        self._cells[key].append(signed)
        if values[_UNPRICED]:
            self._unpriced[key].append(signed)
        if values[14]:
            _count(self._latencies, key[:5], bin_of(values[15]), sign)
        if values[16]:
            _count(self._first_tokens, key[:5], bin_of(values[17]), sign)
        if values[0]:
            self._add_sides(call, values, sign)

    def _add_sides(self, call: CallRow, values: tuple[int, ...], sign: int) -> None:
        if call.end_user is not None:
            self.end_users[call.day, call.project_id, call.end_user].add(values, sign)
        if call.api_key_id is not None:
            self.api_keys[call.day, call.project_id, call.api_key_id].add(values, sign)

    def compact(self) -> None:
        """Sum up what was added so far: then memory grows with the cells, however many rows there are."""
        for rows in chain(self._cells.values(), self._unpriced.values()):
            if len(rows) > 1:
                rows[:] = [_sum(rows)]

    def cells(self, minute_floor: int) -> Iterator[tuple[int, ...]]:
        """Rows to be added to `rollups`: its key columns, then the measures. Minutes below the floor are left out."""
        details, unpriced = (
            {key: _sum(rows) for key, rows in cells.items()} for cells in (self._cells, self._unpriced)
        )
        for grain in Grain:
            if grain is not Grain.MINUTE:
                details, unpriced = (_coarser(cells, GRAIN_MINUTES[grain]) for cells in (details, unpriced))
            floor = minute_floor if grain is Grain.MINUTE else 0
            kept, kept_unpriced = _from(details, floor), _from(unpriced, floor)
            models = _fold(((b, p, e, m, s, 0, 0, 0), v) for (b, p, e, m, s, *_), v in kept.items())
            totals = _fold(((b, p, 0, 0, ALL, 0, 0, 0), v) for (b, p, *_), v in models.items())
            everyone = _fold(((key[0], 0, *key[2:]), v) for key, v in chain(models.items(), totals.items()))
            for level, cells in (
                (Level.DETAIL, kept), (Level.UNPRICED, kept_unpriced), (Level.MODEL, models), (Level.TOTAL, totals),
                (None, everyone),
            ):  # fmt: skip
                for (bucket, project, environment, model, status, *rest), values in cells.items():
                    if not any(values):
                        continue
                    of_level = level if level is not None else (Level.TOTAL if status == ALL else Level.MODEL)
                    yield (of_level, grain, project, bucket, environment, model, status, *rest, *values)

    def histograms(self, minute_floor: int) -> dict[tuple[int, ...], tuple[Bins, Bins]]:
        """Changes to `rollup_histograms`: key columns → (latency bins, time-to-first-token bins)."""
        changes: dict[tuple[int, ...], tuple[Bins, Bins]] = {}
        for side, source in enumerate((self._latencies, self._first_tokens)):
            fine = source
            for grain in Grain:
                if grain is not Grain.MINUTE:
                    fine = _coarser_bins(fine, GRAIN_MINUTES[grain])
                floor = minute_floor if grain is Grain.MINUTE else 0
                for (bucket, project, environment, model, status), bins in fine.items():
                    if bucket < floor:
                        continue
                    for key in (
                        (Level.MODEL, grain, project, bucket, environment, model, status),
                        (Level.MODEL, grain, 0, bucket, environment, model, status),
                        (Level.TOTAL, grain, project, bucket, 0, 0, ALL),
                        (Level.TOTAL, grain, 0, bucket, 0, 0, ALL),
                    ):
                        _merge(changes.setdefault(key, ({}, {}))[side], bins)
        return changes


def _cell(call: CallRow) -> CellKey:
    return (
        call.created_at // MICROS_PER_MINUTE, call.project_id, call.environment_id, call.model_id,
        call.status, call.error_kind, call.size_class, call.service_tier,
    )  # fmt: skip


def _count(histograms: dict[HistogramKey, Bins], key: HistogramKey, index: int, sign: int) -> None:
    bins = histograms.setdefault(key, {})
    bins[index] = bins.get(index, 0) + sign


def _merge(into: Bins, bins: Bins) -> None:
    for index, count in bins.items():
        into[index] = into.get(index, 0) + count


def _sum(rows: list[tuple[int, ...]]) -> tuple[int, ...]:
    return rows[0] if len(rows) == 1 else tuple(map(sum, zip(*rows, strict=True)))


def _fold(items: Iterable[tuple[CellKey, tuple[int, ...]]]) -> dict[CellKey, tuple[int, ...]]:
    groups: dict[CellKey, list[tuple[int, ...]]] = defaultdict(list)
    for key, values in items:
        groups[key].append(values)
    return {key: _sum(rows) for key, rows in groups.items()}


def _negative(values: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(-value for value in values)


def _from(cells: dict[CellKey, tuple[int, ...]], floor: int) -> dict[CellKey, tuple[int, ...]]:
    return {key: values for key, values in cells.items() if key[0] >= floor} if floor else cells


def _coarser(cells: dict[CellKey, tuple[int, ...]], width: int) -> dict[CellKey, tuple[int, ...]]:
    return _fold(((key[0] - key[0] % width, *key[1:]), values) for key, values in cells.items())


def _coarser_bins(histograms: dict[HistogramKey, Bins], width: int) -> dict[HistogramKey, Bins]:
    coarse: dict[HistogramKey, Bins] = {}
    for key, bins in histograms.items():
        _merge(coarse.setdefault((key[0] - key[0] % width, *key[1:]), {}), bins)
    return coarse

"""What the calls of a range would have cost on other models, from the rollups alone.

The tokens that were used are priced as if the same calls had been logged with the other model at the time. Sums are told
apart by size class and service tier, and the range is cut where a price changes, so that what comes out differs from
pricing call by call only by the rounding of each call.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import add, sub
from typing import Any, NamedTuple

from callscope.db.types import nanos_to_dollars
from callscope.ingest.row import ServiceTier
from callscope.metrics import analysis_schemas as schemas
from callscope.metrics.composition import Span, to_datetime
from callscope.metrics.models import Level
from callscope.metrics.naming import Namer
from callscope.metrics.ranking import folded, labelled
from callscope.metrics.service import Question
from callscope.metrics.targets import Targets
from callscope.pricing import billing
from callscope.pricing.billing import Billed, Usage, billed, picos, prices, step_of, unseen_steps
from callscope.pricing.book import PriceBook
from callscope.pricing.catalogue import CatalogueModel
from callscope.pricing.periods import Period, periods
from callscope.pricing.rates import Rates
from callscope.store.protocol import Reading, TelemetryStore
from callscope.store.queries import GroupBy, Selection

SECONDS_PER_MINUTE = 60
MEASURES = (*billing.MEASURES, "cost_nanos")
COLUMNS = ("project_id", "model_id", "size_class", "service_tier")
_UNKNOWN = {
    "calls": 0, "actual_cost": 0.0, "cost": None, "difference": None, "saving": None, "saving_percent": None,
    "unpriced_calls": 0, "unpriced_cost": None,
}  # fmt: skip
"""The fields of a `Compared` with a model that has no price."""
Place = tuple[int, int]
"""A project and the model that its calls went to."""


class Cell(NamedTuple):
    """Sums of calls that a price tells apart by nothing but their tokens: of priced calls, and of unpriced ones."""

    place: Place
    size_class: int
    service_tier: int
    priced: Usage
    unpriced: Usage
    cost_nanos: int


@dataclass(slots=True)
class Regime:
    """The parts of a range in which no target changes its price; `rates` are the targets' prices."""

    rates: tuple[Rates | None, ...]
    spans: list[Span] = field(default_factory=list)
    cells: list[Cell] = field(default_factory=list)


@dataclass(slots=True)
class Comparison:
    """What calls of one place cost, and what they would cost. `picos` as exact as they come: they are rounded once."""

    calls: int = 0
    actual_nanos: int = 0
    picos: int = 0
    unpriced_calls: int = 0
    unpriced_picos: int = 0

    def rounded(self) -> dict[str, int]:
        """The sums in whole nano-dollars."""
        return {
            "calls": self.calls,
            "actual": self.actual_nanos,
            "cost": billing.nanos(self.picos),
            "unpriced_calls": self.unpriced_calls,
            "unpriced_cost": billing.nanos(self.unpriced_picos),
        }


class WhatIfService:
    """Answers what-if."""

    def __init__(self, store: TelemetryStore, targets: Targets, book: PriceBook, namer: Namer) -> None:
        self._store = store
        self._targets = targets
        self._book = book
        self._namer = namer

    def what_if(self, question: Question, names: Sequence[str]) -> schemas.WhatIf:
        """Compare with the models of these names; raises as `Targets.named` does."""
        targets = self._targets.named(question.caller, names)
        with self._store.reading() as reading:
            span = reading.countable(question.filters.span(question.now))
            held = [
                periods(self._book, model, span.start * SECONDS_PER_MINUTE, span.end * SECONDS_PER_MINUTE)
                for model in targets
            ]
            regimes = regimes_of(reading, span, held)
            for regime in regimes:
                regime.cells = cells(reading, question.selection, regime.spans)
        return schemas.WhatIf(
            **{"from": to_datetime(span.start), "to": to_datetime(span.end)},
            actual=_actual(regimes),
            models=[self._model(index, model, held[index], regimes) for index, model in enumerate(targets)],
        )

    def _model(
        self, index: int, model: CatalogueModel, held: Sequence[Period], regimes: Sequence[Regime]
    ) -> schemas.OtherModel:
        is_priced = any(regime.rates[index] is not None for regime in regimes)
        places = {place: found.rounded() for place, found in compared(index, regimes).items()}
        return schemas.OtherModel(
            model_id=model.id,
            name=model.name,
            provider=model.provider,
            notes=list(notes(index, held, regimes)),
            **(_compared_fields(_summed(places.values())) if is_priced else _UNKNOWN),
            by_source_model=self._groups(GroupBy.MODEL, places),
            by_project=self._groups(GroupBy.PROJECT, places),
        )

    def _groups(self, by: GroupBy, places: Mapping[Place, Mapping[str, int]]) -> list[schemas.ComparedGroup]:
        rows: dict[int | None, dict[str, int]] = {}
        for (project, model), sums in places.items():
            key = project if by is GroupBy.PROJECT else model
            rows[key] = _summed([rows.get(key, {}), sums])
        ranked = labelled(self._namer, by, rows, lambda s: (s["actual"], s["calls"], s["unpriced_calls"]))
        return [
            schemas.ComparedGroup(id=label.id, name=label.name, provider=label.provider, **_compared_fields(sums))
            for label, sums in folded(ranked)
        ]


def regimes_of(reading: Reading, span: Span, held: Sequence[Sequence[Period]]) -> list[Regime]:
    """Cut a span where a price changes, and put together the parts in which the same prices hold.

    Cells are not cut: a change within a cell counts from the cell's end on.
    """
    changes = {_cell_end(reading, span, period.start) for of_model in held for period in of_model[1:]}
    starts = sorted({span.start, *(minute for minute in changes if span.start < minute < span.end)})
    found: dict[tuple[Rates | None, ...], Regime] = {}
    for start, end in zip(starts, [*starts[1:], span.end], strict=True):
        rates = tuple(_rates_at(of_model, start * SECONDS_PER_MINUTE) for of_model in held)
        found.setdefault(rates, Regime(rates)).spans.append(Span(start, end))
    return list(found.values())


def cells(reading: Reading, selection: Selection, spans: Sequence[Span]) -> list[Cell]:
    """The sums of these spans as they are priced."""
    found = reading.breakdown(selection, spans, MEASURES, COLUMNS, Level.DETAIL)
    unpriced = reading.breakdown(selection, spans, MEASURES, COLUMNS, Level.UNPRICED)
    nothing = (0,) * len(MEASURES)
    width = len(billing.MEASURES)
    result = []
    for (project, model, size_class, tier), sums in found.items():
        without = unpriced.get((project, model, size_class, tier), nothing)
        priced = tuple(map(sub, sums, without))
        usage = Usage._make(priced[:width])
        result.append(Cell((project, model), size_class, tier, usage, Usage._make(without[:width]), sums[-1]))
    return result


def compared(index: int, regimes: Iterable[Regime]) -> dict[Place, Comparison]:
    """What the calls of each place would have cost on the target of this index, where its price is known."""
    found: dict[Place, Comparison] = defaultdict(Comparison)
    for regime in regimes:
        rates = regime.rates[index]
        if rates is None:
            continue
        at: dict[tuple[int, int], Billed] = {}
        images_are_output = rates.images_are_output
        for cell in regime.cells:
            size = cell.size_class, cell.service_tier
            price = at.get(size) or at.setdefault(size, prices(step_of(rates, *size)))
            into = found[cell.place]
            into.calls += cell.priced.calls - cell.priced.cache_hits
            into.actual_nanos += cell.cost_nanos
            into.picos += picos(billed(cell.priced, images_are_output=images_are_output), price)
            if cell.unpriced.calls:
                into.unpriced_calls += cell.unpriced.calls
                into.unpriced_picos += picos(billed(cell.unpriced, images_are_output=images_are_output), price)
    return found


def notes(index: int, held: Sequence[Period], regimes: Sequence[Regime]) -> Iterable[str]:
    """What to know of the comparison with the target of this index, in sentences."""
    known = [regime for regime in regimes if regime.rates[index] is not None]
    left_out = sum(_real_calls(regime.cells) for regime in regimes if regime.rates[index] is None)
    if not known:
        yield "No price is known for this model: an administrator can set one under Models."
        return
    if left_out:
        yield f"No price is known for a part of the range: its {left_out:,} calls are not compared."
    if len({period.rates for period in held if period.rates is not None}) > 1:
        yield "Its price changes within the range: each call is priced by what held at its time."
    yield from _cache_notes(index, known)
    yield from _tier_notes(index, known)
    for above in sorted({above for regime in known if (rates := regime.rates[index]) for above in unseen_steps(rates)}):
        yield (
            f"Its price changes at {above:,} prompt tokens, which the totals do not tell apart: calls of about that "
            "size are priced as shorter ones."
        )


def _cache_notes(index: int, regimes: Iterable[Regime]) -> Iterable[str]:
    read = written = 0
    for regime in regimes:
        rates = regime.rates[index]
        if rates is None:
            continue
        if rates.listed.cached_input is None:
            read += sum(cell.priced.cached + cell.unpriced.cached for cell in regime.cells)
        if rates.listed.cache_write is None:
            written += sum(cell.priced.cache_write + cell.unpriced.cache_write for cell in regime.cells)
    if read:
        yield f"It has no price for tokens read from a cache: {read:,} of them are priced as plain input."
    if written:
        yield f"It has no price for tokens written to a cache: {written:,} of them are priced as plain input."


def _tier_notes(index: int, regimes: Iterable[Regime]) -> Iterable[str]:
    at_standard: dict[int, int] = defaultdict(int)
    for regime in regimes:
        rates = regime.rates[index]
        if rates is not None:
            for cell in regime.cells:
                if cell.service_tier and rates.steps[cell.service_tier] == rates.steps[0]:
                    at_standard[cell.service_tier] += _real_calls([cell])
    for tier, calls in sorted(at_standard.items()):
        if calls:
            yield f"It has no price for the tier {ServiceTier(tier).name}: {calls:,} calls are priced as standard."


def _real_calls(some: Iterable[Cell]) -> int:
    return sum(cell.priced.calls - cell.priced.cache_hits + cell.unpriced.calls for cell in some)


def _cell_end(reading: Reading, span: Span, second: int) -> int:
    """The minute from which on a change at this second can be counted."""
    minute = -(-second // SECONDS_PER_MINUTE)
    return reading.countable(Span(span.start, minute)).end


def _rates_at(held: Sequence[Period], second: int) -> Rates | None:
    return next((period.rates for period in reversed(held) if period.start <= second), None)


def _actual(regimes: Iterable[Regime]) -> schemas.ActualCost:
    priced = unpriced = (0,) * len(billing.MEASURES)
    cost = 0
    for cell in (cell for regime in regimes for cell in regime.cells):
        priced = tuple(map(add, priced, cell.priced))
        unpriced = tuple(map(add, unpriced, cell.unpriced))
        cost += cell.cost_nanos
    paid, every = Usage._make(priced), Usage._make(map(add, priced, unpriced))
    return schemas.ActualCost(
        cost=nanos_to_dollars(cost),
        calls=every.calls,
        priced_calls=paid.calls - paid.cache_hits,
        unpriced_calls=every.calls - paid.calls,
        cache_hits=every.cache_hits,
        prompt_tokens=every.prompt,
        completion_tokens=every.completion,
        total_tokens=every.prompt + every.completion,
        cached_tokens=every.cached,
        cache_write_tokens=every.cache_write,
    )


def _summed(some: Iterable[Mapping[str, int]]) -> dict[str, int]:
    total = Comparison().rounded()
    for sums in some:
        for name, value in sums.items():
            total[name] += value
    return total


def _compared_fields(sums: Mapping[str, int]) -> dict[str, Any]:
    """The fields of a `Compared`."""
    saving = sums["actual"] - sums["cost"]
    return {
        "calls": sums["calls"],
        "actual_cost": nanos_to_dollars(sums["actual"]),
        "cost": nanos_to_dollars(sums["cost"]),
        "difference": nanos_to_dollars(-saving),
        "saving": nanos_to_dollars(saving),
        "saving_percent": round(100 * saving / sums["actual"], 6) if sums["actual"] else None,
        "unpriced_calls": sums["unpriced_calls"],
        "unpriced_cost": nanos_to_dollars(sums["unpriced_cost"]),
    }

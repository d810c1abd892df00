"""Why the cost of a window differs from that of the window before: the difference split by six causes.

Cost is thought of as, for each model of a project,

    calls of the project × share of the model × (prompt tokens a call × price by cached share
                                                 + completion tokens a call × price + price of what is no token)

and each of the six factors takes its value of either window. See `callscope.metrics.shapley` for how the difference is
split, and docs/cost.md for what each factor is.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from operator import add, mul, sub
from typing import Any, NamedTuple, get_args

from callscope.db.types import nanos_to_dollars
from callscope.metrics import analysis_schemas as schemas
from callscope.metrics.composition import Span, to_datetime
from callscope.metrics.models import Level
from callscope.metrics.naming import Namer
from callscope.metrics.ranking import folded, labelled
from callscope.metrics.service import Question
from callscope.metrics.shapley import shapley
from callscope.pricing import billing
from callscope.pricing.billing import Billed, Usage, billed, prices
from callscope.pricing.book import PriceBook
from callscope.pricing.catalogue import Catalogue
from callscope.pricing.rates import Rates
from callscope.store.protocol import Reading, TelemetryStore
from callscope.store.queries import GroupBy, Selection

FACTORS: tuple[schemas.Factor, ...] = get_args(schemas.Factor)
DRIVERS = 5
"""Models and projects that a part names; the rest are summed as `(other)`."""
MINUTES_PER_DAY = 1440
MEASURES = (*billing.MEASURES, "cost_nanos")
COLUMNS = ("project_id", "model_id")
OF_TOKENS = Billed._fields.index("request")
"""So many of the things that are billed are tokens; the rest are billed by the call."""
_ALIKE = Billed(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0)
"""Prices as one can guess them from a cost alone: each token costs the same."""
_NOTHING = Usage._make([0] * len(billing.MEASURES))

Place = tuple[int, int]
"""A project and a model."""


class Spent(NamedTuple):
    """What the priced calls of a place used in a window, and what they cost."""

    usage: Usage
    cost_nanos: int

    @property
    def calls(self) -> int:
        """Calls that reached the model."""
        return self.usage.calls - self.usage.cache_hits


NOTHING = Spent(_NOTHING, 0)


@dataclass(frozen=True, slots=True)
class Window:
    """All that was spent in a window, by place. `every` sums all calls, `unpriced` those without a cost."""

    span: Span
    places: Mapping[Place, Spent]
    every: Usage
    unpriced: Usage


class Profile(NamedTuple):
    """What a call of a place is like on average. None where its window says nothing of it."""

    prompt: float
    completion: float
    cached: tuple[float, float, float] | None
    """Shares of the prompt that are read from a cache, written to it, and written to it for an hour."""
    kinds: tuple[float, float] | None
    """Shares of audio and of images in the rest of the prompt."""
    written: tuple[float, float, float] | None
    """Shares of reasoning, audio and images in the completion."""
    price: tuple[float, ...] | None
    """Nano-dollars per token, in the order of `Billed`."""
    besides: float
    """What a call costs besides its tokens, in nano-dollars."""


class WhyService:
    """Answers why a cost changed."""

    def __init__(self, store: TelemetryStore, catalogue: Catalogue, book: PriceBook, namer: Namer) -> None:
        self._store = store
        self._catalogue = catalogue
        self._book = book
        self._namer = namer

    def why(self, question: Question) -> schemas.WhyCost:
        """Split the difference between the range and the one of the same length before it."""
        with self._store.reading() as reading:
            span = reading.countable(question.filters.span(question.now))
            now = window(reading, question.selection, span)
            before = window(reading, question.selection, reading.countable(span.before))
        parts = split(before.places, now.places, self._rates(before, now))
        cost, previous = (sum(spent.cost_nanos for spent in w.places.values()) for w in (now, before))
        return schemas.WhyCost(
            **_window_fields(now),
            previous=schemas.WhyWindow(**_window_fields(before)),
            previous_cost=nanos_to_dollars(previous),
            difference=nanos_to_dollars(cost - previous),
            parts=[
                schemas.Part(
                    factor=factor,
                    amount=nanos_to_dollars(sum(amounts.values())),
                    models=self._drivers(GroupBy.MODEL, amounts),
                    projects=self._drivers(GroupBy.PROJECT, amounts),
                )
                for factor, amounts in parts.items()
            ],
        )

    def _rates(self, *windows: Window) -> dict[int, tuple[Rates | None, ...]]:
        """The price of each model in the middle of each window, as far as the book knows it."""
        models = {model for w in windows for _, model in w.places}
        found = {}
        for number in models:
            model = self._catalogue.get(number)
            middles = ((w.span.start + w.span.end) // 2 for w in windows)
            found[number] = tuple(
                None
                if model is None
                else self._book.rates(model, model.name, middle // MINUTES_PER_DAY, middle % MINUTES_PER_DAY * 60)
                for middle in middles
            )
        return found

    def _drivers(self, by: GroupBy, amounts: Mapping[Place, int]) -> list[schemas.Driver]:
        rows: dict[int | None, dict[str, int]] = defaultdict(lambda: {"amount": 0})
        for (project, model), amount in amounts.items():
            rows[project if by is GroupBy.PROJECT else model]["amount"] += amount
        ranked = labelled(self._namer, by, rows, lambda sums: (abs(sums["amount"]),))
        return [
            schemas.Driver(
                id=label.id, name=label.name, provider=label.provider, amount=nanos_to_dollars(sums["amount"])
            )
            for label, sums in folded(ranked, DRIVERS)
        ]


def window(reading: Reading, selection: Selection, span: Span) -> Window:
    """What was spent in a countable span."""
    found = reading.breakdown(selection, [span], MEASURES, COLUMNS)
    without = reading.breakdown(selection, [span], MEASURES, COLUMNS, Level.UNPRICED)
    places: dict[Place, Spent] = {}
    every = unpriced = (0,) * len(billing.MEASURES)
    for (project, model), sums in found.items():
        lacking = without.get((project, model), (0,) * len(MEASURES))
        *usage, cost = map(sub, sums, lacking)
        every, unpriced = tuple(map(add, every, sums[:-1])), tuple(map(add, unpriced, lacking[:-1]))
        spent = Spent(Usage._make(usage), cost)
        if spent.calls:
            places[project, model] = spent
    return Window(span, places, Usage._make(every), Usage._make(unpriced))


def split(
    before: Mapping[Place, Spent], now: Mapping[Place, Spent], rates: Mapping[int, tuple[Rates | None, ...]]
) -> dict[schemas.Factor, dict[Place, int]]:
    """What each factor makes of the difference of each place, in nano-dollars; all of it adds up exactly."""
    of_projects = [_calls_by_project(places) for places in (before, now)]
    result: dict[schemas.Factor, dict[Place, int]] = {factor: {} for factor in FACTORS}
    for place in sorted(before.keys() | now.keys()):
        spent = before.get(place, NOTHING), now.get(place, NOTHING)
        totals = of_projects[0][place[0]], of_projects[1][place[0]]
        amounts = shapley(_worth(spent, totals, rates.get(place[1], (None, None))))
        for factor, amount in zip(FACTORS, amounts, strict=True):
            result[factor][place] = amount
    return result


def _worth(spent: tuple[Spent, Spent], totals: tuple[int, int], rates: tuple[Rates | None, ...]) -> list[int]:
    """The cost of a place for each set of factors that have changed, by the bits of `FACTORS`; in nano-dollars."""
    profiles = _profiles(spent, rates)
    shares = [_share(spent, totals, i) for i in (0, 1)]
    counts = [[calls / of * total for total in totals] for calls, of in shares]
    read = [[[_prompt_cost(p, c, u) for p in profiles] for c in profiles] for u in profiles]
    written = [[_completion_cost(q, u) + u.besides for q in profiles] for u in profiles]
    worth = [
        count * a_call
        for of_prompts, of_completions in zip(read, written, strict=True)
        for of_cached in of_prompts
        for completion in of_completions
        for a_call in (of_cached[0] + completion, of_cached[1] + completion)
        for count in (counts[0][0], counts[0][1], counts[1][0], counts[1][1])
    ]
    # A factor that makes no difference to these floats makes none to what is known exactly either.
    exact = {worth[0]: spent[0].cost_nanos, worth[-1]: spent[1].cost_nanos}
    return [
        spent[0].cost_nanos, *(exact.get(value) or round(value) for value in worth[1:-1]), spent[1].cost_nanos,
    ]  # fmt: skip


def _prompt_cost(prompt: Profile, cached: Profile, unit: Profile) -> float:
    """What the prompt of a call costs: how long it is, how much of it is cached, and at which prices."""
    if unit.price is None:
        return 0.0
    text, hit, stored, hour, spoken, drawn, *_ = unit.price
    audio, image = prompt.kinds or (0.0, 0.0)
    read, written, kept = cached.cached or (0.0, 0.0, 0.0)
    fresh = (1 - audio - image) * text + audio * spoken + image * drawn
    return prompt.prompt * (read * hit + written * stored + kept * hour + (1 - read - written - kept) * fresh)


def _completion_cost(completion: Profile, unit: Profile) -> float:
    """What the completion of a call costs."""
    if unit.price is None:
        return 0.0
    *_, text, thought, spoken, drawn = unit.price
    reasoning, audio, image = completion.written or (0.0, 0.0, 0.0)
    plain = (1 - reasoning - audio - image) * text
    return completion.completion * (plain + reasoning * thought + audio * spoken + image * drawn)


def _profiles(spent: tuple[Spent, Spent], rates: tuple[Rates | None, ...]) -> tuple[Profile, Profile]:
    """What the calls of both windows are like. What one of them does not tell, it has from the other."""
    first, second = (_profile(spent[i], rates[i] or rates[1 - i]) for i in (0, 1))
    if not spent[0].calls:
        first = second
    if not spent[1].calls:
        second = first
    return _filled(first, second), _filled(second, first)


def _filled(profile: Profile, other: Profile) -> Profile:
    return Profile._make(
        other_value if value is None else value for value, other_value in zip(profile, other, strict=True)
    )


def _profile(spent: Spent, rates: Rates | None) -> Profile:
    calls = spent.calls or 1
    amounts = billed(spent.usage, images_are_output=rates is not None and rates.images_are_output)
    prompt, completion = spent.usage.prompt, spent.usage.completion
    rest = amounts.input + amounts.audio_input + amounts.image_input
    price, besides = _prices(spent, amounts, rates)
    return Profile(
        prompt / calls,
        completion / calls,
        (amounts.cached_input / prompt, amounts.cache_write / prompt, amounts.cache_write_1h / prompt)
        if prompt
        else None,
        (amounts.audio_input / rest, amounts.image_input / rest) if rest else None,
        (amounts.reasoning / completion, amounts.audio_output / completion, amounts.image_output / completion)
        if completion
        else None,
        price,
        besides / calls,
    )


def _prices(spent: Spent, amounts: Billed, rates: Rates | None) -> tuple[tuple[float, ...] | None, float]:
    """What a token cost, and what was paid besides tokens: the book's prices, scaled to what is on the books.

    Where the book knows none, or only such as cost nothing, all tokens cost alike.
    """
    for relative in (prices(rates.steps[0][0]) if rates else _ALIKE, _ALIKE):
        by_book = sum(map(mul, amounts, relative))
        if by_book:
            scale = spent.cost_nanos / by_book
            besides = amounts.request * relative.request + amounts.server_tool * relative.server_tool
            return tuple(rate * scale for rate in relative[:OF_TOKENS]), besides * scale
        if not spent.cost_nanos:
            break
    return None, float(spent.cost_nanos)


def _share(spent: tuple[Spent, Spent], totals: tuple[int, int], i: int) -> tuple[int, int]:
    """The model's share of the project's calls as a fraction; of a window without any, that of the other window."""
    return (spent[i].calls, totals[i]) if totals[i] else (spent[1 - i].calls, totals[1 - i])


def _calls_by_project(places: Mapping[Place, Spent]) -> dict[int, int]:
    calls: dict[int, int] = defaultdict(int)
    for (project, _), spent in places.items():
        calls[project] += spent.calls
    return calls


def _window_fields(of: Window) -> dict[str, Any]:
    """The fields of a `WhyWindow`."""
    return {
        "from": to_datetime(of.span.start),
        "to": to_datetime(of.span.end),
        "cost": nanos_to_dollars(sum(spent.cost_nanos for spent in of.places.values())),
        "calls": of.every.calls - of.every.cache_hits - of.unpriced.calls,
        "unpriced_calls": of.unpriced.calls,
        "cache_hits": of.every.cache_hits,
        "prompt_tokens": of.every.prompt - of.unpriced.prompt,
        "completion_tokens": of.every.completion - of.unpriced.completion,
        "cached_tokens": of.every.cached - of.unpriced.cached,
    }

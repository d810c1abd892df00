"""The price book: what a model costs at a time, from the administrator's prices or else from genai-prices."""

import threading
from bisect import bisect_right
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from callscope.db.types import EPOCH
from callscope.pricing.catalogue import UNKNOWN_PROVIDER, CatalogueModel
from callscope.pricing.rates import Rates, plain_rates
from callscope.pricing.snapshot import Match, Snapshot

MAX_ENTRIES = 10_000
SECONDS_PER_DAY = 86_400

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class _Day:
    """A model's rates on one day, from each of the seconds `starts` on. `model` is what they were computed from."""

    model: CatalogueModel
    starts: tuple[int, ...]
    rates: tuple[Rates | None, ...]


class PriceBook:
    """Prices by model, name and day. What was looked up is kept, misses too, at most `MAX_ENTRIES` of each.

    The first look-up that needs genai-prices imports it, which takes half a second: call `preload` in a thread.
    """

    def __init__(self) -> None:
        self._days: dict[tuple[int, str, int], _Day] = {}
        self._matches: dict[tuple[str, str], Match | None] = {}
        self._snapshot: Snapshot | None = None
        self._lock = threading.Lock()

    @property
    def loaded(self) -> bool:
        """Whether genai-prices has been imported; if not, the first look-up does it and belongs into a thread."""
        return self._snapshot is not None

    def preload(self) -> None:
        """Import genai-prices now, so that no request waits for it."""
        with self._lock:
            self._loaded_snapshot()

    def rates(self, model: CatalogueModel, name: str, day: int, second: int = 0) -> Rates | None:
        """What a call costs; None when no price is known for sure.

        Args:
            model: the model of the catalogue.
            name: the model's name as the call gives it; it may carry a version or date.
            day: when the call was made: UTC days since the epoch.
            second: the second of that day. It matters on the day on which a price changes, and for the few models
                that cost less by night.
        """
        found = self._days.get((model.id, name, day))
        if found is None or found.model is not model:
            found = self._compute(model, name, day)
        if len(found.starts) == 1:
            return found.rates[0]
        return found.rates[bisect_right(found.starts, second) - 1]

    def _compute(self, model: CatalogueModel, name: str, day: int) -> _Day:
        with self._lock:
            match = None if model.flat_rate is not None else self._match(model.provider, name)
            starts = self._starts(model, match, day)
            computed = _Day(model, starts, tuple(self._at(model, match, day, start) for start in starts))
            _keep(self._days, (model.id, name, day), computed)
            return computed

    def _starts(self, model: CatalogueModel, match: Match | None, day: int) -> tuple[int, ...]:
        if model.flat_rate is not None:
            return (0,)
        starts = {0} if match is None else set(Snapshot.boundaries(match))
        midnight = EPOCH + timedelta(days=day)
        changes = (int((price.valid_from - midnight).total_seconds()) for price in model.prices)
        return tuple(sorted(starts | {second for second in changes if 0 < second < SECONDS_PER_DAY}))

    def _at(self, model: CatalogueModel, match: Match | None, day: int, second: int) -> Rates | None:
        if model.flat_rate is not None:
            # nano-dollars per thousand tokens are pico-dollars per token
            return plain_rates("override", input=model.flat_rate, output=model.flat_rate)
        own = model.price_at(EPOCH + timedelta(days=day, seconds=second))
        if own is not None:
            return plain_rates(
                "override", input=own.input, output=own.output, cached_input=own.cached_input,
                cache_write=own.cache_write, cache_write_1h=own.cache_write_1h, since=own.valid_from.date(),
            )  # fmt: skip
        return None if match is None else Snapshot.rates(match, day, second)

    def _match(self, provider: str, name: str) -> Match | None:
        key = (provider, name)
        if key not in self._matches:
            told = None if provider.lower() == UNKNOWN_PROVIDER else provider
            _keep(self._matches, key, self._loaded_snapshot().find(told, name))
        return self._matches[key]

    def _loaded_snapshot(self) -> Snapshot:
        if self._snapshot is None:
            self._snapshot = Snapshot()
        return self._snapshot


def _keep(cache: dict[K, V], key: K, value: V) -> None:
    """Names come from clients: the oldest entry goes when there are too many."""
    while len(cache) >= MAX_ENTRIES:
        del cache[next(iter(cache))]
    cache[key] = value

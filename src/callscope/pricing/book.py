"""The price book: what a model costs at a time, from the administrator's prices or else from genai-prices."""

import os
import threading
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

from callscope.db.types import EPOCH
from callscope.pricing import fetched, names, reasons
from callscope.pricing.catalogue import UNKNOWN_PROVIDER, CatalogueModel
from callscope.pricing.history import SECONDS_PER_DAY, Period, own_rates, periods
from callscope.pricing.rates import Rates
from callscope.pricing.reasons import Unpriced
from callscope.pricing.snapshot import Match, Snapshot, today

MAX_ENTRIES = 10_000

K = TypeVar("K")
V = TypeVar("V")


@dataclass(frozen=True, slots=True)
class Day:
    """A model's rates on one day, from each of the seconds `starts` on. `model` is what they were computed from."""

    model: CatalogueModel
    starts: tuple[int, ...]
    rates: tuple[Rates | None, ...]


class PriceBook:
    """Prices by model, name and day. What was looked up is kept, misses too, at most `MAX_ENTRIES` of each.

    A name that ends with a date is a version from that day on, so what was looked up is forgotten every UTC day.

    Args:
        prices_file: where a list that was fetched later than the installed one would be.
        clock: gives the UTC day that it is.

    The first look-up that needs genai-prices imports it, which takes half a second: call `preload` in a thread.
    """

    def __init__(self, prices_file: Path | None = None, *, clock: Callable[[], date] = today) -> None:
        self._days: dict[tuple[int, str, int], Day] = {}
        self._matches: dict[tuple[str, str], Match | None] = {}
        self._histories: dict[int, tuple[CatalogueModel, list[Period]]] = {}
        self._snapshot: Snapshot | None = None
        self._prices_file = prices_file
        self._clock = clock
        self._looked_up_on: date | None = None
        self._stamp: tuple[int, int] | None = None
        self._lock = threading.Lock()

    @property
    def loaded(self) -> bool:
        """Whether genai-prices has been imported; if not, the first look-up does it and belongs into a thread."""
        return self._snapshot is not None

    @property
    def label(self) -> str:
        """The name of the price book, with its version."""
        with self._lock:
            return self._loaded_snapshot().label

    def preload(self) -> None:
        """Load the price list now, so that no request waits for it; and again, if a newer one has been fetched."""
        stamp = self._current_stamp()
        newer = self._read() if self._snapshot is None or stamp != self._stamp else None
        with self._lock:
            if newer is not None:
                self._snapshot, self._stamp = newer, stamp
                self._forget()
            self._forget_yesterday()

    def rates(self, model: CatalogueModel, name: str, day: int, second: int = 0) -> Rates | None:
        """What a call costs; None when no price is known for sure.

        Args:
            model: the model of the catalogue.
            name: the model's name as the call gives it; it may carry a version or date.
            day: when the call was made: UTC days since the epoch.
            second: the second of that day. It matters on the day on which a price changes, and for the few models
                that cost less by night.
        """
        found = self.day(model, name, day)
        if len(found.starts) == 1:
            return found.rates[0]
        return found.rates[bisect_right(found.starts, second) - 1]

    def day(self, model: CatalogueModel, name: str, day: int) -> Day:
        """All that a model costs on one day, for the same arguments as `rates`."""
        found = self._days.get((model.id, name, day))
        return found if found is not None and found.model is model else self._compute(model, name, day)

    def reason(self, model: CatalogueModel, name: str, day: int, second: int = 0) -> Unpriced | None:
        """Why a call has no price, for the same arguments as `rates`; None where it has one.

        It is worked out anew, in a millisecond, or for a name without a provider in some ten: for readers only.
        """
        if self.rates(model, name, day, second) is not None:
            return None
        provider = _told(model.provider)
        if model.priced_as is not None:
            provider, name = model.priced_as
        with self._lock:
            self._forget_yesterday()
            snapshot, match = self._loaded_snapshot(), self._match(model, name)
        if match is not None:
            seller = provider or name.partition("/")[0]
            if periods(model, match):
                return reasons.no_price_then(name, seller, (EPOCH + timedelta(days=day)).date())
            return reasons.never_priced(name, seller)
        if provider is not None and names.provider_id(provider) is None:
            return reasons.unknown_provider(name, provider)
        if provider is None and "/" not in name and (sellers := snapshot.sellers(name)):
            return reasons.no_provider(name, sellers)
        return reasons.unknown_model(name, provider)

    def history(self, model: CatalogueModel) -> list[Period]:
        """All prices of a model under its own name, with when they hold, oldest first. The first time takes milliseconds."""
        with self._lock:
            self._forget_yesterday()
            found = self._histories.get(model.id)
            if found is None or found[0] != model:
                match = self._match(model, model.name)
        if found is None or found[0] != model:
            found = model, periods(model, match)
            with self._lock:
                _keep(self._histories, model.id, found)
        return found[1]

    def _compute(self, model: CatalogueModel, name: str, day: int) -> Day:
        with self._lock:
            self._forget_yesterday()
            match = None if model.is_flat(EPOCH) else self._match(model, name)
            starts = self._starts(model, match, day)
            computed = Day(model, starts, tuple(self._at(model, match, day, start) for start in starts))
            _keep(self._days, (model.id, name, day), computed)
            return computed

    @staticmethod
    def _starts(model: CatalogueModel, match: Match | None, day: int) -> tuple[int, ...]:
        starts = {0} if match is None else set(Snapshot.boundaries(match))
        midnight = EPOCH + timedelta(days=day)
        changes = (int((moment - midnight).total_seconds()) for moment in model.changes())
        return tuple(sorted(starts | {second for second in changes if 0 < second < SECONDS_PER_DAY}))

    @staticmethod
    def _at(model: CatalogueModel, match: Match | None, day: int, second: int) -> Rates | None:
        own = own_rates(model, EPOCH + timedelta(days=day, seconds=second))
        if own is not None:
            return own[0]
        return None if match is None else Snapshot.rates(match, day, second)

    def _forget_yesterday(self) -> None:
        """Forget what was looked up on another day; under the lock."""
        if self._looked_up_on != self._clock():
            self._forget()
            self._looked_up_on = self._clock()

    def _forget(self) -> None:
        self._matches.clear()
        self._days.clear()
        self._histories.clear()

    def _match(self, model: CatalogueModel, name: str) -> Match | None:
        key = model.priced_as or (model.provider, name)
        if key not in self._matches:
            provider, told = key
            _keep(self._matches, key, self._loaded_snapshot().find(_told(provider), told))
        return self._matches[key]

    def _loaded_snapshot(self) -> Snapshot:
        if self._snapshot is None:
            self._stamp = self._current_stamp()
            self._snapshot = self._read()
        return self._snapshot

    def _read(self) -> Snapshot:
        return Snapshot(None if self._prices_file is None else fetched.load(self._prices_file), self._clock)

    def _current_stamp(self) -> tuple[int, int] | None:
        """What tells whether the list that was fetched is another."""
        try:
            status = os.stat(self._prices_file) if self._prices_file is not None else None
        except OSError:
            return None
        return None if status is None else (status.st_ino, status.st_mtime_ns)


def _told(provider: str) -> str | None:
    return None if provider.lower() == UNKNOWN_PROVIDER else provider


def _keep(cache: dict[K, V], key: K, value: V) -> None:
    """Names come from clients: the oldest entry goes when there are too many."""
    while len(cache) >= MAX_ENTRIES:
        del cache[next(iter(cache))]
    cache[key] = value

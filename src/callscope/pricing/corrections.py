"""Prices of our own, over those of genai-prices: the rules in the folder `price_rules`, one JSON file per provider.

docs/models.md describes the files. A rule holds for a model's exact name; one whose prices only `add` to what
genai-prices says also holds for every name of the model of genai-prices that has this id, and one for `*` fills in what
is missing for all of a provider's models.
"""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from callscope.pricing.pricelist import COUNT_KINDS, TOKEN_KINDS, Amounts, PriceList
from callscope.pricing.rates import SERVICE_TIERS

FOLDER = Path(__file__).with_name("price_rules")
_KINDS = frozenset((*TOKEN_KINDS, *COUNT_KINDS))
_TIERS = frozenset(SERVICE_TIERS[1:])
_CONDITIONS = frozenset(
    ("from", "until", "hours", "weekdays", "not_on", "adds", "unknown", "like", "times", "above", "note")
)


@dataclass(frozen=True, slots=True)
class Period:
    """A price and when it holds.

    Attributes:
        start: from when on; None for ever since.
        until: before when; None for no known end.
        hours: the times of a UTC day at which it holds, from and before; none for the whole day.
        weekdays: whether it holds from Monday to Friday only.
        not_on: UTC days on which it does not hold.
        adds: whether it states parts of a price, and the rest is what genai-prices or an earlier period says.
        unknown: the model has no price that is known for sure.
        like: the name of a model of the same provider whose price it is, `times` a factor.
        multiples: service tiers that cost a multiple of the standard price.
    """

    price: PriceList
    start: datetime | None = None
    until: datetime | None = None
    hours: tuple[tuple[time, time], ...] = ()
    weekdays: bool = False
    not_on: frozenset[date] = frozenset()
    adds: bool = False
    unknown: bool = False
    like: str | None = None
    times: Decimal = Decimal(1)
    multiples: tuple[tuple[str, Decimal], ...] = ()

    def holds(self, moment: datetime) -> bool:
        """Whether it is in force at a time, which is in UTC."""
        if (self.start is not None and moment < self.start) or (self.until is not None and moment >= self.until):
            return False
        if (self.weekdays and moment.weekday() > 4) or moment.date() in self.not_on:
            return False
        return not self.hours or any(_within(moment.time(), *hours) for hours in self.hours)

    def boundaries(self) -> set[int]:
        """The seconds of a UTC day at which it may begin or end."""
        times = [moment.time() for moment in (self.start, self.until) if moment is not None]
        return {second_of_day(at) for at in (*times, *(end for hours in self.hours for end in hours))}


@dataclass(frozen=True, slots=True)
class Rule:
    """What a model costs, by period. Of the periods in force the later ones win."""

    name: str
    periods: tuple[Period, ...]
    source: str
    checked: date

    @property
    def adds(self) -> bool:
        """Whether it only adds to what genai-prices says."""
        return all(period.adds for period in self.periods)

    @property
    def fills(self) -> bool:
        """Whether it only fills in what nobody else states."""
        return self.name == "*"


@dataclass(frozen=True, slots=True)
class Corrections:
    """All rules by provider and name, and the dated names that are known to exist, by provider."""

    rules: dict[tuple[str, str], Rule]
    snapshots: dict[str, tuple[str, ...]]


@cache
def load() -> Corrections:
    """The rules of all files. Raises ValueError, naming file and model, for what the format does not have."""
    rules: dict[tuple[str, str], Rule] = {}
    snapshots: dict[str, tuple[str, ...]] = {}
    for path in sorted(FOLDER.glob("*.json")):
        content = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
        provider = content["provider"]
        snapshots[provider] = tuple(content.get("snapshots", ()))
        for group in content["groups"]:
            checked = date.fromisoformat(group["checked"])
            for name, stated in group["models"].items():
                if (provider, name) in rules or name != name.lower():
                    raise ValueError(f"{path.name}: {name} is there twice, or is not in lower case")
                try:
                    periods = tuple(_period(price) for price in (stated if isinstance(stated, list) else [stated]))
                except (KeyError, TypeError, ValueError) as error:
                    raise ValueError(f"{path.name}: {name}: {error}") from error
                rules[provider, name] = Rule(name, periods, group["source"], checked)
    return Corrections(rules, snapshots)


def _period(stated: dict[str, Any]) -> Period:
    if strange := stated.keys() - _KINDS - _TIERS - _CONDITIONS:
        raise ValueError(f"unknown: {', '.join(sorted(strange))}")
    tiers = {tier: _amounts(stated[tier]) for tier in _TIERS & stated.keys() if isinstance(stated[tier], dict)}
    return Period(
        PriceList(_amounts(stated), tiers),
        start=_moment(stated.get("from")),
        until=_moment(stated.get("until")),
        hours=tuple(_hours(text) for text in stated.get("hours", ())),
        weekdays=stated.get("weekdays", False),
        not_on=frozenset(date.fromisoformat(day) for day in stated.get("not_on", ())),
        adds=stated.get("adds", False),
        unknown=stated.get("unknown", False),
        like=stated.get("like"),
        times=Decimal(stated.get("times", 1)),
        multiples=tuple((tier, Decimal(stated[tier])) for tier in sorted(_TIERS & stated.keys()) if tier not in tiers),
    )


def _amounts(stated: dict[str, Any]) -> Amounts:
    amounts = {kind: {0: Decimal(stated[kind])} for kind in stated if kind in _KINDS}
    for above, kinds in stated.get("above", {}).items():
        for kind, dollars in kinds.items():
            amounts[kind][int(above)] = Decimal(dollars)
    return amounts


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _hours(text: str) -> tuple[time, time]:
    start, _, end = text.partition("-")
    return time.fromisoformat(start), time.fromisoformat(end)


def _within(moment: time, start: time, end: time) -> bool:
    return start <= moment < end if start < end else moment >= start or moment < end


def second_of_day(moment: time) -> int:
    """The second of the day at which a time is."""
    return moment.hour * 3600 + moment.minute * 60 + moment.second

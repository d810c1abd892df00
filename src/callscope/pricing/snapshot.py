"""Find the model that a name stands for, for sure, and what it costs: genai-prices' data under our own corrections.

genai-prices matches loosely (whatever begins with `claude-opus-4-1` is Claude Opus 4.1 to it, `claude-opus-4-10` too),
which suits a display and not a bill. Here a match holds only when the name is one that the model's rules spell out, or
such a name followed by a real version or date. genai-prices takes half a second to import, so it is imported at the
first price that is asked for.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from importlib.metadata import version
from typing import TYPE_CHECKING

from callscope.db.types import EPOCH
from callscope.pricing import corrections, genai, names, versions
from callscope.pricing.corrections import Period, Rule
from callscope.pricing.fetched import Fetched
from callscope.pricing.pricelist import PriceList
from callscope.pricing.rates import Rates, Statement

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, Provider

_FALLS_BACK_TO = {"vertex": "google", "gemini": "google"}
_HOSTED = {"azure": ("azure", "openai", "anthropic"), "gemini": ("google",)}
"""Whose models a provider sells at their maker's price, where not all of those that genai-prices falls back to."""
_BEDROCK_SUFFIX = re.compile(r"(?P<version>.*?)(?:-v\d)?(?::\d)?")
_BEDROCK_PREFIX = re.compile(r"(?:us\.)?(?:anthropic\.|amazon\.)?")
_CLAUDE_PREFIX = re.compile(r"(?:(?:us|eu|apac|au|jp|in|ca|global)\.)?(?:anthropic\.)?")
"""Where and by whom, in front of the model's name: once, whether it stands in the rule or before it."""
REGIONAL_SURCHARGE = Decimal("1.1")
"""What Vertex AI takes outside its global endpoint, for Claude from 4.5 on and Gemini from 3.1 on
(https://cloud.google.com/vertex-ai/generative-ai/pricing)."""
_REGIONAL = re.compile(r"claude-(?:(?:haiku|sonnet|opus)-4-[5-9]|[a-z]+-[5-9])|gemini-(?:3\.[1-9]-flash|[4-9])")


@dataclass(frozen=True, slots=True)
class Match:
    """A model that a name stands for, and what tells its price.

    Attributes:
        model: genai-prices' model; None for one that only the corrections have.
        name: what the provider calls it.
        has_variants: whether the prices that genai-prices has for service tiers hold.
        rules: the corrections, in the order in which they apply.
        likes: the models whose price a rule refers to, by name.
        factor: a surcharge.
    """

    model: "ModelInfo | None"
    name: str
    has_variants: bool
    rules: tuple[Rule, ...] = ()
    likes: "dict[str, Match | None]" = field(default_factory=dict)
    factor: Decimal = Decimal(1)


def today() -> date:
    """The UTC day that it is."""
    return datetime.now(UTC).date()


class Snapshot:
    """The prices that came with the installed genai-prices, or of a list that was fetched, and the corrections.

    Args:
        clock: gives the UTC day that it is; no version is dated later.
    """

    def __init__(self, fetched: Fetched | None = None, clock: Callable[[], date] = today) -> None:
        self._clock = clock
        if fetched is None:
            from genai_prices.data import providers

            self.label = f"genai-prices {version('genai-prices')}"
        else:
            providers, self.label = fetched.providers, fetched.label
        self._providers: list[Provider] = providers
        self._by_id = {provider.id: provider for provider in providers}
        self._spelled_out = {provider.id: _spelled_out(provider) for provider in providers}
        self._corrections = corrections.load()
        self._dates = self._known_dates()
        self._newest = max((rule.checked for rule in self._corrections.rules.values()), default=date.min)

    def find(self, provider: str | None, name: str) -> Match | None:
        """The model that a name stands for; None when that is not sure.

        Without a provider, only a first party's own model is taken.
        """
        reading = names.read(provider, name)
        if reading is None:
            return None
        if reading.provider is None:
            return self._find_first_party(reading.names[0])
        for candidate in reading.names:
            if match := self._find_at(reading.provider, candidate, regional=reading.regional):
                return match
        return None

    def _find_first_party(self, name: str) -> Match | None:
        if not names.tells_first_party(name):
            return None
        for known in names.FIRST_PARTIES:
            seller = self._by_id[known]
            own = (known, name) in self._corrections.rules or name.startswith("text-embedding-")
            if not own and seller.model_match is not None and not seller.model_match.is_match(name):
                continue
            if match := self._find_at(known, name):
                return match
        return None

    def _find_at(self, provider: str, name: str, *, regional: bool = False, depth: int = 0) -> Match | None:
        rules = self._corrections.rules
        own = _FALLS_BACK_TO.get(provider, provider)
        exact = rules.get((provider, name)) or rules.get((own, name))
        owner, model = self._find_model(own, name)
        if owner not in _HOSTED.get(provider, (owner,)) or (provider == "gemini" and name.startswith("claude")):
            model = None
        if model is None and (exact is None or exact.adds):
            return None
        applied = []
        if model is not None and owner is not None:
            model_id = model.id.lower()
            by_id = dict.fromkeys(((owner, model_id), (own, model_id), (provider, model_id)))
            applied = [rules[key] for key in by_id if key in rules and rules[key].adds and rules[key] is not exact]
        if exact is not None:
            applied.append(exact)
        applied += [rules[key] for key in dict.fromkeys(((provider, "*"), (own, "*"))) if key in rules]
        wanted = {period.like for rule in applied for period in rule.periods if period.like is not None}
        likes = {like: self._find_at(provider, like, depth=depth + 1) for like in wanted if depth < 3}
        surcharge = REGIONAL_SURCHARGE if regional and _REGIONAL.match(name) else Decimal(1)
        has_variants = owner == own or (provider == "azure" and owner == "openai")
        return Match(model, name, has_variants, tuple(applied), likes, surcharge)

    def _find_model(self, provider: str, name: str) -> "tuple[str | None, ModelInfo | None]":
        """genai-prices' model for sure, and the provider whose it is."""
        seller = self._by_id.get(provider)
        if seller is None:
            return None, None
        sellers = [seller.id, *(seller.fallback_model_providers or ())]
        for seller_id in sellers:
            if model := self._spelled_out[seller_id].get(name):
                return seller_id, model
        found = seller.find_model(name, all_providers=self._providers)
        if found is None or not self._is_sure(found, name, provider):
            return None, None
        return next((s for s in sellers if any(found is own for own in self._by_id[s].models)), None), found

    def _is_sure(self, model: "ModelInfo", name: str, provider: str) -> bool:
        for literal in genai.literals(model):
            if provider == "aws":
                if self._is_bedrock_name(name, literal):
                    return True
            else:
                stem = literal.rstrip("-@:")
                if stem and name.startswith(stem) and self._is_version(stem, name[len(stem) :], provider):
                    return True
        return False

    def _is_bedrock_name(self, name: str, literal: str) -> bool:
        literal = literal.removeprefix("regional.")
        start = name.find(literal)
        if start < 0 or re.search(r"-v\d(?::\d)?$", literal):  # nothing follows a version
            return False
        prefix = _CLAUDE_PREFIX if "claude" in literal else _BEDROCK_PREFIX
        own = prefix.match(literal)
        suffix = _BEDROCK_SUFFIX.fullmatch(name, start + len(literal))
        return (
            prefix.fullmatch(name, 0, start + (own.end() if own else 0)) is not None
            and suffix is not None
            and (not suffix["version"] or self._is_version(name[: start + len(literal)], suffix["version"], "aws"))
        )

    def _is_version(self, stem: str, text: str, provider: str) -> bool:
        known = self._dates.get(_without_maker(stem), frozenset())
        return versions.is_version(stem, text, provider, self._clock(), known=known, newest=self._newest)

    def _known_dates(self) -> dict[str, frozenset[str]]:
        """The dates of the versions that some source names, by the model's name."""
        spelled = (literal for literals in self._spelled_out.values() for literal in literals)
        listed = (name for _, name in self._corrections.rules)
        extra = (name for known in self._corrections.snapshots.values() for name in known)
        dates: dict[str, set[str]] = {}
        for name in (*spelled, *listed, *extra):
            if parts := versions.split_date(name):
                dates.setdefault(_without_maker(parts[0]), set()).add(parts[1])
        return {stem: frozenset(known) for stem, known in dates.items()}

    def sellers(self, name: str) -> list[str]:
        """The providers at which this name is a model for sure."""
        providers = dict.fromkeys((*self._by_id, *(provider for provider, _ in self._corrections.rules)))
        return [provider for provider in providers if self.find(provider, name)]

    @staticmethod
    def changes(match: Match) -> list[datetime]:
        """When the model's price may have changed for good, apart from `boundaries`, in order.

        Between two of these it is, on each UTC day, that of the same weekday. Before the first it was another, or unknown.
        """
        days = set() if match.model is None else genai.changes(match.model)
        moments = set()
        for rule in match.rules:
            for period in rule.periods:
                moments |= {moment for moment in (period.start, period.until) if moment is not None}
                days |= period.not_on | {day + timedelta(days=1) for day in period.not_on}
        moments |= {datetime.combine(day, time(), UTC) for day in days}
        return sorted(moments.union(*(Snapshot.changes(like) for like in match.likes.values() if like is not None)))

    @staticmethod
    def varies(match: Match) -> bool:
        """Whether the price depends on the hour or the weekday."""
        if match.model is not None and genai.boundaries(match.model):
            return True
        if any(period.hours or period.weekdays for rule in match.rules for period in rule.periods):
            return True
        return any(Snapshot.varies(like) for like in match.likes.values() if like is not None)

    @staticmethod
    def boundaries(match: Match) -> list[int]:
        """The seconds of a UTC day at which the model's price may change: 0, and those of prices by time of day."""
        seconds = {0}
        if match.model is not None:
            seconds |= genai.boundaries(match.model)
        for rule in match.rules:
            seconds = seconds.union(*(period.boundaries() for period in rule.periods))
        for like in match.likes.values():
            seconds |= set() if like is None else set(Snapshot.boundaries(like))
        return sorted(seconds)

    @staticmethod
    def rates(match: Match, day: int, second: int) -> Rates | None:
        """What the model costs at a second of a UTC day (days since the epoch).

        None where no rate for tokens is stated: that is not the same as free.
        """
        moment = EPOCH + timedelta(days=day, seconds=second)
        price = _price(match, moment)
        rates = None if price is None else price.rates(_since(match, moment))
        return None if rates is None else replace(rates, statement=_statement(match, moment))


def _price(match: Match, moment: datetime) -> PriceList | None:
    price = None if match.model is None else genai.price(match.model, match.name, moment, tiers=match.has_variants)
    for rule in match.rules:
        for period in rule.periods:
            if period.holds(moment):
                price = _applied(period, price, match, moment, fills=rule.fills)
    return price if price is None or match.factor == 1 else price.times(match.factor)


def _applied(
    period: Period, price: PriceList | None, match: Match, moment: datetime, *, fills: bool
) -> PriceList | None:
    """The price that a period in force makes of the one before it."""
    if period.unknown or (period.adds and price is None):
        return None
    stated = period.price
    if period.like is not None:
        like = match.likes.get(period.like)
        liked = None if like is None else _price(like, moment)
        if liked is None:
            return None
        stated = stated.over(liked.times(period.times))
    if price is not None and period.adds:
        stated = price.over(stated) if fills else stated.over(price)
    for tier, factor in period.multiples:
        if not (fills and tier in stated.tiers):
            stated = stated.with_tier(tier, factor)
    return stated


def _statement(match: Match, moment: datetime) -> Statement | None:
    """The correction in force that says most: of several the last. None where genai-prices alone states the price."""
    for rule in reversed(match.rules):
        if not rule.fills and any(period.holds(moment) for period in rule.periods):
            url = next((word for word in rule.source.split() if word.startswith("https://")), None)
            return Statement(f"correction checked on {rule.checked:%Y-%m-%d}", url, rule.source)
    return None


def _since(match: Match, moment: datetime) -> date | None:
    """The first day of the price in force, where its source tells."""
    days = [
        period.start.date()
        for rule in match.rules
        for period in rule.periods
        if period.start is not None and period.holds(moment)
    ]
    if match.model is not None and (day := genai.since(match.model, moment)):
        days.append(day)
    return max(days, default=None)


def _spelled_out(provider: "Provider") -> "dict[str, ModelInfo]":
    """The models by the names that their rules spell out, the first of several, as genai-prices looks for them."""
    found: dict[str, ModelInfo] = {}
    for model in provider.models:
        for literal in genai.literals(model):
            if model.is_match(literal):
                found.setdefault(literal, model)
    return found


def _without_maker(stem: str) -> str:
    return stem.rpartition("/")[2].rpartition("anthropic.")[2]

"""genai-prices' data in our terms: what names a model's rules spell out, and its price at a time."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING

from callscope.db.types import EPOCH
from callscope.pricing.corrections import second_of_day
from callscope.pricing.pricelist import FREE, Amounts, PriceList

if TYPE_CHECKING:
    from genai_prices.types import MatchLogic, ModelInfo, ModelPrice, PriceVariant

_KINDS = {
    "input_mtok": "input", "cache_read_mtok": "cached_input", "cache_write_mtok": "cache_write",
    "cache_write_1h_mtok": "cache_write_1h", "output_mtok": "output", "output_reasoning_mtok": "reasoning",
    "input_audio_mtok": "audio_input", "output_audio_mtok": "audio_output", "input_image_mtok": "image_input",
    "output_image_mtok": "image_output", "requests_kcount": "request", "web_searches_kcount": "server_tool",
}  # fmt: skip
_TIERS = {
    "batch": {"processing": "batch"}, "flex": {"service_tier": "flex"}, "priority": {"service_tier": "priority"},
}  # fmt: skip
"""How genai-prices calls the service tiers."""


def price(model: "ModelInfo", name: str, moment: datetime, *, tiers: bool) -> PriceList | None:
    """What genai-prices says that a model costs at a time; None where it states nothing.

    Args:
        model: the model.
        name: what it was called: one that ends with `:free` costs nothing.
        moment: the time of the call.
        tiers: whether to look at the prices of service tiers.
    """
    stated = model.get_prices(moment)
    standard = _amounts(stated)
    if not standard:
        return FREE if name.endswith(":free") else None
    found = {tier: _tier(model, moment, standard, when) for tier, when in _TIERS.items()} if tiers else {}
    return PriceList(standard, {tier: amounts for tier, amounts in found.items() if amounts})


def _tier(model: "ModelInfo", moment: datetime, standard: Amounts, when: dict[str, str]) -> Amounts:
    """What differs in a service tier.

    genai-prices began to record tiers in October 2026, but the discounts are older than that: before the first day of
    a tier's prices, the ratio to the standard price of that day holds.
    """
    from genai_prices.types import StartDateConstraint

    variants = [variant for variant in model.price_variants or () if variant.when == when]
    if not variants:
        return {}
    if any(_holds(variant, moment) for variant in variants):
        amounts = _amounts(model.get_prices(moment, when))
        return {kind: steps for kind, steps in amounts.items() if steps != standard.get(kind)}
    first = min(
        (v.constraint.start_date for v in variants if isinstance(v.constraint, StartDateConstraint)), default=None
    )
    if first is None:
        return {}
    then = datetime.combine(first, time(12), UTC)
    plain, special = _amounts(model.get_prices(then)), _amounts(model.get_prices(then, when))
    return {
        kind: special[kind]
        if plain.get(kind) == standard[kind]
        else {above: dollars * special[kind][0] / plain[kind][0] for above, dollars in standard[kind].items()}
        for kind in standard
        if kind in special and special[kind] != plain.get(kind) and plain.get(kind, {}).get(0)
    }


def _holds(variant: "PriceVariant", moment: datetime) -> bool:
    return variant.constraint is None or variant.constraint.active(moment)


def _amounts(stated: "ModelPrice") -> Amounts:
    from genai_prices.types import TieredPrices

    amounts: dict[str, dict[int, Decimal]] = {}
    for key, kind in _KINDS.items():
        value = getattr(stated, key)
        if isinstance(value, TieredPrices):
            amounts[kind] = {0: value.base, **{tier.start: tier.price for tier in value.tiers}}
        elif value is not None:
            amounts[kind] = {0: value}
    return amounts


def boundaries(model: "ModelInfo") -> set[int]:
    """The seconds of a UTC day at which its price changes by the hour."""
    from genai_prices.types import TimeOfDateConstraint

    seconds: set[int] = set()
    if isinstance(model.prices, list):
        for conditional in model.prices:
            if isinstance(conditional.constraint, TimeOfDateConstraint):
                seconds |= {_second(conditional.constraint.start_time), _second(conditional.constraint.end_time)}
    return seconds


def changes(model: "ModelInfo") -> set[date]:
    """The UTC days from which on genai-prices has another price."""
    from genai_prices.types import StartDateConstraint

    constraints = [variant.constraint for variant in model.price_variants or ()]
    if isinstance(model.prices, list):
        constraints += [price.constraint for price in model.prices]
    return {one.start_date for one in constraints if isinstance(one, StartDateConstraint)}


def since(model: "ModelInfo", moment: datetime) -> date | None:
    """The first day of the price in force, where genai-prices tells."""
    from genai_prices.types import StartDateConstraint

    days = []
    if isinstance(model.prices, list):
        days = [p.constraint.start_date for p in model.prices if isinstance(p.constraint, StartDateConstraint)]
    return max((day for day in days if day <= moment.date()), default=None)


def literals(model: "ModelInfo") -> set[str]:
    """The names that a model's rules spell out; what a regular expression allows is not spelled out."""
    return {model.id.lower(), *_literals(model.match)}


def _literals(clause: "MatchLogic") -> set[str]:
    from genai_prices import types

    match clause:
        case types.ClauseEquals(equals=text):
            return {text.lower()}
        case types.ClauseStartsWith(starts_with=text):
            return {text.lower()}
        case types.ClauseEndsWith(ends_with=text):
            return {text.lower()}
        case types.ClauseContains(contains=text):
            return {text.lower()}
        case types.ClauseOr(or_=parts):
            return set().union(*map(_literals, parts))
        case types.ClauseAnd(and_=parts):
            return set().union(*map(_literals, parts))
        case _:
            return set()


def _second(moment: time) -> int:
    in_utc = datetime.combine(EPOCH.date(), moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    return second_of_day(in_utc.time())

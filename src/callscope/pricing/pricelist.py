"""A price as its source states it, in dollars by kind of token and length of prompt, and how it becomes `Rates`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

from callscope.pricing.rates import SERVICE_TIERS, Listed, Rates, Step

TOKEN_KINDS = (
    "input", "cached_input", "cache_write", "cache_write_1h", "output", "reasoning",
    "audio_input", "audio_output", "image_input", "image_output",
)  # fmt: skip
"""Dollars per million tokens."""
COUNT_KINDS = ("request", "server_tool")
"""Dollars per thousand."""
_PICOS = dict.fromkeys(TOKEN_KINDS, Decimal(10**6)) | dict.fromkeys(COUNT_KINDS, Decimal(10**9))
"""From dollars, in the unit of the kind, to pico-dollars each."""

Steps = Mapping[int, Decimal]
"""Dollars by the length of prompt, in tokens, above which they hold; 0 is always there."""
Amounts = Mapping[str, Steps]
"""What is stated, by kind."""


@dataclass(frozen=True, slots=True)
class PriceList:
    """What a model costs at one time. `tiers` has, by service tier, the amounts that differ from the standard ones."""

    standard: Amounts = field(default_factory=dict)
    tiers: Mapping[str, Amounts] = field(default_factory=dict)

    def over(self, other: "PriceList") -> "PriceList":
        """This price where it states something, the other elsewhere."""
        tiers = {
            tier: {**other.tiers.get(tier, {}), **self.tiers.get(tier, {})}
            for tier in SERVICE_TIERS
            if tier in other.tiers or tier in self.tiers
        }
        return PriceList({**other.standard, **self.standard}, tiers)

    def times(self, factor: Decimal) -> "PriceList":
        """All token prices multiplied; what is billed per request or tool stays."""
        tiers = {tier: _times(amounts, factor) for tier, amounts in self.tiers.items()}
        return PriceList({**self.standard, **_times(self.standard, factor)}, tiers)

    def with_tier(self, tier: str, factor: Decimal) -> "PriceList":
        """The same, with the token prices of a service tier at a multiple of the standard ones."""
        return PriceList(self.standard, {**self.tiers, tier: _times(self.standard, factor)})

    def rates(self, since: date | None = None) -> Rates | None:
        """The price as it is computed with. None where no rate for what goes in is stated: that is not free."""
        if "input" not in self.standard:
            return None
        standard = _steps(self.standard)
        return Rates(
            "catalogue",
            tuple(
                _steps({**self.standard, **self.tiers[tier]}) if self.tiers.get(tier) else standard
                for tier in SERVICE_TIERS
            ),
            _listed(self.standard),
            since,
            images_are_output="image_output" in self.standard and "image_input" not in self.standard,
        )


FREE = PriceList({"input": {0: Decimal(0)}, "output": {0: Decimal(0)}})


def _times(amounts: Amounts, factor: Decimal) -> Amounts:
    return {
        kind: {above: dollars * factor for above, dollars in amounts[kind].items()}
        for kind in amounts
        if kind in TOKEN_KINDS
    }


def _steps(amounts: Amounts) -> tuple[Step, ...]:
    starts: set[int] = {0}.union(*(amount.keys() for amount in amounts.values()))
    return tuple(_step(amounts, start) for start in sorted(starts))


def _step(amounts: Amounts, above: int) -> Step:
    """The rates above a context length. A kind of token without a price of its own is billed as what it is part of."""

    def rate(kind: str, otherwise: int) -> int:
        found = _picos(amounts, kind, above)
        return otherwise if found is None else found

    plain_in, plain_out = rate("input", 0), rate("output", 0)
    write = rate("cache_write", plain_in)
    return Step(
        above=above,
        input=plain_in,
        cached_input=rate("cached_input", plain_in),
        cache_write=write,
        cache_write_1h=rate("cache_write_1h", write),
        output=plain_out,
        reasoning=rate("reasoning", plain_out),
        audio_input=rate("audio_input", plain_in),
        audio_output=rate("audio_output", plain_out),
        image_input=rate("image_input", plain_in),
        image_output=rate("image_output", plain_out),
        request=rate("request", 0),
        server_tool=rate("server_tool", 0),
    )


def _listed(amounts: Amounts) -> Listed:
    kinds: Iterable[str] = ("cached_input", "cache_write", "cache_write_1h", "output")
    return Listed(_picos(amounts, "input", 0) or 0, *(_picos(amounts, kind, 0) for kind in kinds))


def _picos(amounts: Amounts, kind: str, above: int) -> int | None:
    steps = amounts.get(kind)
    if steps is None:
        return None
    dollars = steps[max(start for start in steps if start <= above)]
    return int((dollars * _PICOS[kind]).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))

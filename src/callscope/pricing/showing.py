"""Prices as the API shows them: pico-dollars become dollars, and what a price does not state becomes null."""

from datetime import datetime, timedelta

from callscope.db.types import EPOCH, nanos_to_dollars
from callscope.pricing.book import PriceBook
from callscope.pricing.catalogue import CatalogueModel
from callscope.pricing.changes import FLAT_RATE
from callscope.pricing.history import SECONDS_PER_DAY, Period
from callscope.pricing.price_schemas import (
    PICOS_PER_DOLLAR,
    PICOS_PER_TOKEN,
    PriceDetail,
    PriceOut,
    StepOut,
    TierOut,
)
from callscope.pricing.rates import SERVICE_TIERS, Step
from callscope.pricing.schemas import ModelDetail, ModelOut, PricedAs

Dollars = dict[str, float | None]

_KIN = {
    "cached_input": "input", "cache_write": "input", "cache_write_1h": "cache_write", "reasoning": "output",
    "audio_input": "input", "audio_output": "output", "image_input": "input", "image_output": "output",
}  # fmt: skip
"""What a kind of token costs that has no price of its own."""
_EACH = ("request", "server_tool")


class Shower:
    """Shows the models of one app."""

    def __init__(self, book: PriceBook) -> None:
        self._book = book

    def in_short(self, model: CatalogueModel, now: datetime) -> ModelOut:
        """A model with what it costs now, and will cost; a flat rate is no price there."""
        shown = [
            _price(period, self._book.label)
            for period in self._book.history(model)
            if (period.valid_to is None or period.valid_to > now) and not _is_flat(period) and _is_of(period, now)
        ]
        return ModelOut.model_validate({**_fields(model), "prices": shown})

    def in_full(self, model: CatalogueModel, now: datetime) -> ModelDetail:
        """A model with all its prices."""
        prices = [_detail(period, self._book.label) for period in self._book.history(model)]
        day, second = divmod((now - EPOCH) // timedelta(seconds=1), SECONDS_PER_DAY)
        reason = self._book.reason(model, model.name, day, second)
        return ModelDetail.model_validate(
            {**_fields(model), "prices": prices, "unpriced_reason": reason.sentence if reason else None}
        )


def _fields(model: CatalogueModel) -> dict[str, object]:
    priced_as = None if model.priced_as is None else PricedAs(provider=model.priced_as[0], model=model.priced_as[1])
    return {
        "id": model.id, "name": model.name, "provider": model.provider, "enabled": model.enabled,
        "cost_per_1k_tokens": None if model.flat_rate is None else nanos_to_dollars(model.flat_rate),
        "cost_per_1k_tokens_from": model.flat_since, "priced_as": priced_as,
    }  # fmt: skip


def _is_flat(period: Period) -> bool:
    return period.rates.source == "override" and period.price is None


def _is_of(period: Period, now: datetime) -> bool:
    """Whether it is not the price of another time of the day or week."""
    return (period.weekdays is None and period.hours is None) or period.holds(now)


def _price(period: Period, label: str) -> PriceOut:
    return PriceOut.model_validate(_stated(period, label))


def _detail(period: Period, label: str) -> PriceDetail:
    standard, *others = period.rates.steps
    tiers = {
        tier: TierOut.model_validate({**_kinds(steps[0]), "steps": _steps(steps)})
        for tier, steps in zip(SERVICE_TIERS[1:], others, strict=True)
        if steps != standard
    }
    statement = period.rates.statement
    return PriceDetail.model_validate(
        {
            **_stated(period, label),
            "source_url": statement.url if statement else None,
            "note": statement.note if statement else None,
            "weekdays": None if period.weekdays is None else [day + 1 for day in period.weekdays],
            "hours": None
            if period.hours is None
            else [f"{_clock(start)}-{_clock(end)}" for start, end in period.hours],
            "steps": _steps(standard),
            "tiers": tiers,
        }
    )


def source_of(period: Period, label: str) -> str:
    """Who says that this is the price. `label` names the price book."""
    if period.price is not None:
        return period.price.source
    if period.rates.statement is not None:
        return period.rates.statement.source
    return FLAT_RATE if _is_flat(period) else label


def _stated(period: Period, label: str) -> dict[str, object]:
    listed = {kind: _per_million(picos) for kind, picos in period.rates.listed._asdict().items()}
    return {
        **_kinds(period.rates.steps[0][0]),
        **listed,
        "id": period.price.id if period.price else None,
        "valid_from": None if period.valid_from == EPOCH else period.valid_from,
        "valid_to": period.valid_to,
        "price_source": period.rates.source,
        "source": source_of(period, label),
    }


def _steps(steps: tuple[Step, ...]) -> list[StepOut]:
    return [StepOut.model_validate({**_kinds(step), "above": step.above}) for step in steps[1:]]


def _kinds(step: Step) -> Dollars:
    rates = step._asdict()
    shown: Dollars = {kind: _per_million(rates[kind]) for kind in ("input", "output")}
    for kind, kin in _KIN.items():
        shown[kind] = None if rates[kind] == rates[kin] else _per_million(rates[kind])
    return shown | {kind: rates[kind] / PICOS_PER_DOLLAR if rates[kind] else None for kind in _EACH}


def _per_million(picos: int | None) -> float | None:
    return None if picos is None else picos / PICOS_PER_TOKEN


def _clock(second: int) -> str:
    """A time of the day; seconds where they are not full minutes."""
    hours, rest = divmod(second, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours:02}:{minutes:02}" + (f":{seconds:02}" if seconds else "")

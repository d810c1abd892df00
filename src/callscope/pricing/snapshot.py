"""genai-prices' data as this package uses it: find a model for sure, and compile its prices to `Rates`.

genai-prices takes half a second to import, so it is imported at the first price that is asked for.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from callscope.db.types import EPOCH
from callscope.pricing import names
from callscope.pricing.rates import Listed, Rates, Step

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice, Provider

_CONTEXTS: tuple[dict[str, str] | None, ...] = (
    None,
    {"processing": "batch"},
    {"service_tier": "flex"},
    {"service_tier": "priority"},
)
"""How genai-prices calls the service tiers, in the order of `rates.SERVICE_TIERS`."""
_PICOS = {"mtok": Decimal(10**6), "kcount": Decimal(10**9)}
"""From dollars per million tokens to pico-dollars per token, and from dollars per thousand to pico-dollars each."""


@dataclass(frozen=True, slots=True)
class Match:
    """A model that a name stands for. `has_variants`: the provider sells it itself, so its batch prices hold."""

    model: "ModelInfo"
    name: str
    has_variants: bool


class Snapshot:
    """The prices that came with the installed genai-prices."""

    def __init__(self) -> None:
        from genai_prices.data import providers

        self._providers: list[Provider] = providers
        self._by_id = {provider.id: provider for provider in providers}

    def find(self, provider: str | None, name: str) -> Match | None:
        """The model that a name stands for; None when that is not sure.

        Without a provider, only a first party's own model is taken.
        """
        if provider is None:
            head, slash, _ = name.partition("/")
            provider = head if slash else None
        if provider is not None:
            known = names.provider_id(provider)
            return None if known is None else self._find_at(self._by_id[known], names.bare_name(name, known))
        name = name.strip().lower()
        if not names.tells_first_party(name):
            return None
        for known in names.FIRST_PARTIES:
            seller = self._by_id[known]
            foreign = seller.model_match is not None and not seller.model_match.is_match(name)
            if foreign and not name.startswith("text-embedding-"):  # OpenAI's, which its rule leaves out
                continue
            if match := self._find_at(seller, name):
                return match
        return None

    def _find_at(self, provider: "Provider", name: str) -> Match | None:
        model = provider.find_model(name, all_providers=self._providers)
        if model is None or not names.is_sure(model, name, provider.id):
            return None
        return Match(model, name, has_variants=any(model is own for own in provider.models))

    @staticmethod
    def boundaries(match: Match) -> list[int]:
        """The seconds of a UTC day at which the model's price may change: 0, and those of prices by time of day."""
        from genai_prices.types import TimeOfDateConstraint

        seconds = {0}
        if isinstance(match.model.prices, list):
            for price in match.model.prices:
                if isinstance(price.constraint, TimeOfDateConstraint):
                    seconds |= {_second(price.constraint.start_time), _second(price.constraint.end_time)}
        return sorted(seconds)

    @staticmethod
    def rates(match: Match, day: int, second: int) -> Rates | None:
        """What the model costs at a second of a UTC day (days since the epoch).

        None where no rate for tokens is stated: that is not the same as free.
        """
        moment = EPOCH + timedelta(days=day, seconds=second)
        standard = match.model.get_prices(moment)
        if not _stated(standard) and match.name.endswith(":free"):
            return Rates("catalogue", ((_free_step(),),) * len(_CONTEXTS), Listed(0, None, None, None, 0))
        if standard.input_mtok is None:
            return None
        contexts = _CONTEXTS if match.has_variants and match.model.price_variants else (None,) * len(_CONTEXTS)
        priced = [match.model.get_prices(moment, context) if context else standard for context in contexts]
        return Rates(
            "catalogue",
            tuple(_steps(price) for price in priced),
            _listed(standard),
            _since(match.model, moment),
            images_are_output=standard.output_image_mtok is not None and standard.input_image_mtok is None,
        )


def _steps(price: "ModelPrice") -> tuple[Step, ...]:
    from genai_prices.types import TieredPrices

    starts = {0}
    for value in _stated(price).values():
        if isinstance(value, TieredPrices):
            starts.update(tier.start for tier in value.tiers)
    return tuple(_step(price, start) for start in sorted(starts))


def _step(price: "ModelPrice", above: int) -> Step:
    """The rates above a context length. A kind of token without a price of its own is billed as what it is part of."""

    def rate(key: str, otherwise: int) -> int:
        found = _picos(price, key, above)
        return otherwise if found is None else found

    plain_in, plain_out = rate("input_mtok", 0), rate("output_mtok", 0)
    write = rate("cache_write_mtok", plain_in)
    return Step(
        above=above,
        input=plain_in,
        cached_input=rate("cache_read_mtok", plain_in),
        cache_write=write,
        cache_write_1h=rate("cache_write_1h_mtok", write),
        output=plain_out,
        reasoning=rate("output_reasoning_mtok", plain_out),
        audio_input=rate("input_audio_mtok", plain_in),
        audio_output=rate("output_audio_mtok", plain_out),
        image_input=rate("input_image_mtok", plain_in),
        image_output=rate("output_image_mtok", plain_out),
        request=rate("requests_kcount", 0),
        server_tool=rate("web_searches_kcount", 0),
    )


def _free_step() -> Step:
    return Step(*[0] * len(Step._fields))


def _listed(price: "ModelPrice") -> Listed:
    return Listed(
        _picos(price, "input_mtok", 0) or 0,
        _picos(price, "cache_read_mtok", 0),
        _picos(price, "cache_write_mtok", 0),
        _picos(price, "cache_write_1h_mtok", 0),
        _picos(price, "output_mtok", 0),
    )


def _picos(price: "ModelPrice", key: str, above: int) -> int | None:
    from genai_prices.types import TieredPrices

    value = getattr(price, key)
    if value is None:
        return None
    dollars: Decimal = value.base if isinstance(value, TieredPrices) else value
    if isinstance(value, TieredPrices):
        for tier in value.tiers:
            if above >= tier.start:
                dollars = tier.price
    unit = _PICOS[key.rpartition("_")[2]]
    return int((dollars * unit).quantize(Decimal(1), rounding=ROUND_HALF_EVEN))


def _stated(price: "ModelPrice") -> dict[str, object]:
    return {key: value for key, value in vars(price).items() if value is not None}


def _since(model: "ModelInfo", moment: datetime) -> date | None:
    """The first day of the price in force, where genai-prices tells."""
    from genai_prices.types import StartDateConstraint

    days = []
    if isinstance(model.prices, list):
        days = [p.constraint.start_date for p in model.prices if isinstance(p.constraint, StartDateConstraint)]
    return max((day for day in days if day <= moment.date()), default=None)


def _second(moment: time) -> int:
    in_utc = datetime.combine(EPOCH.date(), moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    return in_utc.hour * 3600 + in_utc.minute * 60 + in_utc.second

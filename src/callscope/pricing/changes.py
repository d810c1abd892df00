"""What an administrator's change makes of a model's row and its prices, and what is noted of it."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import object_session

from callscope.api.errors import Conflict, invalid
from callscope.db.types import EPOCH, dollars_to_nanos, nanos_to_dollars
from callscope.pricing.models import LLMModel, ModelPrice
from callscope.pricing.price_schemas import PICOS_PER_DOLLAR, PICOS_PER_TOKEN, Kinds, KindsIn, PriceIn
from callscope.pricing.schemas import ModelPatch

FLAT_RATE = "flat rate"
"""The source of a price that was one."""
FLAT_RATE_GOES_FIRST = (
    "the model has a flat rate, which goes before all prices; send cost_per_1k_tokens: null to remove it"
)
SET_HERE = "set by an administrator"
"""The source of a price that names none. Everybody sees it; who it was is in the audit log."""
_UNITS = dict.fromkeys(Kinds.model_fields, PICOS_PER_TOKEN) | dict.fromkeys(
    ("request", "server_tool"), PICOS_PER_DOLLAR
)
"""From dollars, in the unit of the kind, to pico-dollars each."""

Changes = dict[str, object]


class PriceExists(Conflict):
    """Prices are kept, so one is not replaced by another from the same time on, unless that is said."""

    def __init__(self, name: str, price: ModelPrice) -> None:
        super().__init__(
            f"{name} already has a price from {_iso(price.valid_from)} on. Set one from a later time; or, if that one "
            f"was entered wrongly, correct it: it is price {price.id}."
        )


def apply(model: LLMModel, body: ModelPatch, now: datetime, *, was_unpriced: bool) -> tuple[Changes, Changes]:
    """Change the model; what changed, from what to what.

    Args:
        now: what holds from now on holds from this second on.
        was_unpriced: whether no price of it is known at any time, so that a flat rate may hold since ever.

    Raises PriceExists, or Invalid for a price beside a flat rate.
    """
    before: Changes = {}
    after: Changes = {}
    told = body.model_fields_set
    now = now.replace(microsecond=0)
    prices = list(model.prices)
    listed = [noted(price) for price in prices]
    kept = None
    if "cost_per_1k_tokens" in told:
        kept = _set_flat_rate(model, body, now, None if was_unpriced else now, before, after)
    elif "cost_per_1k_tokens_from" in told:
        raise invalid("cost_per_1k_tokens_from", "says from when on cost_per_1k_tokens holds, which is missing")
    if body.prices and model.cost_per_1k_tokens is not None:
        raise invalid("prices", FLAT_RATE_GOES_FIRST)
    for price in body.prices or ():
        _add(model, price, now)
    if kept is not None:
        _keep_flat_rate(model, kept, prices)
    become = [noted(price) for price in model.prices]
    if become != listed:
        before["prices"] = [price for price in listed if price not in become]
        after["prices"] = [price for price in become if price not in listed]
    if "enabled" in told and body.enabled is not model.enabled:
        before["enabled"], after["enabled"] = model.enabled, body.enabled
        model.enabled = body.enabled
    if "priced_as" in told:
        was = None if model.priced_as_model is None else f"{model.priced_as_provider}/{model.priced_as_model}"
        target = body.priced_as
        model.priced_as_provider = target.provider if target else None
        model.priced_as_model = target.model if target else None
        becomes = f"{target.provider}/{target.model}" if target else None
        if becomes != was:
            before["priced_as"], after["priced_as"] = was, becomes
    return before, after


def _set_flat_rate(
    model: LLMModel, body: ModelPatch, now: datetime, default: datetime | None, before: Changes, after: Changes
) -> ModelPrice | None:
    """Set or remove the flat rate; gives the one that was, as a price that ends, if it held at all."""
    flat = None if body.cost_per_1k_tokens is None else dollars_to_nanos(body.cost_per_1k_tokens)
    since = body.cost_per_1k_tokens_from if "cost_per_1k_tokens_from" in body.model_fields_set else default
    if since is not None and since > now:
        raise invalid(
            "cost_per_1k_tokens_from", "must not be later than now; what costs something else later is a price"
        )
    was, start = model.cost_per_1k_tokens, model.flat_since or EPOCH
    if flat == was and "cost_per_1k_tokens_from" not in body.model_fields_set:
        return None
    before["cost_per_1k_tokens"] = _dollars(was)
    after["cost_per_1k_tokens"] = _dollars(flat)
    model.cost_per_1k_tokens = flat
    model.flat_since = None if flat is None else since
    if flat is not None and since is not None and since != now:
        after["cost_per_1k_tokens_from"] = _iso(since)
    if was is None or since is None or since <= start:
        return None
    # nano-dollars per thousand tokens are pico-dollars per token
    return ModelPrice(valid_from=start, valid_to=since, source=FLAT_RATE, input=was, output=was, created_at=now)


def _keep_flat_rate(model: LLMModel, kept: ModelPrice, prices: list[ModelPrice]) -> None:
    """Add the flat rate that was to the prices, so that it holds for all its time.

    Those of `prices` that begin within that time were not paid then: each begins when it is the one in force after
    that, or goes if it never is.
    """
    until = kept.valid_to or EPOCH
    ends = {price.valid_to for price in model.prices if price.valid_to is not None and price.valid_to > until}
    first: dict[ModelPrice | None, datetime] = {}
    for moment in sorted({until} | ends):
        first.setdefault(_in_force(model, moment), moment)
    for price in [price for price in prices if kept.valid_from <= price.valid_from < until]:
        if price in first:
            price.valid_from = first[price]
        else:
            model.prices.remove(price)
    if any(price.valid_from == kept.valid_from for price in model.prices):
        raise invalid("prices", "the flat rate held from the same time on; set one from a later time")
    if session := object_session(model):
        session.flush()  # one of them may have begun with the flat rate, and rows are added first
    model.prices.append(kept)


def _in_force(model: LLMModel, moment: datetime) -> ModelPrice | None:
    """The administrator's price at a time, the flat rate aside."""
    holding = (
        price
        for price in model.prices
        if price.valid_from <= moment and (price.valid_to is None or moment < price.valid_to)
    )
    return max(holding, key=lambda price: price.valid_from, default=None)


def _add(model: LLMModel, body: PriceIn, now: datetime) -> None:
    price = ModelPrice(created_at=now)
    set_price(model, price, body, body.valid_from or now)
    model.prices.append(price)


def set_price(model: LLMModel, price: ModelPrice, body: PriceIn, valid_from: datetime) -> None:
    """Make a price of the model, old or new, say what `body` says.

    Raises PriceExists for another price from the same time on, and Invalid for an end that is not after it.
    """
    for other in model.prices:
        if other is not price and other.valid_from == valid_from:
            raise PriceExists(model.name, other)
    if body.valid_to is not None and body.valid_to <= valid_from:
        raise invalid("valid_to", f"must be after {_iso(valid_from)}, from when on the price holds")
    price.valid_from, price.valid_to = valid_from, body.valid_to
    price.source = body.source or SET_HERE
    picos = _picos(body)
    for kind in Kinds.model_fields:
        setattr(price, kind, picos.get(kind))
    price.steps = [{"above": step.above} | _picos(step) for step in body.steps] or None


def noted(price: ModelPrice) -> Changes:
    """What the audit log keeps of a price."""
    amounts = {kind: getattr(price, kind) for kind in Kinds.model_fields}
    changes: Changes = {"valid_from": _iso(price.valid_from), "source": price.source}
    if price.valid_to is not None:
        changes["valid_to"] = _iso(price.valid_to)
    changes |= {kind: picos / _UNITS[kind] for kind, picos in amounts.items() if picos is not None}
    if price.steps:
        changes["steps"] = price.steps
    return changes


def _picos(body: KindsIn) -> dict[str, int]:
    amounts: dict[str, Decimal] = body.model_dump(include=set(Kinds.model_fields), exclude_none=True)
    return {kind: int(amount * _UNITS[kind]) for kind, amount in amounts.items()}


def _dollars(nanos: int | None) -> float | None:
    return None if nanos is None else nanos_to_dollars(nanos)


def _iso(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"

"""Why a call has no price, in words that an administrator can act on. Worked out when it is asked for, never stored."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import NamedTuple

SELLERS_NAMED = 3


class Cause(StrEnum):
    """What is missing."""

    NO_PROVIDER = "no_provider"
    UNKNOWN_PROVIDER = "unknown_provider"
    UNKNOWN_MODEL = "unknown_model"
    NO_PRICE_THEN = "no_price_then"
    NEVER_PRICED = "never_priced"


class Unpriced(NamedTuple):
    """Why there is no price: for programs, and as a sentence."""

    cause: Cause
    sentence: str


def no_provider(name: str, sellers: Sequence[str]) -> Unpriced:
    """No provider was named, and the name alone does not tell the price."""
    named = list(sellers[:SELLERS_NAMED])
    if len(sellers) > SELLERS_NAMED:
        named.append(f"{len(sellers) - SELLERS_NAMED} more")
    who = " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))
    verb = "sells" if len(sellers) == 1 else "sell"
    return Unpriced(
        Cause.NO_PROVIDER, f"No provider was named, and a price of “{name}” is known only where {who} {verb} it."
    )


def unknown_provider(name: str, provider: str) -> Unpriced:
    """The price book has nothing of this provider."""
    return Unpriced(
        Cause.UNKNOWN_PROVIDER, f"The price book does not know the provider “{provider}”, which was named for “{name}”."
    )


def unknown_model(name: str, provider: str | None) -> Unpriced:
    """The price book does not know the name for sure."""
    where = "" if provider is None else f" at {provider}"
    return Unpriced(Cause.UNKNOWN_MODEL, f"The price book does not know the model “{name}”{where}.")


def no_price_then(name: str, provider: str, day: date) -> Unpriced:
    """The model is known, and its price at other times."""
    return Unpriced(
        Cause.NO_PRICE_THEN, f"The price book knows “{name}” at {provider}, but not its price on {day:%Y-%m-%d}."
    )


def never_priced(name: str, provider: str) -> Unpriced:
    """The model is known, but never had a price for tokens."""
    return Unpriced(Cause.NEVER_PRICED, f"The price book knows “{name}” at {provider}, but no price of its tokens.")

"""A list of prices that is newer than the installed genai-prices: fetched on demand, checked, kept in the data folder."""

import json
import os
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from callscope.pricing.names import FIRST_PARTIES
from callscope.pricing.price_schemas import MAX_EACH, MAX_PER_MILLION, PICOS_PER_DOLLAR, PICOS_PER_TOKEN
from callscope.pricing.rates import Rates, Step

if TYPE_CHECKING:
    from genai_prices.types import Provider

log = structlog.get_logger(__name__)

MAX_BYTES = 32 * 2**20
"""Of the list; the one of November 2026 has some three million."""
MAX_SECONDS = 30.0
KEPT = 0.9
"""The share of the models priced so far that a newer list must still price; one that has fewer is taken for damaged."""

Prices = dict[tuple[str, str], Rates | None]


class NotUpdated(Exception):
    """There are no newer prices to be had. The message is the line that the operator reads."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"the prices were not updated, those that there are stay in use: {reason}")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A list that was fetched, and what to call it."""

    providers: "list[Provider]"
    label: str


@dataclass(frozen=True, slots=True)
class Report:
    """How many models the new list prices today, and how many of them are new or cost something else."""

    priced: int
    new: int
    changed: int


def load(path: Path) -> Fetched | None:
    """The list that was fetched for the installed genai-prices; None if there is none, or none that can be used."""
    try:
        kept = json.loads(path.read_bytes())
        if kept["genai_prices"] != version("genai-prices"):
            log.info("genai-prices was updated, so the prices fetched before are not used", path=str(path))
            return None
        return Fetched(_parsed(kept["providers"]), f"genai-prices of {kept['fetched_at'][:10]}")
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.warning("the fetched prices cannot be used, so the installed ones are", path=str(path), reason=str(error))
        return None


def download(url: str) -> bytes:
    """What an address answers. Raises NotUpdated."""
    import httpx2

    deadline = time.monotonic() + MAX_SECONDS
    content = bytearray()
    try:
        with httpx2.stream("GET", url, timeout=10, follow_redirects=True) as answer:
            answer.raise_for_status()
            for chunk in answer.iter_bytes():
                content += chunk
                if len(content) > MAX_BYTES or time.monotonic() > deadline:
                    raise NotUpdated("the list is too large, or comes too slowly")
    except httpx2.HTTPStatusError as error:
        raise NotUpdated(f"the server of genai-prices answered {error.response.status_code}") from error
    except (httpx2.HTTPError, OSError) as error:
        raise NotUpdated(f"no answer from the server of genai-prices; is there a network? ({error})") from error
    return bytes(content)


def update(path: Path, content: bytes, known: "Sequence[Provider]") -> Report:
    """Put a list in the place of the one that there is, once it has been checked.

    Args:
        path: where it is kept.
        content: the list, as it was fetched.
        known: the list in use.

    Raises NotUpdated for one that is damaged, or has much less than the list in use.
    """
    try:
        raw = json.loads(content)
        providers = _parsed(raw)
        new = _prices(providers)
    except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError) as error:
        raise NotUpdated("what was fetched is no list of prices") from error
    old = _prices(known)
    missing = {provider.id for provider in known} & set(FIRST_PARTIES) - {provider.id for provider in providers}
    priced = {key for key, rates in new.items() if rates}
    priced_before = {key for key, rates in old.items() if rates}
    if missing or len(priced & priced_before) < KEPT * len(priced_before):
        raise NotUpdated("what was fetched has much less than the list in use")
    for (provider, model), rates in new.items():
        if rates is not None and not _is_possible(rates):
            raise NotUpdated(f"what was fetched has an impossible price of {provider}/{model}")
    kept = {
        "fetched_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "genai_prices": version("genai-prices"),
        "providers": raw,
    }
    _replace(path, json.dumps(kept).encode())
    return Report(len(priced), len(priced - priced_before), sum(new[key] != old[key] for key in priced & priced_before))


def _parsed(raw: Any) -> "list[Provider]":
    # The only way from JSON to the library's types, which its own updater takes as well.
    from genai_prices.types import _providers_from_raw

    if not isinstance(raw, list):
        raise ValueError("no list")  # noqa: TRY004  # as for all that is wrong with the content
    return _providers_from_raw(raw)


def _prices(providers: "Sequence[Provider]") -> Prices:
    """The price of each model now."""
    from callscope.pricing import genai

    now = datetime.now(UTC)
    prices: Prices = {}
    for provider in providers:
        for model in provider.models:
            stated = genai.price(model, model.id, now, tiers=True)
            prices[provider.id, model.id] = None if stated is None else stated.rates()
    return prices


def _is_possible(rates: Rates) -> bool:
    return all(all(_amounts(step)) for steps in rates.steps for step in steps)


def _amounts(step: Step) -> Iterator[bool]:
    for kind, picos in step._asdict().items():
        each = kind in {"request", "server_tool"}
        yield kind == "above" or 0 <= picos <= (
            MAX_EACH * PICOS_PER_DOLLAR if each else MAX_PER_MILLION * PICOS_PER_TOKEN
        )


def _replace(path: Path, content: bytes) -> None:
    """Whoever reads the file finds the old content or the new one, whenever the machine stops."""
    beside = path.with_suffix(f".{os.getpid()}.new")
    try:
        with beside.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)

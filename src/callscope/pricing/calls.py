"""The price of one call by the price book: when it is logged, and when it is priced anew."""

from callscope.db.types import NANOS_PER_DOLLAR
from callscope.ingest.changes import Priced
from callscope.ingest.row import MICROS_PER_DAY, CallRow, PriceSource
from callscope.pricing.book import PriceBook
from callscope.pricing.catalogue import CatalogueModel
from callscope.pricing.cost import MAX_DOLLARS

MAX_COST = MAX_DOLLARS * NANOS_PER_DOLLAR
MICROS_PER_SECOND = 1_000_000
_SOURCES = {"override": PriceSource.override, "catalogue": PriceSource.catalogue}


def price(book: PriceBook, model: CatalogueModel, row: CallRow) -> Priced | None:
    """What the book says that a call costs; None when it does not know, or says more than a call may cost."""
    rates = book.rates(model, model.name, row.day, _second(row))
    if rates is None:
        return None
    cost = rates.cost(
        row.prompt_tokens, row.completion_tokens, row.cached_tokens, row.cache_write_tokens,
        row.cache_write_1h_tokens, row.reasoning_tokens, row.audio_input_tokens, row.audio_output_tokens,
        row.image_tokens, row.server_tool_calls, row.service_tier,
    )  # fmt: skip
    return None if cost.total > MAX_COST else (cost, _SOURCES[rates.source])


def unpriced_reason(book: PriceBook, model: CatalogueModel, row: CallRow) -> str:
    """Why a call that has no cost has none, as far as the book says now."""
    reason = book.reason(model, model.name, row.day, _second(row))
    if reason is not None:
        return reason.sentence
    if price(book, model, row) is None:
        return f"At its price the call would cost more than {MAX_DOLLARS:,} dollars, which is taken for a mistake."
    return "No price was known when the call was logged. There is one now, which it has once it is repriced."


def _second(row: CallRow) -> int:
    return row.created_at % MICROS_PER_DAY // MICROS_PER_SECOND

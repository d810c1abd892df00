"""One call from several witnesses: what the call says, whatever the order in which they came.

`merged` is a pure function of the set of witnesses. They are ranked by source, then by whether they came with an API
key, then by how complete they are; each part of the answer (usage with its model and cost, how it ended, timings, each
text) comes from the best witness that has it. People with a login tell of calls too, but anybody may have registered
himself: they add what a program left out, and neither change its usage and cost nor make a refusal of its call.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from operator import or_
from typing import TypedDict

from callscope.ingest.row import ERASED, CallRow, CostRow, ErrorKind, PricedRow, PriceSource, Source

RATINGS = ("rating_1", "rating_2", "rating_3", "rating_4", "rating_5")


class Ratings(TypedDict):
    """How often a call was rated 1 to 5."""

    rating_1: int
    rating_2: int
    rating_3: int
    rating_4: int
    rating_5: int


NO_RATINGS: Ratings = {"rating_1": 0, "rating_2": 0, "rating_3": 0, "rating_4": 0, "rating_5": 0}
USAGE = (
    "model_id", "model_name", "request_model", "prompt_tokens", "completion_tokens", "cached_tokens",
    "cache_write_tokens", "cache_write_1h_tokens", "reasoning_tokens", "audio_input_tokens", "audio_output_tokens",
    "image_tokens", "server_tool_calls", "size_class", "service_tier", "usage_estimated",
)  # fmt: skip
TEXTS = (
    "user_id", "api_key_id", "saved_cost", "response_id", "trace_id", "span_id", "parent_span_id",
    "session_id", "end_user", "name", "tags",
)  # fmt: skip


def content(row: PricedRow) -> tuple[object, ...]:
    """What a witness says, without what the server adds to it: equal for a delivery and its repetition."""
    call = row.call._replace(
        id=0, is_call=True, merged_into=None, witnesses=1, payload_table=None, payload_id=None, **NO_RATINGS
    )
    cost = row.cost
    return (*call, cost.estimated_cost if cost is not None and cost.price_source == PriceSource.reported else None)


def merged(witnesses: Sequence[PricedRow]) -> PricedRow:
    """The call that these witnesses saw. Id, ratings and standing are the first-ranked witness's; the store sets them.

    Raises ValueError without a witness.
    """
    if not witnesses:
        raise ValueError("a call has at least one witness")
    told = ranked(witnesses)
    best = told[0].call
    programs = [row for row in told if not _is_login(row)] or told
    counted = _counted(programs) or _counted(told) or told[0]
    reported = _first(programs, lambda row: row.cost is not None and row.cost.price_source == PriceSource.reported)
    paid = reported or counted
    timed = _first(told, lambda row: row.call.latency_ms > 0) or told[0]
    first_token = _first(told, lambda row: row.call.time_to_first_token_ms is not None)
    written = _first(told, lambda row: row.call.payload_table is not None) or told[0]
    values: dict[str, object] = {name: getattr(counted.call, name) for name in USAGE}
    for name in TEXTS:
        values[name] = next((v for row in told if (v := getattr(row.call, name)) is not None), None)
    values |= {
        "latency_ms": timed.call.latency_ms,
        "created_at": timed.call.created_at,
        "day": timed.call.day,
        "time_to_first_token_ms": first_token.call.time_to_first_token_ms if first_token else None,
        "refused": next((row.call.refused for row in programs if row.call.refused is not None), None),
        "violation": _union(row.call.violation for row in told),
        "erased": any(row.call.erased for row in told),
        "payload_table": written.call.payload_table,
        "payload_id": written.call.payload_id,
    }
    call = best._replace(**values)  # type: ignore[arg-type]  # the names are CallRow's own
    result = PricedRow(call, paid.cost)
    return erased(result) if call.erased else result


def ranked(witnesses: Iterable[PricedRow]) -> list[PricedRow]:
    """The witnesses of a call, the one that is believed first leading."""
    return sorted(witnesses, key=_rank)


def erased(row: PricedRow) -> PricedRow:
    """The same call without what names its end user or shows what was written."""
    call = row.call
    kind = ErrorKind(call.error_kind)
    return PricedRow(
        call._replace(
            erased=True,
            # any text may have been sent as the type; totals count by the kind, which has a column of its own
            error_type=None if call.error_type is None or kind is ErrorKind.none else kind.name,
            end_user=ERASED if call.end_user is not None else None,
            error_message=None,
            refused=None if call.refused is None else ERASED,
            tags=None,
            name=None,
            session_id=None,
            payload_table=None,
            payload_id=None,
        ),
        row.cost,
    )


def has_usage(call: CallRow) -> bool:
    """Whether the witness knows how many tokens there were."""
    return call.prompt_tokens > 0 or call.completion_tokens > 0


def _rank(row: PricedRow) -> tuple[int, bool, int, str, str]:
    # By what an erasure leaves before what it takes, so that it changes no figure of the call.
    left = content(erased(row))
    completeness = sum(value is not None and value != 0 for value in left)
    return (-row.call.source, row.call.api_key_id is None, -completeness, repr(left), repr(content(row)))


def _is_login(row: PricedRow) -> bool:
    """Whether a person told of the call, and no program."""
    return row.call.source == Source.rest and row.call.api_key_id is None


def _counted(told: Sequence[PricedRow]) -> PricedRow | None:
    """The witness whose usage counts: the best that knows it, or else the best that estimates it."""
    return _first(told, lambda row: has_usage(row.call) and not row.call.usage_estimated) or _first(
        told, lambda row: has_usage(row.call)
    )


def _first(ranked: Sequence[PricedRow], wanted: Callable[[PricedRow], bool]) -> PricedRow | None:
    return next((row for row in ranked if wanted(row)), None)


def _union(values: Iterable[int]) -> int:
    return reduce(or_, values, 0)


def with_id(cost: CostRow | None, call_id: int) -> CostRow | None:
    """The same cost, filed under another call."""
    return None if cost is None else CostRow._make((call_id, call_id, *cost[2:]))

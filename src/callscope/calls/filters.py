"""The query parameters that say which calls a route is about: the list, its facets, the export, the live tail."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Annotated, Literal

from fastapi import Depends, Query

from callscope.api.errors import invalid
from callscope.api.paging import MAX_ROW_ID
from callscope.api.rights import Caller
from callscope.db.types import dollars_to_nanos, to_micros
from callscope.ingest.row import ErrorKind
from callscope.metrics.filters import Chosen, Filtered, Selector
from callscope.search.query import MAX_CHARS, parse
from callscope.store.queries import CallFilter

KindOfError = Literal[
    "rate_limit", "timeout", "authentication", "permission", "invalid_request", "context_length", "content_filter",
    "not_found", "server_error", "overloaded", "connection", "quota", "cancelled", "bad_response", "other",
]  # fmt: skip
"""The names of `ErrorKind`, apart from `none`."""


@dataclass(frozen=True, slots=True)
class AskedCalls:
    """Which calls a request is about: the names it selects by, and all other filters."""

    names: Chosen
    wanted: CallFilter

    def of(self, selector: Selector, caller: Caller) -> CallFilter:
        """The filter, as far as the caller may see. Reads the database.

        Raises Forbidden and NotFound for projects that the caller may not see or that do not exist.
        """
        return replace(self.wanted, selection=selector.selection(caller, self.names))


async def asked_calls(
    filters: Filtered,
    error_kind: Annotated[
        list[KindOfError] | None, Query(max_length=15, description="What kind of error; several mean any of them.")
    ] = None,
    end_user: Annotated[str | None, Query(description="Who used the application.")] = None,
    session_id: Annotated[str | None, Query(description="Of this conversation.")] = None,
    trace_id: Annotated[str | None, Query(description="Of this trace.")] = None,
    name: Annotated[str | None, Query(description="What the application called it.")] = None,
    tag: Annotated[str | None, Query(description="Calls that have this tag.")] = None,
    api_key_id: Annotated[
        int | None, Query(ge=1, le=MAX_ROW_ID, description="Logged with this API key, by its number.")
    ] = None,
    min_latency_ms: Annotated[float | None, Query(ge=0, description="Milliseconds.")] = None,
    max_latency_ms: Annotated[float | None, Query(ge=0, description="Milliseconds.")] = None,
    min_cost: Annotated[float | None, Query(ge=0, le=1_000_000, description="US dollars.")] = None,
    max_cost: Annotated[float | None, Query(ge=0, le=1_000_000, description="US dollars.")] = None,
    min_tokens: Annotated[int | None, Query(ge=0, le=2**53, description="Prompt and completion together.")] = None,
    max_tokens: Annotated[int | None, Query(ge=0, le=2**53, description="Prompt and completion together.")] = None,
    violation: Annotated[bool | None, Query(description="Whether a policy forbade it.")] = None,
    cache_hit: Annotated[bool | None, Query(description="Whether it was answered without the provider.")] = None,
    unpriced: Annotated[bool | None, Query(description="Whether no price is known for it.")] = None,
    text: Annotated[
        str | None,
        Query(description='Words of the prompt or answer; `"a phrase"`, `begin*`, `-without`.', max_length=MAX_CHARS),
    ] = None,
) -> AskedCalls:
    """The dependency; see `CallsAsked`."""
    start = filters.earliest(filters.end or datetime.now(UTC))
    if start is not None and filters.end is not None and start >= filters.end:
        raise invalid("from", "must be before to")
    wanted = CallFilter(
        error_kinds=frozenset(int(ErrorKind[kind]) for kind in error_kind) if error_kind else None,
        start=None if start is None else to_micros(start),
        end=None if filters.end is None else to_micros(filters.end),
        end_user=end_user,
        session_id=session_id,
        trace_id=trace_id,
        name=name,
        tag=tag,
        api_key_id=api_key_id,
        min_latency_ms=min_latency_ms,
        max_latency_ms=max_latency_ms,
        min_cost=_nanos(min_cost),
        max_cost=_nanos(max_cost),
        min_tokens=min_tokens,
        max_tokens=max_tokens,
        violation=violation,
        cache_hit=cache_hit,
        unpriced=unpriced,
        text=None if text is None else parse(text),
    )
    return AskedCalls(filters.names, wanted)


CallsAsked = Annotated[AskedCalls, Depends(asked_calls)]
"""Which calls a request is about: range and every filter that the list of calls has."""


def _nanos(amount: float | None) -> int | None:
    return None if amount is None else dollars_to_nanos(amount)

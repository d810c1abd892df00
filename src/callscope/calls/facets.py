"""The values that there are of a field, for menus of filters: what the calls of a range are, and how many of each.

What the rollups tell apart is counted exactly. For everything else the newest matching calls are counted, for a bounded
time.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from callscope.api.rights import Caller
from callscope.calls.filters import AskedCalls
from callscope.calls.schemas import FacetsOut, FacetValue
from callscope.db.types import EPOCH, from_micros, to_micros
from callscope.ingest.contribution import MICROS_PER_MINUTE
from callscope.ingest.row import MICROS_PER_DAY, ErrorKind, Status
from callscope.metrics.composition import Span
from callscope.metrics.filters import EARLIEST, LATEST, Selector
from callscope.metrics.models import Level
from callscope.metrics.naming import OTHER, Label, Namer
from callscope.store.protocol import Reading, TelemetryStore
from callscope.store.queries import CallFilter, Counted, Facet, GroupBy, Selection, SideKind


class Field(StrEnum):
    """A field whose values can be asked for, by the name of its filter."""

    PROJECT = "project"
    ENVIRONMENT = "environment"
    MODEL = "model"
    PROVIDER = "provider"
    STATUS = "status"
    ERROR_KIND = "error_kind"
    END_USER = "end_user"
    API_KEY = "api_key_id"
    SESSION = "session_id"
    TRACE = "trace_id"
    NAME = "name"
    TAG = "tag"


_FACETS = {
    Field.PROJECT: Facet.PROJECT, Field.ENVIRONMENT: Facet.ENVIRONMENT, Field.MODEL: Facet.MODEL,
    Field.PROVIDER: Facet.MODEL, Field.STATUS: Facet.STATUS, Field.ERROR_KIND: Facet.ERROR_KIND,
    Field.END_USER: Facet.END_USER, Field.API_KEY: Facet.API_KEY, Field.SESSION: Facet.SESSION,
    Field.TRACE: Facet.TRACE, Field.NAME: Facet.NAME, Field.TAG: Facet.TAG,
}  # fmt: skip
_OF_NAMES = {
    Field.PROJECT: "projects", Field.ENVIRONMENT: "environments", Field.MODEL: "models", Field.PROVIDER: "providers",
    Field.STATUS: "statuses",
}  # fmt: skip
_OF_CELLS = frozenset({Facet.PROJECT, Facet.ENVIRONMENT, Facet.MODEL, Facet.STATUS, Facet.ERROR_KIND})
_OF_SIDES = {Facet.END_USER: SideKind.END_USER, Facet.API_KEY: SideKind.API_KEY}
_EVERY = Span((EARLIEST - EPOCH).days * 1440, (LATEST - EPOCH).days * 1440)


class FacetService:
    """Counts values and gives them their names."""

    def __init__(self, store: TelemetryStore, selector: Selector, namer: Namer) -> None:
        self._store = store
        self._selector = selector
        self._namer = namer

    def values(self, caller: Caller, asked: AskedCalls, field: Field, containing: str, limit: int) -> FacetsOut:
        """The values of a field among the calls that were asked for, the most frequent first.

        The field's own filter is left out, so that a menu offers the others besides what is chosen.

        Args:
            containing: only values that have this in their name, in upper or lower case.

        Raises Forbidden and NotFound for projects that the caller may not see or that do not exist.
        """
        wanted = _without(asked, field).of(self._selector, caller)
        facet = _FACETS[field]
        with self._store.reading() as reading:
            counted, span = _counted(reading, wanted, facet)
        named = self._named(field, counted.counts)
        sought = containing.casefold()
        fitting = [value for value in named if sought in (value.label or value.value).casefold()]
        fitting.sort(key=lambda value: (-value.count, value.label or value.value))
        return FacetsOut.model_validate(
            {
                "field": field,
                "values": fitting[:limit],
                "more": len(fitting) > limit,
                "exact": counted.scanned_to is None,
                "scanned_to": None if counted.scanned_to is None else from_micros(counted.scanned_to),
                "sampled": None if counted.scanned_to is None else counted.looked_at,
                "from": _moment(wanted.start if span is None else span.start * MICROS_PER_MINUTE),
                "to": _moment(wanted.end if span is None else span.end * MICROS_PER_MINUTE),
            }
        )

    def _named(self, field: Field, counts: Mapping[str | int, int]) -> list[FacetValue]:
        if field is Field.API_KEY:
            keys = self._namer.api_keys()
            return [
                FacetValue(value=str(number), label=keys.get(int(number)), count=count)
                for number, count in counts.items()
            ]
        name = self._namer_of(field, counts)
        sums: Counter[str] = Counter()
        for value, count in counts.items():
            sums[name(value)] += count
        return [FacetValue(value=value, label=None, count=count) for value, count in sums.items() if value]

    def _namer_of(self, field: Field, values: Iterable[str | int]) -> Callable[[str | int], str]:
        match field:
            case Field.STATUS:
                return lambda value: Status(int(value)).name
            case Field.ERROR_KIND:
                return lambda value: "" if int(value) == ErrorKind.none else ErrorKind(int(value)).name
            case Field.PROJECT | Field.ENVIRONMENT | Field.MODEL | Field.PROVIDER:
                by = GroupBy.MODEL if field is Field.PROVIDER else GroupBy(_FACETS[field].value)
                labels = self._namer.labels(by, map(int, values))
                return lambda value: _name(labels.get(int(value), OTHER), field)
            case _:
                # what a project has beyond its bound of end users a day is no name to filter by
                return lambda value: "" if value == OTHER.name else str(value)


def _name(label: Label, field: Field) -> str:
    return label.provider or "" if field is Field.PROVIDER else label.name


def _without(asked: AskedCalls, field: Field) -> AskedCalls:
    """The same calls without the field's own filter."""
    if field in _OF_NAMES:
        return replace(asked, names=replace(asked.names, **{_OF_NAMES[field]: ()}))
    own: dict[str, Any] = {"error_kinds" if field is Field.ERROR_KIND else field.value: None}
    return replace(asked, wanted=replace(asked.wanted, **own))


def _counted(reading: Reading, wanted: CallFilter, facet: Facet) -> tuple[Counted, Span | None]:
    """What was counted; and over which span, where the sums that there are settle it."""
    by_range = CallFilter(wanted.selection, wanted.error_kinds, wanted.start, wanted.end)
    if wanted == by_range and facet in _OF_CELLS:
        span = reading.countable(_span(wanted))
        return _of_cells(reading, wanted, facet, span), span
    selection = Selection(project_ids=wanted.selection.project_ids)
    if wanted == CallFilter(selection, start=wanted.start, end=wanted.end) and facet in _OF_SIDES:
        span = _span(wanted)
        days = span.start // 1440, -(-span.end // 1440)
        return reading.side_counts(_OF_SIDES[facet], selection.project_ids, days), Span(days[0] * 1440, days[1] * 1440)
    return reading.counted(wanted, facet), None


def _of_cells(reading: Reading, wanted: CallFilter, facet: Facet, span: Span) -> Counted:
    measures = ("calls", "refusals")
    counts: Counter[str | int] = Counter()
    if wanted.error_kinds is not None and facet is not Facet.ERROR_KIND:
        columns = (facet.value, Facet.ERROR_KIND.value)
        cells = reading.breakdown(wanted.selection, [span], measures, columns, Level.DETAIL)
        for (value, kind), sums in cells.items():
            if kind in wanted.error_kinds:
                counts[value] += sum(sums)
    else:
        for key, found in reading.totals(wanted.selection, span, measures, GroupBy(facet.value)).items():
            counts[key or 0] += sum(found.values())
    return Counted(+counts, counts.total())


def _span(wanted: CallFilter) -> Span:
    """The minutes of a range; all there can be where it is open."""
    start = _EVERY.start if wanted.start is None else wanted.start // MICROS_PER_MINUTE
    if wanted.end is not None:
        end = -(-wanted.end // MICROS_PER_MINUTE)
    elif wanted.start is None:
        end = _EVERY.end
    else:  # whole days behind a start: calls whose clock is ahead are among them
        end = (to_micros(datetime.now(UTC)) // MICROS_PER_DAY + 2) * 1440
    return Span(start, max(start, end))


def _moment(micros: int | None) -> datetime | None:
    return None if micros is None else from_micros(micros)

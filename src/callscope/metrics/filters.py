"""The query parameters that all metrics routes and lists share, and what they select."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Literal, NamedTuple
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request

from callscope.accounts.projects import ProjectDirectory
from callscope.api.errors import invalid
from callscope.api.rights import Caller
from callscope.api.times import Moment
from callscope.db.types import EPOCH
from callscope.ingest.directory import Directory
from callscope.ingest.row import Status
from callscope.metrics.composition import Bucket, Span, Timeline, TooManyBuckets, default_bucket, timeline
from callscope.pricing.catalogue import Catalogue
from callscope.store.protocol import Reading
from callscope.store.queries import Selection

DEFAULT_DAYS = 30
MAX_DAYS = 3_660
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
Names = Annotated[list[str] | None, Query(max_length=50, description="By name; several mean any of them.")]
StatusName = Literal["success", "error", "timeout"]
Statuses = Annotated[list[StatusName] | None, Query(max_length=3, description="Several mean any of them.")]


@dataclass(frozen=True, slots=True)
class Chosen:
    """The names of what is selected, as the caller gave them."""

    projects: Sequence[str]
    environments: Sequence[str]
    models: Sequence[str]
    providers: Sequence[str]
    statuses: Sequence[StatusName]


@dataclass(frozen=True, slots=True)
class Filters:
    """What a request is about: a range of time (from inclusive, to exclusive, None: open), a zone, and names."""

    start: datetime | None
    end: datetime | None
    days: float | None
    zone: ZoneInfo
    names: Chosen

    def earliest(self, end: datetime) -> datetime | None:
        """The start of the range, as `from` or `days` before `end` gives it; None where neither was given."""
        if self.start is None and self.days is not None:
            return end - timedelta(days=self.days)
        return self.start

    def span(self, now: datetime) -> Span:
        """The range in minutes since the epoch; without one, the last 30 days."""
        end = self.end or now
        start = self.earliest(end) or end - timedelta(days=DEFAULT_DAYS)
        if start >= end:
            raise invalid("from", "must be before to")
        first = (start - EPOCH) // timedelta(minutes=1)
        return Span(first, -((EPOCH - end) // timedelta(minutes=1)))


class Ranged(NamedTuple):
    """The range of time and the zone of a request."""

    start: datetime | None
    end: datetime | None
    days: float | None
    zone: ZoneInfo


ZoneName = Annotated[str, Query(max_length=64, description="IANA name; days and weeks are those of this zone.")]


async def ranged(
    days: Annotated[
        float | None,
        Query(gt=0, le=MAX_DAYS, description="The last so many days; 1 is 24 hours. Default 30 for metrics."),
    ] = None,
    from_: Annotated[Moment | None, Query(alias="from", description="Start of the range, ISO 8601.")] = None,
    to: Annotated[Moment | None, Query(description="End of the range, not part of it.")] = None,
    tz: ZoneName = "UTC",
) -> Ranged:
    """The dependency for the range of time of a request."""
    if days is not None and (from_ is not None or to is not None):
        raise invalid("days", "is the range up to now; leave it out where from or to is given")
    for name, moment in (("from", from_), ("to", to)):
        if moment is not None and not EARLIEST <= moment <= LATEST:
            raise invalid(name, "must lie between the years 2000 and 2200")
    return Ranged(from_, to, days, zone(tz))


async def chosen(
    project: Names = None,
    environment: Names = None,
    model: Annotated[list[str] | None, Query(max_length=50, description="A model's name or catalogue id.")] = None,
    provider: Names = None,
    status: Statuses = None,
) -> Chosen:
    """The dependency for the names that a request selects by; see `Named`."""
    return Chosen(project or (), environment or (), model or (), provider or (), status or ())


Named = Annotated[Chosen, Depends(chosen)]
"""What a request selects by name."""


async def filters(range_: Annotated[Ranged, Depends(ranged)], names: Named) -> Filters:
    """The dependency; see `Filtered`."""
    return Filters(*range_, names)


Filtered = Annotated[Filters, Depends(filters)]
"""Range, zone and filters of a request."""


async def of_sources(
    range_: Annotated[Ranged, Depends(ranged)],
    project: Names = None,
    environment: Names = None,
    source_model: Annotated[
        list[str] | None, Query(max_length=50, description="Only calls of this model, by name or catalogue id.")
    ] = None,
    provider: Names = None,
    status: Statuses = None,
) -> Filters:
    """The dependency; see `SourcesFiltered`."""
    names = Chosen(project or (), environment or (), source_model or (), provider or (), status or ())
    return Filters(*range_, names)


SourcesFiltered = Annotated[Filters, Depends(of_sources)]
"""The same for a route whose `model` is not which calls it is about."""


async def in_zone(names: Named, tz: ZoneName = "UTC") -> Filters:
    """The dependency; see `InZone`."""
    return Filters(None, None, None, zone(tz), names)


InZone = Annotated[Filters, Depends(in_zone)]
"""Zone and filters of a route that is about a range of its own."""

Width = Annotated[Bucket | None, Query(description="Width of a point; what fits the range if it is left out.")]


@lru_cache(maxsize=600)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def zone(name: str) -> ZoneInfo:
    """The time zone of that name; raises Invalid for one that does not exist."""
    try:
        return _zone(name)
    except (KeyError, ValueError, OSError):
        raise invalid("tz", f"{name!r} is not a time zone; use an IANA name such as Europe/Berlin") from None


def timeline_of(reading: Reading, asked: Filters, bucket: Bucket | None, now: datetime) -> Timeline:
    """The points of a series over the range that was asked for, as wide as the range needs if no width was.

    Raises Invalid for points that are too many, or finer than what is still kept.
    """
    span = reading.countable(asked.span(now))
    width = bucket or default_bucket(span)
    minute = Span(span.start + 1, span.start + 2)
    if width is Bucket.MINUTE and reading.countable(minute) != minute:
        if bucket is not None:
            raise invalid("bucket", "minutes are kept for 48 hours; ask for hours or days, or for a later start")
        width = Bucket.HOUR
    try:
        return timeline(span, width, asked.zone)
    except TooManyBuckets as error:
        raise invalid("bucket", str(error)) from None


class Selector:
    """Turns names into a `Selection`, as far as the caller may see."""

    def __init__(self, projects: ProjectDirectory, directory: Directory, catalogue: Catalogue) -> None:
        self._projects = projects
        self._directory = directory
        self._catalogue = catalogue

    def selection(self, caller: Caller, names: Chosen) -> Selection:
        """Which cells and calls a request is about. A name that nothing has selects nothing.

        Raises Forbidden and NotFound for projects that the caller may not see or that do not exist.
        """
        projects = self._projects.allowed(caller, names.projects)
        environments = None
        if names.environments:
            environments = self._directory.environment_ids(names.environments)
        models = None
        if names.models or names.providers:
            models = frozenset(self._models(names.models, names.providers))
        statuses = frozenset(int(Status[name]) for name in names.statuses) if names.statuses else None
        return Selection(projects, environments, models, statuses)

    def _models(self, models: Sequence[str], providers: Sequence[str]) -> Sequence[int]:
        wanted = {name.lower() for name in models}
        of = {name.lower() for name in providers}
        return [
            model.id
            for model in self._catalogue.all()
            if (not wanted or model.name.lower() in wanted or str(model.id) in wanted)
            and (not of or model.provider.lower() in of)
        ]


async def selector(request: Request) -> Selector:
    """The dependency that gives the app's selector."""
    found: Selector = request.app.state.selector
    return found


SelectorDep = Annotated[Selector, Depends(selector)]

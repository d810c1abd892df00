"""The query parameters that all metrics routes and lists share, and what they select."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

from fastapi import Depends, Query, Request

from callscope.accounts.projects import ProjectDirectory
from callscope.api.errors import invalid
from callscope.api.rights import Caller
from callscope.api.times import Moment
from callscope.db.types import EPOCH
from callscope.ingest.directory import Directory
from callscope.ingest.row import Status
from callscope.metrics.composition import Span
from callscope.pricing.catalogue import Catalogue
from callscope.store.queries import Selection

DEFAULT_DAYS = 30
MAX_DAYS = 3_660
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
Names = Annotated[list[str] | None, Query(max_length=50, description="By name; several mean any of them.")]
StatusName = Literal["success", "error", "timeout"]


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


async def filters(
    days: Annotated[
        float | None,
        Query(gt=0, le=MAX_DAYS, description="The last so many days; 1 is 24 hours. Default 30 for metrics."),
    ] = None,
    from_: Annotated[Moment | None, Query(alias="from", description="Start of the range, ISO 8601.")] = None,
    to: Annotated[Moment | None, Query(description="End of the range, not part of it.")] = None,
    tz: Annotated[str, Query(max_length=64, description="IANA name; days and weeks are those of this zone.")] = "UTC",
    project: Names = None,
    environment: Names = None,
    model: Annotated[list[str] | None, Query(max_length=50, description="A model's name or catalogue id.")] = None,
    provider: Names = None,
    status: Annotated[list[StatusName] | None, Query(max_length=3, description="Several mean any of them.")] = None,
) -> Filters:
    """The dependency; see `Filtered`."""
    for name, moment in (("from", from_), ("to", to)):
        if moment is not None and not EARLIEST <= moment <= LATEST:
            raise invalid(name, "must lie between the years 2000 and 2200")
    names = Chosen(project or (), environment or (), model or (), provider or (), status or ())
    return Filters(from_, to, days, zone(tz), names)


Filtered = Annotated[Filters, Depends(filters)]
"""Range, zone and filters of a request."""


@lru_cache(maxsize=600)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def zone(name: str) -> ZoneInfo:
    """The time zone of that name; raises Invalid for one that does not exist."""
    try:
        return _zone(name)
    except (KeyError, ValueError, OSError):
        raise invalid("tz", f"{name!r} is not a time zone; use an IANA name such as Europe/Berlin") from None


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

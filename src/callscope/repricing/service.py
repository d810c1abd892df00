"""What is done with repricings: ask for one, look at them, cancel one. `callscope.repricing.runner` does the work."""

import math
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callscope.accounts.projects import ProjectDirectory
from callscope.api.errors import Conflict, NotFound, invalid
from callscope.api.rights import Caller
from callscope.audit.service import note
from callscope.db.engine import Database
from callscope.db.types import EPOCH, nanos_to_dollars
from callscope.metrics.composition import Span
from callscope.metrics.filters import EARLIEST, LATEST
from callscope.pricing.catalogue import Catalogue, CatalogueModel
from callscope.repricing.models import UNFINISHED, Repricing, State
from callscope.repricing.schemas import RepricingIn, RepricingOut
from callscope.store.protocol import TelemetryStore
from callscope.store.queries import NO_CHANGE, CostSums, Selection

MAX_UNFINISHED = 20
"""Repricings that wait or run at a time; one runs, so more would only be forgotten."""
SECONDS_PER_MINUTE = 60


class RepricingNotFound(NotFound):
    """There is no repricing with this id."""

    def __init__(self, repricing_id: int) -> None:
        super().__init__(f"There is no repricing {repricing_id}.")


class RepricingEnded(Conflict):
    """It cannot be cancelled any more."""

    def __init__(self, repricing: Repricing) -> None:
        super().__init__(f"Repricing {repricing.id} has ended already: it is {repricing.state}.")


class TooManyRepricings(Conflict):
    """The bound on repricings that wait is reached."""

    def __init__(self) -> None:
        super().__init__(f"{MAX_UNFINISHED} repricings are waiting already. Wait for them, or cancel one.")


class RepricingService:
    """Repricings as administrators see them."""

    def __init__(self, db: Database, projects: ProjectDirectory, catalogue: Catalogue, store: TelemetryStore) -> None:
        self._db = db
        self._projects = projects
        self._catalogue = catalogue
        self._store = store

    def create(self, caller: Caller, body: RepricingIn, holder: str | None = None) -> RepricingOut:
        """Ask for a repricing.

        Args:
            holder: who will do it, where that is not whichever server process looks first.

        Raises Invalid, ProjectNotFound, TooManyRepricings.
        """
        total = self.count(body)
        models = self._models(body)
        one = models[0] if models is not None and len(models) == 1 else None
        with self._db.write_session() as session:
            unfinished = select(func.count()).select_from(Repricing).where(Repricing.state.in_(UNFINISHED))
            if (session.scalar(unfinished) or 0) >= MAX_UNFINISHED:
                raise TooManyRepricings
            repricing = Repricing(
                state=State.QUEUED, model_id=one.id if one else None, model=one.name if one else body.model,
                provider=one.provider if one else body.provider, project_id=self._project_id(body), since=body.from_, until=body.to,
                dry_run=body.dry_run, calls_total=total, sums=NO_CHANGE._asdict(), created_by=caller.name,
                user_id=caller.user_id, created_at=datetime.now(UTC), holder=holder, beat=0,
            )  # fmt: skip
            session.add(repricing)
            session.flush()
            asked = body.model_dump(mode="json", by_alias=True, exclude_defaults=True)
            note(session, caller, "repricing.start", subject(repricing), after=asked)
        return self.shown(repricing)

    def count(self, body: RepricingIn) -> int:
        """How many calls it would look at, by the rollups. Raises Invalid, ProjectNotFound."""
        models, project_id = self._models(body), self._project_id(body)
        start, behind = (
            (min(max(moment, EARLIEST), LATEST) - EPOCH).total_seconds() / SECONDS_PER_MINUTE
            for moment in (body.from_ or EARLIEST, body.to or LATEST)
        )
        selection = Selection(
            None if project_id is None else frozenset({project_id}),
            model_ids=None if models is None else frozenset(model.id for model in models),
        )
        with self._store.reading() as reading:
            span = reading.countable(Span(math.floor(start), math.ceil(behind)))
            return reading.totals(selection, span, ("calls",)).get(None, {}).get("calls", 0)

    def get(self, repricing_id: int) -> RepricingOut:
        """One repricing as it is now; raises RepricingNotFound."""
        with self._db.read_session() as session:
            return self.shown(_found(session, repricing_id))

    def page(self, before_id: int | None, limit: int) -> list[RepricingOut]:
        """The newest repricings, those with ids below `before_id` where it is given."""
        query = select(Repricing).order_by(Repricing.id.desc()).limit(limit)
        if before_id is not None:
            query = query.where(Repricing.id < before_id)
        with self._db.read_session() as session:
            return [self.shown(repricing) for repricing in session.scalars(query)]

    def cancel(self, caller: Caller, repricing_id: int) -> RepricingOut:
        """Stop a repricing: no step of it is committed after this. Raises RepricingNotFound, RepricingEnded."""
        with self._db.write_session() as session:
            repricing = _found(session, repricing_id)
            if repricing.state not in UNFINISHED:
                raise RepricingEnded(repricing)
            end(session, caller, repricing, State.CANCELLED)
        return self.shown(repricing)

    def shown(self, repricing: Repricing) -> RepricingOut:
        """A repricing as it goes over HTTP."""
        sums = CostSums(**repricing.sums)
        project = None if repricing.project_id is None else self._projects.resolve(repricing.project_id).name
        return RepricingOut.model_validate(
            {
                "id": repricing.id, "model_id": repricing.model_id, "model": repricing.model,
                "provider": repricing.provider, "project": project, "from": repricing.since, "to": repricing.until,
                "dry_run": repricing.dry_run, "state": repricing.state, "calls_total": repricing.calls_total,
                "calls_done": sums.calls, "calls_changed": sums.changed,
                "cost_before": nanos_to_dollars(sums.cost_before), "cost_after": nanos_to_dollars(sums.cost_after),
                "unpriced_before": sums.unpriced_before, "unpriced_after": sums.unpriced_after,
                "created_by": repricing.created_by, "created_at": repricing.created_at,
                "started_at": repricing.started_at, "finished_at": repricing.finished_at, "error": repricing.error,
            }
        )  # fmt: skip

    def _models(self, body: RepricingIn) -> list[CatalogueModel] | None:
        """The models that are meant, None for all; raises Invalid for what cannot be meant."""
        if body.model_id is not None and (body.model is not None or body.provider is not None):
            raise invalid("model_id", "names the model already; leave model and provider out")
        if body.provider is not None and body.model is None:
            raise invalid("provider", "goes with model")
        if body.from_ is not None and body.to is not None and body.from_ >= body.to:
            raise invalid("from", "must be before to")
        if body.model_id is None and body.model is None:
            if body.from_ is None and body.to is None and not body.all:
                raise invalid("all", "must be true where neither a model nor a range is named")
            return None
        found = named(self._catalogue, body.model_id, body.model, body.provider)
        if not found:
            field = "model" if body.model_id is None else "model_id"
            raise invalid(field, "is not in the catalogue; see GET /llm/models")
        return found

    def _project_id(self, body: RepricingIn) -> int | None:
        return None if body.project is None else self._projects.resolve(body.project).id


def named(catalogue: Catalogue, model_id: int | None, name: str | None, provider: str | None) -> list[CatalogueModel]:
    """The models of this id, or of this name apart from case, of any provider where none is given; by id."""
    if model_id is not None:
        found = catalogue.get(model_id)
        return [] if found is None else [found]
    return [
        model
        for model in catalogue.all()
        if model.name.lower() == (name or "").lower()
        and (provider is None or model.provider.lower() == provider.lower())
    ]


def end(session: Session, caller: Caller, repricing: Repricing, state: State, error: str | None = None) -> None:
    """Let a repricing end, and note its sums in the audit log, in the caller's transaction."""
    repricing.state, repricing.error = state, error
    repricing.finished_at, repricing.holder = datetime.now(UTC), None
    sums = CostSums(**repricing.sums)
    before = {"cost": nanos_to_dollars(sums.cost_before), "unpriced_calls": sums.unpriced_before}
    after = {
        "cost": nanos_to_dollars(sums.cost_after), "unpriced_calls": sums.unpriced_after, "calls": sums.calls,
        "changed": sums.changed, "dry_run": repricing.dry_run,
    }  # fmt: skip
    note(session, caller, f"repricing.{state}", subject(repricing), before=dict(before), after=dict(after))


def subject(repricing: Repricing) -> str:
    """What the audit log calls it."""
    model = "all models" if repricing.model is None else repricing.model
    return f"repricing {repricing.id} of {f'{repricing.provider}/' if repricing.provider else ''}{model}"


def _found(session: Session, repricing_id: int) -> Repricing:
    repricing = session.get(Repricing, repricing_id)
    if repricing is None:
        raise RepricingNotFound(repricing_id)
    return repricing

"""What is done with erasures: ask for one, look at them. `callscope.erasure.runner` does the work."""

from datetime import UTC, datetime

from sqlalchemy import select

from callscope.accounts.projects import ProjectDirectory
from callscope.api.errors import NotFound, invalid
from callscope.api.rights import Caller
from callscope.audit.service import note
from callscope.db.engine import Database
from callscope.db.versions import Versions, bump
from callscope.erasure.models import Erasure, State
from callscope.erasure.schemas import ErasureOut
from callscope.ingest.row import ERASED
from callscope.policy.cache import VERSION as CACHED_ANSWERS
from callscope.store.protocol import TelemetryStore

ACTION = "end_user.erase"
SUBJECT = "an end user"
"""What the audit log calls whoever is erased."""


class ErasureNotFound(NotFound):
    """There is no erasure with this id."""

    def __init__(self, erasure_id: int) -> None:
        super().__init__(f"There is no erasure {erasure_id}.")


class ErasureService:
    """Erasures as administrators see them."""

    def __init__(self, db: Database, versions: Versions, projects: ProjectDirectory, store: TelemetryStore) -> None:
        self._db = db
        self._versions = versions
        self._projects = projects
        self._store = store

    def create(self, caller: Caller, end_user: str, project: str | None = None) -> ErasureOut:
        """Ask for an erasure of what there is of somebody until now; what is logged later is new data.

        Raises ProjectNotFound, and Invalid for `(erased)`, which is nobody.
        """
        if end_user == ERASED:
            raise invalid("end_user", "is what those are called who have been erased")
        project_id = None if project is None else self._projects.resolve(project).id
        with self._db.write_session() as session:
            bound = self._store.next_id(session.connection())
            erasure = Erasure(
                state=State.RUNNING, end_user=end_user, project_id=project_id, bound=bound, calls=0,
                created_by=caller.name, user_id=caller.user_id, created_at=datetime.now(UTC),
            )  # fmt: skip
            session.add(erasure)
            session.flush()
            note(session, caller, ACTION, SUBJECT, after={"erasure": erasure.id, "project": project})
            bump(session.connection(), CACHED_ANSWERS)
        self._versions.announce(CACHED_ANSWERS)
        return self.shown(erasure)

    def get(self, erasure_id: int) -> ErasureOut:
        """One erasure as it is now; raises ErasureNotFound."""
        with self._db.read_session() as session:
            erasure = session.get(Erasure, erasure_id)
        if erasure is None:
            raise ErasureNotFound(erasure_id)
        return self.shown(erasure)

    def page(self, before_id: int | None, limit: int) -> list[ErasureOut]:
        """The newest erasures, those with ids below `before_id` where it is given."""
        query = select(Erasure).order_by(Erasure.id.desc()).limit(limit)
        if before_id is not None:
            query = query.where(Erasure.id < before_id)
        with self._db.read_session() as session:
            return [self.shown(erasure) for erasure in session.scalars(query)]

    def shown(self, erasure: Erasure) -> ErasureOut:
        """An erasure as it goes over HTTP."""
        project = None if erasure.project_id is None else self._projects.resolve(erasure.project_id).name
        return ErasureOut.model_validate(
            {
                "id": erasure.id, "state": erasure.state, "project": project, "calls": erasure.calls,
                "created_by": erasure.created_by, "created_at": erasure.created_at, "finished_at": erasure.finished_at,
            }
        )  # fmt: skip

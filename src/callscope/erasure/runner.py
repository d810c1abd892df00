"""`Eraser`: does the erasures that were asked for, one at a time and in one process at a time.

Each step is one short transaction, and what it has done is not found again. So where a process is killed, the next one
begins the erasure again and finds what is left.
"""

import time
from datetime import UTC, datetime

import structlog
from sqlalchemy import Connection, select, update
from sqlalchemy.orm import Session

from callscope.api.rights import Caller
from callscope.audit.service import note
from callscope.db.engine import Database
from callscope.db.periodic import Periodic
from callscope.db.versions import Versions, bump
from callscope.erasure.models import Erasure, State
from callscope.erasure.service import ACTION, SUBJECT
from callscope.policy.cache import VERSION as CACHED_ANSWERS
from callscope.store.protocol import TelemetryStore
from callscope.store.queries import Erasing
from callscope.views.models import SavedView

log = structlog.get_logger(__name__)

EVERY_SECONDS = 1.0


class Eraser(Periodic):
    """A thread that looks for erasures every second and does what it finds."""

    def __init__(self, db: Database, store: TelemetryStore, versions: Versions) -> None:
        super().__init__("eraser", self.work, EVERY_SECONDS)
        self._db = db
        self._store = store
        self._versions = versions

    def work(self) -> None:
        """Do all erasures that wait, unless another process is at it. Raises DatabaseUnavailable."""
        if self._next() is None:
            return
        with self._db.only_here("erasure") as alone:
            while alone and not self.stopping() and (erasure := self._next()) is not None:
                if not self._do(erasure):
                    return

    def _next(self) -> Erasure | None:
        query = select(Erasure).where(Erasure.state == State.RUNNING).order_by(Erasure.id).limit(1)
        with self._db.read_session() as session:
            return session.scalars(query).first()

    def _do(self, erasure: Erasure) -> bool:
        """Bring an erasure to its end; gives whether it is there."""
        if erasure.end_user is not None:
            wanted = Erasing(erasure.end_user, erasure.project_id, erasure.bound)

            def count(connection: Connection, calls: int) -> None:
                values = {"calls": Erasure.calls + calls}
                connection.execute(update(Erasure).where(Erasure.id == erasure.id).values(values))

            if not self._store.erase(wanted, time.time_ns() // 1000, count, self.stopping):
                return False
            with self._db.write_session() as session:
                _drop_views(session, erasure)
                session.get_one(Erasure, erasure.id).end_user = None
                bump(session.connection(), CACHED_ANSWERS)
            self._versions.announce(CACHED_ANSWERS)
        if not self._store.clean(self.stopping):
            return False
        with self._db.write_session() as session:
            done = session.get_one(Erasure, erasure.id)
            done.state, done.finished_at = State.DONE, datetime.now(UTC)
            after: dict[str, object] = {"erasure": done.id, "calls": done.calls}
            note(session, Caller(name=done.created_by, user_id=done.user_id), f"{ACTION}d", SUBJECT, after=after)
        log.info("an end user was erased", erasure=done.id, calls=done.calls)
        return True


def _drop_views(session: Session, erasure: Erasure) -> None:
    """Saved views of the person's calls go with the name; those of another project stay where it is about one."""
    for view in session.scalars(select(SavedView)):
        if view.filters.get("end_user") == erasure.end_user and erasure.project_id in {None, view.project_id}:
            session.delete(view)

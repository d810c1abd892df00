"""GET /health/live and /health/ready, for whoever runs the server.

Each part that can be unready puts a callable into `app.state.readiness`, by name: it gives None when all is well, else
the reason, in words that anyone may read, since the routes are open.
"""

import threading
import time
from collections.abc import Callable
from typing import Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from callscope.api.docs import PUBLIC, errors
from callscope.api.envelope import Envelope, ok
from callscope.api.errors import Unavailable
from callscope.db.engine import Database, DatabaseUnavailable
from callscope.db.versions import bump

Check = Callable[[], str | None]
KEEP_SECONDS = 2.0

router = APIRouter(prefix="/health", tags=["health"])


class Live(BaseModel):
    """The process answers."""

    alive: Literal[True] = True


class Ready(BaseModel):
    """The server can take calls."""

    ready: Literal[True] = True
    checks: dict[str, Literal["ok"]] = Field(examples=[{"database": "ok", "queue": "ok"}])


@router.get("/live", summary="Is the process alive?", openapi_extra=PUBLIC)
async def check_alive() -> Envelope[Live]:
    """Answers as long as the process does, whatever the state of the database."""
    return ok(Live())


@router.get("/ready", summary="Can the server take calls?", responses=errors(503), openapi_extra=PUBLIC)
def check_ready(request: Request) -> Envelope[Ready]:
    """Ready when the database is migrated and can be written, and the queue has room; else 503 with the reasons."""
    readiness: dict[str, Check] = request.app.state.readiness
    found = {name: check() for name, check in readiness.items()}
    reasons = [f"{name}: {reason}" for name, reason in found.items() if reason is not None]
    if reasons:
        raise Unavailable("Not ready: " + "; ".join(reasons) + ".")
    return ok(Ready(checks=dict.fromkeys(found, "ok")))


class DatabaseCheck:
    """Whether the database is migrated and can be written, tried by a small write.

    The finding is kept for some seconds, and one trial runs at a time: the route is open, and a write costs a sync.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._trial = threading.Lock()
        self._finding: str | None = "not tried yet"
        self._tried_at = float("-inf")

    def __call__(self) -> str | None:
        """None when all is well, else the reason."""
        if time.monotonic() - self._tried_at < KEEP_SECONDS:
            return self._finding
        # Whoever comes while a trial is under way gets the last finding; only the first has to wait for one.
        if self._trial.acquire(blocking=self._tried_at == float("-inf")):
            try:
                if time.monotonic() - self._tried_at >= KEEP_SECONDS:
                    self._finding = self._try()
                    self._tried_at = time.monotonic()
            finally:
                self._trial.release()
        return self._finding

    def _try(self) -> str | None:
        try:
            with self._db.write() as connection:
                bump(connection, "ready")
        except DatabaseUnavailable:
            return "it cannot be reached or written"
        except SQLAlchemyError:
            return "its tables are missing; run `callscope migrate`"
        return None

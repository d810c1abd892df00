"""GET /health/live and /health/ready, for whoever runs the server.

Each part that can be unready puts a callable into `app.state.readiness`, by name: it gives None when all is well, else
the reason, in words that anyone may read, since the routes are open.
"""

import threading
import time
from collections.abc import Callable
from typing import Literal

import structlog
from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from pydantic import BaseModel, Field
from sqlalchemy.exc import SQLAlchemyError

from callscope.api.docs import PUBLIC, errors
from callscope.api.envelope import Envelope, ok
from callscope.api.errors import Unavailable
from callscope.api.openapi import operation_id
from callscope.db.engine import Database, DatabaseUnavailable
from callscope.db.versions import bump

log = structlog.get_logger(__name__)

Check = Callable[[], str | None]
KEEP_SECONDS = 2.0
TRIAL_SECONDS = 1.0
"""How long whoever asks waits for a trial that he has begun."""
OVERDUE_SECONDS = 5.0
"""From when on a trial that has not ended counts as the state of things."""
PROBES = 4
"""How many may be answered at once; the threads of the other requests may all be waiting for the database."""

router = APIRouter(
    prefix="/health", tags=["health"], responses=errors(422, 500, 503), generate_unique_id_function=operation_id
)  # not a `routing.subject`: a probe may add any query


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
async def check_ready(request: Request) -> Envelope[Ready]:
    """Ready when the database is migrated and can be written, and the queue has room; else 503 with the reasons."""
    readiness: dict[str, Check] = request.app.state.readiness
    limiter: CapacityLimiter = request.app.state.probes
    found = await to_thread.run_sync(lambda: {name: check() for name, check in readiness.items()}, limiter=limiter)
    reasons = [f"{name}: {reason}" for name, reason in found.items() if reason is not None]
    if reasons:
        raise Unavailable("Not ready: " + "; ".join(reasons) + ".")
    return ok(Ready(checks=dict.fromkeys(found, "ok")))


class DatabaseCheck:
    """Whether the database is migrated and can be written, tried by a small write.

    The finding is kept for some seconds, and one trial runs at a time: the route is open, and a write costs a sync. A
    trial has a thread of its own, so that nobody waits long for one that hangs.
    """

    def __init__(self, db: Database) -> None:
        self._db = db
        self._lock = threading.Lock()
        self._finding: str | None = "not tried yet"
        self._begun_at = self._ended_at = float("-inf")
        self._ended = threading.Event()
        self._ended.set()

    def __call__(self) -> str | None:
        """None when all is well, else the reason."""
        with self._lock:
            begin = self._ended.is_set() and time.monotonic() - self._ended_at >= KEEP_SECONDS
            if begin:
                self._begun_at = time.monotonic()
                self._ended.clear()
        if begin:
            threading.Thread(target=self._run, name="callscope-ready", daemon=True).start()
            self._ended.wait(TRIAL_SECONDS)
        # Whoever comes while a trial is under way gets the last finding, as long as the trial may still end well.
        if not self._ended.is_set() and time.monotonic() - self._begun_at >= OVERDUE_SECONDS:
            return "the last trial to write to it has not ended"
        return self._finding

    def _run(self) -> None:
        try:
            self._finding = self._try()
        except Exception:
            log.exception("cannot try whether the database can be written")
            self._finding = "it cannot be tried"
        finally:
            self._ended_at = time.monotonic()
            self._ended.set()

    def _try(self) -> str | None:
        try:
            with self._db.write() as connection:
                bump(connection, "ready")
        except DatabaseUnavailable:
            return "it cannot be reached or written"
        except SQLAlchemyError:
            return "its tables are missing; run `callscope migrate`"
        return None

"""Callscope inside an application: calls go through the intake and the Recorder, as in a server, and no server runs.

It is what `callscope.connect()` opens without a server's address. Several such programs and a server can work on one
database at the same time, since each writing transaction waits for its turn.
"""

import threading
from concurrent.futures import TimeoutError as TimedOut
from dataclasses import dataclass

from callscope.accounts.projects import ProjectDirectory
from callscope.accounts.setup import make_first_rows
from callscope.accounts.users import UserNumbers
from callscope.api.errors import ApiError, Invalid
from callscope.api.rights import Caller, Role
from callscope.calls.intake import Intake
from callscope.calls.presenting import Presenter, dollars
from callscope.calls.service import CallService
from callscope.config import Config, ConfigError, load_config
from callscope.db.checkpoint import Checkpointer
from callscope.db.engine import Database, DatabaseUnavailable
from callscope.db.migrate import DatabaseTooNew, upgrade
from callscope.db.versions import Versions
from callscope.ingest.directory import Directory
from callscope.ingest.housekeeping import Housekeeper
from callscope.ingest.recorder import Recorder
from callscope.observability.errors import NotConnected
from callscope.observability.policy import Policy, policy_of
from callscope.observability.transport import UNREACHABLE, Answer, Receipt, bad_calls
from callscope.policy.service import PolicyService
from callscope.pricing.book import PriceBook
from callscope.pricing.catalogue import Catalogue
from callscope.pricing.seed import seed_catalogue
from callscope.pricing.visible import VisibleModels
from callscope.settings.service import SettingsService
from callscope.store.sql.store import SqlStore

STOP_SECONDS = 3.0
_PROGRAM = Caller(name="program", role=Role.ADMIN)
"""Whoever can write the database's file may do everything."""


@dataclass(frozen=True, slots=True)
class _Parts:
    """What is open in one process."""

    db: Database
    versions: Versions
    checkpointer: Checkpointer
    housekeeper: Housekeeper
    recorder: Recorder
    settings: SettingsService
    policies: PolicyService
    calls: CallService

    def start(self) -> None:
        for part in (self.versions, self.checkpointer, self.housekeeper, self.recorder):
            part.start()

    def stop(self) -> None:
        for part in (self.recorder, self.housekeeper, self.checkpointer, self.versions):
            part.stop(STOP_SECONDS)
        self.db.dispose()


class Embedded:
    """A database that this process writes to by itself; where the client's sender takes its calls.

    Args:
        address: the database; None is the one in the data folder, whatever `DATABASE_URL` is, since that name is often
            the application's own.

    Raises NotConnected for a database that cannot be used.
    """

    def __init__(self, address: str | None) -> None:
        self._address = address
        self._lock = threading.Lock()
        self._of_parents: list[_Parts | None] = []
        self._parts: _Parts | None = None
        self._closed = False
        self.policies = EmbeddedPolicy(self)
        self.parts()

    def deliver(self, body: bytes, key: str, timeout: float) -> Answer:
        """Write a batch of calls; returns once it is on disk."""
        try:
            receipts = self.parts().calls.log_from_thread(_PROGRAM, body, key, timeout)
        except Invalid as error:
            return Answer(422, bad=bad_calls([one.model_dump() for one in error.errors or ()]), detail=error.detail)
        except ApiError as error:
            return Answer(error.status, detail=error.detail)
        except (DatabaseUnavailable, TimedOut, NotConnected) as error:
            return Answer(UNREACHABLE, detail=str(error))
        return Answer(201, [Receipt(one.call_id, dollars(one.estimated_cost)) for one in receipts])

    def parts(self) -> _Parts:
        """What is open here. A forked child opens its own at its first call."""
        with self._lock:
            if self._closed:
                raise NotConnected("this connection was closed")
            if self._parts is None:
                self._parts = _opened(_config(self._address))
            return self._parts

    def after_fork(self) -> None:
        """Leave to the parent what is the parent's: a connection that two processes use breaks for both."""
        if self._parts is not None:
            self._parts.db.abandon()
            self._of_parents.append(self._parts)  # collecting it would close connections
        self._parts = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Stop, and close the database."""
        with self._lock:
            self._closed = True
            if self._parts is not None:
                self._parts.stop()
            self._parts = None


class EmbeddedPolicy:
    """The settings of the database, which are kept in memory until somebody changes one, in whichever process."""

    def __init__(self, embedded: Embedded) -> None:
        self._embedded = embedded
        self._told: object = None
        self._policy = Policy()

    @property
    def current(self) -> Policy:
        """The settings now; where the database is away, as they were."""
        try:
            told = self._embedded.parts().policies.get(_PROGRAM)
        except (DatabaseUnavailable, NotConnected):
            return self._policy
        if told is not self._told:
            self._told, self._policy = told, policy_of(told.told.model_dump())
        return self._policy

    def wait_seconds(self) -> float:
        """Nothing has to be waited for."""
        return 0.0

    def after_fork(self) -> None:
        """The database is opened anew by itself."""

    def close(self) -> None:
        """The database is closed by itself."""


def _config(address: str | None) -> Config:
    """The settings, without those whose names an application may use for itself."""
    try:
        return load_config(DATABASE_URL=address or "", SECRET_KEY="", CORS_ORIGINS="")
    except ConfigError as error:
        raise NotConnected(str(error)) from error


def _opened(config: Config) -> _Parts:
    try:
        db = Database(config.database_url)
        upgrade(db, seed_catalogue)
        make_first_rows(db, config)
    except (DatabaseUnavailable, DatabaseTooNew, OSError) as error:
        raise NotConnected(f"the database cannot be used: {error}") from error
    versions, book, store = Versions(db), PriceBook(config.prices_file), SqlStore(db)
    projects, catalogue = ProjectDirectory(db, versions), Catalogue(db, versions)
    settings, directory = SettingsService(db, versions), Directory(db, catalogue, versions)
    recorder, visible = Recorder(store), VisibleModels(db, catalogue)
    calls = CallService(
        store, recorder, directory, projects, UserNumbers(db, versions), visible,
        Intake(book, settings, catalogue), Presenter(projects, directory, catalogue, book),
    )  # fmt: skip
    housekeeper = Housekeeper(db, store, book, lambda: None)
    policies = PolicyService(settings, catalogue, visible, projects, versions)
    parts = _Parts(db, versions, Checkpointer(db), housekeeper, recorder, settings, policies, calls)
    parts.start()
    return parts

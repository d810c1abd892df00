"""API keys: making and revoking them, and keeping when each was last used."""

import hashlib
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import structlog
from sqlalchemy import or_, select, update

from callscope.accounts.changes import change
from callscope.accounts.models import ApiKey
from callscope.accounts.projects import ProjectInfo
from callscope.api.errors import NotFound
from callscope.api.rights import Caller, Scope
from callscope.audit.service import assign, differing, note
from callscope.db.engine import Database, DatabaseUnavailable
from callscope.db.periodic import Periodic
from callscope.db.types import from_micros
from callscope.db.versions import Versions

KEY_START = "cs_"
PREFIX_LENGTH = 10
NOTE_EVERY_SECONDS = 60.0
LOOK_EVERY_SECONDS = 5.0

log = structlog.get_logger(__name__)


class KeyNotFound(NotFound):
    """There is no such key, or it is revoked."""

    def __init__(self, key_id: int) -> None:
        super().__init__(f"There is no API key {key_id}.")


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made, with its secret, which is not known to anyone afterwards."""

    key: ApiKey
    secret: str


class KeyService:
    """What is done with API keys. All methods block."""

    def __init__(self, db: Database, versions: Versions) -> None:
        self._db = db
        self._versions = versions

    def page(self, after: int, limit: int) -> list[ApiKey]:
        """At most `limit` keys that are in force, with numbers above `after`, in their order."""
        query = select(ApiKey).where(ApiKey.id > after, ApiKey.revoked_at.is_(None)).order_by(ApiKey.id).limit(limit)
        with self._db.read_session() as session:
            return list(session.scalars(query))

    def get(self, key_id: int) -> ApiKey:
        """The key with this number; raises KeyNotFound."""
        with self._db.read_session() as session:
            key = session.get(ApiKey, key_id)
        if key is None or key.revoked_at is not None:
            raise KeyNotFound(key_id)
        return key

    def create(
        self,
        caller: Caller,
        name: str,
        scopes: Iterable[Scope],
        project: ProjectInfo | None,
        requests_per_minute: int | None = None,
    ) -> NewKey:
        """Make a key with these scopes for one project, or with None for all; None requests a minute are any number."""
        secret = KEY_START + secrets.token_urlsafe(32)
        key = ApiKey(
            name=name,
            project_id=project.id if project else None,
            scopes=sorted({scope.value for scope in scopes}),
            prefix=secret[:PREFIX_LENGTH],
            secret_hash=hash_secret(secret),
            created_at=datetime.now(UTC),
            requests_per_minute=requests_per_minute,
        )
        with change(self._db, self._versions) as session:
            session.add(key)
            session.flush()
            after: dict[str, object] = {"scopes": key.scopes, "project": project.name if project else None}
            if requests_per_minute is not None:
                after["requests_per_minute"] = requests_per_minute
            note(session, caller, "api_key.create", f"API key {key.id} {name}", None, after)
        return NewKey(key, secret)

    def update(self, caller: Caller, key_id: int, changes: Mapping[str, object]) -> ApiKey:
        """Change a key's name or requests a minute; raises KeyNotFound."""
        with change(self._db, self._versions) as session:
            key = session.get(ApiKey, key_id)
            if key is None or key.revoked_at is not None:
                raise KeyNotFound(key_id)
            before, after = differing(key, changes)
            assign(key, after)
            if after:
                note(session, caller, "api_key.update", f"API key {key.id} {key.name}", before, after)
            return key

    def revoke(self, caller: Caller, key_id: int) -> None:
        """End a key for good; raises KeyNotFound."""
        with change(self._db, self._versions) as session:
            key = session.get(ApiKey, key_id)
            if key is None or key.revoked_at is not None:
                raise KeyNotFound(key_id)
            key.revoked_at = datetime.now(UTC)
            note(session, caller, "api_key.revoke", f"API key {key.id} {key.name}")


class KeyUsage(Periodic):
    """Keeps `last_used_at`: a request only leaves a time in memory, a thread writes it, once a minute for each key."""

    def __init__(self, db: Database) -> None:
        super().__init__("key-usage", self.write, LOOK_EVERY_SECONDS)
        self._db = db
        self._seen: dict[int, float] = {}
        self._written: dict[int, float] = {}

    def seen(self, key_id: int, now: float) -> None:
        """A request came with this key at `now` (seconds since the epoch)."""
        self._seen[key_id] = now

    def stop(self, timeout: float | None = None) -> None:
        """Write what is left, and stop."""
        super().stop(timeout)
        self.write(every=0.0)

    def write(self, every: float = NOTE_EVERY_SECONDS) -> None:
        """Write the times of the keys that were last written at least `every` seconds ago."""
        now = time.time()
        due = {key: seen for key, seen in self._seen.copy().items() if self._written.get(key, 0.0) <= now - every}
        if not due:
            return
        try:
            with self._db.write() as connection:
                for key, seen in due.items():
                    moment = from_micros(int(seen * 1e6))
                    older = or_(ApiKey.last_used_at.is_(None), ApiKey.last_used_at < moment)
                    connection.execute(update(ApiKey).where(ApiKey.id == key, older).values(last_used_at=moment))
        except DatabaseUnavailable as error:
            log.warning("cannot note when keys were used", reason=str(error))
            return
        for key, seen in due.items():
            self._written[key] = now
            if self._seen.get(key) == seen:
                self._seen.pop(key, None)


def hash_secret(secret: str) -> str:
    """The stored form of a secret. It has 256 random bits, so a plain hash is enough."""
    return hashlib.sha256(secret.encode()).hexdigest()

"""The settings in memory, and how they change.

`claude_haiku_45_enabled` and `enabled` of the Claude Haiku 4.5 models in the catalogue are one switch: whichever is
changed, the other is changed in the same transaction.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypedDict

from sqlalchemy.orm import Session

from callscope.api.rights import Caller
from callscope.audit.service import assign, differing, note
from callscope.db.cached import Cached
from callscope.db.engine import Database
from callscope.db.versions import Versions, bump
from callscope.pricing.catalogue import VERSION as CATALOGUE_VERSION
from callscope.pricing.switch import HAIKU_45, switch
from callscope.settings.models import DEFAULT_CACHE_TTL_SECONDS, ROW_ID, SystemSettings

VERSION = "settings"


class SettingsChanges(TypedDict, total=False):
    """The settings to change."""

    claude_haiku_45_enabled: bool
    max_tokens_per_request: int | None
    enable_caching: bool
    cache_ttl_seconds: int


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings at one moment; the defaults are those of a new installation.

    `max_tokens_per_request` is None where there is no cap; `updated_at` and `updated_by` where nothing was ever changed.
    """

    claude_haiku_45_enabled: bool = True
    max_tokens_per_request: int | None = None
    enable_caching: bool = False
    cache_ttl_seconds: int = DEFAULT_CACHE_TTL_SECONDS
    updated_at: datetime | None = None
    updated_by: str | None = None


class SettingsService:
    """The settings, kept in memory until someone changes one."""

    def __init__(self, db: Database, versions: Versions) -> None:
        self._db = db
        self._versions = versions
        self._settings = Cached(self._read, versions, VERSION)

    @property
    def loaded(self) -> bool:
        """Whether `get` answers from memory now; if not, it reads the database and belongs into a thread."""
        return self._settings.current is not None

    def get(self) -> Settings:
        """The settings in force."""
        return self._settings.get()

    def change(self, caller: Caller, changes: SettingsChanges) -> Settings:
        """Change some settings, and note what became of what in the audit log.

        Args:
            changes: checked values by the names of the fields of `Settings`. What is so already is not a change.
        """
        with self._db.write_session() as session:
            row = session.get(SystemSettings, ROW_ID)
            after = _store(session, row, caller, changes)
            if "claude_haiku_45_enabled" in changes:
                switch(session, caller, HAIKU_45, changes["claude_haiku_45_enabled"])
                bump(session.connection(), CATALOGUE_VERSION)
        for version in (VERSION, CATALOGUE_VERSION):  # also where nothing changed: it costs one reading of each
            self._versions.announce(version)
        return after

    def _read(self) -> Settings:
        with self._db.read_session(brief=True) as session:
            return _snapshot(session.get(SystemSettings, ROW_ID))


def record_haiku_45(session: Session, caller: Caller, enabled: bool) -> None:
    """Set `claude_haiku_45_enabled`, in the transaction that switches the models.

    Announce `VERSION` once the transaction has committed.
    """
    _store(session, session.get(SystemSettings, ROW_ID), caller, {"claude_haiku_45_enabled": enabled})


def _snapshot(row: SystemSettings | None) -> Settings:
    if row is None:
        return Settings()
    return Settings(
        claude_haiku_45_enabled=row.claude_haiku_45_enabled,
        max_tokens_per_request=row.max_tokens_per_request,
        enable_caching=row.enable_caching,
        cache_ttl_seconds=row.cache_ttl_seconds,
        updated_at=row.updated_at,
        updated_by=row.updated_by,
    )


def _store(session: Session, row: SystemSettings | None, caller: Caller, changes: SettingsChanges) -> Settings:
    """Write what differs, with its audit entry and the new version; returns what then holds."""
    current = _snapshot(row)
    old, new = differing(current, changes)
    if not new:
        return current
    if row is None:
        row = SystemSettings(
            id=ROW_ID, claude_haiku_45_enabled=current.claude_haiku_45_enabled,
            enable_caching=current.enable_caching, cache_ttl_seconds=current.cache_ttl_seconds,
        )  # fmt: skip
        session.add(row)
    assign(row, new)
    row.updated_at, row.updated_by = datetime.now(UTC), caller.name
    note(session, caller, "settings.update", "settings", before=old, after=new)
    bump(session.connection(), VERSION)
    return _snapshot(row)

"""The settings in memory, and how they change.

`claude_haiku_45_enabled` and `enabled` of the Claude Haiku 4.5 models in the catalogue are one switch: whichever is
changed, the other is changed in the same transaction.
"""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypedDict

from sqlalchemy.orm import Session

from callscope.api.rights import Caller
from callscope.audit.service import note
from callscope.db.engine import Database
from callscope.db.versions import Versions, bump
from callscope.pricing.catalogue import VERSION as CATALOGUE_VERSION
from callscope.pricing.haiku import switch_haiku_45
from callscope.settings.models import ROW_ID, SystemSettings

VERSION = "settings"


class SettingsChanges(TypedDict, total=False):
    """The settings to change."""

    claude_haiku_45_enabled: bool
    max_tokens_per_request: int | None
    enable_caching: bool


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings at one moment; the defaults are those of a new installation.

    `max_tokens_per_request` is None where there is no cap; `updated_at` and `updated_by` where nothing was ever changed.
    """

    claude_haiku_45_enabled: bool = True
    max_tokens_per_request: int | None = None
    enable_caching: bool = False
    updated_at: datetime | None = None
    updated_by: str | None = None


class SettingsService:
    """The settings, kept in memory until someone changes one."""

    def __init__(self, db: Database, versions: Versions) -> None:
        self._db = db
        self._versions = versions
        self._current: Settings | None = None
        self._drops = 0
        self._lock = threading.Lock()
        versions.watch(VERSION, self._drop)

    @property
    def loaded(self) -> bool:
        """Whether `get` answers from memory now; if not, it reads the database and belongs into a thread."""
        return self._current is not None

    def get(self) -> Settings:
        """The settings in force."""
        return self._current or self._load()

    def change(self, caller: Caller, changes: SettingsChanges) -> Settings:
        """Change some settings, and note what became of what in the audit log.

        Args:
            changes: checked values by the names of the fields of `Settings`. What is so already is not a change.
        """
        with self._db.write_session() as session:
            row = session.get(SystemSettings, ROW_ID)
            after = _store(session, row, caller, changes)
            if "claude_haiku_45_enabled" in changes and switch_haiku_45(session, changes["claude_haiku_45_enabled"]):
                bump(session.connection(), CATALOGUE_VERSION)
        for version in (VERSION, CATALOGUE_VERSION):  # also where nothing changed: it costs one reading of each
            self._versions.announce(version)
        return after

    def _drop(self) -> None:
        with self._lock:
            self._drops += 1
            self._current = None

    def _load(self) -> Settings:
        while True:
            drops = self._drops
            with self._db.read_session() as session:
                found = _snapshot(session.get(SystemSettings, ROW_ID))
            with self._lock:
                if drops == self._drops:  # else something changed while it was being read
                    self._current = found
                    return found


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
        updated_at=row.updated_at,
        updated_by=row.updated_by,
    )


def _store(session: Session, row: SystemSettings | None, caller: Caller, changes: SettingsChanges) -> Settings:
    """Write what differs, with its audit entry and the new version; returns what then holds."""
    current = _snapshot(row)
    old = {name: getattr(current, name) for name, value in changes.items() if getattr(current, name) != value}
    if not old:
        return current
    if row is None:
        row = SystemSettings(
            id=ROW_ID, claude_haiku_45_enabled=current.claude_haiku_45_enabled, enable_caching=current.enable_caching
        )
        session.add(row)
    new = {name: value for name, value in changes.items() if name in old}
    for name, value in new.items():
        setattr(row, name, value)
    row.updated_at, row.updated_by = datetime.now(UTC), caller.name
    note(session, caller, "settings.update", "settings", before=old, after=new)
    bump(session.connection(), VERSION)
    return _snapshot(row)

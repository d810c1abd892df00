"""What clients must obey, as the settings and the catalogue have it now, for the programs of a project or of all."""

import hashlib
from dataclasses import dataclass

from callscope.accounts.cache import BoundedCache
from callscope.accounts.changes import ACCOUNTS
from callscope.accounts.projects import ProjectDirectory
from callscope.api.rights import Caller
from callscope.db.versions import Versions
from callscope.observability.names import model_key
from callscope.policy.cache import MAX_ENTRY_BYTES
from callscope.policy.schemas import Caching, DisabledModel, PolicyOut
from callscope.pricing.catalogue import VERSION as CATALOGUE
from callscope.pricing.catalogue import Catalogue
from callscope.pricing.visible import VisibleModels
from callscope.settings.service import VERSION as SETTINGS
from callscope.settings.service import SettingsService

SOURCES = (SETTINGS, CATALOGUE, ACCOUNTS)
"""What a policy is made of, by the names under which changes are announced."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy, and the same as JSON."""

    told: PolicyOut
    json: str


class PolicyService:
    """The policies, kept in memory until something changes that they are made of."""

    def __init__(
        self,
        settings: SettingsService,
        catalogue: Catalogue,
        visible: VisibleModels,
        projects: ProjectDirectory,
        versions: Versions,
    ) -> None:
        self._settings = settings
        self._catalogue = catalogue
        self._visible = visible
        self._projects = projects
        self._made: BoundedCache[int | None, Policy] = BoundedCache()
        for name in SOURCES:
            versions.watch(name, self._made.clear)

    def cached(self, caller: Caller) -> Policy | None:
        """The policy for a key, if it is in memory."""
        return self._made.get(_project_of(caller))

    def get(self, caller: Caller) -> Policy:
        """The policy for a key; may read the database."""
        found = self.cached(caller)
        if found is None:
            generation = self._made.generation
            found = self._make(caller)
            self._made.put(_project_of(caller), found, generation)
        return found

    def _make(self, caller: Caller) -> Policy:
        settings, project_id = self._settings.get(), _project_of(caller)
        project = None if project_id is None else self._projects.by_id(project_id)
        told = PolicyOut(
            version="",
            project=None if project is None else project.name,
            disabled_models=self._disabled(caller),
            max_tokens_per_request=settings.max_tokens_per_request,
            caching=Caching(
                enabled=settings.enable_caching,
                ttl_seconds=settings.cache_ttl_seconds,
                max_entry_bytes=MAX_ENTRY_BYTES,
            ),
        )
        # Made of the content, so that it is the same in all processes, and after a restart.
        told.version = hashlib.sha256(told.model_dump_json().encode()).hexdigest()[:16]
        return Policy(told, told.model_dump_json())

    def _disabled(self, caller: Caller) -> list[DisabledModel]:
        """The models that are switched off.

        One that only other projects' calls have named must be refused too, but its name as they wrote it is theirs: its
        key stands for it, unless a model with that key is listed anyway.
        """
        hidden = self._visible.hidden(caller)
        off = [model for model in self._catalogue.all() if not model.enabled]
        keys = {model.id: model_key(model.name, model.provider) for model in off}
        listed = [
            DisabledModel(id=model.id, name=model.name, provider=model.provider, key=keys[model.id])
            for model in off
            if model.id not in hidden
        ]
        seen = {model.key for model in listed}
        for model in off:
            key = keys[model.id]
            if key not in seen:
                seen.add(key)
                listed.append(DisabledModel(id=model.id, name=key, provider="unknown", key=key))
        return listed


def _project_of(caller: Caller) -> int | None:
    """The project that a key belongs to."""
    return None if caller.project_ids is None else next(iter(caller.project_ids), 0)

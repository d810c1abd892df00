"""Environments and models of a project by name: the numbers that rows carry in place of names.

Names come from clients, so their number is bounded per project. A name is admitted at its first call and stays so;
what comes when there is no room is counted as `(other)`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection, insert, select

from callscope.calls.models import environments, project_environments, project_models
from callscope.db.engine import Database
from callscope.db.versions import Versions
from callscope.pricing.catalogue import UNKNOWN_PROVIDER, VERSION, Catalogue, CatalogueModel, register

OTHER = "(other)"
MAX_ENVIRONMENTS = 100
MAX_MODELS = 1_000


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model as a call names it: by its number in the catalogue, or by name and perhaps provider."""

    id: int | None = None
    name: str | None = None
    provider: str | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a call is filed. `priced_as` is the model it named; `model` that one too, or `(other)` beyond the bound."""

    environment_id: int
    model: CatalogueModel
    priced_as: CatalogueModel

    @property
    def model_name(self) -> str | None:
        """The name that the row must keep by itself, since its model is `(other)`."""
        return None if self.model is self.priced_as else self.priced_as.name


class UnknownModel(LookupError):
    """A model id that the catalogue does not have."""

    def __init__(self, model_id: int | None) -> None:
        super().__init__(f"there is no model {model_id} in the catalogue; see GET /llm/models")


class Directory:
    """Looks names up in memory, and enters new ones in the database."""

    def __init__(
        self,
        db: Database,
        catalogue: Catalogue,
        versions: Versions,
        *,
        max_environments: int = MAX_ENVIRONMENTS,
        max_models: int = MAX_MODELS,
    ) -> None:
        self._db = db
        self._catalogue = catalogue
        self._versions = versions
        self._max_environments = max_environments
        self._max_models = max_models
        self._environments: dict[tuple[int, str], int] = {}
        self._admitted: set[tuple[int, int]] = set()
        self._full_of_environments: set[int] = set()
        self._full_of_models: set[int] = set()

    def find(self, project_id: int, environment: str, model: ModelName) -> Place | None:
        """The place of a call, if everything it names has been seen before; else None: then `enter` it, in a thread.

        Raises UnknownModel.
        """
        if not self._catalogue.loaded:
            return None
        environment_id = self._environments.get((project_id, environment))
        if environment_id is None and project_id in self._full_of_environments:
            environment_id = self._environments.get((project_id, OTHER))
        if environment_id is None:
            return None
        found = self._find_model(model)
        if found is not None and (project_id, found.id) in self._admitted:
            return Place(environment_id, found, found)
        if project_id in self._full_of_models and self._catalogue.find(OTHER, OTHER) is not None:
            return self._beyond(environment_id, model, found)
        return None

    def enter(self, project_id: int, environment: str, model: ModelName) -> Place:
        """The same for names that may be new. Writes them to the database.

        Raises UnknownModel, DatabaseUnavailable.
        """
        found = self._find_model(model)
        with self._db.write() as connection:
            environments_now = self._environments_after(connection, project_id, environment)
            models_now = _models_of(connection, project_id)
            has_room = len(models_now) < self._max_models
            if found is not None:
                model_id = found.id
            elif has_room:
                model_id = register(connection, model.name or "", model.provider)
            else:
                model_id = register(connection, OTHER, OTHER)
            if model_id not in models_now and has_room:
                connection.execute(insert(project_models).values(project_id=project_id, model_id=model_id))
                models_now.add(model_id)
            elif model_id not in models_now:
                register(connection, OTHER, OTHER)
        if found is None or not has_room:
            self._versions.announce(VERSION)
        self._environments.update({(project_id, name): number for name, number in environments_now.items()})
        self._admitted.update((project_id, number) for number in models_now)
        if len(models_now) >= self._max_models:
            self._full_of_models.add(project_id)
        environment_id = environments_now.get(environment, environments_now.get(OTHER, 0))
        stored = self._catalogue.get(model_id)
        if stored is not None and model_id in models_now:
            return Place(environment_id, stored, stored)
        return self._beyond(environment_id, model, found)

    def _environments_after(self, connection: Connection, project_id: int, name: str) -> dict[str, int]:
        """The project's environments, with the new one entered if there is room, and `(other)` if there is none."""
        pairs = project_environments.c
        query = select(environments.c.name, environments.c.id).where(
            environments.c.id == pairs.environment_id, pairs.project_id == project_id
        )
        known = {row.name: row.id for row in connection.execute(query)}
        if name in known:
            return known
        if len(known) >= self._max_environments:
            self._full_of_environments.add(project_id)
            name = OTHER
        if name not in known:
            known[name] = _environment_id(connection, name)
            connection.execute(insert(project_environments).values(project_id=project_id, environment_id=known[name]))
        return known

    def _beyond(self, environment_id: int, model: ModelName, found: CatalogueModel | None) -> Place:
        """The place of a call whose model was not admitted: filed under `(other)`, priced as what it named."""
        other = self._catalogue.find(OTHER, OTHER)
        assert other is not None  # noqa: S101  # entered with the first model that was not admitted
        return Place(environment_id, other, found or _unlisted(other.id, model.name or "", model.provider))

    def environment_names(self) -> dict[int, str]:
        """The name of every environment by its number. Reads the database."""
        with self._db.read() as connection:
            return {row.id: row.name for row in connection.execute(select(environments.c.id, environments.c.name))}

    def environment_ids(self, names: Sequence[str]) -> frozenset[int]:
        """The numbers of the environments of these names, as far as there are any. Reads the database."""
        with self._db.read() as connection:
            return frozenset(connection.scalars(select(environments.c.id).where(environments.c.name.in_(names))))

    def _find_model(self, model: ModelName) -> CatalogueModel | None:
        if model.id is None:
            return self._catalogue.find(model.name or "", model.provider)
        found = self._catalogue.get(model.id)
        if found is None:
            raise UnknownModel(model.id)
        return found


@lru_cache(maxsize=1024)
def _unlisted(other_id: int, name: str, provider: str | None) -> CatalogueModel:
    """A model that is in no catalogue, for pricing; the same object for the same name, which the price book relies on."""
    return CatalogueModel(other_id, name, provider or UNKNOWN_PROVIDER, None, True, ())


def _models_of(connection: Connection, project_id: int) -> set[int]:
    return set(connection.scalars(select(project_models.c.model_id).where(project_models.c.project_id == project_id)))


def _environment_id(connection: Connection, name: str) -> int:
    found = connection.scalar(select(environments.c.id).where(environments.c.name == name))
    if found is not None:
        return int(found)
    result = connection.execute(insert(environments).values(name=name).returning(environments.c.id))
    return int(result.scalar_one())

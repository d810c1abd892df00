"""Environments and models of a project by name: the numbers that rows carry in place of names.

A look-up is one in memory; what is not found there is entered by `callscope.ingest.admission`.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import select

from callscope.calls.models import environments
from callscope.db.engine import Database
from callscope.db.versions import Versions
from callscope.ingest.admission import OTHER, Admitted, Known, ModelName, Names, Room, admit
from callscope.observability.names import model_key
from callscope.pricing.catalogue import VERSION, Catalogue, CatalogueModel
from callscope.store.sql.bulk import among

MAX_ENVIRONMENTS = 100
MAX_MODELS = 1_000
_NOTHING = Known({}, set())


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
        self._room = Room(max_environments, max_models)
        self._half = Room(max_environments // 2, max_models // 2)
        self._known: dict[int, Known] = {}

    def find(self, names: Names, *, sparing: bool = False) -> Place | None:
        """The place of a call, if everything it names has been seen before; else None: then ask `places`, in a thread.

        Args:
            names: what the call names.
            sparing: as for `places`.

        Raises UnknownModel.
        """
        if not self._catalogue.loaded:
            return None
        room = self._half if sparing else self._room
        known = self._known.get(names.project_id, _NOTHING)
        environment_id = known.environments.get(names.environment)
        if environment_id is None and not known.has_room_for_environments(room):
            environment_id = known.environments.get(OTHER)
        if environment_id is None:
            return None
        found = self._find_model(names.model)
        if found is not None and found.id in known.models:
            return Place(environment_id, found, found)
        if not known.has_room_for_models(room):
            return self._beyond(environment_id, names.model, found)
        return None

    def places(self, wanted: Iterable[Names], *, sparing: bool = False) -> dict[Names, Place]:
        """The places of calls that may name what is new: it is entered in the database, in one transaction.

        Args:
            wanted: what the calls name.
            sparing: take no more than half of a project's room, so that whoever may do little leaves some to others.

        Raises UnknownModel before anything is entered, DatabaseUnavailable.
        """
        found = {names: self.find(names, sparing=sparing) for names in wanted}
        new = [names for names, place in found.items() if place is None]
        entered = self._enter(new, self._half if sparing else self._room) if new else {}
        return {names: place or entered[names] for names, place in found.items()}

    def has_model(self, model_id: int) -> bool:
        """Whether the catalogue has a model of this number."""
        return self._catalogue.get(model_id) is not None

    def _enter(self, wanted: Sequence[Names], room: Room) -> dict[Names, Place]:
        models = [self._find_model(names.model) for names in wanted]
        with self._db.write() as connection:
            admitted = admit(connection, wanted, [model.id if model else None for model in models], room)
        if self._is_behind(admitted):
            self._versions.announce(VERSION)
        self._known.update(admitted.projects)
        return {
            names: self._place(admitted.projects[names.project_id], names, model_id)
            for names, model_id in zip(wanted, admitted.model_ids, strict=True)
        }

    def _is_behind(self, admitted: Admitted) -> bool:
        """Whether the catalogue in memory lacks a model that was entered, by this process or another."""
        if None in admitted.model_ids and self._catalogue.find(OTHER, OTHER) is None:
            return True
        return any(number is not None and self._catalogue.get(number) is None for number in admitted.model_ids)

    def _place(self, known: Known, names: Names, model_id: int | None) -> Place:
        environment_id = known.environments.get(names.environment) or known.environments[OTHER]
        model = None if model_id is None else self._catalogue.get(model_id)
        if model is not None:
            return Place(environment_id, model, model)
        place = self._beyond(environment_id, names.model, self._find_model(names.model))
        assert place is not None  # noqa: S101  # (other) was entered with the first model that was not admitted
        return place

    def _beyond(self, environment_id: int, model: ModelName, found: CatalogueModel | None) -> Place | None:
        """The place of a call whose model was not admitted: filed under `(other)`, priced as what it named."""
        other = self._catalogue.find(OTHER, OTHER)
        if other is None:
            return None
        if found is None:
            name, provider = model.told
            enabled = model_key(name, provider) not in self._catalogue.switched_off
            found = _unlisted(other.id, name, provider, enabled)
        return Place(environment_id, other, found)

    def environment_names(self, numbers: Collection[int]) -> dict[int, str]:
        """The names of the environments of these numbers, as far as there are any. Reads the database."""
        if not numbers:
            return {}
        with self._db.read() as connection:
            wanted = among(connection, environments.c.id, numbers)  # all there are may be a hundred for each project
            rows = connection.execute(select(environments.c.id, environments.c.name).where(wanted))
            return {row.id: row.name for row in rows}

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
def _unlisted(other_id: int, name: str, provider: str, enabled: bool) -> CatalogueModel:
    """A model that is in no catalogue, for pricing; the same object for the same name, which the price book relies on."""
    return CatalogueModel(other_id, name, provider, None, enabled, ())

"""Entering the environments and models that calls name: all names of a request in one writing transaction.

Names come from clients, so their number is bounded per project. A name is admitted at its first call, while there is
room, and stays so; what comes later is counted as `(other)`.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import Connection, insert, select

from callscope.calls.models import environments, project_environments, project_models
from callscope.pricing.catalogue import UNKNOWN_PROVIDER, Registration

OTHER = "(other)"


class Room(NamedTuple):
    """How many environments and models of one project are told apart."""

    environments: int
    models: int


@dataclass(frozen=True, slots=True)
class ModelName:
    """A model as a call names it: by its number in the catalogue, or by name and perhaps provider."""

    id: int | None = None
    name: str | None = None
    provider: str | None = None

    @property
    def told(self) -> tuple[str, str]:
        """Name and provider, for one that is named."""
        return self.name or "", self.provider or UNKNOWN_PROVIDER


class Names(NamedTuple):
    """What a call names, besides its project's number."""

    project_id: int
    environment: str
    model: ModelName


@dataclass(frozen=True, slots=True)
class Known:
    """What a project has admitted: its environments' numbers by name, and the numbers of its models."""

    environments: dict[str, int]
    models: set[int]

    def has_room_for_environments(self, room: Room) -> bool:
        """Whether another environment would be told apart."""
        return len(self.environments) - (OTHER in self.environments) < room.environments

    def has_room_for_models(self, room: Room) -> bool:
        """Whether another model would be told apart."""
        return len(self.models) < room.models


@dataclass(frozen=True, slots=True)
class Admitted:
    """What the projects of a request have now, and for each of its names the model's number; None: beyond the bound."""

    projects: dict[int, Known]
    model_ids: list[int | None]


def admit(connection: Connection, wanted: Sequence[Names], listed: Sequence[int | None], room: Room) -> Admitted:
    """Enter names, as far as there is room, in the caller's writing transaction.

    Args:
        connection: the transaction.
        wanted: what calls name, in their order.
        listed: for each of them the model's number, where it is known already.
        room: how much of each project may be taken.
    """
    projects = _known(connection, {names.project_id for names in wanted})
    _admit_environments(connection, projects, wanted, room)
    return Admitted(projects, _admit_models(connection, projects, wanted, listed, room))


def _known(connection: Connection, project_ids: set[int]) -> dict[int, Known]:
    known = {project_id: Known({}, set()) for project_id in project_ids}
    pairs = project_environments.c
    of_projects = select(pairs.project_id, environments.c.name, environments.c.id).where(
        environments.c.id == pairs.environment_id, pairs.project_id.in_(project_ids)
    )
    for row in connection.execute(of_projects):
        known[row.project_id].environments[row.name] = row.id
    models = project_models.c
    for project_id, model_id in connection.execute(
        select(models.project_id, models.model_id).where(models.project_id.in_(project_ids))
    ):
        known[project_id].models.add(model_id)
    return known


def _admit_environments(
    connection: Connection, projects: dict[int, Known], wanted: Iterable[Names], room: Room
) -> None:
    new: dict[int, list[str]] = defaultdict(list)
    for names in wanted:
        known = projects[names.project_id]
        if names.environment in known.environments:
            continue
        name = names.environment if known.has_room_for_environments(room) else OTHER
        if name not in known.environments:
            known.environments[name] = 0  # until its number is known
            new[names.project_id].append(name)
    if not new:
        return
    numbers = _environment_numbers(connection, {name for admitted in new.values() for name in admitted})
    for project_id, admitted in new.items():
        projects[project_id].environments.update((name, numbers[name]) for name in admitted)
    pairs = [
        {"project_id": project_id, "environment_id": numbers[name]}
        for project_id, admitted in new.items()
        for name in admitted
    ]
    connection.execute(insert(project_environments), pairs)


def _environment_numbers(connection: Connection, names: set[str]) -> dict[str, int]:
    columns = environments.c
    query = select(columns.name, columns.id).where(columns.name.in_(names))
    numbers = {row.name: row.id for row in connection.execute(query)}
    if len(numbers) < len(names):
        connection.execute(insert(environments), [{"name": name} for name in sorted(names - numbers.keys())])
        numbers = {row.name: row.id for row in connection.execute(query)}
    return numbers


def _admit_models(
    connection: Connection,
    projects: dict[int, Known],
    wanted: Sequence[Names],
    listed: Sequence[int | None],
    room: Room,
) -> list[int | None]:
    unlisted = {names.model.told for names, model_id in zip(wanted, listed, strict=True) if model_id is None}
    registration = Registration(connection, {*unlisted, (OTHER, OTHER)})
    pairs: list[dict[str, int]] = []
    found: list[int | None] = []
    for names, known_id in zip(wanted, listed, strict=True):
        known = projects[names.project_id]
        model_id = known_id or registration.find(*names.model.told)
        if model_id not in known.models:
            if known.has_room_for_models(room):
                model_id = model_id or registration.enter(*names.model.told)
                known.models.add(model_id)
                pairs.append({"project_id": names.project_id, "model_id": model_id})
            else:
                model_id = None
                registration.enter(OTHER, OTHER)
        found.append(model_id)
    registration.write()
    if pairs:
        connection.execute(insert(project_models), pairs)
    return found

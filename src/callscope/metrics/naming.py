"""Names for the numbers that sums are grouped by."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sqlalchemy import select

from callscope.accounts.models import ApiKey
from callscope.accounts.projects import ProjectDirectory
from callscope.db.engine import Database
from callscope.ingest.directory import Directory
from callscope.pricing.catalogue import Catalogue
from callscope.store.queries import Group, GroupBy


class Label(NamedTuple):
    """What a group is called."""

    name: str
    provider: str | None = None
    id: int | None = None


OTHER = Label("(other)")


class Namer:
    """Looks names up."""

    def __init__(self, db: Database, projects: ProjectDirectory, directory: Directory, catalogue: Catalogue) -> None:
        self._db = db
        self._projects = projects
        self._directory = directory
        self._catalogue = catalogue

    def labels(self, by: GroupBy, numbers: Iterable[Group]) -> Mapping[int, Label]:
        """The labels of models, projects or environments by number: of all of them, or at least of these."""
        match by:
            case GroupBy.MODEL:
                return {model.id: Label(model.name, model.provider, model.id) for model in self._catalogue.all()}
            case GroupBy.PROJECT:
                return {project.id: Label(project.name, None, project.id) for project in self._projects.all()}
            case _:
                names = self._directory.environment_names({number for number in numbers if number is not None})
                return {number: Label(name, None, number) for number, name in names.items()}

    def api_keys(self) -> Mapping[int, str]:
        """The name of every API key by its number, revoked ones too."""
        with self._db.read() as connection:
            return {row.id: row.name for row in connection.execute(select(ApiKey.id, ApiKey.name))}

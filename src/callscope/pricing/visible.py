"""Which models a caller may know of. The catalogue is one for all, and grows by the names that projects log.

So whoever is limited to projects is not shown a model that only the calls of other projects have brought in. What
every new catalogue has, what an admin added, and what his own projects have logged, he sees.
"""

from sqlalchemy import select

from callscope.api.rights import Caller
from callscope.calls.models import project_models
from callscope.db.engine import Database
from callscope.ingest.admission import OTHER
from callscope.pricing.catalogue import Catalogue, CatalogueModel
from callscope.pricing.models import Origin
from callscope.store.sql.bulk import among


class VisibleModels:
    """Answers for one app. Reads what a limited caller's own projects have logged, and nothing for others."""

    def __init__(self, db: Database, catalogue: Catalogue) -> None:
        self._db = db
        self._catalogue = catalogue

    def hidden(self, caller: Caller) -> frozenset[int]:
        """The numbers of the models that the caller may not know of."""
        if caller.project_ids is None:
            return frozenset()
        with self._db.read() as connection:
            own = among(connection, project_models.c.project_id, sorted(caller.project_ids))
            logged = set(connection.scalars(select(project_models.c.model_id).distinct().where(own)))
        models = self._catalogue.all()
        return frozenset(model.id for model in models if _came_with_a_call(model) and model.id not in logged)


def _came_with_a_call(model: CatalogueModel) -> bool:
    """Whether only the projects that logged the model know of it; `(other)` stands for what has no number of its own."""
    return model.origin == Origin.CALL and (model.name, model.provider) != (OTHER, OTHER)

"""Which models a caller may know of. The catalogue is one for all, and grows by the names that projects log.

So whoever is limited to projects is not shown a model that only the calls of other projects have brought in. What
every new catalogue has, what an admin added, and what his own projects have logged, he sees.
"""

from sqlalchemy import select

from callscope.api.rights import Caller
from callscope.calls.models import project_models
from callscope.db.engine import Database
from callscope.pricing.catalogue import Catalogue
from callscope.pricing.models import Origin


class VisibleModels:
    """Answers for one app. Reads the database for a limited caller, nothing for others."""

    def __init__(self, db: Database, catalogue: Catalogue) -> None:
        self._db = db
        self._catalogue = catalogue

    def hidden(self, caller: Caller) -> frozenset[int]:
        """The numbers of the models that the caller may not know of."""
        if caller.project_ids is None:
            return frozenset()
        own, others = set[int](), set[int]()
        with self._db.read() as connection:
            for row in connection.execute(select(project_models.c.project_id, project_models.c.model_id)):
                (own if row.project_id in caller.project_ids else others).add(row.model_id)
        return frozenset(number for number in others - own if self._came_with_a_call(number))

    def _came_with_a_call(self, model_id: int) -> bool:
        model = self._catalogue.get(model_id)
        return model is None or model.origin == Origin.CALL

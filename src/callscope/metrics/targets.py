"""The models that a comparison is made with, as a caller names them."""

from collections.abc import Sequence

from callscope.api.errors import NotFound, invalid
from callscope.api.rights import Caller
from callscope.pricing.catalogue import Catalogue, CatalogueModel
from callscope.pricing.visible import VisibleModels


class NoSuchModel(NotFound):
    """The catalogue has no model of this name, or the caller may not know of it."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is no model {name!r} in the catalogue; an admin can add it under Models.")


class Targets:
    """Finds the models that are named."""

    def __init__(self, catalogue: Catalogue, visible: VisibleModels) -> None:
        self._catalogue = catalogue
        self._visible = visible

    def named(self, caller: Caller, names: Sequence[str]) -> list[CatalogueModel]:
        """The models of these names, in their order, each once.

        Args:
            caller: who asks; what he may not know of is not found.
            names: each a name, `provider/name`, or a number of the catalogue.

        Raises NoSuchModel, or Invalid for a name that several providers have.
        """
        hidden = self._visible.hidden(caller)
        models = [model for model in self._catalogue.all() if model.id not in hidden]
        return list({(found := self._find(models, name)).id: found for name in names}.values())

    def _find(self, models: Sequence[CatalogueModel], name: str) -> CatalogueModel:
        written = name.strip().lower()
        known = self._catalogue.find(written)
        if known is not None and any(model is known for model in models):
            return known
        found = (
            [model for model in models if f"{model.provider}/{model.name}".lower() == written]
            or [model for model in models if model.name.lower() == written]
            or [model for model in models if str(model.id) == written]
        )
        if not found:
            raise NoSuchModel(name)
        if len(found) > 1:
            spelled = ", ".join(sorted(f"{model.provider}/{model.name}" for model in found)[:5])
            raise invalid("model", f"{name!r} is a model of several providers; name one of them: {spelled}")
        return found[0]

"""What is done with the catalogue: list it, add a model, switch one on or off, set a price."""

from datetime import UTC, datetime
from itertools import islice

from sqlalchemy.orm import Session

from callscope.api.envelope import FieldError
from callscope.api.errors import Conflict, Invalid, NotFound, invalid
from callscope.api.rights import Caller
from callscope.audit.service import note
from callscope.db.engine import Database
from callscope.db.types import EPOCH
from callscope.db.versions import Versions, bump
from callscope.observability.names import model_key
from callscope.pricing.book import PriceBook
from callscope.pricing.catalogue import VERSION, Catalogue, CatalogueModel, find_id, next_id
from callscope.pricing.changes import apply, noted, set_price
from callscope.pricing.models import LLMModel, ModelPrice, Origin
from callscope.pricing.price_schemas import PriceIn
from callscope.pricing.reasons import Unpriced
from callscope.pricing.schemas import ModelIn, ModelPatch, PricedAs
from callscope.pricing.switch import HAIKU_45, keys_switched_off, subject_of, switch
from callscope.pricing.visible import VisibleModels
from callscope.settings.service import VERSION as SETTINGS_VERSION
from callscope.settings.service import record_haiku_45


class ModelNotFound(NotFound):
    """There is no model with this id."""

    def __init__(self, model_id: int) -> None:
        super().__init__(f"There is no model {model_id}.")


class ModelExists(Conflict):
    """The catalogue has a model of this name and provider."""

    def __init__(self, model_id: int, name: str, provider: str) -> None:
        super().__init__(f"{name} of {provider} is in the catalogue already, as model {model_id}.")


class PriceNotFound(NotFound):
    """The model has no price of an administrator's with this id."""

    def __init__(self, name: str, price_id: int) -> None:
        super().__init__(f"{name} has no price {price_id} that an administrator set.")


class NotInTheBook(Invalid):
    """The price book cannot say what this model costs, so none is priced as it."""

    def __init__(self, reason: Unpriced) -> None:
        super().__init__(FieldError(field="priced_as", message=reason.sentence))


class PricingService:
    """The catalogue as users and administrators see it."""

    def __init__(
        self, db: Database, versions: Versions, catalogue: Catalogue, book: PriceBook, visible: VisibleModels
    ) -> None:
        self._db = db
        self._versions = versions
        self._catalogue = catalogue
        self._book = book
        self._visible = visible

    def models(
        self, caller: Caller, *, after: int, at_most: int, provider: str | None, enabled: bool | None, q: str | None
    ) -> list[CatalogueModel]:
        """The models with ids above `after` that the caller may know of and that fit the filters, by id."""
        hidden = self._visible.hidden(caller)
        wanted_provider, text = (provider or "").lower(), (q or "").lower()
        fitting = (
            model
            for model in self._catalogue.all()
            if model.id > after
            and model.id not in hidden
            and (not wanted_provider or model.provider.lower() == wanted_provider)
            and (enabled is None or model.enabled is enabled)
            and (not text or text in model.name.lower() or text in model.provider.lower())
        )
        return list(islice(fitting, at_most))

    def model(self, caller: Caller, model_id: int) -> CatalogueModel:
        """One model. Raises ModelNotFound, also for one that the caller may not know of."""
        model = self._catalogue.get(model_id)
        if model is None or model_id in self._visible.hidden(caller):
            raise ModelNotFound(model_id)
        return model

    def create(self, caller: Caller, body: ModelIn) -> CatalogueModel:
        """Add a model. Raises ModelExists, NotInTheBook, or Invalid for a flat rate together with prices."""
        if body.cost_per_1k_tokens is not None and body.prices:
            raise invalid("prices", "cannot be set together with the flat rate cost_per_1k_tokens")
        self._check_target(body.priced_as)
        now = datetime.now(UTC)
        with self._db.write_session() as session:
            connection = session.connection()
            found = find_id(connection, body.name, body.provider)
            if found is not None:
                raise ModelExists(found, body.name, body.provider)
            model = LLMModel(
                id=next_id(connection), name=body.name, provider=body.provider, created_at=now, prices=[],
                enabled=model_key(body.name, body.provider) not in keys_switched_off(connection), origin=Origin.ADMIN,
            )  # fmt: skip
            session.add(model)
            told = body.model_fields_set - {"name", "provider"}
            patch = ModelPatch.model_validate({field: getattr(body, field) for field in told})
            _, after = apply(model, patch, now, was_unpriced=True)
            note(
                session,
                caller,
                "model.create",
                subject_of(model),
                after={"name": model.name, "provider": model.provider} | after,
            )
            bump(connection, VERSION)
            model_id = model.id
        return self._announced(model_id)

    def update(self, caller: Caller, model_id: int, body: ModelPatch) -> CatalogueModel:
        """Change a model. Raises ModelNotFound, PriceExists, NotInTheBook, or Invalid for a price beside a flat rate."""
        self._check_target(body.priced_as)
        known = self._catalogue.get(model_id)
        was_unpriced = known is not None and not self._book.history(known)
        with self._db.write_session() as session:
            model = session.get(LLMModel, model_id)
            if model is None:
                raise ModelNotFound(model_id)
            before, after = apply(model, body, datetime.now(UTC), was_unpriced=was_unpriced)
            haiku_switched = False
            if "enabled" in after:
                key = model_key(model.name, model.provider)
                switch(session, caller, key, model.enabled)
                haiku_switched = key == HAIKU_45
            if haiku_switched:
                record_haiku_45(session, caller, model.enabled)
            if after:
                note(session, caller, "model.update", subject_of(model), before=before, after=after)
                bump(session.connection(), VERSION)
        if haiku_switched:
            self._versions.announce(SETTINGS_VERSION)
        return self._announced(model_id)

    def correct_price(self, caller: Caller, model_id: int, price_id: int, body: PriceIn) -> CatalogueModel:
        """Put another price in the place of one that was entered wrongly; without `valid_from` it holds as long as that.

        Raises ModelNotFound, PriceNotFound, PriceExists, or Invalid for an end before its beginning.
        """
        with self._db.write_session() as session:
            model, price = _found(session, model_id, price_id)
            before = noted(price)
            set_price(model, price, body, body.valid_from or price.valid_from)
            note(
                session, caller, "model.update", subject_of(model),
                before={"prices": [before]}, after={"prices": [noted(price)]},
            )  # fmt: skip
            bump(session.connection(), VERSION)
        return self._announced(model_id)

    def remove_price(self, caller: Caller, model_id: int, price_id: int) -> CatalogueModel:
        """Remove a price that was entered wrongly; the audit log keeps it. Raises ModelNotFound, PriceNotFound."""
        with self._db.write_session() as session:
            model, price = _found(session, model_id, price_id)
            note(
                session,
                caller,
                "model.update",
                subject_of(model),
                before={"prices": [noted(price)]},
                after={"prices": []},
            )
            model.prices.remove(price)
            bump(session.connection(), VERSION)
        return self._announced(model_id)

    def _check_target(self, target: PricedAs | None) -> None:
        if target is None:
            return
        asked = CatalogueModel(0, target.model, target.provider, None, True, ())
        reason = self._book.reason(asked, target.model, (datetime.now(UTC) - EPOCH).days)
        if reason is not None:
            raise NotInTheBook(reason)

    def _announced(self, model_id: int) -> CatalogueModel:
        self._versions.announce(VERSION)
        model = self._catalogue.get(model_id)
        if model is None:
            raise ModelNotFound(model_id)
        return model


def _found(session: Session, model_id: int, price_id: int) -> tuple[LLMModel, ModelPrice]:
    model = session.get(LLMModel, model_id)
    if model is None:
        raise ModelNotFound(model_id)
    price = next((price for price in model.prices if price.id == price_id), None)
    if price is None:
        raise PriceNotFound(model.name, price_id)
    return model, price

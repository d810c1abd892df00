"""What is done with the catalogue: list it, add a model, switch one on or off, set a price."""

from datetime import UTC, datetime, time
from functools import cache
from importlib.metadata import version
from itertools import islice

from callscope.api.errors import Conflict, NotFound, invalid
from callscope.api.rights import Caller
from callscope.audit.service import note
from callscope.db.engine import Database
from callscope.db.types import EPOCH, dollars_to_nanos, nanos_to_dollars
from callscope.db.versions import Versions, bump
from callscope.pricing.book import SECONDS_PER_DAY, PriceBook
from callscope.pricing.catalogue import VERSION, Catalogue, CatalogueModel, enabled_at_first, find_id, next_id
from callscope.pricing.haiku import is_haiku_45, switch_haiku_45
from callscope.pricing.models import LLMModel, ModelPrice
from callscope.pricing.rates import Listed
from callscope.pricing.schemas import PICOS_PER_TOKEN, ModelIn, ModelOut, ModelPatch, PriceIn, PriceOut
from callscope.pricing.visible import VisibleModels
from callscope.settings.service import VERSION as SETTINGS_VERSION
from callscope.settings.service import record_haiku_45

FLAT_RATE_GOES_FIRST = (
    "the model has a flat rate, which goes before all prices; send cost_per_1k_tokens: null to remove it"
)


class ModelNotFound(NotFound):
    """There is no model with this id."""

    def __init__(self, model_id: int) -> None:
        super().__init__(f"There is no model {model_id}.")


class ModelExists(Conflict):
    """The catalogue has a model of this name and provider."""

    def __init__(self, model_id: int, name: str, provider: str) -> None:
        super().__init__(f"{name} of {provider} is in the catalogue already, as model {model_id}.")


class PriceExists(Conflict):
    """Prices are kept, so one is not replaced by another from the same time on."""

    def __init__(self, name: str, valid_from: datetime) -> None:
        super().__init__(
            f"{name} already has a price from {valid_from:%Y-%m-%dT%H:%M:%SZ} on; set one from a later time."
        )


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

    def shown(self, model: CatalogueModel, now: datetime) -> ModelOut:
        """A model with its prices as `ModelOut` says."""
        prices = [
            _price_out(price.valid_from, price.source, Listed(*(getattr(price, kind) for kind in Listed._fields)))
            for price in model.prices
        ]
        if model.flat_rate is None and model.price_at(now) is None:
            prices = [*self._from_the_book(model, now), *prices]
        return ModelOut(
            id=model.id, name=model.name, provider=model.provider, cost_per_1k_tokens=_dollars(model.flat_rate),
            enabled=model.enabled, prices=prices,
        )  # fmt: skip

    def create(self, caller: Caller, body: ModelIn) -> ModelOut:
        """Add a model. Raises ModelExists, or Invalid for a flat rate together with prices."""
        if body.cost_per_1k_tokens is not None and body.prices:
            raise invalid("prices", "cannot be set together with the flat rate cost_per_1k_tokens")
        now = datetime.now(UTC)
        with self._db.write_session() as session:
            connection = session.connection()
            found = find_id(connection, body.name, body.provider)
            if found is not None:
                raise ModelExists(found, body.name, body.provider)
            model = LLMModel(
                id=next_id(connection), name=body.name, provider=body.provider, created_at=now, prices=[],
                enabled=enabled_at_first(connection, body.name),
            )  # fmt: skip
            session.add(model)
            after: dict[str, object] = {"name": model.name, "provider": model.provider}
            if body.cost_per_1k_tokens is not None:
                model.cost_per_1k_tokens = dollars_to_nanos(body.cost_per_1k_tokens)
                after["cost_per_1k_tokens"] = float(body.cost_per_1k_tokens)
            if body.prices:
                after["prices"] = [_add_price(model, price, caller, now) for price in body.prices]
            note(session, caller, "model.create", _subject(model), after=after)
            bump(connection, VERSION)
            model_id = model.id
        return self._announced(model_id)

    def update(self, caller: Caller, model_id: int, body: ModelPatch) -> ModelOut:
        """Change a model. Raises ModelNotFound, PriceExists, or Invalid for a price beside a flat rate."""
        with self._db.write_session() as session:
            model = session.get(LLMModel, model_id)
            if model is None:
                raise ModelNotFound(model_id)
            before, after = _apply(model, body, caller)
            haiku_switched = "enabled" in after and is_haiku_45(model.name)
            if haiku_switched:
                switch_haiku_45(session, model.enabled)
                record_haiku_45(session, caller, model.enabled)
            if after:
                note(session, caller, "model.update", _subject(model), before=before, after=after)
                bump(session.connection(), VERSION)
        if haiku_switched:
            self._versions.announce(SETTINGS_VERSION)
        return self._announced(model_id)

    def _announced(self, model_id: int) -> ModelOut:
        self._versions.announce(VERSION)
        model = self._catalogue.get(model_id)
        if model is None:
            raise ModelNotFound(model_id)
        return self.shown(model, datetime.now(UTC))

    def _from_the_book(self, model: CatalogueModel, now: datetime) -> list[PriceOut]:
        day, seconds = divmod(int((now - EPOCH).total_seconds()), SECONDS_PER_DAY)
        rates = self._book.rates(model, model.name, day, seconds)
        if rates is None:
            return []
        since = None if rates.since is None else datetime.combine(rates.since, time(), UTC)
        return [_price_out(since, _book_source(), rates.listed)]


Changes = dict[str, object]


def _apply(model: LLMModel, body: ModelPatch, caller: Caller) -> tuple[Changes, Changes]:
    """Change the model; what changed, from what to what."""
    before: Changes = {}
    after: Changes = {}
    told = body.model_fields_set
    if "cost_per_1k_tokens" in told:
        flat = None if body.cost_per_1k_tokens is None else dollars_to_nanos(body.cost_per_1k_tokens)
        if flat != model.cost_per_1k_tokens:
            before["cost_per_1k_tokens"] = _dollars(model.cost_per_1k_tokens)
            after["cost_per_1k_tokens"] = _dollars(flat)
            model.cost_per_1k_tokens = flat
    if body.prices:
        if model.cost_per_1k_tokens is not None:
            raise invalid("prices", FLAT_RATE_GOES_FIRST)
        now = datetime.now(UTC)
        before["prices"] = []
        after["prices"] = [_add_price(model, price, caller, now) for price in body.prices]
    if "enabled" in told and body.enabled is not model.enabled:
        before["enabled"], after["enabled"] = model.enabled, body.enabled
        model.enabled = body.enabled
    return before, after


def _add_price(model: LLMModel, body: PriceIn, caller: Caller, now: datetime) -> Changes:
    """Add a price to the model; what to note of it."""
    valid_from = body.valid_from or now.replace(microsecond=0)
    if any(price.valid_from == valid_from for price in model.prices):
        raise PriceExists(model.name, valid_from)
    amounts = body.model_dump(include=set(Listed._fields), exclude_none=True)
    picos = {name: int(amount * PICOS_PER_TOKEN) for name, amount in amounts.items()}
    source = body.source or f"set by {caller.name}"[:200]
    model.prices.append(ModelPrice(valid_from=valid_from, source=source, created_at=now, **picos))
    noted = {name: float(amount) for name, amount in amounts.items()}
    return {"valid_from": f"{valid_from:%Y-%m-%dT%H:%M:%SZ}", "source": source, **noted}


def _price_out(valid_from: datetime | None, source: str, listed: Listed) -> PriceOut:
    per_million = {kind: None if picos is None else picos / PICOS_PER_TOKEN for kind, picos in listed._asdict().items()}
    return PriceOut.model_validate({"valid_from": valid_from, "source": source, **per_million})


def _subject(model: LLMModel) -> str:
    return f"model {model.provider}/{model.name}"


def _dollars(nanos: int | None) -> float | None:
    return None if nanos is None else nanos_to_dollars(nanos)


@cache
def _book_source() -> str:
    return f"genai-prices {version('genai-prices')}"

"""The catalogue in memory: a snapshot of the models and their prices that every logged call looks into."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, and_, func, insert, or_, select

from callscope.db.engine import Database
from callscope.db.versions import Versions, bump
from callscope.pricing.haiku import is_haiku_45
from callscope.pricing.models import HAIKU_45, LLMModel, ModelPrice

VERSION = "catalogue"
UNKNOWN_PROVIDER = "unknown"


@dataclass(frozen=True, slots=True)
class CataloguePrice:
    """An administrator's price from `valid_from` on, in pico-dollars per token."""

    valid_from: datetime
    source: str
    input: int
    cached_input: int | None
    cache_write: int | None
    cache_write_1h: int | None
    output: int


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """A model. `flat_rate` in nano-dollars per 1,000 tokens; `prices` are the administrator's own, oldest first."""

    id: int
    name: str
    provider: str
    flat_rate: int | None
    enabled: bool
    prices: tuple[CataloguePrice, ...]

    def price_at(self, moment: datetime) -> CataloguePrice | None:
        """The administrator's price in force at a time."""
        return next((price for price in reversed(self.prices) if price.valid_from <= moment), None)


class _Snapshot:
    """All models, by id and by name."""

    def __init__(self, models: tuple[CatalogueModel, ...]) -> None:
        self.models = models
        self.by_id = {model.id: model for model in models}
        self.by_name: dict[tuple[str, str | None], CatalogueModel] = {}
        for model in models:
            name = model.name.lower()
            self.by_name.setdefault((name, model.provider.lower()), model)
            self.by_name.setdefault((name, None), model)


class Catalogue:
    """The models, kept in memory until someone changes one. While `loaded`, a look-up costs no SQL and never waits."""

    def __init__(self, db: Database, versions: Versions) -> None:
        self._db = db
        self._current: _Snapshot | None = None
        self._previous: dict[int, CatalogueModel] = {}
        self._drops = 0
        self._lock = threading.Lock()
        versions.watch(VERSION, self._drop)

    @property
    def loaded(self) -> bool:
        """Whether a look-up now is one in memory; if not, it reads the database and belongs into a thread."""
        return self._current is not None

    def get(self, model_id: int) -> CatalogueModel | None:
        """The model with this id."""
        return (self._current or self._load()).by_id.get(model_id)

    def find(self, name: str, provider: str | None = None) -> CatalogueModel | None:
        """The model of exactly this name and provider, apart from case; by name alone, the one with the lowest id."""
        snapshot = self._current or self._load()
        return snapshot.by_name.get((name.lower(), None if provider is None else provider.lower()))

    def all(self) -> tuple[CatalogueModel, ...]:
        """All models, by id."""
        return (self._current or self._load()).models

    def _drop(self) -> None:
        with self._lock:
            self._drops += 1
            self._current = None

    def _load(self) -> _Snapshot:
        while True:
            drops = self._drops
            models = self._read()
            with self._lock:
                if drops != self._drops:  # something changed while it was being read
                    continue
                # A model that is as it was stays the same object: what others computed from it holds.
                previous = self._previous
                snapshot = _Snapshot(tuple(previous[m.id] if previous.get(m.id) == m else m for m in models))
                self._previous = snapshot.by_id
                self._current = snapshot
                return snapshot

    def _read(self) -> list[CatalogueModel]:
        with self._db.read() as connection:
            rows = connection.execute(
                select(
                    LLMModel.id, LLMModel.name, LLMModel.provider, LLMModel.cost_per_1k_tokens, LLMModel.enabled
                ).order_by(LLMModel.id)
            ).all()
            prices: dict[int, list[CataloguePrice]] = {}
            columns = (
                ModelPrice.valid_from, ModelPrice.source, ModelPrice.input, ModelPrice.cached_input,
                ModelPrice.cache_write, ModelPrice.cache_write_1h, ModelPrice.output,
            )  # fmt: skip
            for price in connection.execute(select(*columns, ModelPrice.model_id).order_by(ModelPrice.valid_from)):
                prices.setdefault(price.model_id, []).append(CataloguePrice(*price[:-1]))
        return [CatalogueModel(*row, tuple(prices.get(row.id, ()))) for row in rows]


def register(connection: Connection, name: str, provider: str | None = None) -> int:
    """Make sure that a model is in the catalogue, in the caller's writing transaction, and return its id.

    A new one has no price of its own. Call `versions.announce(VERSION)` once the transaction has committed.
    """
    told = provider or UNKNOWN_PROVIDER
    found = find_id(connection, name, told)
    if found is not None:
        return found
    model_id = next_id(connection)
    connection.execute(
        insert(LLMModel).values(
            id=model_id, name=name, provider=told, enabled=enabled_at_first(connection, name),
            created_at=datetime.now(UTC),
        )
    )  # fmt: skip
    bump(connection, VERSION)
    return model_id


def find_id(connection: Connection, name: str, provider: str) -> int | None:
    """The id of the model of this name and provider, apart from case, as the database has it now."""
    alike = and_(func.lower(LLMModel.name) == name.lower(), func.lower(LLMModel.provider) == provider.lower())
    # SQLite lowers ASCII letters only, so a name with others may be found only as it is
    exact = and_(LLMModel.name == name, LLMModel.provider == provider)
    found = connection.execute(select(LLMModel.id).where(or_(alike, exact)).order_by(LLMModel.id).limit(1)).scalar()
    return None if found is None else int(found)


def next_id(connection: Connection) -> int:
    """The next free id; to be used under the lock of all writers."""
    return int(connection.execute(select(func.coalesce(func.max(LLMModel.id), 0))).scalar_one()) + 1


def enabled_at_first(connection: Connection, name: str) -> bool:
    """Whether a new model starts switched on. A name of Claude Haiku 4.5 starts as the others: a date is no way round."""
    if not is_haiku_45(name):
        return True
    family = func.lower(LLMModel.name).startswith(HAIKU_45, autoescape=True)
    return connection.execute(select(LLMModel.id).where(family, LLMModel.enabled.is_(False)).limit(1)).first() is None

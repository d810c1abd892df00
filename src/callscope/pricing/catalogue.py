"""The catalogue in memory: a snapshot of the models and their prices that every logged call looks into."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime

from sqlalchemy import Connection, func, insert, or_, select

from callscope.db.cached import Cached
from callscope.db.engine import Database
from callscope.db.versions import Versions, bump
from callscope.observability.names import model_key
from callscope.pricing.models import LLMModel, ModelPrice, Origin
from callscope.pricing.switch import keys_of, keys_switched_off

VERSION = "catalogue"
UNKNOWN_PROVIDER = "unknown"
NAMES_AT_ONCE = 500
"""In one statement, whose parameters are bounded."""


@dataclass(frozen=True, slots=True)
class CataloguePrice:
    """An administrator's price from `valid_from` on, in pico-dollars per token; the columns of `ModelPrice`."""

    valid_from: datetime
    source: str
    input: int
    cached_input: int | None
    cache_write: int | None
    cache_write_1h: int | None
    output: int
    reasoning: int | None = None
    audio_input: int | None = None
    audio_output: int | None = None
    image_input: int | None = None
    image_output: int | None = None
    request: int | None = None
    server_tool: int | None = None
    steps: Sequence[Mapping[str, int]] | None = None
    valid_to: datetime | None = None
    id: int | None = None

    def holds(self, moment: datetime) -> bool:
        """Whether it is in force at a time, if no later one is."""
        return self.valid_from <= moment and (self.valid_to is None or moment < self.valid_to)


_MODEL_COLUMNS = (
    LLMModel.id, LLMModel.name, LLMModel.provider, LLMModel.cost_per_1k_tokens, LLMModel.enabled, LLMModel.origin,
    LLMModel.flat_since, LLMModel.priced_as_provider, LLMModel.priced_as_model,
)  # fmt: skip
_PRICE_COLUMNS = [getattr(ModelPrice, field.name) for field in fields(CataloguePrice)]


@dataclass(frozen=True, slots=True)
class CatalogueModel:
    """A model. `flat_rate` in nano-dollars per 1,000 tokens; `prices` are the administrator's own, oldest first.

    `flat_since` is from when on the flat rate holds, None for ever since. `priced_as` are the provider and name under
    which the price book has it, where that is told.
    """

    id: int
    name: str
    provider: str
    flat_rate: int | None
    enabled: bool
    prices: tuple[CataloguePrice, ...]
    origin: str = Origin.CALL
    flat_since: datetime | None = None
    priced_as: tuple[str, str] | None = None

    def is_flat(self, moment: datetime) -> bool:
        """Whether the flat rate is in force at a time."""
        return self.flat_rate is not None and (self.flat_since is None or self.flat_since <= moment)

    def price_at(self, moment: datetime) -> CataloguePrice | None:
        """The administrator's price in force at a time, if the flat rate is not: of those that hold then, the latest."""
        return next((price for price in reversed(self.prices) if price.holds(moment)), None)

    def changes(self) -> set[datetime]:
        """When what an administrator set begins or ends."""
        moments = {moment for price in self.prices for moment in (price.valid_from, price.valid_to)}
        return {moment for moment in (*moments, self.flat_since) if moment is not None}


class _Snapshot:
    """All models, by id and by name.

    A name alone does not find a model that a call brought in with its provider: else what one project logs would decide
    which provider and price another one's calls have.
    """

    def __init__(self, models: tuple[CatalogueModel, ...]) -> None:
        self.models = models
        self.by_id = {model.id: model for model in models}
        self.switched_off = keys_of((model.name, model.provider) for model in models if not model.enabled)
        self.by_name: dict[tuple[str, str | None], CatalogueModel] = {}
        for model in models:
            name = model.name.lower()
            self.by_name.setdefault((name, model.provider.lower()), model)
            if model.origin != Origin.CALL:
                self.by_name.setdefault((name, None), model)
        for model in models:
            if model.provider == UNKNOWN_PROVIDER:
                self.by_name.setdefault((model.name.lower(), None), model)


class Catalogue:
    """The models, kept in memory until someone changes one. While `loaded`, a look-up costs no SQL and never waits."""

    def __init__(self, db: Database, versions: Versions) -> None:
        self._db = db
        self._previous: dict[int, CatalogueModel] = {}
        self._snapshot = Cached(self._read, versions, VERSION)

    @property
    def loaded(self) -> bool:
        """Whether a look-up now is one in memory; if not, it reads the database and belongs into a thread."""
        return self._snapshot.current is not None

    def get(self, model_id: int) -> CatalogueModel | None:
        """The model with this id."""
        return self._snapshot.get().by_id.get(model_id)

    def find(self, name: str, provider: str | None = None) -> CatalogueModel | None:
        """The model of exactly this name and provider, apart from case.

        By name alone, of the models that the catalogue began with or an admin added, the one with the lowest id; else
        the one whose provider nobody has told.
        """
        return self._snapshot.get().by_name.get((name.lower(), None if provider is None else provider.lower()))

    def all(self) -> tuple[CatalogueModel, ...]:
        """All models, by id."""
        return self._snapshot.get().models

    @property
    def switched_off(self) -> frozenset[str]:
        """The keys (`callscope.observability.names`) of the models that are switched off."""
        return self._snapshot.get().switched_off

    def _read(self) -> _Snapshot:
        with self._db.read(brief=True) as connection:
            rows = connection.execute(select(*_MODEL_COLUMNS).order_by(LLMModel.id)).all()
            prices: dict[int, list[CataloguePrice]] = {}
            for price in connection.execute(
                select(*_PRICE_COLUMNS, ModelPrice.model_id).order_by(ModelPrice.valid_from)
            ):
                prices.setdefault(price.model_id, []).append(CataloguePrice(*price[:-1]))
        models = [
            CatalogueModel(
                row.id, row.name, row.provider, row.cost_per_1k_tokens, row.enabled, tuple(prices.get(row.id, ())),
                row.origin, row.flat_since,
                None if row.priced_as_model is None else (row.priced_as_provider or UNKNOWN_PROVIDER, row.priced_as_model),
            )
            for row in rows
        ]  # fmt: skip
        # A model that is as it was stays the same object: what others computed from it holds.
        previous = self._previous
        snapshot = _Snapshot(tuple(previous[m.id] if previous.get(m.id) == m else m for m in models))
        self._previous = snapshot.by_id
        return snapshot


class Registration:
    """Enters models that calls name, in the caller's writing transaction: one query for all of them, one statement.

    Args:
        connection: the transaction.
        names: name and provider of what may be asked for; `unknown` where none is told.

    A new model has no price of its own. Call `versions.announce(VERSION)` once the transaction has committed.
    """

    def __init__(self, connection: Connection, names: Collection[tuple[str, str]]) -> None:
        self._connection = connection
        self._known = find_ids(connection, names)
        self._next_id: int | None = None
        self._new: list[dict[str, object]] = []
        self._switched_off: frozenset[str] | None = None

    def find(self, name: str, provider: str) -> int | None:
        """The id of the model of this name and provider, apart from case."""
        return self._known.get(_key(name, provider))

    def enter(self, name: str, provider: str) -> int:
        """The same; a model that there is not is added by `write`."""
        found = self.find(name, provider)
        if found is not None:
            return found
        model_id = self._next_id or next_id(self._connection)
        self._next_id = model_id + 1
        self._known[_key(name, provider)] = model_id
        self._new.append(
            {
                "id": model_id, "name": name, "provider": provider, "origin": Origin.CALL,
                "enabled": self._enabled_at_first(name, provider), "created_at": datetime.now(UTC),
            }
        )  # fmt: skip
        return model_id

    def _enabled_at_first(self, name: str, provider: str) -> bool:
        """Whether a new model starts switched on: as other spellings of it are, so that a date is no way round."""
        if self._switched_off is None:
            self._switched_off = keys_switched_off(self._connection)
        return model_key(name, provider) not in self._switched_off

    def write(self) -> bool:
        """Store what was entered; gives whether there was anything new."""
        if self._new:
            self._connection.execute(insert(LLMModel), self._new)
            bump(self._connection, VERSION)
        return bool(self._new)


def find_ids(connection: Connection, names: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The ids of all models that have one of these names, as the database has them now, by name and provider in lower case."""
    wanted = sorted({name for name, _ in names})
    columns = select(LLMModel.id, LLMModel.name, LLMModel.provider).order_by(LLMModel.id)
    found: dict[tuple[str, str], int] = {}
    for start in range(0, len(wanted), NAMES_AT_ONCE):
        some = wanted[start : start + NAMES_AT_ONCE]
        # SQLite lowers ASCII letters only, so a name with others may be found only as it is
        alike = or_(func.lower(LLMModel.name).in_([name.lower() for name in some]), LLMModel.name.in_(some))
        for row in connection.execute(columns.where(alike)):
            found.setdefault(_key(row.name, row.provider), row.id)
    return found


def find_id(connection: Connection, name: str, provider: str) -> int | None:
    """The id of the model of this name and provider, apart from case, as the database has it now."""
    return find_ids(connection, [(name, provider)]).get(_key(name, provider))


def _key(name: str, provider: str) -> tuple[str, str]:
    return name.lower(), provider.lower()


def next_id(connection: Connection) -> int:
    """The next free id; to be used under the lock of all writers."""
    return int(connection.execute(select(func.coalesce(func.max(LLMModel.id), 0))).scalar_one()) + 1

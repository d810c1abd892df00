"""What a new catalogue holds."""

import re
from pathlib import Path

from sqlalchemy import Connection, delete, select

from callscope.db.engine import Database
from callscope.db.versions import Versions
from callscope.pricing import refresh
from callscope.pricing.catalogue import UNKNOWN_PROVIDER, Catalogue, Registration
from callscope.pricing.models import LLMModel
from callscope.pricing.seed import CATALOGUE_FILE, FIXED_MODELS, seed_catalogue, seeded_models

DOCS = Path(__file__).parents[2] / "docs" / "models.md"


def fresh_catalogue(db: Database) -> Catalogue:
    """A seeded catalogue, whatever the database held before."""
    with db.write() as connection:
        connection.execute(delete(LLMModel))
        seed_catalogue(connection)
    return Catalogue(db, Versions(db))


def register(connection: Connection, name: str, provider: str = UNKNOWN_PROVIDER) -> int:
    """The id of the model that a call names, entered if it is new."""
    registration = Registration(connection, [(name, provider)])
    model_id = registration.enter(name, provider)
    registration.write()
    return model_id


def test_the_ids_1_to_20_are_those_of_the_docs() -> None:
    rows = re.findall(r"^\| (\d+) \| (\S+) \| (\S+) \|$", DOCS.read_text(), re.MULTILINE)
    assert [(int(number), provider, name) for number, name, provider in rows] == [
        (number, provider, name) for number, (provider, name) in enumerate(FIXED_MODELS, start=1)
    ]
    assert len(FIXED_MODELS) == 20


def test_the_list_of_models_is_that_of_the_installed_genai_prices() -> None:
    assert CATALOGUE_FILE.read_text() == refresh.content()


def test_the_fixed_models_are_current() -> None:
    others = set(seeded_models()[len(FIXED_MODELS) :])
    assert len(seeded_models()) == len(set(seeded_models())) > 200
    assert not others & set(FIXED_MODELS)


def test_a_new_catalogue_has_gpt_4_first_at_a_flat_rate(db: Database) -> None:
    catalogue = fresh_catalogue(db)
    first = catalogue.get(1)
    assert first is not None
    assert (first.name, first.provider, first.flat_rate) == ("gpt-4", "openai", 30_000_000)
    assert [(model.provider, model.name) for model in catalogue.all()] == seeded_models()
    assert all(model.flat_rate is None and model.enabled for model in catalogue.all() if model.id > 1)


def test_a_catalogue_with_models_is_left_alone(db: Database) -> None:
    with db.write() as connection:
        connection.execute(delete(LLMModel))
        own = register(connection, "our-llama", "vllm")
        seed_catalogue(connection)
        assert connection.execute(select(LLMModel.id)).scalars().all() == [own]

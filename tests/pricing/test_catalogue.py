"""Looking models up, and adding one that a call names."""

import threading

from sqlalchemy import event

from callscope.db.engine import Database
from callscope.db.versions import Versions
from callscope.pricing.catalogue import VERSION, Catalogue, Registration

from .test_seed import fresh_catalogue, register


def test_names_are_found_exactly_apart_from_case(db: Database) -> None:
    catalogue = fresh_catalogue(db)
    found = catalogue.find("GPT-4o", "OpenAI")
    assert found is not None
    assert found.id == 3
    assert catalogue.find("gpt-4o", "azure") is None
    assert catalogue.find("gpt-4") is not None
    assert catalogue.find("gpt-") is None
    assert catalogue.get(10_000) is None


def test_a_name_alone_is_the_model_with_the_lowest_id(db: Database) -> None:
    catalogue = fresh_catalogue(db)
    found = catalogue.find("o4-mini")
    assert found is not None
    assert found.provider == "openai"
    assert [model.provider for model in catalogue.all() if model.name == "o4-mini"] == ["openai", "azure"]


def test_a_name_alone_is_not_what_another_call_named_with_its_provider(db: Database) -> None:
    catalogue = fresh_catalogue(db)
    with db.write() as connection:
        register(connection, "our-llama", "vllm")
    assert catalogue.find("our-llama") is None
    assert catalogue.find("our-llama", "vllm") is not None
    with db.write() as connection:
        nobodys = register(connection, "Our-Llama")
    catalogue = Catalogue(db, Versions(db))
    found = catalogue.find("our-llama")
    assert found is not None
    assert found.id == nobodys


def test_many_models_are_entered_with_few_statements(db: Database) -> None:
    fresh_catalogue(db)
    names = [(f"model {i}", "vllm") for i in range(1_000)]
    statements: list[str] = []
    with db.write() as connection:
        event.listen(connection, "before_cursor_execute", lambda *args: statements.append(args[2]))
        registration = Registration(connection, [*names, ("GPT-4", "OpenAI")])
        ids = [registration.enter(*name) for name in names]
        assert [registration.enter(*name) for name in names] == ids == list(range(ids[0], ids[0] + 1_000))
        assert registration.enter("GPT-4", "OpenAI") == 1
        assert registration.write()
    assert len(statements) < 10
    with db.write() as connection:
        again = Registration(connection, names)
        assert [again.enter(*name) for name in names] == ids
        assert not again.write()


def test_a_look_up_costs_no_sql_until_something_changes(db: Database) -> None:
    fresh_catalogue(db)
    versions = Versions(db)
    catalogue = Catalogue(db, versions)
    loaded = [catalogue.loaded]
    catalogue.get(1)
    loaded.append(catalogue.loaded)
    statements: list[str] = []
    with db.read() as connection:
        event.listen(connection.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    catalogue.find("gpt-4o", "openai")
    catalogue.find("no-such-model")
    assert statements == []
    versions.announce(VERSION)
    loaded.append(catalogue.loaded)
    assert loaded == [False, True, False]


def test_an_unknown_model_is_added_once(db: Database) -> None:
    fresh_catalogue(db)
    versions = Versions(db)
    catalogue = Catalogue(db, versions)
    last = catalogue.all()[-1].id
    with db.write() as connection:
        first = register(connection, "our-llama")
        assert register(connection, "Our-Llama", "unknown") == first == last + 1
        assert register(connection, "our-llama", "vllm") == last + 2
        assert register(connection, "GPT-4", "OpenAI") == 1
        assert register(connection, "ÉTÉ", "vllm") == register(connection, "ÉTÉ", "vllm") == last + 3
    versions.announce(VERSION)
    added = catalogue.get(first)
    assert added is not None
    assert (added.name, added.provider, added.flat_rate, added.enabled) == ("our-llama", "unknown", None, True)


def test_a_change_in_another_process_is_seen(db: Database) -> None:
    fresh_catalogue(db)
    here, elsewhere = Versions(db), Versions(db)
    catalogue = Catalogue(db, here)
    catalogue.all()
    dropped = threading.Event()
    here.watch(VERSION, dropped.set)
    here.start()
    try:
        with db.write() as connection:
            added = register(connection, "our-llama", "vllm")
        elsewhere.announce(VERSION)
        assert dropped.wait(5)
        assert catalogue.get(added) is not None
    finally:
        here.stop()


def test_what_did_not_change_stays_the_same_object(db: Database) -> None:
    fresh_catalogue(db)
    versions = Versions(db)
    catalogue = Catalogue(db, versions)
    before = catalogue.get(5)
    with db.write() as connection:
        register(connection, "our-llama", "vllm")
    versions.announce(VERSION)
    assert catalogue.get(5) is before

"""Which projects a caller may see, and into which he writes."""

import pytest
from sqlalchemy import select

from callscope.accounts import projects as module
from callscope.accounts.projects import ProjectDirectory, ProjectForbidden, ProjectNotFound, TooManyProjects
from callscope.accounts.setup import prepare
from callscope.api.errors import Conflict, Forbidden, Invalid
from callscope.api.rights import Caller, Role, Scope
from callscope.audit.models import AuditEntry
from callscope.config import Config
from callscope.db.engine import Database
from callscope.db.versions import Versions

ADMIN = Caller("admin", user_id=1, role=Role.ADMIN)
VIEWER = Caller("viewer", user_id=2, role=Role.VIEWER)
ANY_KEY = Caller("key", api_key_id=1, scopes=frozenset({Scope.INGEST}))


def limited(*numbers: int) -> Caller:
    return Caller("limited", user_id=3, role=Role.VIEWER, project_ids=frozenset(numbers))


def key_of(number: int) -> Caller:
    return Caller("key", api_key_id=2, scopes=frozenset({Scope.INGEST}), project_ids=frozenset({number}))


@pytest.fixture
def directory(db: Database, config: Config) -> ProjectDirectory:
    prepare(db, config)
    directory = ProjectDirectory(db, Versions(db))
    assert directory.create(ADMIN, "a").id == 2
    assert directory.create(ADMIN, "b").id == 3
    return directory


def test_projects_are_found_by_name_and_number(directory: ProjectDirectory) -> None:
    assert [project.name for project in directory.all()] == ["default", "a", "b"]
    a = directory.by_name("a")
    assert a is not None
    assert directory.by_id(2) == a
    assert directory.by_name("A") is None
    assert directory.by_id(99) is None


def test_who_names_no_project_sees_all_of_his(directory: ProjectDirectory) -> None:
    assert directory.allowed(ADMIN) is None
    assert directory.allowed(VIEWER, []) is None
    assert directory.allowed(limited(2, 3)) == frozenset({2, 3})
    assert directory.allowed(limited()) == frozenset()


def test_who_names_projects_sees_those_if_he_may(directory: ProjectDirectory) -> None:
    assert directory.allowed(VIEWER, ["a", "b"]) == frozenset({2, 3})
    assert directory.allowed(limited(2, 3), ["a"]) == frozenset({2})
    with pytest.raises(ProjectForbidden):
        directory.allowed(limited(2), ["a", "b"])


def test_a_limited_caller_cannot_find_out_which_projects_there_are(directory: ProjectDirectory) -> None:
    with pytest.raises(ProjectForbidden) as exists:
        directory.allowed(limited(2), ["b"])
    with pytest.raises(ProjectForbidden) as exists_not:
        directory.allowed(limited(2), ["c"])
    assert exists.value.detail.replace("'b'", "'c'") == exists_not.value.detail
    with pytest.raises(ProjectNotFound):
        directory.allowed(VIEWER, ["c"])


def test_a_call_goes_to_the_named_project_or_else_to_the_callers_own(directory: ProjectDirectory) -> None:
    for caller, name, number in (
        (ADMIN, None, 1),
        (VIEWER, None, 1),
        (ANY_KEY, None, 1),
        (key_of(3), None, 3),
        (limited(1, 2), None, 1),
        (limited(2), None, 2),
        (VIEWER, "a", 2),
        (key_of(3), "b", 3),
        (limited(2, 3), "b", 3),
    ):
        assert directory.for_write(caller, name) == number
        assert directory.cached_for_write(caller, name) == number


def test_a_limited_caller_writes_nowhere_else_and_makes_nothing(directory: ProjectDirectory) -> None:
    for caller in (limited(3), key_of(3)):
        for name in ("a", "c"):
            with pytest.raises(ProjectForbidden):
                directory.for_write(caller, name)
    with pytest.raises(Forbidden):
        directory.for_write(limited(), None)


def test_who_has_several_projects_without_default_is_asked_to_name_one(directory: ProjectDirectory) -> None:
    with pytest.raises(Invalid) as error:
        directory.for_write(limited(2, 3), None)
    assert error.value.errors is not None
    assert error.value.errors[0].field == "project"


def test_an_admin_or_an_unlimited_key_makes_a_project_by_writing_to_it(
    directory: ProjectDirectory, db: Database
) -> None:
    assert directory.cached_for_write(ADMIN, "new") is None
    number = directory.for_write(ADMIN, "new")
    assert directory.for_write(ANY_KEY, "new") == number
    assert directory.for_write(ANY_KEY, " org/newer (beta) ") > number
    directory.all()
    assert directory.cached_for_write(ANY_KEY, " new") == number
    with db.read_session() as session:
        noted = list(session.scalars(select(AuditEntry.subject).where(AuditEntry.action == "project.create")))
    assert noted[-2:] == ["project new", "project org/newer (beta)"]
    with pytest.raises(Forbidden):
        directory.for_write(VIEWER, "newest")


def test_a_name_that_cannot_be_is_refused(directory: ProjectDirectory) -> None:
    for name in ("", " ", "x" * 101, "two\nlines", "nul\0"):
        with pytest.raises(Invalid):
            directory.for_write(ADMIN, name)


def test_projects_are_bounded(directory: ProjectDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_PROJECTS", 3)
    with pytest.raises(TooManyProjects):
        directory.for_write(ADMIN, "one more")
    with pytest.raises(Conflict):
        directory.create(ADMIN, "one more")


def test_a_project_made_by_another_process_is_found_at_once(directory: ProjectDirectory, db: Database) -> None:
    directory.all()
    made = ProjectDirectory(db, Versions(db)).create(ADMIN, "elsewhere")
    assert directory.for_write(VIEWER, "elsewhere") == made.id

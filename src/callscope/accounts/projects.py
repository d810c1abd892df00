"""Projects: what there is, and which of them a caller may see and write.

Every subject asks the `ProjectDirectory`; it keeps all projects (a thousand at most) in memory.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callscope.accounts.changes import ACCOUNTS, change
from callscope.accounts.models import DEFAULT_PROJECT, DEFAULT_PROJECT_ID, Project
from callscope.api.errors import Conflict, Forbidden, NotFound, invalid
from callscope.api.rights import Caller
from callscope.audit.service import note
from callscope.db.engine import Database
from callscope.db.versions import Versions

MAX_PROJECTS = 1_000
MAX_NAME = 100


class ProjectNotFound(NotFound):
    """There is no such project."""

    def __init__(self, project: str | int) -> None:
        super().__init__(f"There is no project {project!r}.")


class ProjectForbidden(Forbidden):
    """The caller is limited to other projects."""

    def __init__(self, project: str) -> None:
        super().__init__(f"You have no access to a project {project!r}. An admin can give it under Users or API keys.")


class TooManyProjects(Conflict):
    """The bound on projects is reached."""

    def __init__(self) -> None:
        super().__init__(f"There are {MAX_PROJECTS} projects already, which is the most there can be.")


@dataclass(frozen=True, slots=True)
class ProjectInfo:
    """A project, as other subjects know it."""

    id: int
    name: str


@dataclass(frozen=True, slots=True)
class _Known:
    by_name: Mapping[str, ProjectInfo]
    by_id: Mapping[int, ProjectInfo]


class ProjectDirectory:
    """Who may see and write which projects. Answers from memory; reads the database after a change."""

    def __init__(self, db: Database, versions: Versions) -> None:
        self._db = db
        self._versions = versions
        self._known: _Known | None = None
        self._generation = 0
        self._lock = threading.Lock()
        versions.watch(ACCOUNTS, self._drop)

    def all(self) -> list[ProjectInfo]:
        """All projects, in the order in which they were made."""
        return list(self._load().by_id.values())

    def by_id(self, project_id: int) -> ProjectInfo | None:
        """The project with this number."""
        return self._load().by_id.get(project_id) or self._load(again=True).by_id.get(project_id)

    def by_name(self, name: str) -> ProjectInfo | None:
        """The project with this name, also one that another process has made a moment ago."""
        return self._load().by_name.get(name) or self._load(again=True).by_name.get(name)

    def resolve(self, project: str | int) -> ProjectInfo:
        """The project with this name or number; raises ProjectNotFound."""
        found = self.by_id(project) if isinstance(project, int) else self.by_name(project)
        if found is None:
            raise ProjectNotFound(project)
        return found

    def allowed(self, caller: Caller, names: Sequence[str] | None = None) -> frozenset[int] | None:
        """The numbers of the projects that a request is about; None means all.

        Args:
            caller: whose request it is.
            names: the projects that he named, by name; none or an empty list for all that he may see.

        Raises ProjectForbidden for a project that a limited caller may not see, whether or not there is one of that
        name, and ProjectNotFound when the caller is not limited and there is none.
        """
        if not names:
            return caller.project_ids
        return frozenset(self._seen(caller, name) for name in names)

    def cached_for_write(self, caller: Caller, name: str | None) -> int | None:
        """As `for_write`, from memory alone, so that async code may call it; None when the database is needed."""
        if name is None:
            return _unnamed(caller)
        found = self._known.by_name.get(name.strip()) if self._known else None
        return None if found is None else _checked(caller, found)

    def for_write(self, caller: Caller, name: str | None) -> int:
        """The number of the project to log into. May read and write the database.

        Without a name it is the key's own project, else `default`, else the only one that a limited user has. A name
        that is not known yet makes a new project, if the caller is an admin or a key for all projects.

        Raises ProjectForbidden, Invalid (no project named where there is a choice, or a bad name), TooManyProjects.
        """
        if name is None:
            return _unnamed(caller)
        name = name.strip()
        found = self.by_name(name)
        if found is not None:
            return _checked(caller, found)
        if caller.project_ids is not None:
            raise ProjectForbidden(name)
        if not (caller.is_admin or caller.api_key_id is not None):
            raise Forbidden(
                f"There is no project {name!r}, and only an admin or an API key for all projects makes one."
            )
        return self._create_if_new(caller, check_name(name, "project"))

    def create(self, caller: Caller, name: str, description: str = "") -> Project:
        """Make a project; raises Invalid for the name, Conflict if it is taken, TooManyProjects."""
        name = check_name(name)
        with change(self._db, self._versions) as session:
            if session.scalar(select(Project).where(Project.name == name)) is not None:
                raise Conflict(f"There is a project {name!r} already.")
            return _add(session, caller, name, description)

    def update(self, caller: Caller, project_id: int, *, name: str | None, description: str | None) -> Project:
        """Rename or describe a project; what is None stays. Its calls stay with it.

        Raises ProjectNotFound, Invalid, and Conflict for a taken name or another one for `default`.
        """
        wanted = {"name": None if name is None else check_name(name), "description": description}
        with change(self._db, self._versions) as session:
            project = session.get(Project, project_id)
            if project is None:
                raise ProjectNotFound(project_id)
            changed = {key: new for key, new in wanted.items() if new is not None and new != getattr(project, key)}
            if "name" in changed:
                _check_rename(session, project, str(changed["name"]))
            before = {key: getattr(project, key) for key in changed}
            for key, value in changed.items():
                setattr(project, key, value)
            if changed:
                note(session, caller, "project.update", f"project {project.name}", before, dict(changed))
            return project

    def page(self, caller: Caller, after: int, limit: int) -> list[Project]:
        """At most `limit` of the caller's projects with numbers above `after`, in their order."""
        query = select(Project).where(Project.id > after).order_by(Project.id).limit(limit)
        if caller.project_ids is not None:
            query = query.where(Project.id.in_(caller.project_ids))
        with self._db.read_session() as session:
            return list(session.scalars(query))

    def _seen(self, caller: Caller, name: str) -> int:
        found = self.by_name(name)
        if found is not None:
            return _checked(caller, found)
        raise ProjectForbidden(name) if caller.project_ids is not None else ProjectNotFound(name)

    def _create_if_new(self, caller: Caller, name: str) -> int:
        with change(self._db, self._versions) as session:
            project = session.scalar(select(Project).where(Project.name == name))
            return (project or _add(session, caller, name, "")).id

    def _load(self, *, again: bool = False) -> _Known:
        known, generation = self._known, self._generation
        if known is not None and not again:
            return known
        with self._db.read_session() as session:
            infos = [ProjectInfo(row.id, row.name) for row in session.scalars(select(Project).order_by(Project.id))]
        known = _Known({info.name: info for info in infos}, {info.id: info for info in infos})
        with self._lock:
            if generation == self._generation:  # else it was read before a change
                self._known = known
        return known

    def _drop(self) -> None:
        with self._lock:
            self._generation += 1
            self._known = None


def check_name(name: str, field: str = "name") -> str:
    """A project's name, trimmed; raises Invalid if it cannot be one."""
    trimmed = name.strip()
    if not 0 < len(trimmed) <= MAX_NAME or not trimmed.isprintable():
        raise invalid(field, f"must have 1 to {MAX_NAME} characters, all of them printable")
    return trimmed


def _unnamed(caller: Caller) -> int:
    """The project of a caller who names none."""
    if caller.may_see(DEFAULT_PROJECT_ID):
        return DEFAULT_PROJECT_ID
    own = caller.project_ids or frozenset()
    if len(own) == 1:
        return next(iter(own))
    if not own:
        raise Forbidden("You have no access to any project. An admin can give it under Users.")
    raise invalid("project", "name one of your projects; there are several, and `default` is none of them")


def _checked(caller: Caller, project: ProjectInfo) -> int:
    if not caller.may_see(project.id):
        raise ProjectForbidden(project.name)
    return project.id


def _add(session: Session, caller: Caller, name: str, description: str) -> Project:
    if (session.scalar(select(func.count()).select_from(Project)) or 0) >= MAX_PROJECTS:
        raise TooManyProjects
    project = Project(name=name, description=description, created_at=datetime.now(UTC))
    session.add(project)
    session.flush()
    note(session, caller, "project.create", f"project {name}", None, {"name": name, "description": description})
    return project


def _check_rename(session: Session, project: Project, name: str) -> None:
    if project.id == DEFAULT_PROJECT_ID:
        raise Conflict(f"The project {DEFAULT_PROJECT!r} takes what names no project, so it keeps its name.")
    if session.scalar(select(Project).where(Project.name == name)) is not None:
        raise Conflict(f"There is a project {name!r} already.")

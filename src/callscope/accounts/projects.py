"""Projects: what there is, and which of them a caller may see and write.

Every subject asks the `ProjectDirectory`; it keeps all projects (a thousand at most) in memory.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from callscope.accounts.changes import ACCOUNTS, change
from callscope.accounts.models import DEFAULT_PROJECT, DEFAULT_PROJECT_ID, Project
from callscope.api.errors import Conflict, Forbidden, NotFound, TooMany, invalid
from callscope.api.rights import Caller
from callscope.audit.service import AuditFilter, assign, differing, entries, note
from callscope.db.cached import Cached
from callscope.db.engine import Database
from callscope.db.versions import Versions

MAX_PROJECTS = 1_000
MAX_NAME = 100
MAX_NEW_BY_KEY = 20
"""New projects that an API key makes within an hour by logging to them: a mistaken name for each call is no project."""
AN_HOUR = timedelta(hours=1)
CREATED = "project.create"

CallLimits = Mapping[int, tuple[str, int]]
"""Name and calls a minute, by number, of the projects that have a limit."""


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


class TooManyNewProjects(TooMany):
    """An API key makes projects faster than anybody means to."""

    def __init__(self, count: int, retry_after: int) -> None:
        super().__init__(
            f"An API key makes at most {MAX_NEW_BY_KEY} new projects an hour, and this would be {count} more. "
            "An admin can make them under Projects.",
            retry_after,
        )


@dataclass(frozen=True, slots=True)
class ProjectInfo:
    """A project, as other subjects know it."""

    id: int
    name: str
    calls_per_minute: int | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    by_name: Mapping[str, ProjectInfo]
    by_id: Mapping[int, ProjectInfo]
    limits: CallLimits


class ProjectDirectory:
    """Who may see and write which projects. Answers from memory; reads the database after a change."""

    def __init__(self, db: Database, versions: Versions) -> None:
        self._db = db
        self._versions = versions
        self._known = Cached(self._read, versions, ACCOUNTS)

    def all(self) -> list[ProjectInfo]:
        """All projects, in the order in which they were made."""
        return list(self._known.get().by_id.values())

    def by_id(self, project_id: int) -> ProjectInfo | None:
        """The project with this number."""
        return self._known.get().by_id.get(project_id) or self._known.get(again=True).by_id.get(project_id)

    def by_name(self, name: str) -> ProjectInfo | None:
        """The project with this name, also one that another process has made a moment ago."""
        return self._known.get().by_name.get(name) or self._known.get(again=True).by_name.get(name)

    def resolve(self, project: str | int) -> ProjectInfo:
        """The project with this name or number; raises ProjectNotFound."""
        found = self.by_id(project) if isinstance(project, int) else self.by_name(project)
        if found is None:
            raise ProjectNotFound(project)
        return found

    def numbers(self, named: Sequence[str | int] | None) -> list[int] | None:
        """The numbers of projects given by name or number, None for all; raises Invalid for one that there isn't."""
        if named is None:
            return None
        try:
            return sorted({self.resolve(project).id for project in named})
        except ProjectNotFound as error:
            raise invalid("projects", error.detail) from error

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

    def call_limits(self) -> CallLimits:
        """The limits that there are."""
        return self._known.get().limits

    def cached_call_limits(self) -> CallLimits | None:
        """As `call_limits`, from memory alone; None when the database is needed."""
        known = self._known.current
        return None if known is None else known.limits

    def cached_for_write(self, caller: Caller, name: str | None) -> int | None:
        """As `for_write`, from memory alone, so that async code may call it; None when the database is needed."""
        if name is None:
            return _unnamed(caller)
        known = self._known.current
        found = None if known is None else known.by_name.get(name.strip())
        return None if found is None else _checked(caller, found)

    def for_write(self, caller: Caller, name: str | None) -> int:
        """The number of the project to log into; see `all_for_write`."""
        return self.all_for_write(caller, [name])[name]

    def all_for_write(self, caller: Caller, names: Collection[str | None]) -> dict[str | None, int]:
        """The numbers of the projects to log into, by the name that was told. May read and write the database.

        Without a name it is the key's own project, else `default`, else the only one that a limited user has. Names
        that are not known yet make new projects, all in one transaction, if the caller is an admin or a key for all
        projects.

        Raises ProjectForbidden, Forbidden, Invalid (no project named where there is a choice, or a bad name),
        TooManyProjects, TooManyNewProjects; then no project was made.
        """
        known = self._known.get().by_name
        if any(name is not None and name.strip() not in known for name in names):
            known = self._known.get(again=True).by_name
        new = {name.strip() for name in names if name is not None and name.strip() not in known}
        numbers = {
            name: _unnamed(caller) if name is None else _checked(caller, known[name.strip()])
            for name in names
            if name is None or name.strip() not in new
        }
        for name in new:
            _check_may_make(caller, name)
        if new:
            made = self._create_new(caller, new)
            numbers |= {name: made[name.strip()] for name in names if name is not None and name.strip() in made}
        return numbers

    def create(self, caller: Caller, name: str, description: str = "") -> Project:
        """Make a project; raises Invalid for the name, Conflict if it is taken, TooManyProjects."""
        name = check_name(name)
        with change(self._db, self._versions) as session:
            if session.scalar(select(Project).where(Project.name == name)) is not None:
                raise Conflict(f"There is a project {name!r} already.")
            return _add(session, caller, [name], description)[0]

    def update(self, caller: Caller, project_id: int, changes: Mapping[str, object]) -> Project:
        """Change a project's name, description, `payload_days`, `row_days` or `calls_per_minute`. Its calls stay with it.

        Raises ProjectNotFound, Invalid, and Conflict for a taken name or another one for `default`.
        """
        wanted = dict(changes)
        if "name" in wanted:
            wanted["name"] = check_name(str(wanted["name"]))
        with change(self._db, self._versions) as session:
            project = session.get(Project, project_id)
            if project is None:
                raise ProjectNotFound(project_id)
            before, after = differing(project, wanted)
            if "name" in after:
                _check_rename(session, project, str(after["name"]))
            assign(project, after)
            check_retention(project.payload_days, project.row_days)
            if after:
                note(session, caller, "project.update", f"project {project.name}", before, after)
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

    def _create_new(self, caller: Caller, names: Collection[str]) -> dict[str, int]:
        """The numbers of these projects; those that nobody has made in the meantime are made."""
        with change(self._db, self._versions) as session:
            there = list(session.scalars(select(Project).where(Project.name.in_(names))))
            new = sorted(set(names) - {project.name for project in there})
            if caller.api_key_id is not None:
                _check_pace(session, caller, len(new))
            return {project.name: project.id for project in [*there, *_add(session, caller, new)]}

    def _read(self) -> _Known:
        with self._db.read_session(brief=True) as session:
            rows = session.scalars(select(Project).order_by(Project.id))
            infos = [ProjectInfo(row.id, row.name, row.calls_per_minute) for row in rows]
        limits = {info.id: (info.name, info.calls_per_minute) for info in infos if info.calls_per_minute is not None}
        return _Known({info.name: info for info in infos}, {info.id: info for info in infos}, limits)


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


def _check_may_make(caller: Caller, name: str) -> None:
    """Raise why the caller makes no project of this name by logging to it."""
    if caller.project_ids is not None:
        raise ProjectForbidden(name)
    if not (caller.is_admin or caller.api_key_id is not None):
        raise Forbidden(f"There is no project {name!r}, and only an admin or an API key for all projects makes one.")
    check_name(name, "project")


def _check_pace(session: Session, caller: Caller, count: int) -> None:
    """Raise TooManyNewProjects if a key would have made too many within an hour."""
    now = datetime.now(UTC)
    of_key = AuditFilter(action=CREATED, actor=caller.name, since=now - AN_HOUR)
    made = entries(session, of_key, limit=MAX_NEW_BY_KEY)
    left = MAX_NEW_BY_KEY - count
    if len(made) > left:
        until = made[left].created_at + AN_HOUR - now if left >= 0 else AN_HOUR
        raise TooManyNewProjects(count, int(until.total_seconds()) + 1)


def _add(session: Session, caller: Caller, names: Sequence[str], description: str = "") -> list[Project]:
    if (session.scalar(select(func.count()).select_from(Project)) or 0) + len(names) > MAX_PROJECTS:
        raise TooManyProjects
    now = datetime.now(UTC)
    projects = [Project(name=name, description=description, created_at=now) for name in names]
    session.add_all(projects)
    session.flush()
    for name in names:
        note(session, caller, CREATED, f"project {name}", None, {"name": name, "description": description})
    return projects


def _check_rename(session: Session, project: Project, name: str) -> None:
    if project.id == DEFAULT_PROJECT_ID:
        raise Conflict(f"The project {DEFAULT_PROJECT!r} takes what names no project, so it keeps its name.")
    if session.scalar(select(Project).where(Project.name == name)) is not None:
        raise Conflict(f"There is a project {name!r} already.")


def check_retention(payload_days: int | None, row_days: int | None) -> None:
    """Raise Invalid for days that do not go together; None is for ever."""
    if payload_days is not None and row_days is not None and row_days < payload_days:
        raise invalid(
            "row_days", "must not be less than payload_days: prompts and answers go at the latest with their call"
        )

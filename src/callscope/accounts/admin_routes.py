"""/users, /projects and /api-keys: who may do what."""

from fastapi import Response

from callscope.accounts.dependencies import Accounts, Projects
from callscope.accounts.projects import ProjectNotFound
from callscope.accounts.schemas import (
    Id,
    KeyChange,
    KeyIn,
    KeyOut,
    NewKeyOut,
    ProjectChange,
    ProjectIn,
    ProjectOut,
    UserChange,
    UserIn,
    UserOut,
)
from callscope.accounts.users import NewUser
from callscope.api.docs import errors
from callscope.api.envelope import Envelope, Page, ok
from callscope.api.errors import invalid
from callscope.api.paging import DEFAULT_LIMIT, Cursor, Limit, RowId, cut, read_cursor
from callscope.api.rights import Admin, Viewer
from callscope.api.routing import subject

users = subject("users", "/users")
projects_router = subject("projects", "/projects")
keys = subject("api-keys", "/api-keys")


@users.get("", summary="List users", responses=errors(401, 403, 422, 503))
def list_users(
    caller: Admin, accounts: Accounts, projects: Projects, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Envelope[Page[UserOut]]:
    """All users, in the order in which they were made."""
    rows = accounts.users.page(_after(cursor), limit + 1)
    return ok(cut(rows, limit, lambda row: UserOut.of(row, projects), lambda row: (row.id,)))


@users.post("", status_code=201, summary="Make a user", responses=errors(401, 403, 409, 422, 503))
def create_user(body: UserIn, caller: Admin, accounts: Accounts, projects: Projects) -> Envelope[UserOut]:
    """Make a user, with a role and the projects that he may see."""
    new = NewUser(body.email, body.password, body.role, projects.numbers(body.projects), body.can_read_calls)
    return ok(UserOut.of(accounts.users.create(caller, new), projects), "User made")


@users.patch("/{id}", summary="Change a user", responses=errors(401, 403, 404, 409, 422, 503))
def update_user(id: Id, body: UserChange, caller: Admin, accounts: Accounts, projects: Projects) -> Envelope[UserOut]:
    """Change a user's role, projects or right to read calls, deactivate him or let him in again.

    It is in force at once here, and within a second or so in other server processes. The last admin (not counting
    the demo admin) stays one: 409.
    """
    changes: dict[str, object] = body.model_dump(mode="json", exclude_unset=True)
    if "projects" in changes:
        changes["projects"] = projects.numbers(body.projects)
    return ok(UserOut.of(accounts.users.update(caller, id, changes), projects), "User changed")


@users.delete("/{id}", summary="Remove a user", responses=errors(401, 403, 404, 409, 422, 503))
def delete_user(id: Id, caller: Admin, accounts: Accounts) -> Envelope[None]:
    """Remove a user. Calls, feedback and the audit log keep his number, which is never given again."""
    accounts.users.delete(caller, id)
    return ok(None, "User removed")


@projects_router.get("", summary="List projects", responses=errors(401, 403, 422, 503))
def list_projects(
    caller: Viewer, projects: Projects, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Envelope[Page[ProjectOut]]:
    """The projects that the caller may see, in the order in which they were made."""
    rows = projects.page(caller, _after(cursor), limit + 1)
    return ok(cut(rows, limit, ProjectOut.of, lambda row: (row.id,)))


@projects_router.post("", status_code=201, summary="Make a project", responses=errors(401, 403, 409, 422, 503))
def create_project(body: ProjectIn, caller: Admin, projects: Projects) -> Envelope[ProjectOut]:
    """Make a project. One is also made when an admin, or an API key for all projects, logs a call to a new name."""
    return ok(ProjectOut.of(projects.create(caller, body.name, body.description)), "Project made")


@projects_router.patch("/{id}", summary="Change a project", responses=errors(401, 403, 404, 409, 422, 503))
def update_project(id: Id, body: ProjectChange, caller: Admin, projects: Projects) -> Envelope[ProjectOut]:
    """Rename or describe a project, or say how long it keeps what it logs, and how much; its calls stay with it.

    `default` keeps its name. What grows too old is deleted within minutes, for good, and totals stay; see
    `GET /projects/{id}/retention` for what that will be.
    """
    project = projects.update(caller, id, body.changes)
    return ok(ProjectOut.of(project), "Project changed")


@keys.get("", summary="List API keys", responses=errors(401, 403, 422, 503))
def list_keys(
    caller: Admin, accounts: Accounts, projects: Projects, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Envelope[Page[KeyOut]]:
    """The API keys that are in force, in the order in which they were made, and when each was last used."""
    rows = accounts.keys.page(_after(cursor), limit + 1)
    return ok(cut(rows, limit, lambda row: KeyOut.of(row, projects), lambda row: (row.id,)))


@keys.post("", status_code=201, summary="Make an API key", responses=errors(401, 403, 422, 503))
def create_key(
    body: KeyIn, response: Response, caller: Admin, accounts: Accounts, projects: Projects
) -> Envelope[NewKeyOut]:
    """Make an API key. Its secret is in this answer only: what is stored is a hash."""
    project = None
    if body.project is not None:
        try:
            project = projects.resolve(body.project)
        except ProjectNotFound as error:
            raise invalid("project", error.detail) from error
    made = accounts.keys.create(caller, body.name, body.scopes, project, body.requests_per_minute)
    response.headers["Cache-Control"] = "no-store"
    shown = NewKeyOut(**KeyOut.of(made.key, projects).model_dump(), secret=made.secret)
    return ok(shown, "API key made. Keep its secret: it is not shown again.")


@keys.patch("/{id}", summary="Change an API key", responses=errors(401, 403, 404, 422, 503))
def update_key(id: Id, body: KeyChange, caller: Admin, accounts: Accounts, projects: Projects) -> Envelope[KeyOut]:
    """Rename an API key, or say how many requests it may send a minute. Its scopes and project stay what they are."""
    return ok(KeyOut.of(accounts.keys.update(caller, id, body.changes), projects), "API key changed")


@keys.delete("/{id}", summary="Revoke an API key", responses=errors(401, 403, 404, 422, 503))
def revoke_key(id: Id, caller: Admin, accounts: Accounts) -> Envelope[None]:
    """End an API key for good: at once here, and within a second or so in other server processes."""
    accounts.keys.revoke(caller, id)
    return ok(None, "API key revoked")


def _after(cursor: str | None) -> int:
    key = read_cursor(cursor, RowId)
    return key[0] if key else 0

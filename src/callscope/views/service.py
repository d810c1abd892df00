"""Saving, sharing and finding views.

A view may name what not everybody may know of. So whoever is limited to projects is shown others' views only if they
are about one of his projects; whoever sees all projects is shown all that are shared. His own about a project that he may
no longer see are hidden from him until he may again: they would tell its name, whatever it is called by now.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.orm import Session

from callscope.accounts.models import User
from callscope.accounts.projects import ProjectDirectory
from callscope.api.errors import Conflict, Forbidden, NotFound
from callscope.api.rights import Caller
from callscope.audit.service import assign, differing, note
from callscope.db.engine import Database
from callscope.views.models import SavedView
from callscope.views.schemas import FiltersOut, ViewChange, ViewFilters, ViewIn, ViewOut

MAX_VIEWS = 200
"""How many one user can have."""


class ViewNotFound(NotFound):
    """There is no such view, or the caller may not see it."""

    def __init__(self, view_id: int) -> None:
        super().__init__(f"There is no view {view_id}.")


class NotYourView(Forbidden):
    """The caller has no such view; whether somebody else has, he is not told."""

    def __init__(self, view_id: int) -> None:
        super().__init__(f"You have no view {view_id}. Only its owner and an admin may change or delete a view.")


class NameTaken(Conflict):
    """The user has a view of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"There is a view {name!r} of the same user already. Choose another name.")


class TooManyViews(Conflict):
    """The user has as many views as there can be."""

    def __init__(self) -> None:
        super().__init__(f"You have {MAX_VIEWS} views, which is the most there can be. Delete some first.")


@dataclass(frozen=True, slots=True)
class _Found:
    view: SavedView
    owner: str | None


class ViewService:
    """Everything that is done with saved views. The callers are users who may read calls."""

    def __init__(self, db: Database, projects: ProjectDirectory) -> None:
        self._db = db
        self._projects = projects

    def page(self, caller: Caller, after: int, limit: int) -> list[ViewOut]:
        """At most `limit` views with numbers above `after`, in their order: the caller's own, and what is shared."""
        query = _visible(caller).where(SavedView.id > after).order_by(SavedView.id).limit(limit)
        with self._db.read_session() as session:
            found = [_Found(*row) for row in session.execute(query)]
        return [self._shown(caller, one) for one in found]

    def create(self, caller: Caller, new: ViewIn) -> ViewOut:
        """Save a view. Raises NameTaken, TooManyViews, and for a project what `ProjectDirectory.allowed` raises."""
        project_id, filters = self._stored(caller, new.filters)
        now = datetime.now(UTC)
        view = SavedView(
            user_id=caller.user_id, name=new.name, project_id=project_id, filters=filters, columns=new.columns,
            shared=new.shared, created_at=now, updated_at=now,
        )  # fmt: skip
        with self._db.write_session() as session:
            # of users who are gone; nobody can see them
            session.execute(delete(SavedView).where(SavedView.user_id.is_(None), ~SavedView.shared))
            own = select(func.count()).where(SavedView.user_id == caller.user_id)
            if (session.scalar(own) or 0) >= MAX_VIEWS:
                raise TooManyViews
            _check_free(session, caller.user_id, new.name)
            session.add(view)
            if view.shared:
                note(session, caller, "view.create", f"view {view.name}", None, _told(view))
        return self._shown(caller, _Found(view, caller.name))

    def change(self, caller: Caller, view_id: int, changes: ViewChange) -> ViewOut:
        """Change some of a view. Raises ViewNotFound, NotYourView, NameTaken, and as `create` for a project."""
        wanted: dict[str, object] = {}
        for name in ("name", "shared"):
            if getattr(changes, name) is not None:
                wanted[name] = getattr(changes, name)
        if "columns" in changes.model_fields_set:
            wanted["columns"] = changes.columns
        if changes.filters is not None:
            wanted["project_id"], wanted["filters"] = self._stored(caller, changes.filters)
        with self._db.write_session() as session:
            found = _changeable(session, caller, view_id)
            view = found.view
            if "name" in wanted and wanted["name"] != view.name:
                _check_free(session, view.user_id, str(wanted["name"]))
            _, changed = differing(view, wanted)
            if changed:
                before = _told(view)
                assign(view, changed)
                view.updated_at = datetime.now(UTC)
                if view.shared or before["shared"]:
                    note(session, caller, "view.update", f"view {before['name']}", *_difference(before, view, changed))
        return self._shown(caller, found)

    def delete(self, caller: Caller, view_id: int) -> None:
        """Delete a view. Raises ViewNotFound, NotYourView."""
        with self._db.write_session() as session:
            view = _changeable(session, caller, view_id).view
            if view.shared:
                note(session, caller, "view.delete", f"view {view.name}", _told(view))
            session.delete(view)

    def _stored(self, caller: Caller, filters: ViewFilters) -> tuple[int | None, dict[str, object]]:
        """The project's number, and the other filters as they are kept."""
        project_id = None
        if filters.project is not None:
            (project_id,) = self._projects.allowed(caller, [filters.project]) or (None,)
        kept: dict[str, object] = filters.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"project"})
        return project_id, kept

    def _shown(self, caller: Caller, found: _Found) -> ViewOut:
        view = found.view
        project = None if view.project_id is None else self._projects.by_id(view.project_id)
        filters = FiltersOut.model_validate({**view.filters, "project": project.name if project else None})
        mine = view.user_id == caller.user_id
        return ViewOut(
            id=view.id, name=view.name, filters=filters, columns=view.columns, shared=view.shared, owner=found.owner,
            mine=mine, may_change=mine or caller.is_admin, created_at=view.created_at, updated_at=view.updated_at,
        )  # fmt: skip


def _visible(caller: Caller) -> Select[SavedView, str]:
    own: ColumnElement[bool] = SavedView.user_id == caller.user_id
    shared: ColumnElement[bool] = SavedView.shared.is_(True)
    if caller.project_ids is not None:
        of_his_projects = SavedView.project_id.in_(caller.project_ids)
        own = own & (SavedView.project_id.is_(None) | of_his_projects)
        shared = shared & of_his_projects
    query = select(SavedView, User.email).outerjoin(User, User.id == SavedView.user_id)
    return query.where(own | shared)


def _changeable(session: Session, caller: Caller, view_id: int) -> _Found:
    query = _visible(caller).where(SavedView.id == view_id)
    if not caller.is_admin:
        query = query.where(SavedView.user_id == caller.user_id)
    found = session.execute(query).one_or_none()
    if found is None:
        raise ViewNotFound(view_id) if caller.is_admin else NotYourView(view_id)
    return _Found(*found)


def _check_free(session: Session, user_id: int | None, name: str) -> None:
    taken = select(SavedView.id).where(SavedView.user_id == user_id, SavedView.name == name)
    if session.scalar(taken) is not None:
        raise NameTaken(name)


def _told(view: SavedView) -> dict[str, object]:
    """What the audit log may keep: not the filters, which may name an end user."""
    return {"name": view.name, "shared": view.shared}


def _difference(
    before: dict[str, object], view: SavedView, changed: Iterable[str]
) -> tuple[dict[str, object], dict[str, object]]:
    """Before and after for the audit log: of filters and columns only that they changed."""
    after = _told(view)
    differing = [key for key in after if after[key] != before[key]]
    others: dict[str, object] = {
        "filters" if key == "project_id" else key: "changed" for key in changed if key not in after
    }
    return {key: before[key] for key in differing}, {key: after[key] for key in differing} | others

"""HTTP for saved views."""

from typing import Annotated

from fastapi import Depends, Path, Request

from callscope.api.docs import errors
from callscope.api.envelope import Envelope, Page, ok
from callscope.api.paging import DEFAULT_LIMIT, MAX_ROW_ID, Cursor, Limit, RowId, cut, read_cursor
from callscope.api.rights import Reader
from callscope.api.routing import subject
from callscope.views.schemas import ViewChange, ViewIn, ViewOut
from callscope.views.service import ViewService

router = subject("views", "/views")


async def _views(request: Request) -> ViewService:
    service: ViewService = request.app.state.views
    return service


Views = Annotated[ViewService, Depends(_views)]
ViewId = Annotated[int, Path(ge=1, le=MAX_ROW_ID, description="The number that the list shows.", examples=[1])]


@router.get("", summary="List saved views", responses=errors(401, 403, 422, 503))
def list_views(
    caller: Reader, views: Views, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Envelope[Page[ViewOut]]:
    """One's own views and those that others share, by id.

    Whoever is limited to projects is shown others' views only if they are about one of his projects, and none, not even
    his own, about another project.
    """
    after = read_cursor(cursor, RowId)
    found = views.page(caller, after[0] if after else 0, limit + 1)
    return ok(cut(found, limit, lambda view: view, lambda view: (view.id,)))


@router.post("", status_code=201, summary="Save a view", responses=errors(401, 403, 404, 409, 422, 503))
def create_view(body: ViewIn, caller: Reader, views: Views) -> Envelope[ViewOut]:
    """Save range, filters, order and columns of the list of calls under a name. A user has at most 200 views."""
    return ok(views.create(caller, body), "View saved")


@router.patch("/{view_id}", summary="Change a view", responses=errors(401, 403, 404, 409, 422, 503))
def change_view(view_id: ViewId, body: ViewChange, caller: Reader, views: Views) -> Envelope[ViewOut]:
    """Rename, share or change a view: one's own, or as an admin a shared one."""
    return ok(views.change(caller, view_id, body), "View changed")


@router.delete("/{view_id}", summary="Delete a view", responses=errors(401, 403, 404, 422, 503))
def delete_view(view_id: ViewId, caller: Reader, views: Views) -> Envelope[None]:
    """Delete a view: one's own, or as an admin a shared one."""
    views.delete(caller, view_id)
    return ok(None, "View deleted")

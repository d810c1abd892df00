"""GET /audit-log."""

from typing import Annotated

from fastapi import Depends, Query, Request

from callscope.api.docs import errors
from callscope.api.envelope import Envelope, Page, ok
from callscope.api.paging import DEFAULT_LIMIT, Cursor, Limit, RowId, cut, read_cursor
from callscope.api.rights import Admin
from callscope.api.routing import subject
from callscope.api.times import Moment
from callscope.audit.schemas import AuditEntryOut
from callscope.audit.service import AuditFilter, entries
from callscope.db.engine import Database

router = subject("audit-log")


async def _db(request: Request) -> Database:
    db: Database = request.app.state.db
    return db


@router.get("/audit-log", summary="List administrative changes", responses=errors(401, 403, 422, 503))
def list_audit_log(
    caller: Admin,
    db: Annotated[Database, Depends(_db)],
    *,
    action: Annotated[
        str | None, Query(description="Only this action, such as `settings.update`; `settings.*` means all of a kind.")
    ] = None,
    actor: Annotated[str | None, Query(description="Only changes by this actor, as named in the entries.")] = None,
    since: Annotated[Moment | None, Query(alias="from", description="Only changes at or after this time.")] = None,
    until: Annotated[Moment | None, Query(alias="to", description="Only changes before this time.")] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Envelope[Page[AuditEntryOut]]:
    """Who changed what, when, from what to what; the newest first. For admins."""
    key = read_cursor(cursor, RowId)
    wanted = AuditFilter(action=action, actor=actor, since=since, until=until)
    with db.read_session() as session:
        found = entries(session, wanted, limit=limit + 1, before_id=key[0] if key else None)
    return ok(cut(found, limit, AuditEntryOut.of, lambda entry: (entry.id,)))

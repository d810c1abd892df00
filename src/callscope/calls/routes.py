"""HTTP for reading calls: list them, look at one."""

from dataclasses import replace
from typing import Annotated, Literal

from fastapi import Depends, Path, Query, Request, Response

from callscope.api.docs import errors
from callscope.api.envelope import Envelope, ok
from callscope.api.paging import DEFAULT_LIMIT, Cursor, Limit, read_cursor, write_cursor, wrong_cursor
from callscope.api.rights import CallReader
from callscope.api.routing import subject
from callscope.calls.download import Download
from callscope.calls.exporting import Exporter, Format
from callscope.calls.facets import FacetService, Field
from callscope.calls.filters import CallsAsked
from callscope.calls.schemas import CallOut, CallPageOut, FacetsOut
from callscope.calls.service import CallService
from callscope.db.types import from_micros
from callscope.metrics.filters import SelectorDep
from callscope.store.queries import Position, Ranked, Sort

router = subject("calls", "/llm")
EXPORT = "/llm/calls/export"


async def _calls(request: Request) -> CallService:
    service: CallService = request.app.state.calls
    return service


async def _exporter(request: Request) -> Exporter:
    exporter: Exporter = request.app.state.exporter
    return exporter


Calls = Annotated[CallService, Depends(_calls)]


async def _facets(request: Request) -> FacetService:
    service: FacetService = request.app.state.facets
    return service


Facets = Annotated[FacetService, Depends(_facets)]
CallId = Annotated[int, Path(ge=1, le=2**63 - 1, description="As log-call answered it.", examples=[17])]


@router.get("/calls", summary="List calls", responses=errors(401, 403, 404, 422))
def list_calls(
    caller: CallReader,
    calls: Calls,
    asked: CallsAsked,
    selector: SelectorDep,
    sort: Annotated[
        Literal["time", "latency", "cost", "tokens"], Query(description="The newest, or the largest, first.")
    ] = "time",
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Envelope[CallPageOut]:
    """Calls, newest first. `from`, `to` and the filters narrow the list; without a range it goes back to the first call.

    Time, project, model, errors, end user, session and trace are looked up in an index. Any other filter is checked
    from the newest call on for a bounded time: then `scanned_to` says how far it came, and the cursor goes on.
    """
    wanted = replace(asked.of(selector, caller), sort=Sort(sort))
    found, items = calls.page(wanted, _place(wanted.sort, cursor), limit)
    page = CallPageOut(
        items=items,
        next_cursor=_cursor(wanted.sort, found.next),
        scanned_to=None if found.scanned_to is None else from_micros(found.scanned_to),
        sorted_among=found.sorted_among,
    )
    return ok(page)


@router.get("/calls/facets", summary="Values of a field", responses=errors(401, 403, 404, 422))
def list_facets(
    caller: CallReader,
    facets: Facets,
    asked: CallsAsked,
    field: Annotated[Field, Query(description="The field, by the name of its filter.")],
    q: Annotated[str, Query(max_length=200, description="Only values with this in their name.")] = "",
    limit: Limit = DEFAULT_LIMIT,
) -> Envelope[FacetsOut]:
    """The values that there are of a field among the calls of a range, with how many calls have each; for menus.

    All filters of the list narrow it, apart from the field's own. What the totals tell apart is counted exactly: project,
    environment, model, provider, status and kind of error, as long as nothing else narrows it, and end users and API
    keys by whole UTC days, where only the project does. Else the newest matching calls are counted for a bounded time:
    `exact` is false then, and `scanned_to` and `sampled` say how far it came.
    """
    return ok(facets.values(caller, asked, field, q, limit))


@router.get(
    "/calls/export",
    summary="Take calls out",
    response_class=Response,
    responses={
        200: {
            "description": "The file, piece by piece. If it breaks off, the connection does: it never looks whole.",
            "content": {
                "text/csv": {"example": "id,created_at,project,…\r\n17,2026-11-26T09:30:00Z,default,…\r\n"},
                "application/x-ndjson": {"example": '{"id":17,"created_at":"2026-11-26T09:30:00Z",…}\n'},
                "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
            },
        },
        **errors(401, 403, 404, 422, 429, 501, 503),
    },
)
def export_calls(
    request: Request,
    caller: CallReader,
    asked: CallsAsked,
    selector: SelectorDep,
    exporter: Annotated[Exporter, Depends(_exporter)],
    form: Annotated[Format, Query(alias="format", description="What is written.")],
    payloads: Annotated[
        bool, Query(description="Also prompt, response, metadata and request parameters, as text or JSON.")
    ] = False,
) -> Download:
    """All calls that match, newest first, however many; the parameters are those of the list.

    Costs are in US dollars and exact. In CSV a list is JSON, and a cell that a spreadsheet would run as a formula begins
    with an apostrophe. Parquet needs the extra `callscope[parquet]` on the server, else it is a 501.
    """
    written = exporter.written(asked.of(selector, caller), form, payloads=payloads)
    return Download(written, form, exporter.take_room, request, caller)


@router.get("/calls/{call_id}", summary="One call", responses=errors(401, 403, 404, 422))
def get_call(call_id: CallId, caller: CallReader, calls: Calls) -> Envelope[CallOut]:
    """One call with all that is known of it. A call that proved to be another one is answered with that other one."""
    return ok(calls.get(caller, call_id))


def _place(sort: Sort, cursor: str | None) -> Position | Ranked | None:
    if sort is Sort.TIME:
        place = read_cursor(cursor, int, int)
        return None if place is None else Position(*place)
    ranked = read_cursor(cursor, str, str, int, int, int, int)
    if ranked is None:
        return None
    name, value, created_at, call_id, *oldest = ranked
    try:
        number = float(value)
    except ValueError:
        raise wrong_cursor() from None
    if name != sort:
        raise wrong_cursor()
    return Ranked(number, created_at, call_id, Position(*oldest))


def _cursor(sort: Sort, place: Position | Ranked | None) -> str | None:
    if isinstance(place, Ranked):
        return write_cursor(sort, repr(place.value), place.created_at, place.id, *place.oldest)
    return None if place is None else write_cursor(*place)

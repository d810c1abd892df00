"""`/llm/calls/stream`: calls as they come."""

from typing import Annotated

from fastapi import Depends, Header, Query, Request, Response

from callscope.api.docs import errors
from callscope.api.rights import CallReader
from callscope.api.routing import subject
from callscope.api.streams import EventStream
from callscope.calls.filters import CallsAsked
from callscope.tail.feed import CallFeed

router = subject("calls", "/llm")
MAX_STREAM_SECONDS = 86_400
_LAST_ID = 2**63 - 1
_EXAMPLE = 'event: gap\ndata: {"left_out": 12, "at_least": false}\n\nevent: call\nid: 17\ndata: {"id":17,…}\n\n'


async def _feed(request: Request) -> CallFeed:
    feed: CallFeed = request.app.state.call_feed
    return feed


@router.get(
    "/calls/stream",
    summary="Follow calls as they come",
    response_class=Response,
    responses={
        200: {
            "description": "Server-sent events: `call` with a call as the list has it and its id, `gap`, and comments.",
            "content": {"text/event-stream": {"example": _EXAMPLE}},
        },
        **errors(401, 403, 404, 422, 429, 503),
    },
)
async def follow_calls(
    request: Request,
    caller: CallReader,
    asked: CallsAsked,
    feed: Annotated[CallFeed, Depends(_feed)],
    after: Annotated[
        int | None, Query(ge=0, le=_LAST_ID, description="Begin behind the call of this id; else with what comes now.")
    ] = None,
    seconds: Annotated[
        float | None, Query(ge=0, le=MAX_STREAM_SECONDS, description="End the stream after so long.")
    ] = None,
    last_event_id: Annotated[
        int | None, Header(ge=0, le=_LAST_ID, description="The last call that was seen; goes before `after`.")
    ] = None,
) -> EventStream:
    """Each call that the filters select within a second after it is logged, also one whose time is long past.

    At most 100 calls a second are told, the newest: `gap` says how many were left out before the next one. The stream
    ends when the right to read calls does, and when the server stops.
    """
    begin = await feed.begin(caller, asked, after if last_event_id is None else last_event_id)
    return EventStream(feed.events(request, caller, asked, begin, seconds))

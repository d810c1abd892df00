"""`/policy` and `/cache`: what the programs that call models must obey, and what they share."""

import json
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Header, Path, Query, Request, Response

from callscope.accounts.dependencies import Projects
from callscope.accounts.projects import ProjectDirectory
from callscope.api import routing
from callscope.api.docs import errors
from callscope.api.envelope import Envelope, ok
from callscope.api.rights import Caller, Gateway, Program
from callscope.api.streams import EventStream
from callscope.policy.cache import MAX_ENTRY_BYTES, CachingOff, Entry, ResponseCache, Space
from callscope.policy.feed import PolicyFeed
from callscope.policy.schemas import CacheEntryIn, CacheEntryOut, CacheReceipt, PolicyOut
from callscope.policy.service import PolicyService

router = routing.subject("policy")

ENTRIES = "/cache/"
ENTRY_BODY_BYTES = 2 * MAX_ENTRY_BYTES
"""Of a request to keep an entry: its value may be written with more escapes and spaces than it is kept with."""
MAX_STREAM_SECONDS = 86_400
_EXAMPLE = "event: policy\nid: 5f2c…\ndata: {…}\n\n: still here\n\n"


async def _policies(request: Request) -> PolicyService:
    service: PolicyService = request.app.state.policies
    return service


async def _feed(request: Request) -> PolicyFeed:
    feed: PolicyFeed = request.app.state.feed
    return feed


def _cache(request: Request) -> ResponseCache:
    """The cache, while it is switched on; may read the settings. Raises CachingOff."""
    cache: ResponseCache = request.app.state.cache
    if not request.app.state.settings.get().enable_caching:
        cache.clear()
        raise CachingOff
    return cache


Cache = Annotated[ResponseCache, Depends(_cache)]
Digest = Annotated[
    str,
    Path(pattern="^[0-9a-f]{64}$", description="What equal requests have in common: a SHA-256.", examples=["ab" * 32]),
]
OfProject = Annotated[
    str | None,
    Query(max_length=100, description="With a key for all projects: whose answers; if left out, those of such keys."),
]


@router.get("/policy", summary="Read the policy", responses=errors(401, 403, 503))
def get_policy(caller: Program, policies: Annotated[PolicyService, Depends(_policies)]) -> Envelope[PolicyOut]:
    """What a client must obey before it calls a model: switched-off models, the cap of tokens, caching.

    For API keys with scope `ingest` or `gateway`.
    """
    return ok(policies.get(caller).told)


@router.get(
    "/policy/stream",
    summary="Follow the policy",
    response_class=Response,
    responses={
        200: {
            "description": "Server-sent events: `policy` with the policy as JSON and its version as id, and comments.",
            "content": {"text/event-stream": {"example": _EXAMPLE}},
        },
        **errors(401, 403, 422, 503),
    },
)
async def follow_policy(
    request: Request,
    caller: Program,
    feed: Annotated[PolicyFeed, Depends(_feed)],
    seconds: Annotated[
        float | None, Query(ge=0, le=MAX_STREAM_SECONDS, description="End the stream after so long.")
    ] = None,
    last_event_id: Annotated[str | None, Header(max_length=100, description="The version that is known.")] = None,
) -> EventStream:
    """The policy at once, unless `Last-Event-ID` is its version, and again within 2 seconds after each change.

    A comment comes every 15 seconds. The stream ends when the key is revoked and when the server stops.
    """
    feed.check_room()
    return EventStream(feed.events(request, last_event_id, seconds))


@router.get("/cache/{digest}", summary="Read a cached answer", responses=errors(401, 403, 404, 409, 422, 503))
def get_entry(
    digest: Digest, caller: Gateway, projects: Projects, cache: Cache, project: OfProject = None
) -> Envelope[CacheEntryOut]:
    """An answer that a program of the same project has kept, for API keys with scope `gateway`.

    404 where there is none, or no longer; 409 while caching is switched off.
    """
    entry = cache.get(_space(caller, projects, project), digest)
    value = json.loads(entry.value)
    return ok(CacheEntryOut(digest=digest, expires_at=_expires_at(entry), model=entry.model, value=value))


@router.put("/cache/{digest}", summary="Keep an answer", responses=errors(401, 403, 404, 409, 413, 422, 503))
def put_entry(
    digest: Digest,
    body: CacheEntryIn,
    request: Request,
    caller: Gateway,
    projects: Projects,
    cache: Cache,
    project: OfProject = None,
) -> Envelope[CacheReceipt]:
    """Keep an answer for equal requests of the same project, in the memory of this process."""
    longest: int = request.app.state.settings.get().cache_ttl_seconds
    ttl_seconds = min(body.ttl_seconds or longest, longest)
    entry = cache.put(_space(caller, projects, project), digest, body.value, body.model, ttl_seconds)
    return ok(CacheReceipt(digest=digest, expires_at=_expires_at(entry)), "Answer kept")


def _space(caller: Caller, projects: ProjectDirectory, project: str | None) -> Space:
    """Whose entries a request is about. Raises ProjectNotFound, ProjectForbidden."""
    allowed = projects.allowed(caller, None if project is None else [project])
    return None if allowed is None else next(iter(allowed), 0)


def _expires_at(entry: Entry) -> datetime:
    return datetime.fromtimestamp(entry.expires_at, UTC)

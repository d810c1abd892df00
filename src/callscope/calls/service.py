"""Logging calls and reading them back."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from anyio import CapacityLimiter
from starlette.concurrency import run_in_threadpool

from callscope.accounts.projects import CallLimits, ProjectDirectory
from callscope.accounts.users import UserNumbers
from callscope.api.envelope import FieldError
from callscope.api.errors import Forbidden, Invalid
from callscope.api.rate_limits import RateLimits
from callscope.api.rights import Caller
from callscope.calls.intake import Filed, Intake, check, field_of, idempotency_key, names_of
from callscope.calls.parsing import parse_batch, parse_call, parse_lines
from callscope.calls.presenting import Presenter
from callscope.calls.schemas import CallIn, CallOut, CallSummary
from callscope.ingest.changes import Receipt, Submission
from callscope.ingest.directory import Directory, Place, UnknownModel
from callscope.ingest.recorder import QueueFull, Recorder, receipts_of
from callscope.ingest.row import Source
from callscope.pricing.visible import VisibleModels
from callscope.store.errors import CallNotFound
from callscope.store.protocol import TelemetryStore
from callscope.store.queries import CallFilter, CallPage, Position, Ranked

LARGE_BODY = 16_384
"""From this size on a body is parsed in a thread, so that it does not hold up the other requests: 64 kB of unknown fields
take 50 ms."""
LARGE_AT_ONCE = 2
"""So many large bodies are parsed at once: each may take 100 MB meanwhile, and more of them would not be faster."""
ROW_BYTES = 1_500
"""What a call weighs in the queue besides its payload."""

Parser = Callable[[bytes], list[CallIn]]


class CallService:
    """Everything that is done with calls over HTTP."""

    def __init__(
        self,
        store: TelemetryStore,
        recorder: Recorder,
        directory: Directory,
        projects: ProjectDirectory,
        users: UserNumbers,
        visible: VisibleModels,
        intake: Intake,
        presenter: Presenter,
        rates: RateLimits | None = None,
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._directory = directory
        self._projects = projects
        self._users = users
        self._visible = visible
        self._intake = intake
        self._presenter = presenter
        self._rates = rates
        self._large = CapacityLimiter(LARGE_AT_ONCE)

    def check_room(self) -> None:
        """Raise QueueFull where calls would be refused whatever they are, so that their body need not be read."""
        self._recorder.check_room()

    async def log(self, caller: Caller, body: bytes, key: str | None) -> Receipt:
        """Record the call of a body; returns once it is on disk.

        Raises Invalid (naming each field), Forbidden, RateLimited, QueueFull, NotStored, KeyReused.
        """
        receipts = await self._log(caller, body, key, lambda body: [parse_call(body)])
        return receipts[0]

    async def log_batch(self, caller: Caller, body: bytes, key: str | None, *, lines: bool) -> Sequence[Receipt]:
        """Record the calls of a body, a JSON array or, with `lines`, NDJSON: all or none, as `log` does.

        Raises Invalid (naming each call and field), Forbidden, RateLimited, TooManyProjects, TooManyNewProjects,
        QueueFull, NotStored, KeyReused.
        """
        return await self._log(caller, body, key, parse_lines if lines else parse_batch)

    def log_from_thread(self, caller: Caller, body: bytes, key: str, timeout: float) -> Sequence[Receipt]:
        """As `log_batch`, for a program that has all of this in its own process; waits at most `timeout` seconds.

        Its calls are believed before those that were logged by hand, and no limit of a project holds for them. Raises TimeoutError besides; then sending it again
        with the same key is harmless.
        """
        calls, now = parse_batch(body), datetime.now(UTC)
        check(caller, calls, now)
        filed = self._filed_at_once(caller, calls) or self._filed(caller, calls)
        submission = self._to_submit(caller, filed, body, key, now, Source.wrapper)
        return receipts_of(self._recorder.submit(submission).result(timeout))

    async def _log(self, caller: Caller, body: bytes, key: str | None, parse: Parser) -> Sequence[Receipt]:
        if len(body) > LARGE_BODY:
            async with self._large:
                submission = await self._submission(caller, await run_in_threadpool(parse, body), body, key)
        else:
            submission = await self._submission(caller, parse(body), body, key)
        return await self._recorder.record(submission)

    async def _submission(self, caller: Caller, calls: Sequence[CallIn], body: bytes, key: str | None) -> Submission:
        """What is to be written. It holds less than the calls it is made of, which are let go before it waits."""
        now = datetime.now(UTC)
        check(caller, calls, now)
        filed = self._filed_at_once(caller, calls)
        if filed is None:
            filed = await run_in_threadpool(self._filed, caller, calls)
        elif (limits := self._projects.cached_call_limits()) != {}:
            project_ids = [one.project_id for one in filed]
            if limits is None:
                await run_in_threadpool(self._check_rates, project_ids)
            else:
                self._check_rates(project_ids, limits)
        if len(body) > LARGE_BODY or not self._intake.ready:
            return await run_in_threadpool(self._to_submit, caller, filed, body, key, now)
        return self._to_submit(caller, filed, body, key, now)

    def _to_submit(
        self,
        caller: Caller,
        filed: Sequence[Filed],
        body: bytes,
        key: str | None,
        now: datetime,
        source: Source = Source.rest,
    ) -> Submission:
        puts = self._intake.puts(caller, filed, now, source)
        size = sum(ROW_BYTES + (0 if put.payload is None else len(put.payload.body)) for put in puts)
        return Submission(puts, None if key is None else idempotency_key(caller, key, body, now), size)

    def page(
        self, wanted: CallFilter, after: Position | Ranked | None, limit: int
    ) -> tuple[CallPage, list[CallSummary]]:
        """A page of calls, as stored and as shown."""
        with self._store.reading() as reading:
            found = reading.calls(wanted, after, limit)
            previews = reading.previews([row.call for row in found.rows])
        return found, self._presenter.summaries(found.rows, previews)

    def get(self, caller: Caller, call_id: int) -> CallOut:
        """One call, whole.

        Raises CallNotFound, and Forbidden for one in a project that the caller may not see.
        """
        with self._store.reading() as reading:
            row = reading.call(call_id)
            if row is None:
                raise CallNotFound(call_id, was_kept=reading.was_kept(call_id))
            if not caller.may_see(row.call.project_id):
                raise Forbidden("This call is in a project that you have no right to.")
            payloads, previews = reading.payloads([row.call]), reading.previews([row.call])
        return self._presenter.whole(row, payloads.get(row.call.id, ()), previews.get(row.call.id))

    def _filed_at_once(self, caller: Caller, calls: Sequence[CallIn]) -> list[Filed] | None:
        """The calls with their numbers, if all that they name is known in memory."""
        if not self._users.are_known(_named_users(caller, calls)):
            return None
        filed = []
        known: dict[tuple[object, ...], tuple[int, Place]] = {}  # the calls of one batch mostly name the same few
        for call in calls:
            names = (call.project, call.environment, call.model_id, call.model, call.provider)
            found = known.get(names)
            if found is None:
                found = self._place_at_once(caller, call)
                if found is None:
                    return None
                known[names] = found
            filed.append(Filed(call, *found))
        return filed

    def _place_at_once(self, caller: Caller, call: CallIn) -> tuple[int, Place] | None:
        project_id = self._projects.cached_for_write(caller, call.project)
        if project_id is None:
            return None
        try:
            place = self._directory.find(names_of(project_id, call), sparing=_is_sparing(caller))
        except UnknownModel:
            return None
        is_admitted = place is not None and place.model is place.priced_as
        if place is None or (call.model_id is not None and caller.project_ids is not None and not is_admitted):
            return None  # a number that the project has not used may be one that the caller may not know of
        return project_id, place

    def _filed(self, caller: Caller, calls: Sequence[CallIn]) -> list[Filed]:
        """The same where names may be new: reads and writes the database.

        Names stay, and there is room for so many only: so they are entered last, when nothing else can refuse the calls.
        """
        self._check_users(caller, calls)
        self._check_models(caller, calls)
        if self._recorder.is_full:
            raise QueueFull
        project_ids = self._projects.all_for_write(caller, {call.project for call in calls})
        self._check_rates([project_ids[call.project] for call in calls])
        named = [names_of(project_ids[call.project], call) for call in calls]
        places = self._directory.places(named, sparing=_is_sparing(caller))
        return [Filed(call, names.project_id, places[names]) for call, names in zip(calls, named, strict=True)]

    def _check_rates(self, project_ids: Sequence[int], limits: CallLimits | None = None) -> None:
        """Raise RateLimited where a project has had its calls for now; without `limits` it blocks."""
        if self._rates is not None:
            self._rates.calls(Counter(project_ids), self._projects.call_limits() if limits is None else limits)

    def _check_users(self, caller: Caller, calls: Sequence[CallIn]) -> None:
        unknown = self._users.unknown(_named_users(caller, calls))
        _refuse(calls, "user_id", {number: f"there is no user {number}" for number in unknown})

    def _check_models(self, caller: Caller, calls: Sequence[CallIn]) -> None:
        numbers = {call.model_id for call in calls if call.model_id is not None}
        if not numbers:
            return
        hidden = self._visible.hidden(caller)  # else logging to every number would tell all names
        unknown = {number for number in numbers if number in hidden or not self._directory.has_model(number)}
        _refuse(calls, "model_id", {number: str(UnknownModel(number)) for number in unknown})


def _is_sparing(caller: Caller) -> bool:
    """Whether the names of this caller's calls leave room to others': anybody may register himself and be a viewer."""
    return caller.role is not None and not caller.is_admin


def _named_users(caller: Caller, calls: Sequence[CallIn]) -> set[int]:
    """The numbers of the users whom calls name, besides the caller himself."""
    return {call.user_id for call in calls if call.user_id is not None and call.user_id != caller.user_id}


def _refuse(calls: Sequence[CallIn], field: str, reasons: Mapping[int, str]) -> None:
    """Raise Invalid, naming each call whose field has one of these values."""
    errors = [
        FieldError(field=field_of(calls, index, field), message=reasons[getattr(call, field)])
        for index, call in enumerate(calls)
        if getattr(call, field) in reasons
    ]
    if errors:
        raise Invalid(*errors)

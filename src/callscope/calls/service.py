"""Logging calls and reading them back."""

from collections.abc import Sequence
from datetime import UTC, datetime

from pydantic import TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool

from callscope.accounts.projects import ProjectDirectory
from callscope.api.errors import Forbidden, Invalid, field_errors, invalid
from callscope.api.rights import Caller
from callscope.calls.intake import Filed, Intake, idempotency_key, place_key
from callscope.calls.presenting import Presenter
from callscope.calls.schemas import MAX_BATCH, CallIn, CallOut, CallSummary
from callscope.ingest.changes import Receipt, Submission
from callscope.ingest.directory import Directory, Place, UnknownModel
from callscope.ingest.recorder import Recorder
from callscope.pricing.visible import VisibleModels
from callscope.store.errors import CallNotFound
from callscope.store.protocol import TelemetryStore
from callscope.store.queries import CallFilter, CallPage, Position

BATCH = TypeAdapter(list[CallIn])
LARGE_BODY = 65_536
"""From this size on a body is parsed in a thread, so that it does not hold up the other requests."""
ROW_BYTES = 1_500
"""What a call weighs in the queue besides its payload."""


class CallService:
    """Everything that is done with calls over HTTP."""

    def __init__(
        self,
        store: TelemetryStore,
        recorder: Recorder,
        directory: Directory,
        projects: ProjectDirectory,
        visible: VisibleModels,
        intake: Intake,
        presenter: Presenter,
    ) -> None:
        self._store = store
        self._recorder = recorder
        self._directory = directory
        self._projects = projects
        self._visible = visible
        self._intake = intake
        self._presenter = presenter

    async def log(self, caller: Caller, calls: Sequence[CallIn], body: bytes, key: str | None) -> Sequence[Receipt]:
        """Record calls, all or none; returns once they are on disk.

        Raises Invalid (naming each call and field), Forbidden, QueueFull, NotStored, KeyReused.
        """
        now = datetime.now(UTC)
        filed = self._filed_at_once(caller, calls)
        if filed is None:
            filed = await run_in_threadpool(self._filed, caller, calls)
        if len(body) > LARGE_BODY or not self._intake.ready:
            puts = await run_in_threadpool(self._intake.puts, caller, filed, now)
        else:
            puts = self._intake.puts(caller, filed, now)
        submission = Submission(
            puts,
            None if key is None else idempotency_key(caller, key, body, now),
            sum(ROW_BYTES + len(put.payload or b"") for put in puts),
        )
        return await self._recorder.record(submission)

    @staticmethod
    def parse(body: bytes) -> CallIn:
        """The call of a body.

        Raises Invalid, naming each field.
        """
        try:
            return CallIn.model_validate_json(body)
        except ValidationError as error:
            raise _invalid(error) from None

    async def parse_batch(self, body: bytes, *, lines: bool) -> list[CallIn]:
        """The calls of a batch's body, a JSON array or, with `lines`, NDJSON.

        Raises Invalid, naming each bad call by its place.
        """
        if len(body) > LARGE_BODY:
            return await run_in_threadpool(_parse_batch, body, lines)
        return _parse_batch(body, lines)

    def page(self, wanted: CallFilter, after: Position | None, limit: int) -> tuple[CallPage, list[CallSummary]]:
        """A page of calls, as stored and as shown."""
        with self._store.reading() as reading:
            found = reading.calls(wanted, after, limit)
            payloads = reading.payloads(found.rows)
        return found, self._presenter.summaries(found.rows, payloads)

    def get(self, caller: Caller, call_id: int) -> CallOut:
        """One call, whole.

        Raises CallNotFound, and Forbidden for one in a project that the caller may not see.
        """
        with self._store.reading() as reading:
            row = reading.call(call_id)
            if row is None:
                raise CallNotFound(call_id)
            if not caller.may_see(row.call.project_id):
                raise Forbidden("This call is in a project that you have no right to.")
            payloads = reading.payloads([row])
        return self._presenter.whole(row, payloads.get(row.call.id))

    def _filed_at_once(self, caller: Caller, calls: Sequence[CallIn]) -> list[Filed] | None:
        """The calls with their numbers, if all their names are known in memory."""
        filed = []
        known: dict[tuple[object, ...], tuple[int, Place]] = {}  # the calls of one batch mostly name the same few
        for index, call in enumerate(calls):
            names = (call.project, call.environment, call.model_id, call.model, call.provider)
            found = known.get(names)
            if found is None:
                project_id = self._projects.cached_for_write(caller, call.project)
                place = None if project_id is None else self._find(project_id, call, index, len(calls))
                if project_id is None or place is None:
                    return None
                found = known[names] = (project_id, place)
            filed.append(Filed(call, *found))
        return filed

    def _find(self, project_id: int, call: CallIn, index: int, count: int) -> Place | None:
        try:
            return self._directory.find(project_id, *place_key(call))
        except UnknownModel as error:
            raise _unknown_model(error, index, count) from error

    def _filed(self, caller: Caller, calls: Sequence[CallIn]) -> list[Filed]:
        """The same where names may be new: reads and writes the database."""
        filed = []
        hidden = self._visible.hidden(caller)
        for index, call in enumerate(calls):
            if call.model_id in hidden:  # else logging to every number would tell all names
                raise _unknown_model(UnknownModel(call.model_id), index, len(calls))
            project_id = self._projects.for_write(caller, call.project)
            place = self._find(project_id, call, index, len(calls))
            filed.append(Filed(call, project_id, place or self._directory.enter(project_id, *place_key(call))))
        return filed


def _unknown_model(error: UnknownModel, index: int, count: int) -> Invalid:
    return invalid(f"{index}.model_id" if count > 1 else "model_id", str(error))


def _invalid(error: ValidationError) -> Invalid:
    return Invalid(*field_errors(error.errors(include_input=False, include_context=False, include_url=False)))


def _parse_batch(body: bytes, lines: bool) -> list[CallIn]:
    text = b"[" + b",".join(line for line in body.splitlines() if line.strip()) + b"]" if lines else body
    try:
        calls = BATCH.validate_json(text)
    except ValidationError as error:
        raise _invalid(error) from None
    if not calls:
        raise invalid("body", "holds no call")
    if len(calls) > MAX_BATCH:
        raise invalid("body", f"holds {len(calls)} calls; at most {MAX_BATCH} go into one batch")
    return calls

"""From what a caller says of a call to what is stored: names become numbers, tokens become money."""

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple

from callscope.api.envelope import FieldError
from callscope.api.errors import Invalid
from callscope.api.rights import Caller
from callscope.calls import payload
from callscope.calls.schemas import MAX_ERROR_CHARS, MAX_ID_CHARS, MAX_TEXT_CHARS, CallIn
from callscope.db.types import dollars_to_nanos, to_micros
from callscope.ingest.admission import ModelName, Names
from callscope.ingest.changes import IdempotencyKey, Priced, Put
from callscope.ingest.directory import Place
from callscope.ingest.error_kinds import error_kind
from callscope.ingest.row import (
    MICROS_PER_DAY,
    CallRow,
    ErrorKind,
    PriceSource,
    ServiceTier,
    Source,
    Status,
    Violation,
    size_class,
)
from callscope.observability.names import model_key
from callscope.pricing.book import PriceBook
from callscope.pricing.calls import price
from callscope.pricing.catalogue import Catalogue
from callscope.pricing.cost import Cost
from callscope.settings.service import SettingsService

DEFAULT_ENVIRONMENT = "default"
OLDEST = datetime(2015, 1, 1, tzinfo=UTC)
MAX_AHEAD = timedelta(hours=24)
_STATUS = {status.name: status for status in Status}
_TIERS = {tier.name: tier for tier in ServiceTier} | {"default": ServiceTier.standard, "auto": ServiceTier.standard}
CUT_MARK = "… [cut]"


class Filed(NamedTuple):
    """A call with the numbers of its project and place."""

    call: CallIn
    project_id: int
    place: Place


def names_of(project_id: int, call: CallIn) -> Names:
    """The names of a call that the directory turns into numbers."""
    model = _model_name(call.model_id, call.model, call.provider)
    return Names(project_id, call.environment or DEFAULT_ENVIRONMENT, model)


def check(caller: Caller, calls: Sequence[CallIn], now: datetime) -> None:
    """Raise Invalid, naming each call and field that cannot be taken, as far as no database is needed to tell."""
    errors = []
    latest = now + MAX_AHEAD
    for index, call in enumerate(calls):
        moment = call.created_at
        if moment is not None and not OLDEST <= moment <= latest:
            message = "must lie between 2015 and 24 hours from now; is the sender's clock right?"
            errors.append(FieldError(field=field_of(calls, index, "created_at"), message=message))
        if caller.user_id is not None and call.user_id not in {None, caller.user_id}:
            message = "is set with an API key only; with a login it is the user himself"
            errors.append(FieldError(field=field_of(calls, index, "user_id"), message=message))
    if errors:
        raise Invalid(*errors)


def field_of(calls: Sequence[CallIn], index: int, name: str) -> str:
    """What an error calls a field: in a batch, with the place of its call."""
    return f"{index}.{name}" if len(calls) > 1 else name


@lru_cache(maxsize=4096)
def _model_name(model_id: int | None, name: str | None, provider: str | None) -> ModelName:
    return ModelName(model_id, name, provider)


class Intake:
    """Makes `Put`s of calls: prices them, and marks what the settings forbid."""

    def __init__(self, book: PriceBook, settings: SettingsService, catalogue: Catalogue) -> None:
        self._book = book
        self._settings = settings
        self._catalogue = catalogue

    @property
    def ready(self) -> bool:
        """Whether `puts` works from memory alone; if not, it reads the database and belongs into a thread."""
        return self._book.loaded and self._settings.loaded and self._catalogue.loaded

    def puts(self, caller: Caller, calls: Sequence[Filed], now: datetime, source: Source = Source.rest) -> list[Put]:
        """What is to be stored of these calls, which have been through `check`; `source` is who saw them."""
        now_micros = to_micros(now)
        cap = self._settings.get().max_tokens_per_request
        off = self._catalogue.switched_off
        return [self._put(caller, filed, now_micros, cap, off, source) for filed in calls]

    def _put(
        self, caller: Caller, filed: Filed, now_micros: int, cap: int | None, off: frozenset[str], source: Source
    ) -> Put:
        call, place = filed.call, filed.place
        status = _STATUS[call.status]
        created_at = now_micros if call.created_at is None else to_micros(call.created_at)
        tier = ServiceTier.standard if call.service_tier is None else _TIERS[call.service_tier]
        kind = ErrorKind.none if status is Status.success else error_kind(status, call.error_type, call.error_message)
        violation = 0 if call.refused else _violation(call, place, cap, off)
        ttft = call.time_to_first_token_ms
        row = CallRow(
            0,
            filed.project_id,
            place.environment_id,
            place.model.id,
            caller.user_id if caller.user_id is not None else call.user_id,
            caller.api_key_id,
            created_at,
            created_at // MICROS_PER_DAY,
            True,
            None,
            1,
            int(source),
            int(status),
            int(kind),
            _clean(call.error_type, MAX_ID_CHARS),
            _clean(call.error_message, MAX_ERROR_CHARS),
            call.prompt_tokens,
            call.completion_tokens,
            call.cached_tokens,
            call.cache_write_tokens,
            call.cache_write_1h_tokens,
            call.reasoning_tokens,
            call.audio_input_tokens,
            call.audio_output_tokens,
            call.image_tokens,
            call.server_tool_calls,
            size_class(call.prompt_tokens),
            int(tier),
            round(call.latency_ms, 3),
            None if ttft is None else round(ttft, 3),
            call.usage_estimated,
            call.cache_hit,
            None if call.saved_cost is None else dollars_to_nanos(call.saved_cost),
            _clean(call.refused, MAX_ERROR_CHARS),
            violation,
            False,
            call.request_model,
            place.model_name,
            call.response_id,
            call.trace_id,
            call.span_id,
            call.parent_span_id,
            call.session_id,
            call.end_user,
            call.name,
            payload.tags_text(call.tags) if call.tags else None,
            None,
            None,
            0,
            0,
            0,
            0,
            0,
        )
        if (
            call.cache_hit
            and call.saved_cost is None
            and (saved := price(self._book, place.priced_as, row)) is not None
        ):
            row = row._replace(saved_cost=saved[0].total)
        body = None
        if call.prompt is not None or call.response is not None or call.metadata or call.request_params:
            body = payload.encode({part: getattr(call, part) for part in payload.PARTS}, MAX_TEXT_CHARS)
        return Put(row, place.model.provider, self._cost(call, place, row), body)

    def _cost(self, call: CallIn, place: Place, row: CallRow) -> Priced | None:
        if call.cache_hit or call.refused is not None:
            return None
        if call.cost is not None:
            nanos = dollars_to_nanos(call.cost)
            return Cost(nanos, 0, 0, 0, 0, nanos), PriceSource.reported
        return price(self._book, place.priced_as, row)


def _violation(call: CallIn, place: Place, cap: int | None, off: frozenset[str]) -> int:
    """Which policies a call is against that was made all the same; `off` are the keys of the models switched off."""
    found = 0
    if off and (not place.priced_as.enabled or (call.request_model and model_key(call.request_model) in off)):
        found |= Violation.model_disabled
    if cap is not None and call.prompt_tokens + call.completion_tokens > cap:
        found |= Violation.max_tokens
    return found


def idempotency_key(caller: Caller, key: str, body: bytes, now: datetime) -> IdempotencyKey:
    """The stored form of an `Idempotency-Key`: a hash, so that equal keys of two callers do not meet."""
    scope = f"user {caller.user_id}" if caller.user_id is not None else f"key {caller.api_key_id}"
    key_hash = hashlib.sha256(f"{scope}\n{key}".encode()).digest()
    return IdempotencyKey(key_hash, hashlib.sha256(body).digest(), to_micros(now))


def _clean(text: str | None, limit: int) -> str | None:
    """A text as it can be stored: no NUL (PostgreSQL), no longer than its limit; what is cut says so."""
    if text is None:
        return None
    text = text.replace("\x00", "\ufffd")
    return text if len(text) <= limit else text[: limit - len(CUT_MARK)] + CUT_MARK

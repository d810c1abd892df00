"""Which stored calls a new witness saw: by the provider's response id, or by the span's own identity."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import select

from callscope.calls.models import llm_call_logs
from callscope.ingest.changes import Put
from callscope.ingest.row import MICROS_PER_DAY, CallRow
from callscope.pricing.models import LLMModel
from callscope.store.sql.batch import Batch, select_rows
from callscope.store.sql.bulk import among

_calls = llm_call_logs.c


class Identities:
    """An index over the witnesses that matter to one batch: those stored before, and those it adds itself."""

    def __init__(self, batch: Batch, puts: Sequence[Put]) -> None:
        self._batch = batch
        self._providers: dict[int, str] = {}
        self._told_by: dict[int, str] = {}
        self._responses: dict[tuple[int, str, str], list[int]] = defaultdict(list)
        self._spans: dict[tuple[int, str, str], list[int]] = defaultdict(list)
        named = [put.row for put in puts if put.row.response_id is not None and not put.row.cache_hit]
        spans = [put.row for put in puts if put.row.trace_id is not None and put.row.span_id is not None]
        found: set[int] = set()
        for day, rows in _by_day(named):
            found.update(self._load(day, "response_id", rows))
        for day, rows in _by_day(spans):
            found.update(self._load(day, "span_id", rows))
        self._learn_providers(found)
        batch.load_below(found)
        for call_id in found:
            row = batch.get(call_id)
            if row is not None and row.call.witnesses == 1:
                self.add(row.call, self._providers[row.call.model_id])

    def add(self, call: CallRow, provider: str) -> None:
        """Make a witness findable."""
        self._told_by[call.id] = provider
        if call.response_id is not None and not call.cache_hit:
            self._responses[call.project_id, provider, call.response_id].append(call.id)
        if call.trace_id is not None and call.span_id is not None:
            self._spans[call.project_id, call.trace_id, call.span_id].append(call.id)

    def add_copy(self, copy: CallRow, of: int) -> None:
        """Make the copy of a witness findable as the witness itself was."""
        self.add(copy, self._told_by[of])

    def matches(self, put: Put) -> set[int]:
        """The ids of the calls that this witness saw."""
        call = put.row
        if call.response_id is None and call.span_id is None:
            return set()
        found = set[int]()
        if call.response_id is not None and not call.cache_hit:
            for call_id in self._responses.get((call.project_id, put.provider, call.response_id), ()):
                witness = self._witness(call_id)
                if witness is not None and abs(witness.created_at - call.created_at) <= MICROS_PER_DAY:
                    found.add(call_id)
        if call.trace_id is not None and call.span_id is not None:
            for call_id in self._spans.get((call.project_id, call.trace_id, call.span_id), ()):
                witness = self._witness(call_id)
                if witness is not None and abs(witness.day - call.day) <= 1:
                    found.add(call_id)
        if not found:
            return found
        roots = (self._batch.root(call_id) for call_id in found)
        return {root.call.id for root in roots if root is not None}

    def _witness(self, call_id: int) -> CallRow | None:
        """The row, if it still is what one witness said and not a merged call."""
        row = self._batch.get(call_id)
        return row.call if row is not None and row.call.witnesses == 1 else None

    def _load(self, day: int, column: str, rows: Sequence[CallRow]) -> list[int]:
        connection = self._batch.connection
        query = select_rows().where(
            _calls.day.in_((day - 1, day, day + 1)),
            _calls.witnesses == 1,
            among(connection, _calls.project_id, {row.project_id for row in rows}),
        )
        if column == "response_id":
            query = query.where(_calls.cache_hit.is_(False))
        else:
            query = query.where(among(connection, _calls.trace_id, {row.trace_id for row in rows}))
        return self._batch.load(query.where(among(connection, _calls[column], {getattr(row, column) for row in rows})))

    def _learn_providers(self, call_ids: Iterable[int]) -> None:
        rows = (self._batch.get(call_id) for call_id in call_ids)
        models = {row.call.model_id for row in rows if row is not None}
        if models:
            query = select(LLMModel.id, LLMModel.provider).where(LLMModel.id.in_(models))
            self._providers.update((model_id, provider) for model_id, provider in self._batch.connection.execute(query))


def _by_day(rows: Iterable[CallRow]) -> Iterable[tuple[int, list[CallRow]]]:
    days: dict[int, list[CallRow]] = defaultdict(list)
    for row in rows:
        days[row.day].append(row)
    return days.items()

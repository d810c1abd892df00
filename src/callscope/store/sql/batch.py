"""The unit of work of one writing transaction: rows as they were, rows as they will be, and what that does to totals.

A `Batch` is filled in memory and written at the end in a few bulk statements. It must run under the lock of all
writers: what it reads stays true until its transaction commits, which is why ids can simply be counted up.
"""

from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Select, delete, insert, select, update

from callscope.calls.models import cost_logs, llm_call_logs
from callscope.ingest.contribution import Delta
from callscope.ingest.row import CallRow, CostRow, PricedRow
from callscope.store.sql.bulk import among, insert_rows, replace_rows
from callscope.store.sql.tables import counters, ensure_payload_table, payload_table, payload_table_number

CALL_ID = "call_id"
_calls, _costs = llm_call_logs.c, cost_logs.c
_COLUMNS = len(CallRow._fields)


def select_rows() -> Select[tuple[object, ...]]:
    """Calls with their costs; `priced` makes a `PricedRow` of each result."""
    return select(llm_call_logs, cost_logs).select_from(llm_call_logs.outerjoin(cost_logs, _costs.id == _calls.id))


def priced(values: Sequence[object]) -> PricedRow:
    """A row of `select_rows` as a `PricedRow`."""
    call = CallRow._make(values[:_COLUMNS])
    cost = None if values[_COLUMNS] is None else CostRow._make(values[_COLUMNS:])
    return PricedRow(call, cost)


class Batch:
    """Rows read and rows to be written, by call id."""

    def __init__(self, connection: Connection, now_micros: int) -> None:
        self.connection = connection
        self.now_micros = now_micros
        self.payload_number = payload_table_number(now_micros)
        self._next_id: int | None = None
        self._first_new_id = 0
        self._old: dict[int, PricedRow | None] = {}
        self._new: dict[int, PricedRow] = {}
        self._payloads: dict[int, bytes] = {}
        self._dropped_payloads: set[tuple[int, int]] = set()

    def new_id(self) -> int:
        """The next free call id. Ids rise in the order of commits, since the lock is held until then."""
        if self._next_id is None:
            stored = self.connection.scalar(select(counters.c.value).where(counters.c.name == CALL_ID))
            if stored is None:
                self.connection.execute(insert(counters).values(name=CALL_ID, value=1))
            self._next_id = self._first_new_id = stored or 1
        self._next_id += 1
        return self._next_id - 1

    def load(self, query: Select[tuple[object, ...]]) -> list[int]:
        """Run a `select_rows` query; gives the ids found. Rows that this batch has seen before stay as it left them."""
        ids = []
        for values in self.connection.execute(query):
            row = priced(values)
            ids.append(row.call.id)
            if row.call.id not in self._new:
                self._old[row.call.id] = self._new[row.call.id] = row
        return ids

    def load_ids(self, ids: Iterable[int]) -> None:
        """Make sure that these rows, as far as they exist, can be got."""
        missing = [call_id for call_id in ids if call_id not in self._new]
        if missing:
            self.load(select_rows().where(among(self.connection, _calls.id, missing)))

    def get(self, call_id: int) -> PricedRow | None:
        """A loaded or new row as it stands now."""
        return self._new.get(call_id)

    def root(self, call_id: int) -> PricedRow | None:
        """The call that a row is part of now: itself, or what it was merged into. None where there is no such row."""
        while True:
            self.load_ids((call_id,))
            row = self.get(call_id)
            if row is None or row.call.merged_into is None:
                return row
            call_id = row.call.merged_into

    def put(self, row: PricedRow) -> None:
        """Write a row: a new one, or in place of the loaded one of the same id."""
        self._old.setdefault(row.call.id, None)
        self._new[row.call.id] = row

    def put_payload(self, call_id: int, body: bytes) -> None:
        """Keep a payload under this id, in the table of the week."""
        self._payloads[call_id] = body

    def drop_payload(self, call: CallRow) -> None:
        """Forget the payload of a row."""
        if call.payload_table is not None and call.payload_id is not None:
            self._dropped_payloads.add((call.payload_table, call.payload_id))

    def witnesses_of(self, root_id: int) -> list[PricedRow]:
        """All that was told of one call: its own row while it is the only one, else those merged into it."""
        row = self._new[root_id]
        if row.call.witnesses == 1:
            return [row]
        self.load(select_rows().where(_calls.merged_into == root_id))
        return [r for r in self._new.values() if r.call.merged_into == root_id and r.call.witnesses == 1]

    def pointers_to(self, root_id: int) -> list[PricedRow]:
        """The rows that are no witnesses but lead to this call: calls of several witnesses that proved to be it."""
        self.load(select_rows().where(_calls.merged_into == root_id))
        return [r for r in self._new.values() if r.call.merged_into == root_id and r.call.witnesses != 1]

    def flush(self) -> Delta:
        """Write all rows and payloads; gives what that does to the totals."""
        delta = Delta()
        inserted: list[PricedRow] = []
        changed: list[tuple[PricedRow, PricedRow]] = []
        for call_id, new in self._new.items():
            old = self._old[call_id]
            if old is new:
                continue
            delta.replace(old, new)
            if old is None:
                inserted.append(new)
            elif old != new:
                changed.append((old, new))
        insert_rows(self.connection, llm_call_logs, [row.call for row in inserted])
        insert_rows(self.connection, cost_logs, [row.cost for row in inserted if row.cost is not None])
        self._write_changed(changed)
        self._write_payloads()
        if self._next_id is not None and self._next_id != self._first_new_id:
            self.connection.execute(update(counters).where(counters.c.name == CALL_ID).values(value=self._next_id))
        return delta

    def _write_changed(self, changed: list[tuple[PricedRow, PricedRow]]) -> None:
        replace_rows(self.connection, llm_call_logs, [new.call for old, new in changed if old.call != new.call])
        replace_rows(
            self.connection,
            cost_logs,
            [new.cost for old, new in changed if new.cost is not None and new.cost != old.cost],
        )
        unpriced = [new.call.id for old, new in changed if old.cost is not None and new.cost is None]
        if unpriced:
            self.connection.execute(delete(cost_logs).where(among(self.connection, _costs.id, unpriced)))

    def _write_payloads(self) -> None:
        new = {(self.payload_number, call_id): body for call_id, body in self._payloads.items()}
        written = [(place[1], body) for place, body in new.items() if place not in self._dropped_payloads]
        if written:
            insert_rows(self.connection, ensure_payload_table(self.connection, self.payload_number), written)
        dropped = self._dropped_payloads - new.keys()
        for number in {number for number, _ in dropped}:
            table = payload_table(number)
            ids = [call_id for of, call_id in dropped if of == number]
            self.connection.execute(delete(table).where(among(self.connection, table.c.call_id, ids)))

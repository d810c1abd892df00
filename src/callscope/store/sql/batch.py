"""The unit of work of one writing transaction: rows as they were, rows as they will be, and what that does to totals.

A `Batch` is filled in memory and written at the end in a few bulk statements. It must run under the lock of all
writers: what it reads stays true until its transaction commits, which is why ids can simply be counted up.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection, Select, delete, select

from callscope.calls.models import cost_logs, llm_call_logs
from callscope.ingest.changes import Payload
from callscope.ingest.contribution import Delta
from callscope.ingest.row import CallRow, CostRow, PricedRow
from callscope.store.sql import counters, floors, payload_tables, search
from callscope.store.sql.bulk import among, insert_rows, replace_rows
from callscope.store.sql.tables import payloads_unindexed

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
        self._week = payload_tables.week_at(now_micros)
        self._floors: floors.Floors | None = None
        self._next_id: int | None = None
        self._first_new_id = 0
        self._old: dict[int, PricedRow | None] = {}
        self._new: dict[int, PricedRow] = {}
        self._below: dict[int, set[int]] = defaultdict(set)
        self._all_below: set[int] = set()
        self._payloads: dict[tuple[int, int], Payload] = {}
        self._dropped_payloads: set[tuple[int, int]] = set()

    @property
    def floors(self) -> floors.Floors:
        """What is kept of each project; true until the transaction ends."""
        if self._floors is None:
            self._floors = floors.read(self.connection)
        return self._floors

    def new_id(self) -> int:
        """The next free call id. Ids rise in the order of commits, since the lock is held until then."""
        if self._next_id is None:
            self._next_id = counters.read(self.connection, counters.CALL_ID, 1)
            self._first_new_id = self._next_id
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
                if row.call.merged_into is not None:
                    self._below[row.call.merged_into].add(row.call.id)
        return ids

    def load_ids(self, ids: Iterable[int]) -> None:
        """Make sure that these rows, as far as they exist, can be got."""
        missing = [call_id for call_id in ids if call_id not in self._new]
        if missing:
            self.load(select_rows().where(among(self.connection, _calls.id, missing)))

    def get(self, call_id: int) -> PricedRow | None:
        """A loaded or new row as it stands now."""
        return self._new.get(call_id)

    def before(self, call_id: int) -> PricedRow | None:
        """A loaded row as it was; None for a new one."""
        return self._old[call_id]

    def is_changed(self, call_id: int) -> bool:
        """Whether a loaded row stands otherwise than it did."""
        old, new = self._old[call_id], self._new[call_id]
        return old is not new and old != new

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
        before = self._new.get(row.call.id)
        if before is not None and before.call.witnesses == 1:
            self._all_below.add(row.call.id)
        self._new[row.call.id] = row
        if row.call.merged_into is not None:
            self._below[row.call.merged_into].add(row.call.id)

    def put_payload(self, call_id: int, project_id: int, payload: Payload) -> int:
        """Keep a payload under this id, in the table of the week and of the project's retention; gives its number."""
        number = payload_tables.number(self._week, self.floors.payload_days.get(project_id))
        self._payloads[number, call_id] = payload
        return number

    def drop_payload(self, call: CallRow) -> None:
        """Forget the payload of a row."""
        if call.payload_table is not None and call.payload_id is not None:
            self._dropped_payloads.add((call.payload_table, call.payload_id))

    def load_below(self, ids: Iterable[int]) -> None:
        """Make sure that all rows that were merged into these can be got, and those that they were merged into."""
        missing = set(ids)
        while missing:
            self.load_ids(missing)
            rows = [row.call for call_id in missing if (row := self._new.get(call_id)) is not None]
            missing = {call.merged_into for call in rows if call.merged_into is not None} - self._all_below
            wanted = {call.id for call in rows if call.merged_into is None and call.witnesses != 1} - self._all_below
            if wanted:
                self.load(select_rows().where(among(self.connection, _calls.merged_into, wanted)))
                self._all_below |= wanted

    def witnesses_of(self, root_id: int) -> list[PricedRow]:
        """All that was told of one call: its own row while it is the only one, else those merged into it."""
        row = self._new[root_id]
        if row.call.witnesses == 1:
            return [row]
        return [row for row in self._merged_into(root_id) if row.call.witnesses == 1]

    def pointers_to(self, root_id: int) -> list[PricedRow]:
        """The rows that are no witnesses but lead to this call: calls of several witnesses that proved to be it."""
        return [row for row in self._merged_into(root_id) if row.call.witnesses != 1]

    def _merged_into(self, root_id: int) -> list[PricedRow]:
        self.load_below((root_id,))
        rows = (self._new[call_id] for call_id in sorted(self._below[root_id]))
        return [row for row in rows if row.call.merged_into == root_id]

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
            counters.write(self.connection, counters.CALL_ID, self._next_id)
        return delta

    def _is_old(self, call_id: int) -> bool:
        """Whether a call was there before this batch, and others after it."""
        return self._next_id is None or call_id < self._first_new_id

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
        written: dict[int, list[tuple[int, str, bytes]]] = defaultdict(list)
        for (number, call_id), payload in self._payloads.items():
            if (number, call_id) not in self._dropped_payloads:
                written[number].append((call_id, payload.preview, payload.body))
        for number, rows in written.items():
            table = payload_tables.ensure(self.connection, number)
            has_previews = "preview" in table.c
            insert_rows(self.connection, table, rows if has_previews else [(row[0], row[2]) for row in rows])
            late = [(number, call_id) for call_id, *_ in rows if self._is_old(call_id)]
            insert_rows(self.connection, payloads_unindexed, late)
        dropped = self._dropped_payloads - self._payloads.keys()
        for number in {number for number, _ in dropped}:
            ids = [call_id for of, call_id in dropped if of == number]
            search.forget(self.connection, number, ids)

"""The steps of one repricing, from where it stands to its end."""

import time
from collections import deque
from collections.abc import Iterator
from datetime import UTC, datetime

from sqlalchemy import Connection, update

from callscope.api.errors import ApiError
from callscope.db.engine import Database
from callscope.db.pace import Pace
from callscope.db.types import to_micros
from callscope.ingest.changes import Priced
from callscope.ingest.row import CallRow
from callscope.pricing.book import PriceBook
from callscope.pricing.calls import price
from callscope.pricing.catalogue import Catalogue
from callscope.repricing.models import Repricing, State
from callscope.repricing.service import named
from callscope.store.protocol import TelemetryStore
from callscope.store.queries import CostSums, Outlook, Position, Stretch

NOTE_SECONDS = 0.5
"""How often progress is written while nothing changes."""


class Lost(Exception):
    """The repricing was cancelled, or another process has it now."""


class ModelGone(ApiError):
    """A call's model is not in the catalogue any more."""

    def __init__(self, model_id: int) -> None:
        super().__init__(f"There is no model {model_id} in the catalogue any more.")


class Work:
    """What is left of a repricing that this process has taken.

    Args:
        repricing: as it stands in the database; `sums` and `cursor` of it are kept up.
    """

    def __init__(
        self, db: Database, store: TelemetryStore, catalogue: Catalogue, book: PriceBook, repricing: Repricing
    ) -> None:
        self._db = db
        self._store = store
        self._catalogue = catalogue
        self._book = book
        self._repricing = repricing
        self._pace = Pace()
        self.longest_wait = 0.0
        """Seconds that others waited for one step, at most."""
        self._noted = time.monotonic()
        self._sums = CostSums(**repricing.sums)
        self._stretches = deque(self._stretches_left())
        self._after: Position | None = None
        cursor = repricing.cursor
        if cursor is not None and self._stretches and cursor[0] == (self._stretches[0].model_id or 0):
            self._after = Position(*cursor[1:])

    def step(self) -> float | None:
        """Do what comes next; gives how many seconds others waited for it, None when nothing is left.

        Raises Lost, ModelGone, TotalsFull, DatabaseUnavailable; then the step was not done.
        """
        if not self._stretches:
            return None
        stretch, now_micros = self._stretches[0], to_micros(datetime.now(UTC))
        with self._store.reading() as reading:
            places = reading.places(stretch, self._after, self._pace.rows)
            row_ids = [place.id for place in places]
            outlook = reading.outlook(row_ids, stretch, self._price, now_micros, self._pace.changes)
        if not places:
            self._stretches.popleft()
            self._after = None
            return 0.0
        after = places[outlook.rows - 1]
        self._pace.looked(outlook.rows)
        waited = self._write(outlook, [stretch.model_id or 0, *after], now_micros)
        self._after = after
        return waited

    def note(self, connection: Connection) -> None:
        """Write down how far it is; raises Lost where it is not this process's to do that."""
        repricing = self._repricing
        repricing.sums = self._sums._asdict()
        values = {"sums": repricing.sums, "cursor": repricing.cursor, "beat": Repricing.beat + 1}
        mine = (Repricing.id == repricing.id) & (Repricing.holder == repricing.holder)
        noted = connection.execute(update(Repricing).where(mine, Repricing.state == State.RUNNING).values(values))
        if noted.rowcount == 0:
            raise Lost
        self._noted = time.monotonic()

    def _write(self, outlook: Outlook, cursor: list[int], now_micros: int) -> float:
        self._repricing.cursor = cursor

        def with_it(connection: Connection, done: CostSums) -> None:
            self._sums = self._sums.plus(outlook.staying).plus(done)
            self.note(connection)

        if outlook.row_ids and not self._repricing.dry_run:
            held = self._store.reprice(outlook.row_ids, self._price, now_micros, with_it)
            self._pace.wrote(len(outlook.row_ids), held.working)
            self.longest_wait = max(self.longest_wait, held.in_all)
            return held.in_all
        self._sums = self._sums.plus(outlook.staying).plus(outlook.changing)
        self._repricing.sums = self._sums._asdict()
        if time.monotonic() - self._noted >= NOTE_SECONDS:
            with self._db.write() as connection:
                self.note(connection)
        return 0.0

    def _price(self, call: CallRow) -> Priced | None:
        model = self._catalogue.get(call.model_id)
        if model is None:
            raise ModelGone(call.model_id)
        return price(self._book, model, call)

    def _stretches_left(self) -> Iterator[Stretch]:
        asked, cursor = self._repricing, self._repricing.cursor
        start = None if asked.since is None else to_micros(asked.since)
        if asked.model_id is not None:
            models: list[int | None] = [asked.model_id]
        elif asked.model is not None:
            models = [model.id for model in named(self._catalogue, None, asked.model, asked.provider)]
        else:
            models = [None]
        for model_id in models:
            if cursor is None or (model_id or 0) >= cursor[0]:
                yield Stretch(model_id, asked.project_id, start, asked.bound)

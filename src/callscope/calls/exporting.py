"""Calls taken out as CSV, NDJSON or Parquet: any number of them, in constant memory, newest first.

Each batch is read in a short transaction of its own, so a slow reader holds up nothing, and what is erased meanwhile is
not read any more.
"""

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any

from callscope.accounts.projects import ProjectDirectory
from callscope.api.errors import TooMany
from callscope.api.rights import Caller
from callscope.calls import payload
from callscope.calls.presenting import MISSING, price_source
from callscope.db.types import NANOS_PER_DOLLAR
from callscope.ingest.directory import Directory
from callscope.ingest.row import MICROS_PER_DAY, ErrorKind, ServiceTier, Status, Violation
from callscope.pricing.catalogue import Catalogue
from callscope.store.protocol import TelemetryStore
from callscope.store.queries import CallFilter, Exported, Onward

PLACES_AT_ONCE = 500
PAYLOADS_AT_ONCE = 50
"""Calls that are gone through in one transaction; fewer where each may bring 4 MB of text."""
MOST_BYTES = 1_000_000
"""Of packed payloads in one transaction; a single call may have more."""
PIECE_BYTES = 250_000
"""Of unpacked payloads a piece of the file is ended: so an export holds about one large call at a time."""
AT_ONCE = 4
OF_ONE_CALLER = 2
"""Exports that one process makes at a time."""


class Format(StrEnum):
    """What an export is written as."""

    CSV = "csv"
    NDJSON = "ndjson"
    PARQUET = "parquet"


class Kind(StrEnum):
    """What a column holds, which says how it is written."""

    TEXT = "text"
    NUMBER = "number"
    FLOAT = "float"
    MONEY = "money"
    TIME = "time"
    FLAG = "flag"
    LIST = "list"
    JSON = "json"


_T, _N, _F, _M, _B, _L = Kind.TEXT, Kind.NUMBER, Kind.FLOAT, Kind.MONEY, Kind.FLAG, Kind.LIST
COLUMNS: Mapping[str, Kind] = {
    "id": _N, "created_at": Kind.TIME, "project": _T, "environment": _T, "model_id": _N, "model": _T, "provider": _T,
    "request_model": _T, "status": _T, "error_kind": _T, "error_type": _T, "error_message": _T,
    "prompt_tokens": _N, "completion_tokens": _N, "total_tokens": _N, "cached_tokens": _N, "cache_write_tokens": _N,
    "cache_write_1h_tokens": _N, "reasoning_tokens": _N, "audio_input_tokens": _N, "audio_output_tokens": _N,
    "image_tokens": _N, "server_tool_calls": _N, "usage_estimated": _B, "latency_ms": _F, "time_to_first_token_ms": _F,
    "service_tier": _T, "estimated_cost": _M, "input_cost": _M, "cached_input_cost": _M, "cache_write_cost": _M,
    "output_cost": _M, "other_cost": _M, "price_source": _T, "cache_hit": _B, "saved_cost": _M, "refused": _T,
    "policy_violation": _L, "user_id": _N, "api_key_id": _N, "end_user": _T, "session_id": _T, "trace_id": _T,
    "span_id": _T, "parent_span_id": _T, "response_id": _T, "name": _T, "tags": _L, "rating": _F, "ratings": _N,
    "witnesses": _N,
}  # fmt: skip
"""The columns of an export, in order, under the API's names. Costs in US dollars."""
PAYLOAD_COLUMNS: Mapping[str, Kind] = dict.fromkeys(payload.PARTS, Kind.JSON)
"""And those of what people wrote, where they are asked for."""

Values = tuple[Any, ...]
"""One call: microseconds, nano-dollars, lists as JSON, None; in the order of the columns."""

_STATUS = {int(one): one.name for one in Status}
_ERRORS = {int(one): None if one is ErrorKind.none else one.name for one in ErrorKind}
_TIERS = {int(one): one.name for one in ServiceTier}
_VIOLATIONS = {
    bits: json.dumps([one.name for one in Violation if bits & one]) if bits else None
    for bits in range(sum(Violation) + 1)
}
_MINUTES = [f"{minute // 60:02d}:{minute % 60:02d}" for minute in range(24 * 60)]
_TO_QUOTE = re.compile(r'[",\r\n]')
_FORMULA = frozenset("=+-@\t\r\n＝＋－＠")  # East Asian spreadsheets take the wide signs for the narrow ones


class TooManyExports(TooMany):
    """As many exports as may run are running, or as many of one caller's."""

    def __init__(self, whose: str, most: int) -> None:
        super().__init__(f"{most} {whose} are running already. Try again when one has ended.", retry_after=10)


class Exporter:
    """Reads calls and writes them out; one for each process."""

    def __init__(
        self, store: TelemetryStore, projects: ProjectDirectory, directory: Directory, catalogue: Catalogue
    ) -> None:
        self._store = store
        self._projects = projects
        self._directory = directory
        self._catalogue = catalogue
        self._running: Counter[Caller] = Counter()
        self._lock = threading.Lock()

    def take_room(self, caller: Caller) -> Callable[[], None]:
        """Take one of the places for exports; gives what gives it back. Raises TooManyExports."""
        whose = caller.in_any_session()
        with self._lock:
            if self._running.total() >= AT_ONCE:
                raise TooManyExports("exports", AT_ONCE)
            if self._running[whose] >= OF_ONE_CALLER:
                raise TooManyExports("exports of yours", OF_ONE_CALLER)
            self._running[whose] += 1

        def give_back() -> None:
            with self._lock:
                self._running.subtract([whose])
                self._running += Counter()  # forgets who has none

        return give_back

    def written(
        self, wanted: CallFilter, form: Format, *, payloads: bool, told: Callable[[int], None] = lambda _: None
    ) -> Iterator[bytes]:
        """The file, piece by piece. What goes wrong in between is raised, and then the file is not whole.

        Args:
            payloads: whether what people wrote is in it.
            told: of how many calls more have been read, at each step.

        Raises ParquetMissing at once where what it needs is not installed.
        """
        columns = {**COLUMNS, **PAYLOAD_COLUMNS} if payloads else COLUMNS
        batches = self._batches(wanted, payloads, told)
        if form is Format.CSV:
            return _as_csv(columns, batches)
        if form is Format.NDJSON:
            return _as_ndjson(columns, batches)
        from callscope.calls.parquet import as_parquet

        return as_parquet(columns, batches)

    def _batches(self, wanted: CallFilter, payloads: bool, told: Callable[[int], None]) -> Iterator[list[Values]]:
        names = _Names(self._projects, self._directory, self._catalogue)
        places = PAYLOADS_AT_ONCE if payloads else PLACES_AT_ONCE
        begin: Onward | None = None
        while True:
            with self._store.reading() as reading:
                rows, begin = reading.export(wanted, begin, places, MOST_BYTES if payloads else None)
                bodies = reading.payloads(rows) if payloads else {}
            values = [_values(row, names) for row in rows]
            told(len(values))
            if payloads:
                yield from _with_texts(values, bodies)
            else:
                yield values
            if begin is None:
                return


class _Names:
    """The names that go with numbers; each is looked up once."""

    def __init__(self, projects: ProjectDirectory, directory: Directory, catalogue: Catalogue) -> None:
        self._projects, self._directory, self._catalogue = projects, directory, catalogue
        self._known_projects: dict[int, str] = {}
        self._known_environments: dict[int, str] = {}
        self._known_models: dict[int, tuple[str, str]] = {}

    def project(self, number: int) -> str:
        if number not in self._known_projects:
            found = self._projects.by_id(number)
            self._known_projects[number] = found.name if found else MISSING
        return self._known_projects[number]

    def environment(self, number: int) -> str:
        if number not in self._known_environments:
            self._known_environments |= {number: MISSING} | self._directory.environment_names((number,))
        return self._known_environments[number]

    def model(self, number: int) -> tuple[str, str]:
        """Name and provider."""
        if number not in self._known_models:
            found = self._catalogue.get(number)
            self._known_models[number] = (found.name, found.provider) if found else (MISSING, MISSING)
        return self._known_models[number]


def _values(row: Exported, names: _Names) -> Values:
    model, provider = names.model(row.model_id)
    ratings = row[46:51]
    count = sum(ratings)
    cost = row.estimated_cost
    if cost is None and (row.cache_hit or row.refused is not None):
        cost = 0
    return (
        row.id, row.created_at, names.project(row.project_id), names.environment(row.environment_id), row.model_id,
        row.model_name or model, provider, row.request_model, _STATUS[row.status], _ERRORS[row.error_kind],
        row.error_type, row.error_message, row.prompt_tokens, row.completion_tokens,
        row.prompt_tokens + row.completion_tokens, *row[13:21], bool(row.usage_estimated), row.latency_ms,
        row.time_to_first_token_ms, _TIERS[row.service_tier], cost, *row[26:31],
        price_source(row.price_source or 0), bool(row.cache_hit), row.saved_cost, row.refused,
        _VIOLATIONS[row.violation],
        *row[36:45], row.tags,
        sum((i + 1) * n for i, n in enumerate(ratings)) / count if count else None, count, row.witnesses,
    )  # fmt: skip


def _with_texts(calls: Sequence[Values], bodies: Mapping[int, Sequence[bytes]]) -> Iterator[list[Values]]:
    """The calls with what people wrote, each unpacked when it is its turn; a large one ends its piece."""
    piece: list[Values] = []
    size = 0
    for call in calls:
        document, unpacked = payload.unpack(bodies.get(call[0], ()))
        piece.append((*call, *(document.get(part) for part in PAYLOAD_COLUMNS)))
        size += unpacked
        del document
        if size >= PIECE_BYTES:
            yield piece
            piece, size = [], 0
    if piece:
        yield piece


def _as_csv(columns: Mapping[str, Kind], batches: Iterator[list[Values]]) -> Iterator[bytes]:
    """With one line of names; a list or JSON as JSON text. A cell that a spreadsheet would run begins with an apostrophe.

    What the csv module would write, in half of its time: column by column, and looking for what must be quoted in all
    cells of one at once.
    """
    writers: dict[Kind, Callable[[Sequence[Any]], list[str]]] = {
        Kind.NUMBER: _number_cells, Kind.FLOAT: _number_cells, Kind.TEXT: _text_cells, Kind.LIST: _text_cells,
        Kind.MONEY: _money_cells, Kind.TIME: _MomentText().cells, Kind.FLAG: _flag_cells, Kind.JSON: _json_cells,
    }  # fmt: skip
    head = f"{','.join(columns)}\r\n"  # goes with the first calls: what cannot be read at all is then no file
    for batch in batches:
        cells = [
            writers[kind](column[:1]) * len(column) if _is_same(kind, column) else writers[kind](column)
            for kind, column in zip(columns.values(), zip(*batch, strict=True), strict=bool(batch))
        ]
        yield (head + "\r\n".join([*map(",".join, zip(*cells, strict=True)), ""])).encode(errors="replace")
        head = ""
    if head:
        yield head.encode()


def _is_same(kind: Kind, column: Sequence[Any]) -> bool:
    """Whether all cells of a column are the same, as in a third of them. Zeros of two signs are equal, and so are 1 and true."""
    if kind in {Kind.FLOAT, Kind.JSON}:
        return False
    return bool(column[0] == column[-1]) and column.count(column[0]) == len(column)


def _number_cells(column: Sequence[float | None]) -> list[str]:
    return ["" if number is None else str(number) for number in column]


def _text_cells(column: Sequence[str | None]) -> list[str]:
    cells = [text or "" for text in column]
    together = "\n".join(cells)
    if (
        together.count("\n") >= len(cells)
        or any(sign in together for sign in '",\r')
        or not _FORMULA.isdisjoint([text[:1] for text in cells])
    ):
        return [_quoted(harmless(text)) for text in cells]
    return cells


def _money_cells(column: Sequence[int | None]) -> list[str]:
    return ["" if nanos is None else dollars_text(nanos) for nanos in column]


def _flag_cells(column: Sequence[bool | None]) -> list[str]:
    return ["" if flag is None else "true" if flag else "false" for flag in column]


def _json_cells(column: Sequence[Any]) -> list[str]:
    return ["" if value is None else _quoted(harmless(payload.as_text(value))) for value in column]


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if _TO_QUOTE.search(text) else text


def _as_ndjson(columns: Mapping[str, Kind], batches: Iterator[list[Values]]) -> Iterator[bytes]:
    """One object a line, with the columns as its fields."""
    moment = _MomentText()
    money = [name for name, kind in columns.items() if kind is Kind.MONEY]
    lists = [name for name, kind in columns.items() if kind is Kind.LIST]
    for batch in batches:
        lines = []
        for values in batch:
            told = dict(zip(columns, values, strict=True))
            told["created_at"] = moment(told["created_at"])
            for name in money:
                if told[name]:
                    told[name] /= NANOS_PER_DOLLAR
            for name in lists:
                told[name] = list_of(told[name])
            lines.append(payload.json_bytes(told))
        yield b"".join(line + b"\n" for line in lines)


@lru_cache(maxsize=4_096)
def list_of(text: str | None) -> list[str]:
    """A list that is stored as JSON. Many calls have the same tags."""
    values: list[str] = json.loads(text) if text else []
    return values


def harmless(text: str) -> str:
    """A text as a cell that no spreadsheet takes for a formula."""
    return "'" + text if text and text[0] in _FORMULA else text


def dollars_text(nanos: int) -> str:
    """Nano-dollars as dollars, exact, without zeros at the end."""
    if not nanos:
        return "0"
    if 0 < nanos < NANOS_PER_DOLLAR:  # what nearly all calls cost
        return f"0.{nanos:09d}".rstrip("0")
    sign, nanos = ("-", -nanos) if nanos < 0 else ("", nanos)
    whole, part = divmod(nanos, NANOS_PER_DOLLAR)
    return f"{sign}{whole}.{part:09d}".rstrip("0").rstrip(".") if part else f"{sign}{whole}"


class _MomentText:
    """Microseconds as ISO 8601 in UTC. Neighbours share their day, so it is worked out once."""

    def __init__(self) -> None:
        self._day, self._day_text = -1, ""

    def __call__(self, micros: int) -> str:
        day, rest = divmod(micros, MICROS_PER_DAY)
        if day != self._day:
            self._day = day
            self._day_text = datetime.fromtimestamp(day * 86_400, UTC).strftime("%Y-%m-%d")
        second, part = divmod(rest, 1_000_000)
        text = f"{self._day_text}T{_MINUTES[second // 60]}:{second % 60:02d}"
        return f"{text}.{part:06d}Z" if part else f"{text}Z"

    def cells(self, column: Sequence[int]) -> list[str]:
        """A column of them."""
        return [self(micros) for micros in column]

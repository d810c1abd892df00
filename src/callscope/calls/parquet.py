"""Calls as Parquet, row group by row group. Needs the package pyarrow, which is an extra."""

import io
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from callscope.api.errors import ApiError
from callscope.calls.exporting import Kind, Values, list_of
from callscope.calls.payload import as_text

GROUP_ROWS = 10_000
"""Calls that are kept in memory until they are written together."""
GROUP_ROWS_WITH_TEXT = 500
GROUP_CHARS = 4_000_000
"""Of their texts: a single call may bring a million."""


class ParquetMissing(ApiError):
    """What writes Parquet is not installed."""

    status = 501

    def __init__(self) -> None:
        super().__init__(
            "Parquet cannot be written here: the package pyarrow (the extra callscope[parquet]) is not in the environment of "
            "this server; docs/operations.md says how to add it. CSV and NDJSON work as it is."
        )


def as_parquet(columns: Mapping[str, Kind], batches: Iterator[list[Values]]) -> Iterator[bytes]:
    """The file, piece by piece. Its end says where everything is: without it no reader takes it for whole.

    Raises ParquetMissing at once.
    """
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise ParquetMissing from None
    types: dict[Kind, Any] = {
        Kind.TEXT: pa.string(), Kind.NUMBER: pa.int64(), Kind.FLOAT: pa.float64(), Kind.MONEY: pa.decimal128(18, 9),
        Kind.TIME: pa.timestamp("us", "UTC"), Kind.FLAG: pa.bool_(), Kind.LIST: pa.list_(pa.string()),
        Kind.JSON: pa.string(),
    }  # fmt: skip
    schema = pa.schema([(name, types[kind]) for name, kind in columns.items()])

    def group(rows: list[Values]) -> Any:
        told = zip(*rows, strict=True)
        arrays = [
            pa.array(_stored(kind, values), types[kind]) for kind, values in zip(columns.values(), told, strict=True)
        ]
        return pa.Table.from_arrays(arrays, schema=schema)

    kinds = list(columns.values())
    texts = kinds.index(Kind.JSON) if Kind.JSON in kinds else 0  # where the columns of text begin, which come last
    most = GROUP_ROWS_WITH_TEXT if texts else GROUP_ROWS

    def pieces() -> Iterator[bytes]:
        sink = _Sink()
        writer = parquet.ParquetWriter(sink, schema, compression="zstd")  # closed at the end only: that makes it whole
        waiting: list[Values] = []
        chars = 0
        for batch in batches:
            if texts:
                written = [(*call[:texts], *_stored(Kind.JSON, call[texts:])) for call in batch]
                chars += sum(len(text) for call in written for text in call[texts:] if text is not None)
                waiting += written
            else:
                waiting += batch
            if len(waiting) >= most or chars >= GROUP_CHARS:
                writer.write_table(group(waiting))
                waiting, chars = [], 0
            yield sink.taken()
        if waiting:
            writer.write_table(group(waiting))
        writer.close()
        yield sink.taken()

    return pieces()


class _Sink(io.RawIOBase):
    """A file that is only written, whose bytes are taken away as they come."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any) -> int:
        """Keep some bytes."""
        piece = bytes(data)
        self._pieces.append(piece)
        self._length += len(piece)
        return len(piece)

    def tell(self) -> int:
        """How many bytes were written in all."""
        return self._length

    def taken(self) -> bytes:
        """What was written since it was last taken."""
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def _stored(kind: Kind, values: tuple[Any, ...]) -> list[Any] | tuple[Any, ...]:
    if kind is Kind.MONEY:
        return [None if value is None else Decimal(value).scaleb(-9) for value in values]
    if kind is Kind.LIST:
        return [list_of(value) for value in values]
    if kind is Kind.JSON:
        return [None if value is None else as_text(value) for value in values]
    if kind is Kind.TEXT:
        return [value if value is None else value.encode(errors="replace").decode() for value in values]
    return values

"""What an admin sees of the server at a glance: the same measures that Prometheus reads, as one answer."""

import shutil
from pathlib import Path

from pydantic import BaseModel, Field

from callscope import __version__
from callscope.api.health import Check
from callscope.db.engine import Database, DatabaseUnavailable
from callscope.db.migrate import HEAD
from callscope.monitoring.measures import Values


class QueueOut(BaseModel):
    """What waits to be written, over all processes, and how much may."""

    rows: int
    max_rows: int
    size_bytes: int
    max_bytes: int


class DatabaseOut(BaseModel):
    """The database, and the disk that it is on."""

    kind: str = Field(examples=["sqlite"])
    schema_version: str
    size_bytes: int | None = Field(description="Null while it is not known.")
    wal_bytes: int | None = Field(description="SQLite's log of what is not in its file yet; null on PostgreSQL.")
    disk_free_bytes: int | None = Field(description="Null on PostgreSQL, whose disk is another machine's.")
    disk_bytes: int | None


class DetailsOut(BaseModel):
    """The state of the server."""

    version: str
    prices: str | None = Field(description="Of when the price list is; null until it is loaded.")
    processes: int
    memory_bytes: int = Field(description="Of all processes; what they share is in it once for each.")
    database: DatabaseOut
    queue: QueueOut
    troubles: dict[str, str | None] = Field(
        description="Why the server is not ready, by what is checked; null: all is well.", examples=[{"queue": None}]
    )
    retention: str | None = Field(
        description="Why nothing is deleted of what projects keep for a time only; null: it is.", examples=[None]
    )
    rows_stored: int = Field(description="Calls and ratings written since the start: two looks give the rate.")
    lag_seconds: dict[str, float] = Field(
        description="How far what follows the writes is behind, such as the index of texts."
    )


def details(values: Values, db: Database, troubles: dict[str, str | None], retention: Check) -> DetailsOut:
    """The measures of all processes and of the server as one answer. Looks at disk and database, so for a thread."""

    def number(name: str, labels: tuple[str, ...] = ()) -> int:
        return int(values.get((name, labels), [0])[0])

    folder = Path(db.url.database or "").absolute().parent
    disk = shutil.disk_usage(folder) if db.is_sqlite and folder.is_dir() else None
    info = next((labels for name, labels in values if name == "callscope_info"), ())
    return DetailsOut(
        version=__version__,
        prices=info[2] or None if info else None,
        processes=number("callscope_processes"),
        memory_bytes=number("process_resident_memory_bytes"),
        database=DatabaseOut(
            kind="sqlite" if db.is_sqlite else "postgresql",
            schema_version=HEAD,
            size_bytes=number("callscope_database_bytes") or None,
            wal_bytes=number("callscope_database_wal_bytes") if db.is_sqlite else None,
            disk_free_bytes=disk.free if disk else None,
            disk_bytes=disk.total if disk else None,
        ),
        queue=QueueOut(
            rows=number("callscope_queue_rows"),
            max_rows=number("callscope_queue_max_rows"),
            size_bytes=number("callscope_queue_bytes"),
            max_bytes=number("callscope_queue_max_bytes"),
        ),
        troubles=troubles,
        retention=_unless_away(retention),
        rows_stored=number("callscope_ingest_rows_total", ("stored",)),
        lag_seconds={
            labels[0]: found[0] for (name, labels), found in values.items() if name == "callscope_lag_seconds"
        },
    )


def _unless_away(check: Check) -> str | None:
    try:
        return check()
    except DatabaseUnavailable:  # the troubles say that
        return None

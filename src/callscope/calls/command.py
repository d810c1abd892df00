"""`callscope export`: takes calls out of the database into a file, whether or not a server runs beside it."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from callscope.accounts.projects import ProjectDirectory
from callscope.api.errors import invalid
from callscope.api.rights import Caller, Role
from callscope.api.times import Moment
from callscope.calls.exporting import Exporter, Format
from callscope.config import Config
from callscope.db.types import to_micros
from callscope.db.versions import Versions
from callscope.ingest.directory import Directory
from callscope.logs import configure
from callscope.metrics.filters import Chosen, Selector
from callscope.pricing.catalogue import Catalogue
from callscope.progress import progress
from callscope.server import CannotStart, current_database
from callscope.store.queries import CallFilter
from callscope.store.sql.store import SqlStore

STDOUT = Path("-")
_CALLER = Caller(name="command line", role=Role.ADMIN)


class FileExists(CannotStart):
    """The file is there already."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is there already; name another file, or delete it first")


def run(config: Config, names: Chosen, wanted: CallFilter, form: Format, output: Path, *, payloads: bool) -> int:
    """Write all calls that match to a file; gives how many there are.

    The file has its name only when it is whole: until then it ends in `.part`, and is deleted if something goes wrong.

    Raises CannotStart, FileExists, ApiError (a project that does not exist, Parquet without its package), OSError,
    DatabaseUnavailable.
    """
    configure("warning", config.log_format)
    if output != STDOUT and output.exists():
        raise FileExists(output)
    count = 0
    with current_database(config) as db, progress("Exporting", "calls") as shown:
        versions = Versions(db)
        catalogue = Catalogue(db, versions)
        projects, directory = ProjectDirectory(db, versions), Directory(db, catalogue, versions)
        selection = Selector(projects, directory, catalogue).selection(_CALLER, names)
        exporter = Exporter(SqlStore(db), projects, directory, catalogue)

        def told(more: int) -> None:
            nonlocal count
            count += more
            shown(count, count)

        pieces = exporter.written(replace(wanted, selection=selection), form, payloads=payloads, told=told)
        with _file(output) as write:
            for piece in pieces:
                write(piece)
    return count


def told_format(name: str | None, output: Path) -> Format:
    """The format that was named, else the one that the file's name ends in. Raises CannotStart where neither says."""
    ending = output.suffix.removeprefix(".").lower()
    if name is None and ending not in set(Format):
        raise CannotStart(f"say what {output} is written as: --format csv, ndjson or parquet")
    return Format(name or ending)


def told_time(option: str, text: str | None) -> int | None:
    """A moment in microseconds, as the API takes it. Raises Invalid."""
    if text is None:
        return None
    try:
        return to_micros(TypeAdapter(Moment).validate_python(text))
    except ValidationError:
        raise invalid(option, "is not a time; write 2026-11-01 or 2026-11-01T09:30:00Z") from None


@contextmanager
def _file(path: Path) -> Iterator[Callable[[bytes], object]]:
    """What writes to the file of this name, which is there once the block ends well."""
    if path == STDOUT:
        yield sys.stdout.buffer.write
        sys.stdout.buffer.flush()
        return
    part = path.with_name(f"{path.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        with open(descriptor, "wb") as file:
            yield file.write
            file.flush()
            os.fsync(file.fileno())
        os.link(part, path)  # which does not replace what has come there meanwhile
    finally:
        part.unlink()

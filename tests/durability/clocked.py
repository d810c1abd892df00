"""`python clocked.py FILE ARGUMENT …`: the command line of Callscope by a clock that is off, as the file says, while it runs.

The file has the microseconds that the clock is off, as eight bytes.
"""

import mmap
import struct
import sys
import time
from datetime import datetime, timedelta, tzinfo
from pathlib import Path


def main(file: Path, arguments: list[str]) -> None:
    """Run it."""
    with file.open("rb") as opened:
        off = mmap.mmap(opened.fileno(), 8, access=mmap.ACCESS_READ)

    def micros() -> int:
        return int(struct.unpack_from("<q", off)[0])

    class Shifted(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:  # type: ignore[override]  # as everything else that it makes
            return datetime.now(tz) + timedelta(microseconds=micros())

    seconds, nanos = time.time, time.time_ns
    time.time = lambda: seconds() + micros() / 1e6
    time.time_ns = lambda: nanos() + micros() * 1_000

    import callscope.app
    from callscope.cli import main as run

    assert callscope.app
    for name, module in list(sys.modules.items()):  # after pydantic has seen what the class is
        if name.startswith("callscope.") and getattr(module, "datetime", None) is datetime:
            module.datetime = Shifted  # type: ignore[attr-defined]  # it has just been seen there
    run(arguments)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])

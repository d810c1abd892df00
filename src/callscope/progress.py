"""How far a long command is: a bar where a person watches, else a plain line now and then. On standard error."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LINE_EVERY_SECONDS = 10.0

Step = Callable[[int, int], None]
"""Told how many are done, and of how many."""


@contextmanager
def progress(what: str, unit: str) -> Iterator[Step]:
    """Show the progress of `what`, counted in `unit`, until the block ends."""
    if not sys.stderr.isatty():
        yield _lines(what, unit)
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(what: str, unit: str) -> Step:
    last = time.monotonic()

    def step(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= LINE_EVERY_SECONDS:
            last = now
            print(f"{what}: {done:,} of {total:,} {unit}", file=sys.stderr, flush=True)  # noqa: T201  # for the terminal

    return step

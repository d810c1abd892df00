"""What `callscope demo` shows while it works."""

import time

from callscope.config import Config
from callscope.demo.run import Done, Wanted, fill
from callscope.progress import progress
from callscope.server import check_folders


def run(config: Config, *, calls: int, days: int, seed: int) -> None:
    """Fill the database of `config` with a demo that ends now, with its progress.

    Raises CannotStart where the data folder cannot be written, DatabaseUnavailable.
    """
    check_folders(config)
    wanted = Wanted(calls, days, seed, time.time_ns() // 1000)
    with progress("Logging", "calls") as step:
        done = fill(config, wanted, lambda sent: step(sent, calls))
    print(_sentence(done))  # noqa: T201  # the command's answer


def _sentence(done: Done) -> str:
    speed = done.calls / max(done.seconds, 0.001)
    known = done.calls - done.new_calls
    before = f" ({known:,} of them were there already)" if known else ""
    return f"{done.calls:,} calls{before} and {done.ratings:,} ratings in {done.seconds:.1f} s, {speed:,.0f} calls/s."

"""What one call cost, in parts."""

from typing import NamedTuple

MAX_DOLLARS = 10_000
"""What one call may cost."""


class Cost(NamedTuple):
    """Nano-dollars. The parts add up to `total` exactly."""

    total: int
    input: int
    cached_input: int
    cache_write: int
    output: int
    other: int

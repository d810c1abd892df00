"""Latency histograms with a bound on the error of every percentile.

Bins grow by a constant factor, as in DDSketch (Masson, Rim, Lee 2019): bin i > 0 holds the values in
(GAMMA^(i-1), GAMMA^i] microseconds, and answers with the point whose relative distance to both ends is the same,
(GAMMA-1)/(GAMMA+1) = 0.99 %. Bin 0 holds what is below a microsecond, the last bin what is beyond the largest
latency that is taken in. Counts add up exactly over time, models and processes, because the bins are fixed.
"""

import math
from array import array
from collections.abc import Iterable, Mapping, Sequence

GAMMA = 1.02
_LOG_GAMMA = math.log(GAMMA)
MAX_MICROS = 7 * 86_400_000_000
OVERFLOW_BIN = math.ceil(math.log(MAX_MICROS) / _LOG_GAMMA) + 1
_WIDTHS = (("H", 0xFFFF), ("I", 0xFFFF_FFFF), ("Q", 0xFFFF_FFFF_FFFF_FFFF))


def bin_of(micros: int) -> int:
    """The bin of a latency in microseconds."""
    if micros <= 1:
        return 0 if micros < 1 else 1
    if micros > MAX_MICROS:
        return OVERFLOW_BIN
    return max(1, math.ceil(math.log(micros) / _LOG_GAMMA - 1e-9))


def bin_value(index: int) -> float:
    """The latency in microseconds that stands for a bin; within 1 % of every value in it."""
    if index <= 0:
        return 0.0
    if index >= OVERFLOW_BIN:
        return float(MAX_MICROS)
    return float(2.0 * GAMMA**index / (GAMMA + 1.0))


def bin_upper(index: int) -> float:
    """The largest latency in microseconds that falls into a bin."""
    return 0.0 if index <= 0 else float(GAMMA**index)


def pack(counts: Mapping[int, int]) -> bytes:
    """Counts by bin as bytes: a width code, the bins, the counts. Bins with no calls are left out.

    Raises ValueError for a negative count, which no sequence of correct deltas can lead to.
    """
    present = sorted((index, count) for index, count in counts.items() if count)
    if not present:
        return b""
    smallest, largest = min(count for _, count in present), max(count for _, count in present)
    if smallest < 0:
        raise ValueError(f"a histogram cannot hold {smallest} calls")
    code, (typecode, _) = next((i, width) for i, width in enumerate(_WIDTHS) if largest <= width[1])
    bins = array("H", (index for index, _ in present))
    values = array(typecode, (count for _, count in present))
    return bytes((code,)) + bins.tobytes() + values.tobytes()


def unpack(data: bytes | None) -> tuple[Sequence[int], Sequence[int]]:
    """The bins and the counts of a packed histogram."""
    if not data:
        return (), ()
    typecode = _WIDTHS[data[0]][0]
    values = array(typecode)
    size = (len(data) - 1) // (2 + values.itemsize)
    bins = array("H", data[1 : 1 + 2 * size])
    values.frombytes(data[1 + 2 * size :])
    return bins, values


def added(data: bytes | None, delta: Mapping[int, int]) -> bytes:
    """A packed histogram with a delta added to it."""
    counts = dict(zip(*unpack(data), strict=True))
    for index, count in delta.items():
        counts[index] = counts.get(index, 0) + count
    return pack(counts)


def merged(parts: Iterable[bytes | None]) -> dict[int, int]:
    """The sum of packed histograms, as counts by bin."""
    totals = [0] * (OVERFLOW_BIN + 1)
    for data in parts:
        for index, count in zip(*unpack(data), strict=True):
            totals[index] += count
    return {index: count for index, count in enumerate(totals) if count}


def percentile(counts: Mapping[int, int], share: float) -> float | None:
    """The nearest-rank percentile in milliseconds, within 1 % of the true one; None where nothing was measured.

    Args:
        counts: calls by bin.
        share: 0.95 for the 95th percentile.
    """
    total = sum(counts.values())
    if total == 0:
        return None
    rank = max(1, math.ceil(share * total - 1e-9))
    seen = 0
    for index in sorted(counts):
        seen += counts[index]
        if seen >= rank:
            return round(bin_value(index) / 1000, 6)
    raise AssertionError("the ranks of a histogram end at its total")

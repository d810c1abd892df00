"""Latency histograms with a bound on the error of every percentile.

Bins grow by a constant factor, as in DDSketch (Masson, Rim, Lee 2019): bin i > 0 holds the values in
(GAMMA^(i-1), GAMMA^i] microseconds, and answers with the point whose relative distance to both ends is the same,
(GAMMA-1)/(GAMMA+1) = 0.99 %. Bin 0 holds what is below a microsecond, the last bin what is beyond the largest
latency that is taken in. Counts add up exactly over time, models and processes, because the bins are fixed.
"""

import math
import sys
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate

GAMMA = 1.02
_LOG_GAMMA = math.log(GAMMA)
MAX_MICROS = 7 * 86_400_000_000
OVERFLOW_BIN = math.ceil(math.log(MAX_MICROS) / _LOG_GAMMA) + 1
_WIDTHS = (("H", 0xFFFF), ("I", 0xFFFF_FFFF), ("Q", 0xFFFF_FFFF_FFFF_FFFF))
_DENSE = 0x80


def _width(largest: int) -> tuple[int, str]:
    return next((code, typecode) for code, (typecode, limit) in enumerate(_WIDTHS) if largest <= limit)


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
    """Counts by bin as bytes; bins with no calls may be left out.

    A code for the width of a count and for the form, then either bins and counts (few, far apart), or the first bin
    and the counts from there on (many, close together): the second is added to without looking at each.

    Raises ValueError for a negative count, which no sequence of correct deltas can lead to.
    """
    present = {index: count for index, count in counts.items() if count}
    if not present:
        return b""
    values = list(present.values())
    if min(values) < 0:
        raise ValueError(f"a histogram cannot hold {min(values)} calls")
    code, typecode = _width(max(values))
    first, last = min(present), max(present)
    if (last - first + 1) > 2 * len(present):
        return bytes((code,)) + array("H", present).tobytes() + array(typecode, values).tobytes()
    dense = array(typecode, bytes((last - first + 1) * array(typecode).itemsize))
    for index, count in present.items():
        dense[index - first] = count
    return bytes((code | _DENSE,)) + array("H", (first,)).tobytes() + dense.tobytes()


def unpack(data: bytes | None) -> tuple[Sequence[int], Sequence[int]]:
    """The bins and the counts of a packed histogram; counts may be 0."""
    if not data:
        return (), ()
    code = data[0]
    values = array(_WIDTHS[code & ~_DENSE][0])
    if code & _DENSE:
        values.frombytes(data[3:])
        first = int.from_bytes(data[1:3], sys.byteorder)
        return range(first, first + len(values)), values
    size = (len(data) - 1) // (2 + values.itemsize)
    values.frombytes(data[1 + 2 * size :])
    return array("H", data[1 : 1 + 2 * size]), values


def added(data: bytes | None, delta: Mapping[int, int]) -> bytes:
    """A packed histogram with a delta added to it."""
    if not delta:
        return data or b""
    bins, values = unpack(data)
    if isinstance(bins, range) and isinstance(values, array):
        try:
            if min(delta) >= bins.start and max(delta) < bins.stop:
                for index, count in delta.items():
                    values[index - bins.start] += count
                return data[:3] + values.tobytes() if data and any(values) else b""
        except OverflowError:  # a count outgrew its width, or became negative: pack() tells which
            bins, values = unpack(data)
    counts = dict(zip(bins, values, strict=True))
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
    return percentiles(counts, (share,))[0]


def percentiles(counts: Mapping[int, int], shares: Sequence[float]) -> list[float | None]:
    """The same for several shares, with one look at the bins."""
    bins = sorted(counts)
    seen = list(accumulate(counts[index] for index in bins))
    if not seen or seen[-1] == 0:
        return [None] * len(shares)
    ranks = (max(1, math.ceil(share * seen[-1] - 1e-9)) for share in shares)
    # fewer digits would take a microsecond beyond its 1 %
    return [round(bin_value(bins[bisect_left(seen, rank)]) / 1000, 9) for rank in ranks]

"""Counters and histograms in memory, and their text for Prometheus.

An app has its own, so two apps in one process do not mix. A count is one dictionary access, without a lock: each measure
is written by one thread, and a reader may miss what is just being added. Labels are templates and fixed words, never
what a caller wrote, so there are as many series as there are routes.
"""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

Labels = tuple[str, ...]
Series = tuple[str, Labels]
Values = dict[Series, list[float]]
"""The state of all measures: of a counter one number; of a histogram the count of each bin, then the sum."""


@dataclass(frozen=True, slots=True)
class Description:
    """What a measure is: its name without prefix, a sentence, its labels, and for a histogram the bins' upper bounds."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    help: str
    labels: Labels = ()
    bounds: tuple[float, ...] = ()


class Counter:
    """A number that only rises."""

    def __init__(self, name: str, help: str, labels: Labels = ()) -> None:
        self.description = Description(name, "counter", help, labels)
        self.series: dict[Labels, list[float]] = {}

    def add(self, labels: Labels, by: float = 1) -> None:
        """Count `by` more."""
        found = self.series.get(labels)
        if found is None:
            found = self.series.setdefault(labels, [0])
        found[0] += by


class Histogram:
    """How often a value was at most each of these bounds, and the sum of the values."""

    def __init__(self, name: str, help: str, bounds: tuple[float, ...], labels: Labels = ()) -> None:
        self.description = Description(name, "histogram", help, labels, bounds)
        self.series: dict[Labels, list[float]] = {}

    def observe(self, labels: Labels, value: float) -> None:
        """Count one value."""
        bounds = self.description.bounds
        found = self.series.get(labels)
        if found is None:
            found = self.series.setdefault(labels, [0] * (len(bounds) + 2))
        found[bisect_left(bounds, value)] += 1
        found[-1] += value


def state(measures: Iterable[Counter | Histogram]) -> Values:
    """A copy of what these have counted."""
    return {
        (one.description.name, labels): list(values) for one in measures for labels, values in list(one.series.items())
    }


def add(into: Values, more: Values) -> None:
    """Add the counts of another process. Series of another shape, from another version, are left out."""
    for series, values in more.items():
        known = into.get(series)
        if known is None:
            into[series] = list(values)
        elif len(known) == len(values):
            into[series] = [one + other for one, other in zip(known, values, strict=True)]


def text(descriptions: Sequence[Description], values: Mapping[Series, Sequence[float]]) -> str:
    """Prometheus' text format, version 0.0.4."""
    by_name: dict[str, list[tuple[Labels, Sequence[float]]]] = {}
    for (name, labels), numbers in values.items():
        by_name.setdefault(name, []).append((labels, numbers))
    lines: list[str] = []
    for one in descriptions:
        found = by_name.get(one.name)
        if found is None:
            continue
        lines += [f"# HELP {one.name} {one.help}", f"# TYPE {one.name} {one.kind}"]
        for labels, numbers in sorted(found):
            lines += _lines(one, labels, numbers)
    return "\n".join(lines) + "\n"


def _lines(one: Description, labels: Labels, numbers: Sequence[float]) -> Iterable[str]:
    pairs = [f'{name}="{_escaped(value)}"' for name, value in zip(one.labels, labels, strict=True)]
    if one.kind != "histogram":
        yield f"{one.name}{_braced(pairs)} {_number(numbers[0])}"
        return
    below = 0.0
    for bound, count in zip([*map(_number, one.bounds), "+Inf"], numbers[:-1], strict=True):
        below += count
        le = f'le="{bound}"'
        yield f"{one.name}_bucket{_braced([*pairs, le])} {_number(below)}"
    yield f"{one.name}_sum{_braced(pairs)} {_number(numbers[-1])}"
    yield f"{one.name}_count{_braced(pairs)} {_number(below)}"


def _braced(pairs: Sequence[str]) -> str:
    return f"{{{','.join(pairs)}}}" if pairs else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _number(value: float) -> str:
    return str(int(value)) if value == int(value) else repr(value)

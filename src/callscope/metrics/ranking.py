"""Sums by label, the heaviest first, as the tables of an answer have them."""

from collections.abc import Callable, Mapping, Sequence

from callscope.metrics.naming import OTHER, Label, Namer
from callscope.metrics.presenting import Sums, add_to
from callscope.store.queries import Group, GroupBy

TOP_ROWS = 100


def labelled(
    namer: Namer, by: GroupBy | None, rows: Mapping[Group, Sums], weight: Callable[[Sums], tuple[int, ...]]
) -> list[tuple[Label, Sums]]:
    """Sums by label, heaviest first; what has nothing is left out."""
    if by is None:
        return []
    labels = namer.labels(by, rows)
    summed: dict[Label, dict[str, int]] = {}
    for key, sums in rows.items():
        if any(sums.values()):
            add_to(summed.setdefault(labels.get(key or 0, OTHER), {}), sums)
    return sorted(summed.items(), key=lambda item: (tuple(-w for w in weight(item[1])), item[0][:2]))


def folded(ranked: Sequence[tuple[Label, Sums]], rows: int = TOP_ROWS) -> Sequence[tuple[Label, Sums]]:
    """The first `rows`; what is beyond them is summed as `(other)`."""
    first = largest(ranked, rows)
    if len(first) == len(ranked):
        return ranked
    told_apart = {label for label, _ in first}
    rest: dict[str, int] = {}
    for label, sums in ranked:
        if label not in told_apart:
            add_to(rest, sums)
    return [*first, (OTHER, rest)]


def largest(ranked: Sequence[tuple[Label, Sums]], limit: int) -> Sequence[tuple[Label, Sums]]:
    """The first `limit` that have a name of their own; all, where there are no more."""
    return ranked if len(ranked) <= limit else [item for item in ranked if item[0].name != OTHER.name][:limit]

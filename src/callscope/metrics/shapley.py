"""How much each of several causes makes of a change, whatever the order in which they are thought of.

Changing one cause at a time splits a change, but what each makes depends on which were changed before it. Shapley's value
is the mean over all orders: the only split that adds up, treats causes alike, and gives nothing to a cause that changes
nothing (L. S. Shapley, "A Value for n-Person Games", 1953).
"""

from collections.abc import Sequence
from functools import cache
from math import factorial
from operator import mul


def shapley(worth: Sequence[int]) -> list[int]:
    """What each cause makes of `worth[-1] - worth[0]`, in whole numbers that add up to it.

    Args:
        worth: the value for each set of causes that have changed, by the set's bits: of n causes, 2^n values.

    What is left over by rounding goes to the largest remainders; a cause that changes nothing gets nothing.
    """
    causes = (len(worth) - 1).bit_length()
    orders = factorial(causes)
    parts = [divmod(sum(map(mul, weights, worth)), orders) for weights in _weights(causes)]
    values = [part[0] for part in parts]
    left = worth[-1] - worth[0] - sum(values)
    for cause in sorted(range(causes), key=lambda i: -parts[i][1])[:left]:
        values[cause] += 1
    return values


@cache
def _weights(causes: int) -> list[list[int]]:
    """For each cause, in how many of all orders each set's worth counts for it: as often more, once it has changed."""
    weights = [[0] * 2**causes for _ in range(causes)]
    for cause in range(causes):
        for before in range(2**causes):
            if not before >> cause & 1:
                orders = factorial(before.bit_count()) * factorial(causes - before.bit_count() - 1)
                weights[cause][before] -= orders
                weights[cause][before | 1 << cause] += orders
    return weights

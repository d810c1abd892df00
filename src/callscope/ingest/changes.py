"""What can happen to calls: the vocabulary between whoever knows something and the store that keeps it.

Every change comes down to one operation there: read the old row, write the new one, add the difference of their
contributions to the totals.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from callscope.ingest.row import CallRow, PriceSource
from callscope.pricing.cost import Cost

Priced = tuple[Cost, PriceSource]
Pricer = Callable[[CallRow], Priced | None]


class Payload(NamedTuple):
    """What people wrote and models answered, packed, and what a list shows of it; empty where there is nothing to show."""

    body: bytes
    preview: str


@dataclass(frozen=True, slots=True)
class Put:
    """A witness saw a call: the row as that witness tells it (its id is given by the store), its cost, its payload.

    `provider` is that of the row's model, so that a stored row says it too.

    It becomes a new call, or is merged into the call that other witnesses saw already.
    """

    row: CallRow
    provider: str
    cost: Priced | None
    payload: Payload | None


@dataclass(frozen=True, slots=True)
class Rate:
    """Someone rates a call, 1 to 5; a second rating by the same author replaces the first."""

    call_id: int
    author: str
    rating: int
    comment: str | None
    user_id: int | None
    at_micros: int
    project_ids: frozenset[int] | None = None


@dataclass(frozen=True, slots=True)
class Reprice:
    """A call's cost is computed anew. A cost that the caller reported stays."""

    call_id: int
    price: Pricer
    at_micros: int


@dataclass(frozen=True, slots=True)
class Erase:
    """What names the end user or shows what was written goes; the numbers stay."""

    call_id: int


@dataclass(frozen=True, slots=True)
class Withdraw:
    """What was counted as a call turns out to be none."""

    call_id: int


Change = Put | Rate | Reprice | Erase | Withdraw


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """What makes a retry harmless: a hash of caller and key, and one of the body."""

    key_hash: bytes
    body_hash: bytes
    at_micros: int


@dataclass(frozen=True, slots=True)
class Submission:
    """Changes that are acknowledged together. `size` is their weight in the queue, in bytes."""

    changes: Sequence[Change]
    key: IdempotencyKey | None = None
    size: int = 0


class Receipt(NamedTuple):
    """What became of one change: the call that it is part of now, and that call's figures (cost in nano-dollars).

    `price_source` is the number of a `PriceSource`.
    """

    call_id: int
    total_tokens: int
    estimated_cost: int | None
    price_source: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a submission: a receipt for each change, or the reason why none of them was made."""

    receipts: list[Receipt] = field(default_factory=list)
    error: Exception | None = None

"""`apply`: many submissions, one transaction. Rows, costs, payloads, totals and idempotency keys, or nothing of it."""

import zlib
from array import array
from collections.abc import Sequence

from sqlalchemy import Connection, func, select

from callscope.api.errors import ApiError
from callscope.ingest.changes import (
    Change,
    Erase,
    IdempotencyKey,
    Outcome,
    Put,
    Rate,
    Reprice,
    Submission,
    Withdraw,
)
from callscope.store.errors import CallNotFound, KeyReused
from callscope.store.sql import operations, totals
from callscope.store.sql.batch import Batch
from callscope.store.sql.bulk import among, insert_rows
from callscope.store.sql.identity import Identities
from callscope.store.sql.tables import commits, idempotency

MICROS_PER_HOUR = 3_600_000_000
KEY_HOURS = 24
KEYS_AT_ONCE = 500


def apply(
    connection: Connection, batch_id: str, submissions: Sequence[Submission], now_micros: int, max_end_users: int
) -> list[Outcome]:
    """Make all changes, in order. A submission that cannot be made has its reason in its outcome; the others are.

    Must run under the lock of all writers.
    """
    batch = Batch(connection, now_micros)
    puts = [change for submission in submissions for change in submission.changes if isinstance(change, Put)]
    identities = Identities(batch, puts)
    keys = _Keys(connection, [submission.key for submission in submissions if submission.key is not None])
    done: list[list[int] | Exception] = []
    for submission in submissions:
        try:
            done.append(_submission(batch, identities, submission, keys))
        except ApiError as error:
            done.append(error)
    outcomes = [_outcome(batch, result) for result in done]
    totals.write(connection, batch.flush(), max_end_users=max_end_users)
    keys.write()
    insert_rows(connection, commits, [(batch_id, now_micros)])
    return outcomes


def was_applied(connection: Connection, batch_id: str) -> bool:
    """Whether this batch was committed: for when the answer to the commit was lost."""
    return connection.scalar(select(commits.c.batch_id).where(commits.c.batch_id == batch_id)) is not None


class _Keys:
    """The idempotency keys that matter to one batch: those stored before, and those it adds itself."""

    def __init__(self, connection: Connection, keys: Sequence[IdempotencyKey]) -> None:
        self._connection = connection
        self._known: dict[bytes, tuple[bytes, list[int]]] = {}
        self._new: list[tuple[object, ...]] = []
        wanted = [key.key_hash for key in keys]
        hours = _hours(connection, [key.at_micros // MICROS_PER_HOUR for key in keys]) if keys else []
        for start in range(0, len(wanted), KEYS_AT_ONCE):
            query = select(idempotency.c.key_hash, idempotency.c.body_hash, idempotency.c.call_ids).where(
                among(connection, idempotency.c.hour, hours),
                idempotency.c.key_hash.in_(wanted[start : start + KEYS_AT_ONCE]),
            )
            for key_hash, body_hash, call_ids in connection.execute(query):
                self._known[key_hash] = body_hash, _unpack(call_ids)

    def calls_of(self, key: IdempotencyKey) -> list[int] | None:
        """What was stored under this key. None if nothing was; raises KeyReused if it was something else."""
        body_hash, call_ids = self._known.get(key.key_hash, (None, None))
        if body_hash is not None and body_hash != key.body_hash:
            raise KeyReused
        return call_ids

    def add(self, key: IdempotencyKey, call_ids: list[int]) -> None:
        """Remember what was stored under this key."""
        self._known[key.key_hash] = key.body_hash, call_ids
        self._new.append((key.at_micros // MICROS_PER_HOUR, key.key_hash, key.body_hash, _pack(call_ids)))

    def write(self) -> None:
        """Store the keys that were added."""
        insert_rows(self._connection, idempotency, self._new)


def _hours(connection: Connection, hours: Sequence[int]) -> list[int]:
    """The hours in which keys of the last day may lie, for keys that came in these hours.

    Where the clock was set back, there are keys in hours to come: of these the newest so many, as they are the last day
    before that, however far ahead the clock was.
    """
    top = max(hours) + 1
    ahead = select(func.max(idempotency.c.hour).label("hour")).cte("ahead", recursive=True)
    below = select(func.max(idempotency.c.hour)).where(idempotency.c.hour < ahead.c.hour).scalar_subquery()
    ahead = ahead.union_all(select(below).where(ahead.c.hour > top))
    query = select(ahead.c.hour).where(ahead.c.hour > top).limit(KEY_HOURS + 1)
    return [*range(min(hours) - KEY_HOURS, top + 1), *connection.scalars(query)]


def _submission(batch: Batch, identities: Identities, submission: Submission, keys: _Keys) -> list[int]:
    key = submission.key
    if key is not None:
        known = keys.calls_of(key)
        if known is not None:
            batch.load_ids(known)
            return known
    operations.check_age(batch, submission.changes)
    if len(submission.changes) > 1:
        for change in submission.changes:  # all or none: what cannot be made is found before anything is
            operations.check(batch, change)
    call_ids = [_change(batch, identities, change) for change in submission.changes]
    if key is not None:
        keys.add(key, call_ids)
    return call_ids


def _change(batch: Batch, identities: Identities, change: Change) -> int:
    match change:
        case Put():
            return operations.put(batch, identities, change)
        case Rate():
            return operations.rate(batch, change)
        case Reprice():
            return operations.reprice(batch, change)
        case Erase():
            return operations.erase(batch, change)
        case Withdraw():
            return operations.withdraw(batch, change)


def _outcome(batch: Batch, result: list[int] | Exception) -> Outcome:
    if isinstance(result, Exception):
        return Outcome(error=result)
    try:
        return Outcome([operations.receipt(batch, call_id) for call_id in result])
    except CallNotFound as gone:
        return Outcome(error=gone)


def _pack(call_ids: Sequence[int]) -> bytes:
    """Ids as their differences, compressed: those of one batch mostly follow each other."""
    steps = array("q", (b - a for a, b in zip([0, *call_ids[:-1]], call_ids, strict=True)))
    return zlib.compress(steps.tobytes(), 1)


def _unpack(data: bytes) -> list[int]:
    steps = array("q")
    steps.frombytes(zlib.decompress(data))
    call_ids, last = [], 0
    for step in steps:
        last += step
        call_ids.append(last)
    return call_ids

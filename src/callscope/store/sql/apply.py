"""`apply`: many submissions, one transaction. Rows, costs, payloads, totals and idempotency keys, or nothing of it."""

import zlib
from array import array
from collections.abc import Sequence

from sqlalchemy import Connection, LargeBinary, delete, insert, literal, select

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
from callscope.store.errors import KeyReused
from callscope.store.sql import operations, totals
from callscope.store.sql.batch import Batch
from callscope.store.sql.bulk import among
from callscope.store.sql.identity import Identities
from callscope.store.sql.tables import commits, idempotency

MICROS_PER_HOUR = 3_600_000_000
KEY_HOURS = 24


def apply(
    connection: Connection, batch_id: str, submissions: Sequence[Submission], now_micros: int, max_end_users: int
) -> list[Outcome]:
    """Make all changes, in order. A submission that cannot be made has its reason in its outcome; the others are.

    Must run under the lock of all writers.
    """
    batch = Batch(connection, now_micros)
    puts = [change for submission in submissions for change in submission.changes if isinstance(change, Put)]
    identities = Identities(batch, puts)
    seen: dict[bytes, tuple[IdempotencyKey, list[int]]] = {}
    done: list[list[int] | Exception] = []
    for submission in submissions:
        try:
            done.append(_submission(batch, identities, submission, seen))
        except ApiError as error:
            done.append(error)
    outcomes = [_outcome(batch, result) for result in done]
    totals.write(connection, batch.flush(), max_end_users=max_end_users)
    for key, call_ids in seen.values():
        connection.execute(
            insert(idempotency).values(
                hour=key.at_micros // MICROS_PER_HOUR, key_hash=key.key_hash, body_hash=key.body_hash,
                call_ids=_pack(call_ids),
            )
        )  # fmt: skip
    connection.execute(insert(commits).values(batch_id=batch_id, committed_at=now_micros))
    return outcomes


def was_applied(connection: Connection, batch_id: str) -> bool:
    """Whether this batch was committed: for when the answer to the commit was lost."""
    return connection.scalar(select(commits.c.batch_id).where(commits.c.batch_id == batch_id)) is not None


def forget(connection: Connection, now_micros: int) -> None:
    """Drop idempotency keys after 24 hours and the names of committed batches after one."""
    oldest = now_micros // MICROS_PER_HOUR - KEY_HOURS - 1
    connection.execute(delete(idempotency).where(idempotency.c.hour < oldest))
    connection.execute(delete(commits).where(commits.c.committed_at < now_micros - MICROS_PER_HOUR))


def _submission(
    batch: Batch,
    identities: Identities,
    submission: Submission,
    seen: dict[bytes, tuple[IdempotencyKey, list[int]]],
) -> list[int]:
    key = submission.key
    if key is not None:
        known = _known(batch.connection, key, seen)
        if known is not None:
            batch.load_ids(known)
            return known
    if len(submission.changes) > 1:
        for change in submission.changes:  # all or none: what cannot be made is found before anything is
            operations.check(batch, change)
    call_ids = [_change(batch, identities, change) for change in submission.changes]
    if key is not None:
        seen[key.key_hash] = (key, call_ids)
    return call_ids


def _known(
    connection: Connection, key: IdempotencyKey, seen: dict[bytes, tuple[IdempotencyKey, list[int]]]
) -> list[int] | None:
    if key.key_hash in seen:
        before, call_ids = seen[key.key_hash]
        body_hash = before.body_hash
    else:
        hour = key.at_micros // MICROS_PER_HOUR
        row = connection.execute(
            select(idempotency.c.body_hash, idempotency.c.call_ids).where(
                among(connection, idempotency.c.hour, range(hour - KEY_HOURS, hour + 2)),
                idempotency.c.key_hash == literal(key.key_hash, LargeBinary),
            )
        ).first()
        if row is None:
            return None
        body_hash, call_ids = row.body_hash, _unpack(row.call_ids)
    if body_hash != key.body_hash:
        raise KeyReused
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
    return Outcome([operations.receipt(batch, call_id) for call_id in result])


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

"""Cursor paging: the `limit` and `cursor` parameters of every list, and how a page is cut.

A cursor holds the sort key of the last row that was shown, so the next page starts behind it however much was
added in between. To clients it is opaque.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar, overload

from fastapi import Query

from callscope.api.envelope import Page
from callscope.api.errors import Invalid, invalid

R = TypeVar("R")
T = TypeVar("T")
A = TypeVar("A", int, str)
B = TypeVar("B", int, str)
C = TypeVar("C", int, str)

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
MAX_ROW_ID = 2**31 - 1
"""The largest number of a row, in all tables but those of calls; PostgreSQL fails where it is compared with a larger one."""
_MAX_INT = 2**63 - 1  # what the databases' integers hold

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="How many items at most.")]
"""The parameter `limit`; declare it as `limit: Limit = DEFAULT_LIMIT`."""
Cursor = Annotated[
    str | None,
    Query(max_length=2_000, description="`next_cursor` of the page before; leave it out for the first page."),
]
"""The parameter `cursor`; declare it as `cursor: Cursor = None` and read it with `read_cursor`."""


def write_cursor(*key: int | str) -> str:
    """The cursor that stands for a sort key."""
    text = json.dumps(key, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


class RowId(int):
    """In a sort key: the number of a row that is no call."""


@overload
def read_cursor(cursor: str | None, first: type[A], /) -> tuple[A] | None: ...
@overload
def read_cursor(cursor: str | None, first: type[A], second: type[B], /) -> tuple[A, B] | None: ...
@overload
def read_cursor(cursor: str | None, first: type[A], second: type[B], third: type[C], /) -> tuple[A, B, C] | None: ...
@overload
def read_cursor(cursor: str | None, /, *kinds: type) -> tuple[Any, ...] | None: ...
def read_cursor(cursor: str | None, /, *kinds: type) -> tuple[Any, ...] | None:
    """The sort key that `write_cursor` was given, or None where there is no cursor.

    Raises Invalid (422) for anything that is not a cursor of this list: a key of other types or length.
    """
    if cursor is None:
        return None
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        key = json.loads(base64.b64decode(padded.encode("ascii"), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        raise wrong_cursor() from None
    if not isinstance(key, list) or len(key) != len(kinds):
        raise wrong_cursor()
    for value, kind in zip(key, kinds, strict=True):
        largest = MAX_ROW_ID if kind is RowId else _MAX_INT
        if type(value) is not (int if kind is RowId else kind) or (isinstance(value, int) and abs(value) > largest):
            raise wrong_cursor()
    return tuple(key)


def cut(rows: Sequence[R], limit: int, item: Callable[[R], T], key: Callable[[R], tuple[int | str, ...]]) -> Page[T]:
    """A page of `rows`, which were asked for with `limit + 1`: the one too many says that there is a next page.

    Args:
        item: makes what the client sees of a row.
        key: the sort key of a row, for the cursor.
    """
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(items=[item(row) for row in shown], next_cursor=write_cursor(*key(shown[-1])) if more else None)


def wrong_cursor() -> Invalid:
    """The error about a cursor that is none of the list's."""
    return invalid("cursor", "is not one that this list gave; leave it out to start again")

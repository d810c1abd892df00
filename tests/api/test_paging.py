"""Cursors: opaque, and refused when they are not ours."""

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callscope.api.errors import Invalid
from callscope.api.paging import RowId, cut, read_cursor, write_cursor

BIGINT = st.integers(-(2**63) + 1, 2**63 - 1)


@given(BIGINT, st.text(max_size=200))
def test_a_cursor_gives_back_its_key(number: int, text: str) -> None:
    assert read_cursor(write_cursor(number, text), int, str) == (number, text)


def test_a_cursor_of_a_table_with_small_numbers_holds_no_large_one() -> None:
    assert read_cursor(write_cursor(2**31 - 1), RowId) == (2**31 - 1,)
    for number in (2**31, -(2**31), True):
        with pytest.raises(Invalid):
            read_cursor(write_cursor(number), RowId)


def test_no_cursor_is_the_first_page() -> None:
    assert read_cursor(None, int) is None


def encoded(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "%%%",
        "é",
        "W",
        encoded({"a": 1}),
        encoded([]),
        encoded(["1"]),
        encoded([1, 2]),
        encoded([True]),
        encoded([1.0]),
        encoded([None]),
        encoded([2**63]),
        base64.urlsafe_b64encode(b"\xff\xfe").decode(),
        base64.urlsafe_b64encode(b"[" * 5_000).decode(),
    ],
)
def test_what_is_no_cursor_of_the_list_is_refused(cursor: str) -> None:
    with pytest.raises(Invalid, match="cursor"):
        read_cursor(cursor, int)


@given(st.text(max_size=100))
def test_nothing_a_client_sends_breaks_the_reading(cursor: str) -> None:
    try:
        key = read_cursor(cursor, int, str)
    except Invalid:
        return
    assert key is not None


def test_a_page_tells_of_the_next_one_only_when_there_is_one() -> None:
    rows = [5, 4, 3]
    full = cut(rows, 2, str, lambda row: (row,))
    assert full.items == ["5", "4"]
    assert read_cursor(full.next_cursor, int) == (4,)
    assert cut(rows, 3, str, lambda row: (row,)).next_cursor is None
    assert cut([], 3, str, lambda row: (row,)).items == []

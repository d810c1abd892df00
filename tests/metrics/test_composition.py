"""Ranges of time: put together without gap or overlap, and cut into the user's own days."""

import itertools
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from callscope.metrics.composition import (
    MAX_BUCKETS,
    Bucket,
    Span,
    TooManyBuckets,
    compose,
    default_bucket,
    timeline,
    to_datetime,
    widened,
)
from callscope.metrics.models import GRAIN_MINUTES, Grain

FIRST = 22_000_000  # in the year 2011
ZONES = (
    "UTC", "Asia/Kathmandu", "America/St_Johns", "Europe/Berlin", "Pacific/Apia", "Pacific/Chatham", "America/Havana",
    "America/Santiago", "Asia/Beirut", "Africa/Cairo", "Australia/Lord_Howe", "America/Sao_Paulo",
)  # fmt: skip
spans = st.builds(
    lambda start, length: Span(start, start + length), st.integers(FIRST, FIRST + 10**7), st.integers(1, 90_000)
)


@given(spans)
def test_pieces_cover_a_range_once_with_whole_cells(span: Span) -> None:
    position = span.start
    for piece in compose(span):
        width = GRAIN_MINUTES[piece.grain]
        assert piece.start == position
        assert piece.start % width == piece.end % width == 0
        position = piece.end
    assert position == span.end


@given(spans)
def test_few_pieces_make_a_range(span: Span) -> None:
    assert len(compose(span)) <= 2 * len(Grain) - 1


@given(spans, st.integers(FIRST // 60, (FIRST + 10**7) // 60))
def test_a_widened_range_needs_no_minute_that_is_gone(span: Span, floor_hour: int) -> None:
    floor = floor_hour * 60
    wide = widened(span, floor)
    assert wide.start <= span.start < span.end <= wide.end
    assert wide.start > span.start - 15
    assert wide.end < span.end + 15
    assert all(piece.grain is not Grain.MINUTE or piece.start >= floor for piece in compose(wide))
    assert widened(wide, floor) == wide


@given(spans, st.sampled_from(ZONES), st.sampled_from((Bucket.HOUR, Bucket.DAY, Bucket.WEEK)))
@example(Span(22_085_000, 22_092_000), "Pacific/Apia", Bucket.DAY)  # 30 December 2011 was left out there
def test_the_points_of_a_series_lie_side_by_side(span: Span, zone: str, bucket: Bucket) -> None:
    line = timeline(span, bucket, ZoneInfo(zone))
    assert line.starts[0] <= span.start < line.starts[1]
    assert line.starts[-2] < span.end <= line.starts[-1]
    assert all(a < b for a, b in zip(line.starts, line.starts[1:], strict=False)), "no point is empty in time"
    pieces = line.pieces()
    assert (pieces[0].start, pieces[-1].end) == (span.start, span.end)
    assert all(a.end == b.start for a, b in itertools.pairwise(pieces))


@given(st.datetimes(datetime(2015, 1, 2), datetime(2030, 1, 1)), st.integers(1, 40), st.sampled_from(ZONES))  # noqa: DTZ001  # a zone is drawn beside
def test_a_point_holds_one_local_day(moment: datetime, days: int, zone: str) -> None:
    place = ZoneInfo(zone)
    start = int(moment.replace(tzinfo=UTC).timestamp() // 60)
    line = timeline(Span(start, start + days * 1440), Bucket.DAY, place)

    def local(minute: int) -> date:
        return to_datetime(minute).astimezone(place).date()

    for first, end in zip(line.starts, line.starts[1:], strict=False):
        assert local(first) == local(end - 1) == local(first - 1) + timedelta(days=1)


@given(st.datetimes(datetime(2015, 1, 2), datetime(2030, 1, 1)), st.sampled_from(ZONES))  # noqa: DTZ001  # as above
@example(datetime(2025, 10, 4, 3, 10), "Australia/Lord_Howe")  # noqa: DTZ001  # half an hour forwards
@example(datetime(2026, 4, 4, 3, 10), "Australia/Lord_Howe")  # noqa: DTZ001  # half an hour back
@example(datetime(2025, 10, 25, 20, 0), "Europe/Berlin")  # noqa: DTZ001
@example(datetime(2020, 4, 3, 20, 0), "Pacific/Chatham")  # noqa: DTZ001  # from a quarter to four to a quarter to three
@example(datetime(2020, 9, 25, 20, 0), "Pacific/Chatham")  # noqa: DTZ001  # and forwards again
def test_a_point_holds_one_local_hour(moment: datetime, zone: str) -> None:
    place = ZoneInfo(zone)
    start = int(moment.replace(tzinfo=UTC).timestamp() // 60)
    line = timeline(Span(start, start + 36 * 60), Bucket.HOUR, place)

    def local(minute: int) -> datetime:
        return to_datetime(minute).astimezone(place)

    for first, end in itertools.pairwise(line.starts):
        assert local(first).hour == local(end - 1).hour
        assert local(first).minute == 0 or local(first).utcoffset() != local(first - 1).utcoffset()
        assert end - first <= 90


def test_weeks_begin_on_monday() -> None:
    start = int(datetime(2026, 10, 1, tzinfo=UTC).timestamp() // 60)
    line = timeline(Span(start, start + 60 * 1440), Bucket.WEEK, ZoneInfo("Europe/Berlin"))
    moments = [to_datetime(minute).astimezone(ZoneInfo("Europe/Berlin")) for minute in line.starts]
    assert {(moment.weekday(), moment.hour, moment.minute) for moment in moments} == {(0, 0, 0)}


@pytest.mark.parametrize(("bucket", "minutes"), [(Bucket.MINUTE, 1), (Bucket.HOUR, 60), (Bucket.DAY, 1440)])
def test_a_series_has_a_bound(bucket: Bucket, minutes: int) -> None:
    assert len(timeline(Span(0, MAX_BUCKETS * minutes), bucket, ZoneInfo("UTC"))) == MAX_BUCKETS
    with pytest.raises(TooManyBuckets):
        timeline(Span(0, (MAX_BUCKETS + 2) * minutes), bucket, ZoneInfo("UTC"))


@pytest.mark.parametrize(
    ("minutes", "bucket"),
    [(15, "minute"), (120, "minute"), (360, "hour"), (3 * 1440, "hour"), (7 * 1440, "day"), (90 * 1440, "day"), (366 * 1440, "week")],
)  # fmt: skip
def test_a_range_up_to_now_has_the_same_width_however_its_ends_are_widened(minutes: int, bucket: str) -> None:
    for wider in (0, 1, 16, 29):
        assert default_bucket(Span(FIRST, FIRST + minutes + wider)) == bucket

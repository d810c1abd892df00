"""How a range of time is put together from cells: the coarsest that fit, finer ones at the edges.

All times here are minutes since the epoch.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from callscope.metrics.models import GRAIN_MINUTES, Grain

MAX_BUCKETS = 2_000


class Bucket(StrEnum):
    """The width of a point of a series."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Span:
    """The minutes in [start, end)."""

    start: int
    end: int

    @property
    def before(self) -> "Span":
        """The window of the same length just before."""
        return Span(2 * self.start - self.end, self.start)


@dataclass(frozen=True, slots=True)
class Piece:
    """Cells of one grain whose buckets lie in [start, end)."""

    grain: Grain
    start: int
    end: int


def widened(span: Span, minute_floor: int) -> Span:
    """The span as far as cells can count it: to whole minutes above the floor, to whole quarters of an hour below."""
    start = span.start if span.start >= minute_floor else span.start - span.start % 15
    end = span.end if span.end >= minute_floor else span.end + -span.end % 15
    return Span(start, end)


def compose(span: Span) -> list[Piece]:
    """The fewest pieces that make up a span, in order of time."""
    return _compose(span.start, span.end, Grain.DAY)


def _compose(start: int, end: int, grain: Grain) -> list[Piece]:
    if start >= end:
        return []
    if grain is Grain.MINUTE:
        return [Piece(grain, start, end)]
    width = GRAIN_MINUTES[grain]
    first, last = start + -start % width, end - end % width
    finer = Grain(grain - 1)
    if first >= last:
        return _compose(start, end, finer)
    return [*_compose(start, first, finer), Piece(grain, first, last), *_compose(last, end, finer)]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The points of a series: `starts[i]` to `starts[i + 1]` is point i; the last entry is the end of the last point."""

    bucket: Bucket
    starts: Sequence[int]
    span: Span

    def __len__(self) -> int:
        return len(self.starts) - 1

    def index(self, minute: int) -> int:
        """The point that a minute falls into."""
        return bisect_right(self.starts, minute) - 1

    def pieces(self) -> list[Piece]:
        """Pieces none of which lies across two points; neighbours of one grain are joined where that is harmless."""
        joined: list[Piece] = []
        for index in range(len(self)):
            inside = Span(max(self.starts[index], self.span.start), min(self.starts[index + 1], self.span.end))
            for piece in compose(inside):
                last = joined[-1] if joined else None
                if last is not None and last.grain == piece.grain and last.end == piece.start:
                    joined[-1] = Piece(piece.grain, last.start, piece.end)
                else:
                    joined.append(piece)
        return joined


class TooManyBuckets(ValueError):
    """The range holds more points than an answer should."""


def timeline(span: Span, bucket: Bucket, zone: ZoneInfo) -> Timeline:
    """The points of a series over a span; days and weeks (from Monday) are those of the zone.

    Raises TooManyBuckets.
    """
    if bucket in {Bucket.MINUTE, Bucket.HOUR}:
        if (span.end - span.start) // (1 if bucket is Bucket.MINUTE else 60) > MAX_BUCKETS:
            raise TooManyBuckets(f"that is more than {MAX_BUCKETS} points; ask for wider buckets or a shorter range")
        if bucket is Bucket.MINUTE:
            return Timeline(bucket, list(range(span.start, span.end + 1)), span)
        starts = [span.start - (span.start + _offset(span.start, zone)) % 60]
        while starts[-1] < span.end:
            starts.append(_next_hour(starts[-1], zone))
        return Timeline(bucket, starts, span)
    step = 1 if bucket is Bucket.DAY else 7
    day = _local(span.start, zone).date()
    if bucket is Bucket.WEEK:
        day -= timedelta(days=day.weekday())
    starts = [midnight(day, zone)]
    while starts[-1] < span.end:
        if len(starts) > MAX_BUCKETS:
            raise TooManyBuckets(f"that is more than {MAX_BUCKETS} points; ask for wider buckets or a shorter range")
        day += timedelta(days=step)
        following = midnight(day, zone)
        if following > starts[-1]:  # else the zone left this day out, as Samoa did in 2011
            starts.append(following)
    return Timeline(bucket, starts, span)


def default_bucket(span: Span) -> Bucket:
    """Some hundred points at the most: minutes up to two hours, hours up to three days, days up to half a year.

    A span that was widened to the cells that there are is as long as the range that was asked for.
    """
    minutes = span.end - span.start - 2 * GRAIN_MINUTES[Grain.QUARTER]
    if minutes <= 120:
        return Bucket.MINUTE
    if minutes <= 3 * 1440:
        return Bucket.HOUR
    return Bucket.DAY if minutes <= 183 * 1440 else Bucket.WEEK


def to_datetime(minute: int) -> datetime:
    """A minute since the epoch as an aware UTC datetime."""
    return datetime.fromtimestamp(minute * 60, UTC)


def _local(minute: int, zone: ZoneInfo) -> datetime:
    return to_datetime(minute).astimezone(zone)


def _offset(minute: int, zone: ZoneInfo) -> int:
    offset = _local(minute, zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds() // 60)


def _next_hour(minute: int, zone: ZoneInfo) -> int:
    """When the local hour after this minute's begins; where clocks change, hours last from 15 to 90 minutes."""
    offset = _offset(minute, zone)
    following = minute + 60 - (minute + offset) % 60
    if _offset(following - 1, zone) != offset:  # in the midst of the hour, as where midnight is a quarter to the hour
        changed = next(other for other in range(minute + 1, following) if _offset(other, zone) != offset)
        if _local(changed, zone).hour != _local(minute, zone).hour:
            return changed
    excess = (following + _offset(following, zone)) % 60
    if excess and _local(following, zone).hour == _local(minute, zone).hour:
        following += 60 - excess
    return following


def midnight(day: date, zone: ZoneInfo) -> int:
    """The first minute of a local day. Where clocks skip midnight, the first minute that there is."""
    local = datetime(day.year, day.month, day.day, tzinfo=zone)
    return int(local.timestamp() // 60)

"""The doctor: holds what is stored against what follows from the rows, and mends it if asked to.

It goes from UTC day to UTC day, each in one consistent read, so that it may run while calls are being logged, and
needs memory for the cells of one day only. `callscope.store.sql.mending` puts right what it finds, in short writes.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial

from sqlalchemy import Connection, func, select

from callscope.accounts.models import Project
from callscope.calls.models import llm_call_logs
from callscope.db.engine import PATIENT_SECONDS, STEP_SECONDS, Database
from callscope.ingest.row import MICROS_PER_DAY
from callscope.metrics.models import Grain, Level, rollup_api_keys, rollup_end_users, rollup_histograms, rollups
from callscope.store.sql import mending, soundness
from callscope.store.sql.recount import MINUTES_PER_DAY, DayRows, lost_end_users, read_day, words, wrong_totals
from callscope.store.sql.soundness import Unsound
from callscope.store.sql.totals import minute_floor

EXAMPLES = 20
"""How many findings a report tells in words, of each check; the rest are counted."""
MENDED_AT_ONCE = 2_000
"""Rows of totals put right in one transaction, so that whoever logs calls waits a moment only."""
CHECKS = (
    "rollups", "rollup_histograms", "rollup_end_users", "rollup_api_keys", "ratings", "feedback", "merged calls",
    "costs", "payloads", "ids",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is not as it should be, in words."""

    check: str
    where: str
    stored: str
    expected: str
    mended: bool


@dataclass(slots=True)
class Report:
    """What the doctor found. `found` and `mended` count by check; `examples` are the first of each."""

    days: int = 0
    rows: int = 0
    found: Counter[str] = field(default_factory=Counter)
    mended: Counter[str] = field(default_factory=Counter)
    examples: list[Finding] = field(default_factory=list)

    @property
    def left(self) -> int:
        """How much is still wrong."""
        return self.found.total() - self.mended.total()

    def add(self, check: str, mended: bool, told: Callable[[], tuple[str, str, str]]) -> None:
        """Count a finding; one of the first is kept, in the words of `told`: where it is, what is stored, what is due."""
        self.found[check] += 1
        self.mended[check] += mended
        if self.found[check] <= EXAMPLES:  # there may be millions
            self.examples.append(Finding(check, *told(), mended))


def examine(
    db: Database, *, repair: bool = False, progress: Callable[[int, int], None] = lambda _done, _of: None
) -> Report:
    """Check everything; with `repair` mend totals, ratings and the counter of ids, which all follow from rows.

    Args:
        db: a database that is up to date.
        repair: mend what can be mended.
        progress: told how many days are done, of how many.

    Raises DatabaseUnavailable.
    """
    report = Report()
    _examine_feedback(db, report, repair)
    for findings in (soundness.merged_calls, soundness.costs):
        with db.read(PATIENT_SECONDS) as connection:
            _note(report, findings(connection), mended=False)
    _examine_ids(db, report, repair)
    days = _days(db)
    for done, day in enumerate(days):
        progress(done, len(days))
        _examine_day(db, report, day, repair)
    progress(len(days), len(days))
    report.days = len(days)
    return report


def _examine_day(db: Database, report: Report, day: int, repair: bool) -> None:
    with db.read(PATIENT_SECONDS) as connection:
        found = read_day(connection, day, minute_floor(connection))
        ratings = list(soundness.ratings_of_day(connection, found))
        users = lost_end_users(connection, found) if repair else []
        if not (repair and (ratings or users)):
            _note(report, ratings, mended=False)
            _examine_totals(db, report, connection, found, repair)
            return
    # The totals follow from these: they come first, and what is then missing is found in another read.
    with db.write(statement_seconds=STEP_SECONDS) as connection:
        ratings = list(soundness.ratings_of(connection, [one.call_id for one in ratings]))
        soundness.mend_ratings(connection, ratings)
        mending.keep_end_users(connection, users)
    _note(report, ratings, mended=True)
    with db.read(PATIENT_SECONDS) as connection:
        found = read_day(connection, day, minute_floor(connection))
        _examine_totals(db, report, connection, found, repair)


def _examine_totals(db: Database, report: Report, connection: Connection, found: DayRows, repair: bool) -> None:
    _note(report, soundness.payloads(connection, found), mended=False)
    for part in wrong_totals(connection, found, connection.scalars(select(Project.id))):
        for start in range(0, len(part), MENDED_AT_ONCE):
            some = part[start : start + MENDED_AT_ONCE]
            mended = [False] * len(some)
            if repair:
                with db.write(statement_seconds=STEP_SECONDS) as writing:
                    mended = mending.mend(writing, some)
            for wrong, done in zip(some, mended, strict=True):
                report.add(wrong.table.name, done, partial(words, wrong))
    report.rows += found.rows


def _examine_feedback(db: Database, report: Report, repair: bool) -> None:
    """What the days cannot show: feedback that no call speaks of. Mending it makes the totals of its day wrong till then."""
    after = 0
    while True:
        with db.read(PATIENT_SECONDS) as connection:
            call_ids = soundness.feedback_ids(connection, after)
            wrong = list(soundness.feedback(connection, call_ids))
        if wrong and repair:
            with db.write(statement_seconds=STEP_SECONDS) as connection:
                wrong = list(soundness.feedback(connection, call_ids))
                soundness.mend_ratings(connection, wrong)
        for one in wrong:
            report.add(one.check, repair and one.ratings is not None, one.words)
        if not call_ids:
            return
        after = call_ids[-1]


def _examine_ids(db: Database, report: Report, repair: bool) -> None:
    with db.write(statement_seconds=STEP_SECONDS) if repair else db.read(PATIENT_SECONDS) as connection:
        wrong = list(soundness.next_id(connection, mend=repair))
    _note(report, wrong, mended=repair)


def _note(report: Report, wrong: Iterable[Unsound], *, mended: bool) -> None:
    for one in wrong:
        report.add(one.check, mended, one.words)


def _days(db: Database) -> list[int]:
    """The UTC days that have rows, and those that have totals without."""
    created = llm_call_logs.c.created_at
    days: set[int] = set()
    with db.read(PATIENT_SECONDS) as connection:
        first = connection.scalar(select(func.min(created)))
        while first is not None:
            days.add(first // MICROS_PER_DAY)
            following = (first // MICROS_PER_DAY + 1) * MICROS_PER_DAY
            first = connection.scalar(select(func.min(created)).where(created >= following))
        for table in (rollup_end_users, rollup_api_keys):
            days.update(connection.scalars(select(table.c.day).distinct()))
        days.update(connection.scalars(select(rollups.c.bucket // MINUTES_PER_DAY).distinct()))
        # Of histograms only the coarsest: to pass over all of them would take as long as the rest.
        columns = rollup_histograms.c
        coarse = columns.level.in_([int(level) for level in Level]) & (columns.grain == int(Grain.DAY))
        days.update(connection.scalars(select(columns.bucket // MINUTES_PER_DAY).distinct().where(coarse)))
    return sorted(days)

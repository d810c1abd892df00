"""Ratings of calls: given through the Recorder, since a call's row carries how it was rated."""

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from sqlalchemy import and_, or_, select
from starlette.concurrency import run_in_threadpool

from callscope.accounts.projects import ProjectDirectory
from callscope.api.errors import NotFound, invalid
from callscope.api.paging import wrong_cursor
from callscope.api.rights import Caller
from callscope.db.engine import Database
from callscope.db.types import from_micros, to_micros
from callscope.feedback import schemas
from callscope.feedback.models import Feedback
from callscope.ingest.changes import Rate, Submission
from callscope.ingest.recorder import Recorder
from callscope.metrics.composition import Bucket
from callscope.metrics.filters import Filters, Selector, timeline_of
from callscope.metrics.naming import OTHER, Namer
from callscope.metrics.presenting import range_fields, starts
from callscope.pricing.catalogue import Catalogue
from callscope.store.protocol import TelemetryStore
from callscope.store.queries import GroupBy

RATINGS = tuple(f"rating_{i}" for i in range(1, 6))


class SpanNotFound(NotFound):
    """No call was logged with this trace and span, in a project that the caller may see."""

    def __init__(self) -> None:
        super().__init__("There is no call with this trace_id and span_id.")


class FeedbackService:
    """Everything that is done with ratings."""

    def __init__(
        self,
        db: Database,
        store: TelemetryStore,
        recorder: Recorder,
        projects: ProjectDirectory,
        catalogue: Catalogue,
        selector: Selector,
        namer: Namer,
    ) -> None:
        self._db = db
        self._store = store
        self._recorder = recorder
        self._projects = projects
        self._catalogue = catalogue
        self._selector = selector
        self._namer = namer

    async def give(self, caller: Caller, body: schemas.FeedbackIn) -> schemas.FeedbackReceipt:
        """Rate a call; a second rating by the same author replaces the first.

        Raises CallNotFound, Forbidden (another project's call), Invalid (an author named by a user).
        """
        if body.author is not None and caller.role is not None:
            raise invalid("author", "is named with an API key only; with a login it is the user himself")
        call_id = body.llm_call_id
        if call_id is None:
            call_id = await run_in_threadpool(self._call_of_span, caller, body)
        # Keys may have the same name, which must not make them one author.
        author = body.author or (caller.name if caller.user_id is not None else f"{caller.name} #{caller.api_key_id}")
        change = Rate(
            call_id, author, body.rating, body.comment, caller.user_id, time.time_ns() // 1000,
            caller.project_ids,
        )  # fmt: skip
        receipts = await self._recorder.record(Submission([change], size=500 + len(body.comment or "")))
        return schemas.FeedbackReceipt(llm_call_id=receipts[0].call_id, rating=body.rating, author=author)

    def _call_of_span(self, caller: Caller, body: schemas.FeedbackIn) -> int:
        with self._store.reading() as reading:
            found = reading.call_of_span(caller.project_ids, body.trace_id or "", body.span_id or "")
        if found is None:
            raise SpanNotFound
        return found

    def page(
        self, caller: Caller, filters: Filters, ratings: Sequence[int], call_id: int | None, after: tuple[int, int] | None,
        limit: int,
    ) -> list[Feedback]:  # fmt: skip
        """Ratings, newest first: `limit + 1` of them, if there are so many."""
        selection = self._selector.selection(caller, filters.names)
        if selection.environment_ids is not None or selection.statuses is not None:
            raise invalid(
                "environment" if selection.environment_ids is not None else "status", "does not filter ratings"
            )
        query = select(Feedback).order_by(Feedback.created_at.desc(), Feedback.id.desc()).limit(limit + 1)
        start = filters.earliest(filters.end or datetime.now(UTC))
        if start is not None:
            query = query.where(Feedback.created_at >= start)
        if filters.end is not None:
            query = query.where(Feedback.created_at < filters.end)
        if selection.project_ids is not None:
            query = query.where(Feedback.project_id.in_(selection.project_ids))
        if selection.model_ids is not None:
            query = query.where(Feedback.model_id.in_(selection.model_ids))
        if ratings:
            query = query.where(Feedback.rating.in_(ratings))
        if call_id is not None:
            query = query.where(Feedback.llm_call_id == call_id)
        if after is not None:
            moment = _moment(after[0])
            same = and_(Feedback.created_at == moment, Feedback.id < after[1])
            query = query.where(or_(Feedback.created_at < moment, same))
        with self._db.read_session() as session:
            return list(session.scalars(query))

    def shown(self, row: Feedback) -> schemas.FeedbackOut:
        """A rating with names in place of numbers."""
        project, model = self._projects.by_id(row.project_id), self._catalogue.get(row.model_id)
        return schemas.FeedbackOut(
            id=row.id, llm_call_id=row.llm_call_id, user_id=row.user_id, author=row.author, rating=row.rating,
            comment=row.comment, project=project.name if project else "", model=model.name if model else "",
            created_at=row.created_at,
        )  # fmt: skip

    @staticmethod
    def key(row: Feedback) -> tuple[int, int]:
        """The sort key of a rating, for the cursor."""
        return to_micros(row.created_at), row.id

    def summary(self, caller: Caller, filters: Filters, bucket: Bucket | None = None) -> schemas.FeedbackSummary:
        """Average and distribution, over time and per model too, from the rollups."""
        selection = self._selector.selection(caller, filters.names)
        with self._store.reading() as reading:
            line = timeline_of(reading, filters, bucket, datetime.now(UTC))
            rows = reading.totals(selection, line.span, RATINGS, GroupBy.MODEL)
            series = reading.series(selection, line, RATINGS).get(None) or [dict.fromkeys(RATINGS, 0)] * len(line)
        labels = self._namer.labels(GroupBy.MODEL, rows)
        total = [sum(sums[name] for sums in rows.values()) for name in RATINGS]
        by_model = [
            schemas.RatingRow(
                model=label.name, provider=label.provider, ratings=sum(counts), average_rating=_average(counts) or 0.0,
                distribution=counts,
            )
            for label, counts in ((labels.get(key or 0, OTHER), _counts(sums)) for key, sums in rows.items())
            if any(counts)
        ]  # fmt: skip
        by_model.sort(key=lambda row: (-row.ratings, row.model))
        points = [
            schemas.RatingPoint(start=start, ratings=sum(counts), average_rating=_average(counts))
            for start, counts in zip(starts(line), map(_counts, series), strict=True)
        ]
        return schemas.FeedbackSummary(
            **range_fields(line, filters.zone.key),
            ratings=sum(total), average_rating=_average(total), distribution=total, points=points, by_model=by_model,
        )  # fmt: skip


def _moment(micros: int) -> datetime:
    try:
        return from_micros(micros)
    except OverflowError:
        raise wrong_cursor() from None


def _counts(sums: Mapping[str, int]) -> list[int]:
    return [sums[name] for name in RATINGS]


def _average(counts: Sequence[int]) -> float | None:
    total = sum(counts)
    return sum((i + 1) * n for i, n in enumerate(counts)) / total if total else None

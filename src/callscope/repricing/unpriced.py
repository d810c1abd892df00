"""Which models have calls without a cost, and why: from the rollups alone."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime

from callscope.accounts.projects import ProjectDirectory
from callscope.api.rights import Caller
from callscope.ingest.admission import OTHER
from callscope.metrics.composition import Span, to_datetime
from callscope.metrics.filters import Filters, Selector
from callscope.pricing.book import PriceBook
from callscope.pricing.catalogue import Catalogue, CatalogueModel
from callscope.repricing.schemas import UnpricedModel, UnpricedModels
from callscope.store.protocol import TelemetryStore
from callscope.store.queries import UnpricedRow

MAX_PROJECTS = 20
MINUTES_PER_DAY = 1_440
PRICED_BY_NOW = "A price is known by now; these calls came before it was. Price them anew."
BEYOND_BOUND = "These calls name more models than a project may have, and are counted together."


class UnpricedService:
    """Answers from the rollups, the catalogue and the price book."""

    def __init__(
        self,
        store: TelemetryStore,
        selector: Selector,
        projects: ProjectDirectory,
        catalogue: Catalogue,
        book: PriceBook,
    ) -> None:
        self._store = store
        self._selector = selector
        self._projects = projects
        self._catalogue = catalogue
        self._book = book

    def models(self, caller: Caller, filters: Filters, at_most: int) -> UnpricedModels:
        """The models with calls that have no cost, most calls first."""
        now = datetime.now(UTC)
        selection = self._selector.selection(caller, filters.names)
        with self._store.reading() as reading:
            span = reading.countable(filters.span(now))
            rows = reading.unpriced(selection, span)
        by_model: dict[int, list[UnpricedRow]] = defaultdict(list)
        for row in sorted(rows, key=lambda row: (-row.calls, row.project_id)):
            by_model[row.model_id].append(row)
        known = [(model, of) for number, of in by_model.items() if (model := self._catalogue.get(number)) is not None]
        known.sort(key=lambda one: (-_calls(one[1]), one[0].id))
        return UnpricedModels.model_validate(
            {
                "from": to_datetime(span.start), "to": to_datetime(span.end), "calls": _calls(rows),
                "models": [self._shown(model, of, span, now) for model, of in known[:at_most]],
                "model_count": len(known),
            }
        )  # fmt: skip

    def _shown(self, model: CatalogueModel, rows: Sequence[UnpricedRow], span: Span, now: datetime) -> UnpricedModel:
        prompt, completion = sum(row.prompt_tokens for row in rows), sum(row.completion_tokens for row in rows)
        projects = (self._projects.by_id(row.project_id) for row in rows[:MAX_PROJECTS])
        return UnpricedModel(
            model_id=model.id, model=model.name, provider=model.provider, reason=self._reason(model, span, now),
            calls=_calls(rows), prompt_tokens=prompt, completion_tokens=completion, total_tokens=prompt + completion,
            projects=[project.name for project in projects if project is not None], project_count=len(rows),
        )  # fmt: skip

    def _reason(self, model: CatalogueModel, span: Span, now: datetime) -> str:
        """Why the model has no price at the end of the range, or had none at its start."""
        if model.name == model.provider == OTHER:
            return BEYOND_BOUND
        last = min(span.end, int(now.timestamp()) // 60)
        for minute in (last, span.start):
            day, of_day = divmod(minute, MINUTES_PER_DAY)
            why = self._book.reason(model, model.name, day, 60 * of_day)
            if why is not None:
                return why.sentence
        return PRICED_BY_NOW


def _calls(rows: Sequence[UnpricedRow]) -> int:
    return sum(row.calls for row in rows)

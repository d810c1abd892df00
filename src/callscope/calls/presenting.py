"""Stored calls as they are shown: numbers become names again, nano-dollars become dollars."""

import json
from collections.abc import Mapping, Sequence

from callscope.accounts.projects import ProjectDirectory
from callscope.calls import payload
from callscope.calls.schemas import CallOut, CallSummary, CostBreakdown
from callscope.db.types import from_micros, nanos_to_dollars
from callscope.ingest.directory import Directory
from callscope.ingest.row import CostRow, ErrorKind, PricedRow, PriceSource, ServiceTier, Status, Violation
from callscope.pricing.book import PriceBook
from callscope.pricing.calls import unpriced_reason
from callscope.pricing.catalogue import Catalogue

MISSING = "(unknown)"
_SOURCE_NAMES = {int(source): source.name if source else None for source in PriceSource}


class Presenter:
    """Looks up the names that go with the numbers of rows."""

    def __init__(self, projects: ProjectDirectory, directory: Directory, catalogue: Catalogue, book: PriceBook) -> None:
        self._projects = projects
        self._directory = directory
        self._catalogue = catalogue
        self._book = book

    def summaries(self, rows: Sequence[PricedRow], previews: Mapping[int, str]) -> list[CallSummary]:
        """Calls as a list shows them."""
        environments = self._directory.environment_names({row.call.environment_id for row in rows})
        return [
            CallSummary.model_validate({**self._fields(row, environments), "preview": previews.get(row.call.id)})
            for row in rows
        ]

    def whole(self, row: PricedRow, payloads: Sequence[bytes], preview: str | None) -> CallOut:
        """One call with what people wrote."""
        document = payload.decode(payloads)
        return CallOut.model_validate(
            {
                **self._fields(row, self._directory.environment_names((row.call.environment_id,))),
                **{part: document.get(part) for part in ("prompt", "response")},
                **{part: _as_object(document.get(part)) for part in ("metadata", "request_params")},
                "cut": document.get("cut", {}),
                "preview": preview,
                "unpriced_reason": self._unpriced_reason(row),
            }
        )

    def _unpriced_reason(self, row: PricedRow) -> str | None:
        if row.known_cost is not None:
            return None
        if row.call.model_name is not None:
            return f"No price of “{row.call.model_name}” was known. It is one of more models than a project may have."
        model = self._catalogue.get(row.call.model_id)
        return None if model is None else unpriced_reason(self._book, model, row.call)

    def _fields(self, row: PricedRow, environments: Mapping[int, str]) -> dict[str, object]:
        call, cost = row
        project = self._projects.by_id(call.project_id)
        model = self._catalogue.get(call.model_id)
        ratings = call[-5:]
        count = sum(ratings)
        shown: dict[str, object] = {
            name: getattr(call, name) for name in CallSummary.model_fields if name in call._fields
        }
        return shown | {
            "created_at": from_micros(call.created_at),
            "project": project.name if project else MISSING,
            "environment": environments.get(call.environment_id, MISSING),
            "model": call.model_name or (model.name if model else MISSING),
            "provider": model.provider if model else MISSING,
            "status": Status(call.status).name,
            "error_kind": None if call.error_kind == ErrorKind.none else ErrorKind(call.error_kind).name,
            "total_tokens": call.prompt_tokens + call.completion_tokens,
            "service_tier": ServiceTier(call.service_tier).name,
            "estimated_cost": dollars(row.known_cost),
            "cost_breakdown": _breakdown(cost),
            "price_source": price_source(PriceSource.none if cost is None else cost.price_source),
            "saved_cost": dollars(call.saved_cost),
            "policy_violation": [violation.name for violation in Violation if call.violation & violation],
            "tags": json.loads(call.tags) if call.tags else [],
            "ratings": count,
            "rating": sum((i + 1) * n for i, n in enumerate(ratings)) / count if count else None,
        }


def dollars(nanos: int | None) -> float | None:
    """Nano-dollars as the API's dollars; unknown stays unknown."""
    return None if nanos is None else nanos_to_dollars(nanos)


def price_source(source: int) -> str | None:
    """The name of where a price comes from; None where there is none."""
    return _SOURCE_NAMES[source]


def _breakdown(cost: CostRow | None) -> CostBreakdown | None:
    if cost is None:
        return None
    return CostBreakdown(
        input=nanos_to_dollars(cost.input_cost),
        cached_input=nanos_to_dollars(cost.cached_input_cost),
        cache_write=nanos_to_dollars(cost.cache_write_cost),
        output=nanos_to_dollars(cost.output_cost),
        other=nanos_to_dollars(cost.other_cost),
    )


def _as_object(value: object) -> object:
    """Metadata that was too long was kept as the beginning of its text."""
    return {"text": value} if isinstance(value, str) else value

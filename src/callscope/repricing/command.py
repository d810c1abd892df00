"""`callscope reprice`: asks for a repricing and does it itself, whether or not a server runs beside it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import typer

from callscope.accounts.projects import ProjectDirectory
from callscope.api.rights import Caller, Role
from callscope.config import Config
from callscope.db.checkpoint import Checkpointer
from callscope.db.versions import Versions
from callscope.logs import configure
from callscope.pricing.book import PriceBook
from callscope.pricing.catalogue import Catalogue
from callscope.progress import progress
from callscope.repricing.models import UNFINISHED, Repricing
from callscope.repricing.runner import Repricer
from callscope.repricing.schemas import RepricingIn, RepricingOut
from callscope.repricing.service import RepricingEnded, RepricingService
from callscope.server import current_database
from callscope.store.queries import CostSums
from callscope.store.sql.store import SqlStore

LOOK_SECONDS = 0.5
_CALLER = Caller(name="command line", role=Role.ADMIN)


def run(config: Config, wanted: RepricingIn, *, ask: bool) -> bool:
    """Do a repricing and print what became of it; gives whether it was done. Ctrl-C cancels it.

    Args:
        ask: whether to say how many calls it concerns, and ask whether to go on.

    Raises CannotStart for a database that is not up to date, Abort for a "no", and what `RepricingService.create` does.
    """
    configure("warning", config.log_format)
    with _parts(config) as (service, repricer):
        if ask:
            about = f"About {service.count(wanted):,} calls are looked at, and cost what today's prices say of them."
            typer.confirm(f"{about} Go on?", abort=True)
        asked = service.create(_CALLER, wanted, repricer.holder)
        try:
            found = _follow(service, repricer, asked)
        except KeyboardInterrupt:
            found = _cancelled(service, asked.id)
    typer.echo(_sentence(found))
    return found.state == "done"


@contextmanager
def _parts(config: Config) -> Iterator[tuple[RepricingService, Repricer]]:
    with current_database(config) as db:
        checkpointer = Checkpointer(db)
        versions = Versions(db)
        catalogue, store = Catalogue(db, versions), SqlStore(db)
        checkpointer.start()
        try:
            yield (
                RepricingService(db, ProjectDirectory(db, versions), catalogue, store),
                Repricer(db, store, versions, catalogue, PriceBook(config.prices_file)),
            )
        finally:
            checkpointer.stop()


def _follow(service: RepricingService, repricer: Repricer, asked: RepricingOut) -> RepricingOut:
    """Do it, and whatever was asked for before it; or watch another process do it."""
    with progress("Repricing", "calls") as shown:

        def watch(repricing: Repricing) -> None:
            if repricing.id == asked.id:
                done = CostSums(**repricing.sums).calls
                shown(done, max(done, asked.calls_total or 0))

        repricer.watch = watch
        while True:
            repricer.work()
            found = service.get(asked.id)
            if found.state not in UNFINISHED:
                return found
            shown(found.calls_done, max(found.calls_done, found.calls_total or 0))
            time.sleep(LOOK_SECONDS)


def _cancelled(service: RepricingService, repricing_id: int) -> RepricingOut:
    try:
        return service.cancel(_CALLER, repricing_id)
    except RepricingEnded:  # it was faster
        return service.get(repricing_id)


def _sentence(found: RepricingOut) -> str:
    """What became of a repricing, in a line."""
    changed = f"{found.calls_changed:,} of {found.calls_done:,} calls {'would change' if found.dry_run else 'changed'}"
    cost = f"their cost from ${found.cost_before:,.9f} to ${found.cost_after:,.9f}"
    unpriced = f"{found.unpriced_before:,} unpriced before, {found.unpriced_after:,} after"
    state = {"done": "", "cancelled": "Cancelled: ", "failed": f"Failed: {found.error} So far "}[found.state]
    return f"{state}{changed}, {cost}; {unpriced}."

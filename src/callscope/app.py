"""`create_app(config)`: the one place where the parts are put together."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from anyio import CapacityLimiter, to_thread
from fastapi import FastAPI

from callscope import __version__
from callscope.accounts import routes as accounts_routes
from callscope.accounts import setup
from callscope.accounts.projects import ProjectDirectory
from callscope.accounts.service import AccountService
from callscope.accounts.users import UserNumbers
from callscope.api import docs, errors, health, middleware, openapi, reference, routing
from callscope.audit import routes as audit_routes
from callscope.calls import log_routes
from callscope.calls import routes as calls_routes
from callscope.calls.exporting import Exporter
from callscope.calls.facets import FacetService
from callscope.calls.intake import Intake
from callscope.calls.presenting import Presenter
from callscope.calls.service import CallService
from callscope.config import Config, load_config
from callscope.dashboard import routes as dashboard_routes
from callscope.dashboard import web
from callscope.db.checkpoint import Checkpointer
from callscope.db.engine import Database
from callscope.db.migrate import upgrade
from callscope.db.versions import Versions
from callscope.erasure import routes as erasure_routes
from callscope.erasure.runner import Eraser
from callscope.erasure.service import ErasureService
from callscope.feedback import routes as feedback_routes
from callscope.feedback.service import FeedbackService
from callscope.ingest.directory import Directory
from callscope.ingest.housekeeping import Housekeeper
from callscope.ingest.recorder import Recorder
from callscope.metrics import routes as metrics_routes
from callscope.metrics.filters import Selector
from callscope.metrics.forecast import ForecastService
from callscope.metrics.naming import Namer
from callscope.metrics.service import MetricsService
from callscope.metrics.targets import Targets
from callscope.metrics.what_if import WhatIfService
from callscope.metrics.why import WhyService
from callscope.monitoring import routes as monitoring_routes
from callscope.monitoring.gauges import ProcessGauges, ServerGauges
from callscope.monitoring.server import ServerMeasures
from callscope.monitoring.service import MonitoringService
from callscope.policy import routes as policy_routes
from callscope.policy.cache import ResponseCache
from callscope.policy.feed import PolicyFeed
from callscope.policy.service import PolicyService
from callscope.pricing import routes as pricing_routes
from callscope.pricing.book import PriceBook
from callscope.pricing.catalogue import Catalogue
from callscope.pricing.seed import seed_catalogue
from callscope.pricing.service import PricingService
from callscope.pricing.showing import Shower
from callscope.pricing.visible import VisibleModels
from callscope.repricing import routes as repricing_routes
from callscope.repricing.runner import Repricer
from callscope.repricing.service import RepricingService
from callscope.repricing.unpriced import UnpricedService
from callscope.retention import routes as retention_routes
from callscope.retention.purger import Purger
from callscope.retention.service import RetentionService
from callscope.search.follower import Indexer
from callscope.settings import routes as settings_routes
from callscope.settings.service import SettingsService
from callscope.store.sql.store import SqlStore
from callscope.tail import routes as tail_routes
from callscope.tail.feed import CallFeed
from callscope.views import routes as views_routes
from callscope.views.service import ViewService

STOP_SECONDS = 3.0
"""What all parts together may take to stop, once the last request has been answered or cut."""


def create_app(config: Config | None = None, when_loaded: Callable[[], None] = lambda: None) -> FastAPI:
    """A new application. Two of them can live in one process, each with its own database.

    Args:
        config: its settings; by default those of the environment.
        when_loaded: called once, in some thread, when all that stays in memory for good is loaded.
    """
    config = config or load_config()
    db = Database(config.database_url)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        db.give_up_at(float("inf"))  # it may have been stopped before
        upgrade(db, seed_catalogue)
        link = setup.prepare(db, config)
        if link is not None:
            setup.announce(link)
        for part in running:
            part.start()
        yield
        await to_thread.run_sync(stop, limiter=CapacityLimiter(1))  # all other threads may be waiting for the database
        db.dispose()

    def stop() -> None:
        deadline = time.monotonic() + STOP_SECONDS
        db.give_up_at(deadline)
        for part in reversed(running):
            part.stop(max(0.0, deadline - time.monotonic()))

    app = FastAPI(
        title="Callscope", version=__version__, lifespan=lifespan, responses=docs.errors(422, 500, 503),
        openapi_url=None, docs_url=None, redoc_url=None, generate_unique_id_function=openapi.operation_id,
        telemetry={"tracing": False, "metrics": False},  # asked for on every request, a tenth of its time
    )  # fmt: skip
    app.state.config = config
    app.state.db = db
    app.state.versions = versions = Versions(db)
    app.state.projects = projects = ProjectDirectory(db, versions)
    app.state.accounts = accounts = AccountService(config, db, versions)
    app.state.authenticate = accounts.authenticate
    app.state.catalogue = catalogue = Catalogue(db, versions)
    app.state.book = book = PriceBook(config.prices_file)
    visible = VisibleModels(db, catalogue)
    app.state.pricing = PricingService(db, versions, catalogue, book, visible)
    app.state.shower = Shower(book)
    app.state.settings = settings = SettingsService(db, versions)
    app.state.store = store = SqlStore(db)
    measures = ServerMeasures()
    app.state.recorder = recorder = Recorder(
        store, max_rows=config.queue_rows, max_bytes=config.queue_bytes, measures=measures
    )
    app.state.housekeeper = housekeeper = Housekeeper(db, store, book, when_loaded)
    # The recorder is last to start and first to stop: what it still writes needs the others.
    app.state.repricer = repricer = Repricer(db, store, versions, catalogue, book)
    app.state.indexer = indexer = Indexer(db)
    app.state.eraser = eraser = Eraser(db, store, versions)
    app.state.purger = purger = Purger(db, store)
    readiness: dict[str, health.Check] = {"database": health.DatabaseCheck(db), "queue": recorder.trouble}
    app.state.readiness = readiness
    app.state.monitoring = monitoring = MonitoringService(
        measures,
        ProcessGauges(db, recorder),
        ServerGauges(db, book, readiness, {"search": indexer.lag_seconds}),
        config.metrics_dir,
    )
    running = (
        versions, monitoring.sharing, Checkpointer(db), accounts.usage, accounts.rates, housekeeper, repricer, indexer, eraser,
        purger, recorder,
    )  # fmt: skip
    directory = Directory(db, catalogue, versions)
    app.state.selector = selector = Selector(projects, directory, catalogue)
    intake = Intake(book, settings, catalogue)
    presenter = Presenter(projects, directory, catalogue, book)
    namer = Namer(db, projects, directory, catalogue)
    app.state.calls = CallService(
        store, recorder, directory, projects, UserNumbers(db, versions), visible, intake, presenter, accounts.rates
    )
    app.state.facets = FacetService(store, selector, namer)
    app.state.exporter = Exporter(store, projects, directory, catalogue)
    app.state.call_feed = CallFeed(store, selector, presenter)
    app.state.metrics = MetricsService(store, selector, namer)
    app.state.repricings = RepricingService(db, projects, catalogue, store)
    app.state.retention = RetentionService(db, store)
    app.state.erasures = ErasureService(db, versions, projects, store)
    app.state.unpriced = UnpricedService(store, selector, projects, catalogue, book)
    app.state.forecasts = ForecastService(store)
    app.state.why = WhyService(store, catalogue, book, namer)
    app.state.what_if = WhatIfService(store, Targets(catalogue, visible), book, namer)
    app.state.feedback = FeedbackService(db, store, recorder, projects, catalogue, selector, namer)
    app.state.policies = policies = PolicyService(settings, catalogue, visible, projects, versions)
    app.state.feed = PolicyFeed(policies, versions)
    app.state.cache = ResponseCache(config.cache_bytes, versions)
    app.state.views = ViewService(db, projects)
    app.state.probes = CapacityLimiter(health.PROBES)
    errors.install(app)
    openapi.install(app)
    large = dict.fromkeys(log_routes.LARGE_BODIES, config.max_body_bytes)
    large[policy_routes.ENTRIES] = policy_routes.ENTRY_BODY_BYTES
    middleware.install(app, config, large, measures.request, [calls_routes.EXPORT])
    reference.install(app)
    app.router.routes.extend(log_routes.shortcuts())  # first: routes are tried in order
    routing.mount(
        app, log_routes.router, tail_routes.router, calls_routes.router, *accounts_routes.routers,
        pricing_routes.router, repricing_routes.router, retention_routes.router, erasure_routes.router,
        metrics_routes.router, feedback_routes.router, settings_routes.router, policy_routes.router,
        views_routes.router, audit_routes.router, health.router, monitoring_routes.router, dashboard_routes.router,
    )  # fmt: skip
    web.install(app)
    return app

"""`create_app(config)`: the one place where the parts are put together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from callscope import __version__
from callscope.accounts import routes as accounts_routes
from callscope.accounts import setup
from callscope.accounts.projects import ProjectDirectory
from callscope.accounts.service import AccountService
from callscope.api import docs, errors, health, middleware, openapi, reference
from callscope.audit import routes as audit_routes
from callscope.calls import log_routes
from callscope.calls import routes as calls_routes
from callscope.calls.intake import Intake
from callscope.calls.presenting import Presenter
from callscope.calls.service import CallService
from callscope.config import Config, load_config
from callscope.dashboard import routes as dashboard_routes
from callscope.db.checkpoint import Checkpointer
from callscope.db.engine import Database
from callscope.db.migrate import upgrade
from callscope.db.versions import Versions
from callscope.feedback import routes as feedback_routes
from callscope.feedback.service import FeedbackService
from callscope.ingest.directory import Directory
from callscope.ingest.housekeeping import Housekeeper
from callscope.ingest.recorder import Recorder
from callscope.metrics import routes as metrics_routes
from callscope.metrics.filters import Selector
from callscope.metrics.naming import Namer
from callscope.metrics.service import MetricsService
from callscope.pricing import routes as pricing_routes
from callscope.pricing.book import PriceBook
from callscope.pricing.catalogue import Catalogue
from callscope.pricing.seed import seed_catalogue
from callscope.pricing.service import PricingService
from callscope.pricing.visible import VisibleModels
from callscope.settings import routes as settings_routes
from callscope.settings.service import SettingsService
from callscope.store.sql.store import SqlStore


def create_app(config: Config | None = None) -> FastAPI:
    """A new application. Two of them can live in one process, each with its own database."""
    config = config or load_config()
    db = Database(config.database_url)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        upgrade(db, seed_catalogue)
        link = setup.prepare(db, config)
        if link is not None:
            setup.announce(link)
        for part in running:
            part.start()
        yield
        for part in reversed(running):
            part.stop()
        db.dispose()

    app = FastAPI(
        title="Callscope", version=__version__, lifespan=lifespan, responses=docs.errors(422, 500, 503),
        docs_url=None, redoc_url=None, generate_unique_id_function=openapi.operation_id,
        telemetry={"tracing": False, "metrics": False},  # asked for on every request, a tenth of its time
    )  # fmt: skip
    app.state.config = config
    app.state.db = db
    app.state.versions = versions = Versions(db)
    app.state.projects = projects = ProjectDirectory(db, versions)
    app.state.accounts = accounts = AccountService(config, db, versions)
    app.state.authenticate = accounts.authenticate
    app.state.catalogue = catalogue = Catalogue(db, versions)
    app.state.book = book = PriceBook()
    visible = VisibleModels(db, catalogue)
    app.state.pricing = PricingService(db, versions, catalogue, book, visible)
    app.state.settings = settings = SettingsService(db, versions)
    app.state.store = store = SqlStore(db)
    app.state.recorder = recorder = Recorder(store, max_rows=config.queue_rows, max_bytes=config.queue_bytes)
    app.state.housekeeper = housekeeper = Housekeeper(store, book)
    # The recorder is last to start and first to stop: what it still writes needs the others.
    running = (versions, Checkpointer(db), accounts.usage, housekeeper, recorder)
    directory = Directory(db, catalogue, versions)
    app.state.selector = selector = Selector(projects, directory, catalogue)
    intake = Intake(book, settings)
    presenter = Presenter(projects, directory, catalogue)
    namer = Namer(db, projects, directory, catalogue)
    app.state.calls = CallService(store, recorder, directory, projects, visible, intake, presenter)
    app.state.metrics = MetricsService(store, selector, namer)
    app.state.feedback = FeedbackService(db, store, recorder, projects, catalogue, selector, namer)
    app.state.readiness = {
        "database": health.DatabaseCheck(db),
        "queue": recorder.trouble,
    }
    errors.install(app)
    openapi.install(app)
    middleware.install(app, config)
    reference.install(app)
    for router in (
        log_routes.router,  # first: routes are tried in order, and most requests log a call
        calls_routes.router, *accounts_routes.routers, pricing_routes.router, metrics_routes.router, feedback_routes.router,
        settings_routes.router, audit_routes.router, health.router, dashboard_routes.router,
    ):  # fmt: skip
        app.include_router(router)
    return app

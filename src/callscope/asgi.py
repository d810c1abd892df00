"""`callscope.asgi:app`, for any ASGI server. Everything is set through the environment."""

import sys

from fastapi import FastAPI

from callscope.app import create_app
from callscope.config import ConfigError, load_config
from callscope.logs import configure
from callscope.server import calm_collector, share_arenas

CANNOT_START = 3  # uvicorn and gunicorn take this code as a reason to stop, not to start another worker


def _app() -> FastAPI:
    try:
        share_arenas()
        config = load_config()
        configure(config.log_level, config.log_format)
        return create_app(config, calm_collector)
    except ConfigError as error:
        print(f"callscope: {error}", file=sys.stderr, flush=True)  # noqa: T201  # there may be no log yet
        raise SystemExit(CANNOT_START) from None


app = _app()

"""The worker class for gunicorn: uvicorn's, with the bounds of `callscope serve` on headers and connections."""

from typing import Any

from uvicorn.workers import UvicornWorker

from callscope.connections import GRACE_SECONDS, KEEP_ALIVE_SECONDS, BoundedConnection


class BoundedWorker(UvicornWorker):
    """`gunicorn -k callscope.workers.BoundedWorker`."""

    CONFIG_KWARGS: dict[str, Any] = {  # noqa: RUF012  # as uvicorn declares it
        "loop": "uvloop", "http": BoundedConnection, "ws": "none", "proxy_headers": False, "server_header": False,
        "timeout_graceful_shutdown": GRACE_SECONDS, "timeout_keep_alive": KEEP_ALIVE_SECONDS,
        "access_log": False,
    }  # fmt: skip

"""A mock provider over HTTP, for real clients."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from callscope.mock_provider.app import Options, create_app


@contextmanager
def running(options: Options | None = None) -> Iterator[str]:
    """A mock provider on a free port; gives its address. Its state is its own."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(create_app(options), log_level="critical", ws="none", lifespan="off")
    config.timeout_graceful_shutdown = 0
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(10)
    listening.close()

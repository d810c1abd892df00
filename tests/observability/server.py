"""A real server for programs that connect to one, in this process, which can go away and come back."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from callscope.api.rights import Caller, Role, Scope
from callscope.app import create_app
from callscope.config import Config
from callscope.store.queries import CallFilter

ADMIN = Caller("admin@example.com", user_id=1, role=Role.ADMIN)


class LocalServer:
    """A server on a port and a database of its own."""

    def __init__(self, folder: Path) -> None:
        self._config = Config(
            _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own argument
            database_url_setting=f"sqlite:///{folder}/callscope.db",
            data_dir=folder,
        )
        self._port = _free_port()
        self.url = f"http://127.0.0.1:{self._port}"

    @contextmanager
    def running(self) -> Iterator[None]:
        """The server is there; at the end it goes away."""
        self.app = create_app(self._config)
        config = uvicorn.Config(self.app, port=self._port, log_config=None, ws="none")
        config.timeout_graceful_shutdown = 0
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield
        finally:
            server.should_exit = True
            thread.join(10)

    def key(self, *scopes: Scope, project: str | None = None) -> str:
        """The secret of a new API key."""
        of = None if project is None else self.app.state.projects.create(ADMIN, project)
        keys = self.app.state.accounts.keys
        secret: str = keys.create(ADMIN, "a program", scopes or (Scope.INGEST,), of).secret
        return secret

    def change_settings(self, **changes: Any) -> None:
        """An admin changes settings."""
        self.app.state.settings.change(ADMIN, changes)

    def calls(self) -> list[Any]:
        """All calls, the newest first."""
        _, summaries = self.app.state.calls.page(CallFilter(), None, 500)
        return list(summaries)

    def whole(self, call_id: int) -> Any:
        """One call with its payload."""
        return self.app.state.calls.get(ADMIN, call_id)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])

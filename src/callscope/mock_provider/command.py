"""`callscope mock-provider`: runs the mock under uvicorn."""

import typer
import uvicorn

from callscope.mock_provider.app import Options, create_app
from callscope.server import listen


def run(host: str, port: int, options: Options) -> None:
    """Run until a signal says stop. Raises CannotStart where the address cannot be had."""
    listening = listen(host, port)
    address = f"http://{host}:{listening.getsockname()[1]}"
    typer.echo(f"Mock provider\n  OpenAI     base_url={address}/v1\n  Anthropic  base_url={address}")
    config = uvicorn.Config(create_app(options), log_level="critical", ws="none", timeout_graceful_shutdown=1)
    uvicorn.Server(config).run(sockets=[listening])

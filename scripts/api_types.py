"""The dashboard's types of the API, web/src/api/schema.d.ts, are made from the routes.

    python scripts/api_types.py write    make them anew
    python scripts/api_types.py check    fail when the routes have changed since

The first line of the file has a hash of the OpenAPI document that it was made from, and one of the rest of the file.
"""

import hashlib
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TYPES = ROOT / "web" / "src" / "api" / "schema.d.ts"


def document() -> str:
    """The OpenAPI document, without the version: that changes no type."""
    from callscope.app import create_app
    from callscope.config import Config

    with tempfile.TemporaryDirectory() as folder:
        config = Config(_env_file=None, data_dir=Path(folder))  # type: ignore[call-arg]  # pydantic-settings' own
        openapi = create_app(config).openapi()
    openapi["info"]["version"] = ""
    return json.dumps(openapi, indent=1)


def headline(openapi: str, types: str) -> str:
    """What stands above the types."""
    hashes = (hashlib.sha256(text.encode()).hexdigest()[:16] for text in (openapi, types))
    return f"// Made by `make api-types`: {' '.join(hashes)}\n"


def write() -> None:
    """Make the types anew."""
    openapi = document()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "openapi.json")
        path.write_text(openapi)
        command = [sys.executable, "scripts/web.py", "run", "api"]
        # npm's script reads OPENAPI.
        subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, "OPENAPI": str(path)})  # noqa: S603  # our own
    types = TYPES.read_text()
    TYPES.write_text(headline(openapi, types) + types)


def check() -> None:
    """Raises SystemExit when the types are not those of the routes."""
    first, _, types = TYPES.read_text().partition("\n")
    if f"{first}\n" != headline(document(), types):
        raise SystemExit(f"{TYPES.relative_to(ROOT)} does not fit the routes any more; run 'make api-types'")


if __name__ == "__main__":
    commands = {("write",): write, ("check",): check}
    commands[tuple(sys.argv[1:])]()

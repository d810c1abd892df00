"""Callscope from a checkout: `python main.py` serves it, and `main:app` is for gunicorn or uvicorn."""

import sys
from importlib.util import find_spec
from pathlib import Path

if find_spec("callscope") is None:  # not installed: take the package from beside this file
    sys.path.insert(0, str(Path(__file__).parent / "src"))

if __name__ == "__main__":
    from callscope.cli import main

    main(["serve", *sys.argv[1:]])
else:
    from callscope.asgi import app

    __all__ = ["app"]

"""Callscope from a checkout: `python main.py` serves it, and `main:app` is for gunicorn or uvicorn.

Another command of `callscope` works as well: `python main.py user list`.
"""

import sys
from importlib.util import find_spec
from pathlib import Path

if find_spec("callscope") is None:  # not installed: take the package from beside this file
    sys.path.insert(0, str(Path(__file__).parent / "src"))

if __name__ == "__main__":
    arguments = sys.argv[1:]
    try:
        from callscope.cli import main

        main(arguments if arguments and not arguments[0].startswith("-") else ["serve", *arguments])
    except ModuleNotFoundError as missing:
        sys.exit(f"callscope: {missing.name} is not installed here; first: pip install -r requirements.txt")
else:
    from callscope.asgi import app

    __all__ = ["app"]

"""The command `callscope`, and `python -m callscope`."""

import sys


def main() -> None:
    """Run the command line, where the server's packages are installed; the client alone has none of it."""
    try:
        from callscope.cli import main as run
    except ModuleNotFoundError as missing:
        if missing.name is None or missing.name.startswith("callscope"):
            raise
        sys.exit("callscope: only the client is installed here. For the server: pip install 'callscope[server]'")
    run()


if __name__ == "__main__":
    main()

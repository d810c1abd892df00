"""The command line. What a command needs is imported when it runs, so that `--help` is quick."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from callscope import __version__
from callscope.accounts.commands import keys, users

app = typer.Typer(
    name="callscope", help="Callscope: see what your LLM calls do and what they cost.", no_args_is_help=True,
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
)  # fmt: skip
app.add_typer(users, name="user")
app.add_typer(keys, name="key")

DataDir = Annotated[Path | None, typer.Option(help="The data folder, in place of CALLSCOPE_DATA_DIR.")]


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"callscope {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Callscope: see what your LLM calls do and what they cost.

    Settings come from the environment and from the file .env; docs/configuration.md lists them.
    """


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on, in place of CALLSCOPE_HOST.")] = None,
    port: Annotated[int | None, typer.Option(help="The port, in place of CALLSCOPE_PORT; 0 takes a free one.")] = None,
    workers: Annotated[
        int, typer.Option(min=1, max=64, help="How many server processes; PostgreSQL suits several.")
    ] = 1,
    data_dir: DataDir = None,
) -> None:
    """Start the server. SQLite is brought up to date by itself.

    Example: callscope serve --port 8080
    """
    from callscope.config import load_config
    from callscope.server import serve as run

    given = {"host": host, "port": port, "data_dir": data_dir}
    run(load_config(**{name: value for name, value in given.items() if value is not None}), workers)


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database up to date, and end.

    Example: DATABASE_URL=postgresql://callscope@db/callscope callscope migrate
    """
    from callscope.config import load_config
    from callscope.db.engine import Database
    from callscope.db.migrate import upgrade
    from callscope.pricing.seed import seed_catalogue

    config = load_config(**({} if data_dir is None else {"data_dir": data_dir}))
    db = Database(config.database_url)
    try:
        upgrade(db, seed_catalogue)
    finally:
        db.dispose()
    typer.echo("The database is up to date.")


@app.command()
def doctor(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what is wrong, from the rows.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON, for programs.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Recompute all totals from the calls and report every difference; also while the server runs.

    Also checks ratings, merged calls, costs, payloads and ids. The exit code is 1 when something is wrong and was not
    mended, else 0.

    Example: callscope doctor --repair
    """
    from callscope.config import load_config
    from callscope.doctor import run

    config = load_config(**({} if data_dir is None else {"data_dir": data_dir}))
    if not run(config, repair=repair, as_json=as_json):
        raise typer.Exit(1)


@app.command()
def demo(
    calls: Annotated[int, typer.Option(min=1, max=20_000_000, help="How many calls.")] = 200_000,
    days: Annotated[int, typer.Option(min=1, max=365, help="Over how many days up to now, roughly.")] = 30,
    seed: Annotated[int, typer.Option(help="Another seed makes another month.")] = 1,
    data_dir: DataDir = None,
) -> None:
    """Log a month of believable calls of three applications, also while the server runs.

    The same options make the same calls: what is there already is not counted twice, so running it again some days
    later adds what is missing up to now. To begin afresh, take an empty folder with --data-dir, and give it to serve
    as well; or stop the server and delete the data folder.

    Example: callscope demo --calls 50000 --data-dir /tmp/callscope-demo
    """
    from callscope.config import load_config
    from callscope.demo.command import run

    config = load_config(**({} if data_dir is None else {"data_dir": data_dir}))
    run(config, calls=calls, days=days, seed=seed)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 when it worked, 2 for a wrong command line, else 1 with one line of explanation."""
    try:
        code = app(args=None if arguments is None else list(arguments), prog_name="callscope", standalone_mode=False)
    except typer.TyperException as error:
        _complain(error.format_message())
        code = error.exit_code
    except (typer.Abort, KeyboardInterrupt):
        code = 130
    except Exception as error:
        message = _expected(error)
        if message is None:
            raise
        _complain(message)
        code = 1
    sys.exit(code if isinstance(code, int) else 0)


def _expected(error: Exception) -> str | None:
    """The sentence of an error that an operator can do something about; None for a mistake of ours."""
    from callscope.api.errors import ApiError
    from callscope.config import ConfigError
    from callscope.db.engine import DatabaseUnavailable
    from callscope.server import CannotStart

    if isinstance(error, DatabaseUnavailable):
        return f"the database cannot be reached or written: {error}"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error) if isinstance(error, ApiError | ConfigError | CannotStart) else None


def _complain(message: str) -> None:
    if message.startswith("Usage:"):  # the help that a command shows when it is given nothing
        typer.echo(message, err=True)
    else:
        typer.echo(f"callscope: {' '.join(message.split())}", err=True)

"""The command line. What a command needs is imported when it runs, so that `--help` is quick."""

import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from callscope import __version__
from callscope.accounts.commands import keys, users
from callscope.erasure.commands import end_users
from callscope.options import DataDir, checked, settings
from callscope.pricing.commands import prices
from callscope.retention.commands import projects, purge

app = typer.Typer(
    name="callscope", help="Callscope: see what your LLM calls do and what they cost.", no_args_is_help=True,
    add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False, suggest_commands=False,
)  # fmt: skip
app.add_typer(users, name="user")
app.add_typer(keys, name="key")
app.add_typer(projects, name="project")
app.add_typer(end_users, name="end-user")
app.add_typer(prices, name="prices")
app.command()(purge)


class Ended(StrEnum):
    """How a call ended."""

    SUCCESS = "success"
    ERROR = "error"
    TIMEOUT = "timeout"


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
    host: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="The address to listen on, in place of CALLSCOPE_HOST.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(
            metavar="PORT", min=0, max=65_535, help="The port, in place of CALLSCOPE_PORT; 0 takes a free one."
        ),
    ] = None,
    workers: Annotated[
        int, typer.Option(metavar="N", min=1, max=64, help="How many server processes; PostgreSQL suits several.")
    ] = 1,
    data_dir: DataDir = None,
) -> None:
    """Start the server.

    The database is brought up to date by itself.

    Example: callscope serve --port 8080
    """
    from callscope.server import serve as run

    run(settings(host=host, port=port, data_dir=data_dir), workers)


@app.command()
def migrate(data_dir: DataDir = None) -> None:
    """Bring the database up to date, and end.

    Example: DATABASE_URL=postgresql://callscope@db/callscope callscope migrate
    """
    from callscope.db.engine import Database
    from callscope.db.migrate import upgrade
    from callscope.pricing.seed import seed_catalogue
    from callscope.server import check_folders

    config = settings(data_dir=data_dir)
    check_folders(config)
    db = Database(config.database_url)
    try:
        upgrade(db, seed_catalogue)
    finally:
        db.dispose()
    typer.echo("The database is up to date.")


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write; it must not exist yet.")],
    data_dir: DataDir = None,
) -> None:
    """Write a backup, also while the server runs.

    It has everything in the database as it was at one moment. On PostgreSQL it runs pg_dump, which must be installed.
    docs/operations.md says how to restore it.

    Example: callscope backup /backups/callscope-$(date +%F).db
    """
    from callscope.backup import run

    typer.echo(run(settings(data_dir=data_dir), file))


@app.command()
def check(
    deep: Annotated[bool, typer.Option("--deep", help="Also whether the pages of an SQLite file are sound.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON, for programs.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Look whether a server can run here as it is set up.

    Settings, files, disk, database, clock and logins. Warnings are what an operator should know of; the exit code is 1
    when something fails, else 0. It works also while the server runs; --deep reads the whole file, which takes minutes
    for a large one, and the log of what is written meanwhile grows until it is done.

    Example: callscope check --json
    """
    from callscope.check import run

    if not run(settings(data_dir=data_dir), deep=deep, as_json=as_json):
        raise typer.Exit(1)


@app.command()
def doctor(
    repair: Annotated[bool, typer.Option("--repair", help="Mend what is wrong, from the rows.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON, for programs.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Check all totals against the calls.

    It recomputes them and reports every difference, also while the server runs, and checks ratings, merged calls,
    costs, payloads and ids besides. The exit code is 1 when something is wrong and was not mended, else 0.

    Example: callscope doctor --repair
    """
    from callscope.doctor import run

    if not run(settings(data_dir=data_dir), repair=repair, as_json=as_json):
        raise typer.Exit(1)


@app.command()
def demo(
    calls: Annotated[int, typer.Option(metavar="N", min=1, max=20_000_000, help="How many calls.")] = 200_000,
    days: Annotated[int, typer.Option(metavar="N", min=1, max=365, help="Over how many days up to now, roughly.")] = 30,
    seed: Annotated[int, typer.Option(metavar="N", help="Another seed makes another month.")] = 1,
    data_dir: DataDir = None,
) -> None:
    """Log a month of believable calls.

    They are those of three applications, and it works also while the server runs. The same options make the same calls: what is there already is not counted twice, so running it again some days
    later adds what is missing up to now. To begin afresh, take an empty folder with --data-dir, and give it to serve
    as well; or stop the server and delete the data folder.

    Example: callscope demo --calls 50000 --data-dir /tmp/callscope-demo
    """
    from callscope.demo.command import run

    run(settings(data_dir=data_dir), calls=calls, days=days, seed=seed)


@app.command("mock-provider")
def mock_provider(
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(metavar="PORT", min=0, max=65_535, help="The port; 0 takes a free one.")] = 8_900,
    delay_ms: Annotated[int, typer.Option(metavar="N", min=0, max=600_000, help="The pause before each answer.")] = 0,
    chunk_delay_ms: Annotated[
        int, typer.Option(metavar="N", min=0, max=600_000, help="The pause before each part of a stream.")
    ] = 0,
    error_rate: Annotated[
        float,
        typer.Option(metavar="SHARE", min=0, max=1, help="Which share of the requests fails: 0.25 is every fourth."),
    ] = 0.0,
    error_status: Annotated[int, typer.Option(metavar="STATUS", min=400, max=599, help="With which status.")] = 500,
    rate_limit: Annotated[
        int | None, typer.Option(metavar="N", min=1, max=100_000, help="How many requests a minute are answered.")
    ] = None,
    api_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="The key that requests must bring; without it any will do.")
    ] = None,
) -> None:
    """Start a local server that answers as OpenAI and Anthropic do.

    It is for trying things out, and for tests: it calls no model. docs/mock-provider.md says how a request chooses its
    answer.

    Example: callscope mock-provider --error-rate 0.1
    """
    from callscope.mock_provider.app import Options
    from callscope.mock_provider.command import run

    run(host, port, Options(delay_ms, chunk_delay_ms, error_rate, error_status, rate_limit, api_key=api_key))


@app.command()
def reprice(
    model: Annotated[
        str | None, typer.Option(metavar="NAME", help="A model's calls: of every provider, unless one is named.")
    ] = None,
    provider: Annotated[str | None, typer.Option(metavar="NAME", help="The provider of the model.")] = None,
    project: Annotated[str | None, typer.Option(metavar="NAME", help="Only this project's calls.")] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Only calls from this time or day on, in UTC.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Only calls before this one.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every call; needed without a model or a time.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only work out what would change.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Price stored calls anew.

    Each gets the cost that today's prices give it for its own time; a cost that was reported with the call stays. All
    totals follow. It works also while the server runs, and does not hold up logging. Ctrl-C cancels it; what it has
    changed by then stays.

    Example: callscope reprice --model gpt-4o --from 2026-11-01 --dry-run
    """
    from callscope.repricing.command import run
    from callscope.repricing.schemas import RepricingIn

    given = {"model": model, "provider": provider, "project": project, "from": since, "to": until}
    wanted = checked(RepricingIn, **given, all=every, dry_run=dry_run)
    ask = not (yes or dry_run)
    if ask and not sys.stdin.isatty():
        raise typer.BadParameter("nobody can be asked here, so it must be given", param_hint="--yes")
    if not run(settings(data_dir=data_dir), wanted, ask=ask):
        raise typer.Exit(1)


@app.command()
def export(
    output: Annotated[Path, typer.Argument(metavar="FILE", help="What is written; `-` is standard output.")],
    form: Annotated[
        Literal["csv", "ndjson", "parquet"] | None,
        typer.Option("--format", help="What it is written as; else its name's ending says it."),
    ] = None,
    project: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Only this project; may be repeated.")
    ] = None,
    environment: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only this environment.")] = None,
    model: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only this model, by name or number.")] = None,
    provider: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Only this provider.")] = None,
    status: Annotated[list[Ended] | None, typer.Option(help="Only calls that ended so.")] = None,
    end_user: Annotated[str | None, typer.Option(metavar="ID", help="Only calls of this end user.")] = None,
    session_id: Annotated[str | None, typer.Option("--session", metavar="ID", help="Only of this session.")] = None,
    tag: Annotated[str | None, typer.Option(metavar="TAG", help="Only calls that have this tag.")] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Only calls from this time or day on, in UTC.")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Only calls before this one.")] = None,
    payloads: Annotated[bool, typer.Option("--payloads", help="Also what people wrote and models answered.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Take calls out into a file.

    Newest first, any number of them, also while the server runs. The file has its name only when it is whole. Parquet
    needs the extra callscope[parquet].

    Example: callscope export november.csv --from 2026-11-01 --to 2026-12-01 --project shop
    """
    from callscope.calls.command import run, told_format, told_time
    from callscope.metrics.filters import Chosen
    from callscope.store.queries import CallFilter

    wanted = CallFilter(
        start=told_time("--from", since),
        end=told_time("--to", until),
        end_user=end_user,
        session_id=session_id,
        tag=tag,
    )
    names = Chosen(project or (), environment or (), model or (), provider or (), [one.value for one in status or ()])
    count = run(settings(data_dir=data_dir), names, wanted, told_format(form, output), output, payloads=payloads)
    typer.echo(f"{count:,} calls exported", err=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 0 when it worked, 2 for a wrong command line, else 1 with one line of explanation."""
    try:
        code = app(args=None if arguments is None else list(arguments), prog_name="callscope", standalone_mode=False)
    except typer.TyperException as error:
        _complain(_usage(error))
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


def _usage(error: typer.TyperException) -> str:
    """What is wrong with the command line, and where to read how it is right."""
    from pydantic import ValidationError

    from callscope.wording import plain_message

    if isinstance(error.__cause__, ValidationError):
        error.message = plain_message(error.__cause__.errors(include_url=False)[0])
    if hasattr(error, "possibilities"):
        error.possibilities = None  # guesses from the spelling alone
    message = error.format_message()
    context: typer.Context | None = getattr(error, "ctx", None)
    if context is None or message.startswith("Usage:"):
        return message
    return f"{message.rstrip('.')}; see `{context.command_path} --help`"


def _expected(error: Exception) -> str | None:
    """The sentence of an error that an operator can do something about; None for a mistake of ours."""
    from callscope.api.errors import ApiError
    from callscope.backup import BackupFailed
    from callscope.config import ConfigError
    from callscope.db.engine import DatabaseUnavailable
    from callscope.db.migrate import DatabaseTooNew
    from callscope.pricing.fetched import NotUpdated
    from callscope.server import CannotStart

    if isinstance(error, DatabaseUnavailable):
        return f"the database cannot be reached or written: {error}"
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return (
        str(error)
        if isinstance(error, ApiError | BackupFailed | ConfigError | CannotStart | DatabaseTooNew | NotUpdated)
        else None
    )


def _complain(message: str) -> None:
    if message.startswith("Usage:"):  # the help that a command shows when it is given nothing
        typer.echo(message, err=True)
    else:
        typer.echo(f"callscope: {' '.join(message.split())}", err=True)

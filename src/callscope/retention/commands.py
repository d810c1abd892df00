"""`callscope project`: what an operator does with projects from a terminal of the server."""

import sys
import time
from datetime import UTC, datetime
from typing import Annotated

import typer

from callscope.options import DataDir, checked, print_table

projects = typer.Typer(
    help="Projects: the applications that make calls.",
    no_args_is_help=True, rich_markup_mode=None, suggest_commands=False,
)  # fmt: skip
FOREVER = "forever"
PAGE = 500


@projects.command("list")
def list_projects(data_dir: DataDir = None) -> None:
    """List all projects, and how long each keeps what it logs.

    Example: callscope project list
    """
    from callscope.accounts.commands import opened

    rows = [("NAME", "PROMPTS AND ANSWERS", "CALLS", "DESCRIPTION")]
    with opened(data_dir) as server:
        after = 0
        while page := server.projects.page(server.caller, after, PAGE):
            after = page[-1].id
            rows += [(one.name, _days(one.payload_days), _days(one.row_days), one.description) for one in page]
    print_table(rows)


@projects.command("retention")
def set_retention(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The project.")],
    payload_days: Annotated[
        str | None,
        typer.Option(metavar="DAYS", help="How long prompts and answers are kept: 7, 30, 90, 365 or forever."),
    ] = None,
    row_days: Annotated[
        str | None, typer.Option(metavar="DAYS", help="How long calls are kept: any number of days, or forever.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before something is deleted.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Say how long a project keeps prompts and answers, and whole calls.

    What is left out stays as it is. What is too old is deleted by the server within minutes, for good; the totals stay.

    Example: callscope project retention checkout --payload-days 30 --row-days 180
    """
    from callscope.accounts.commands import opened
    from callscope.accounts.schemas import ProjectChange
    from callscope.retention.service import RetentionService
    from callscope.store.sql.store import SqlStore

    given = {"payload_days": payload_days, "row_days": row_days}
    sent = {key: None if value == FOREVER else _number(key, value) for key, value in given.items() if value is not None}
    if not sent:
        raise typer.BadParameter("say at least one of them", param_hint="--payload-days, --row-days")
    wanted = checked(ProjectChange, **sent)
    with opened(data_dir) as server:
        found = server.projects.resolve(name)
        (now,) = server.projects.page(server.caller, found.id - 1, 1)
        kept_days = (getattr(wanted if days in sent else now, days) for days in ("payload_days", "row_days"))
        service = RetentionService(server.db, SqlStore(server.db))
        would = service.preview(found.id, *kept_days)
        if (would.rows.calls or would.payloads.calls) and not yes:
            if not sys.stdin.isatty():
                raise typer.BadParameter("nobody can be asked here, so it must be given", param_hint="--yes")
            what = (
                f"about {would.rows.calls:,} calls, and the prompts and answers of about {would.payloads.calls:,} more"
            )
            typer.confirm(f"That deletes for good {what}. Go on?", abort=True)
        project = server.projects.update(server.caller, found.id, wanted.changes)
    typer.echo(
        f"{project.name} keeps prompts and answers {_days(project.payload_days)}, calls {_days(project.row_days)}."
    )


def purge(
    yes: Annotated[bool, typer.Option("--yes", help="The clock is right: do not ask.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Delete what projects keep no longer, now.

    A server does it by itself every five minutes, unless the clock has leapt: then it waits, since what is deleted too
    early is gone for good. This says that the clock is right.

    Example: callscope purge
    """
    from callscope.options import settings
    from callscope.retention.purger import Purger
    from callscope.server import current_database
    from callscope.store.sql.store import SqlStore

    with current_database(settings(data_dir=data_dir)) as db:
        purger = Purger(db, SqlStore(db))
        if not yes:
            if not sys.stdin.isatty():
                raise typer.BadParameter("nobody can be asked here, so it must be given", param_hint="--yes")
            now = datetime.now(UTC)
            typer.confirm(
                f"What is too old by {now:%Y-%m-%d %H:%M} UTC is deleted for good. Is that the time?", abort=True
            )
        purger.clock.believe(time.time_ns() // 1000)
        done = purger.purge()
    if done is None:
        typer.echo("A server is at it just now.")
    else:
        typer.echo(f"Deleted {done.rows:,} calls, {done.payloads:,} payloads and {done.tables:,} tables of payloads.")


def _number(option: str, value: str) -> int:
    try:
        return int(value)
    except ValueError:
        raise typer.BadParameter(
            f"must be a number of days or {FOREVER}", param_hint=f"--{option.replace('_', '-')}"
        ) from None


def _days(days: int | None) -> str:
    return FOREVER if days is None else f"for {days} days"

"""`callscope end-user`: erases an end user from a terminal of the server, whether or not a server runs beside it."""

import sys
import time
from typing import Annotated

import typer

from callscope.options import DataDir, checked

end_users = typer.Typer(
    help="End users: who used the applications.", no_args_is_help=True, rich_markup_mode=None, suggest_commands=False
)
LOOK_SECONDS = 0.2


@end_users.callback()
def _group() -> None:
    """End users: who used the applications."""


@end_users.command("erase")
def erase(
    end_user: Annotated[str, typer.Argument(metavar="ID", help="As the calls name them.")],
    project: Annotated[
        str | None, typer.Option("--project", metavar="PROJECT", help="Only in this project; else in all.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask first.")] = False,
    data_dir: DataDir = None,
) -> None:
    """Take an end user out of all that is stored, for good.

    Name, prompts, answers, tags, error texts and feedback go; the totals stay. It ends when nothing is left.

    Example: callscope end-user erase u-4711 --project checkout
    """
    from callscope.accounts.commands import opened
    from callscope.erasure.runner import Eraser
    from callscope.erasure.schemas import ErasureIn
    from callscope.erasure.service import ErasureService
    from callscope.store.sql.store import SqlStore

    wanted = checked(ErasureIn, end_user=end_user, project=project)
    if not yes:
        if not sys.stdin.isatty():
            raise typer.BadParameter("nobody can be asked here, so it must be given", param_hint="--yes")
        where = "all projects" if project is None else f"the project {project}"
        typer.confirm(f"What {where} have of {end_user!r} is erased for good. Go on?", abort=True)
    with opened(data_dir) as server:
        store = SqlStore(server.db)
        service = ErasureService(server.db, server.versions, server.projects, store)
        eraser = Eraser(server.db, store, server.versions)
        asked = service.create(server.caller, wanted.end_user, wanted.project)
        while (found := service.get(asked.id)).state != "done":
            eraser.work()
            if service.get(asked.id).state != "done":  # a server is at it
                time.sleep(LOOK_SECONDS)
    typer.echo(f"{_told(found.calls)} docs/operations.md says what backups and files may have.")


def _told(calls: int) -> str:
    if not calls:
        return "No call of this end user was found."
    return f"Erased from {calls:,} {'call' if calls == 1 else 'calls'}."

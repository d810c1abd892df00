"""`callscope user` and `callscope key`: what an operator does with accounts from a terminal of the server."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from callscope.options import DataDir, checked, print_table, settings

if TYPE_CHECKING:
    from pathlib import Path

    from callscope.accounts.keys import KeyService
    from callscope.accounts.projects import ProjectDirectory
    from callscope.accounts.users import UserService
    from callscope.api.rights import Caller
    from callscope.db.engine import Database
    from callscope.db.versions import Versions

users = typer.Typer(
    help="Users: people with a login.", no_args_is_help=True, rich_markup_mode=None, suggest_commands=False
)
keys = typer.Typer(
    help="API keys: what programs send and read data with.",
    no_args_is_help=True, rich_markup_mode=None, suggest_commands=False,
)  # fmt: skip

PAGE = 500

Email = Annotated[str, typer.Argument(metavar="EMAIL", help="The user's email address.")]


@dataclass(frozen=True, slots=True)
class Opened:
    """What commands work with; `caller` is who they are."""

    db: "Database"
    versions: "Versions"
    users: "UserService"
    keys: "KeyService"
    projects: "ProjectDirectory"
    caller: "Caller"


@contextmanager
def opened(data_dir: "Path | None", *, may_make_database: bool = False) -> Iterator[Opened]:
    """The services on the database of the settings.

    Raises CannotStart where there is no database or it is not up to date, unless one may be made: then it is made or
    brought up to date, and a new one is told.
    """
    from callscope.accounts.keys import KeyService
    from callscope.accounts.passwords import Passwords
    from callscope.accounts.projects import ProjectDirectory
    from callscope.accounts.setup import make_first_rows
    from callscope.accounts.users import UserService
    from callscope.api.rights import Caller, Role
    from callscope.db.engine import Database
    from callscope.db.migrate import is_current, upgrade
    from callscope.db.versions import Versions
    from callscope.pricing.seed import seed_catalogue
    from callscope.server import NotCurrent, check_database, check_folders

    config = settings(data_dir=data_dir)
    is_new = config.is_sqlite and not config.sqlite_file.exists()
    if not may_make_database:
        check_database(config)
    check_folders(config)
    db = Database(config.database_url)
    try:
        if may_make_database:
            upgrade(db, seed_catalogue)
        elif not is_current(db):
            raise NotCurrent
        make_first_rows(db, config)
        if is_new:
            typer.echo(f"A new database was made: {config.sqlite_file}", err=True)
        versions = Versions(db)
        yield Opened(
            db, versions, UserService(db, versions, Passwords()), KeyService(db, versions), ProjectDirectory(db, versions),
            Caller(name="command line", role=Role.ADMIN),
        )  # fmt: skip
    finally:
        db.dispose()


@users.command("create")
def create_user(
    email: Email,
    admin: Annotated[bool, typer.Option("--admin", help="Make an admin; else a viewer.")] = False,
    can_read_calls: Annotated[
        bool, typer.Option("--can-read-calls", help="Let a viewer read prompts and answers.")
    ] = False,
    project: Annotated[
        list[str] | None,
        typer.Option("--project", metavar="PROJECT", help="Only this project; may be given several times."),
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Make a user.

    The password is asked for, or read from standard input.

    Example: callscope user create jane@example.com --admin
    """
    from callscope.accounts.schemas import UserIn
    from callscope.accounts.users import EmailTaken, NewUser
    from callscope.api.errors import Conflict
    from callscope.api.rights import Role

    if admin and project:
        raise typer.BadParameter("an admin sees all projects, so it is for viewers", param_hint="--project")
    with opened(data_dir, may_make_database=True) as accounts:
        numbers = accounts.projects.numbers(project)
        given = checked(UserIn, email=email, password=_password(), role=Role.ADMIN if admin else Role.VIEWER)
        new = NewUser(given.email, given.password, given.role, numbers, can_read_calls)
        try:
            user = accounts.users.create(accounts.caller, new)
        except EmailTaken as taken:
            raise Conflict(f"{taken.detail} Use `callscope user promote` or `set-password` to change him.") from taken
    typer.echo(f"{user.email} can log in, as {'an admin' if admin else 'a viewer'}.")


@users.command("list")
def list_users(data_dir: DataDir = None) -> None:
    """List all users.

    Example: callscope user list
    """
    with opened(data_dir) as accounts:
        names = {project.id: project.name for project in accounts.projects.all()}
        rows = [("EMAIL", "ROLE", "ACTIVE", "READS CALLS", "PROJECTS")]
        after = 0
        while page := accounts.users.page(after, PAGE):
            after = page[-1].id
            for user in page:
                projects = "all" if user.projects is None else ", ".join(names.get(one, "?") for one in user.projects)
                reads = user.can_read_calls or user.role == "ADMIN"
                rows.append((user.email, user.role, _yes(user.is_active), _yes(reads), projects))
    print_table(rows)


@users.command("set-password")
def set_password(email: Email, data_dir: DataDir = None) -> None:
    """Give a user a new password.

    It is asked for, or read from standard input. The user's sessions end.

    Example: callscope user set-password jane@example.com
    """
    with opened(data_dir) as accounts:
        user = accounts.users.by_email(email)
        accounts.users.set_password(accounts.caller, user.id, _password())
    typer.echo(f"{email} has a new password; earlier logins no longer hold.")


@users.command("deactivate")
def deactivate(email: Email, data_dir: DataDir = None) -> None:
    """Keep a user from logging in.

    His sessions end. The last admin stays.

    Example: callscope user deactivate jane@example.com
    """
    with opened(data_dir) as accounts:
        accounts.users.update(accounts.caller, accounts.users.by_email(email).id, {"is_active": False})
    typer.echo(f"{email} can no longer log in.")


@users.command("promote")
def promote(email: Email, data_dir: DataDir = None) -> None:
    """Make a user an admin, and active if he was not.

    Example: callscope user promote jane@example.com
    """
    with opened(data_dir) as accounts:
        changes = {"role": "ADMIN", "is_active": True}
        accounts.users.update(accounts.caller, accounts.users.by_email(email).id, changes)
    typer.echo(f"{email} is an admin.")


@keys.command("create")
def create_key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the key is for.")],
    scope: Annotated[
        list[str] | None,
        typer.Option(metavar="SCOPE", help="ingest, metrics, calls or gateway; may be given several times."),
    ] = None,
    project: Annotated[
        str | None, typer.Option(metavar="PROJECT", help="Only this project (made if it is new); else all.")
    ] = None,
    requests_per_minute: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="How many requests it may send a minute; else any number.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Make an API key, by default one that can log calls.

    Its secret goes to standard output, and is shown only now.

    Example: callscope key create "checkout service" --scope ingest --project shop
    """
    from callscope.accounts.schemas import KeyIn
    from callscope.api.rights import Scope

    try:
        scopes = [Scope(one) for one in scope or ("ingest",)]
    except ValueError:
        raise typer.BadParameter(f"a scope is one of {', '.join(Scope)}", param_hint="--scope") from None
    given = checked(KeyIn, name=name, scopes=scopes, requests_per_minute=requests_per_minute)
    with opened(data_dir, may_make_database=True) as accounts:
        own = None
        if project is not None:
            own = accounts.projects.resolve(accounts.projects.for_write(accounts.caller, project))
        made = accounts.keys.create(accounts.caller, given.name, given.scopes, own, given.requests_per_minute)
    typer.echo(
        f"Key {made.key.id}, {given.name}, for {own.name if own else 'all projects'}. Keep its secret:", err=True
    )
    typer.echo(made.secret)


@keys.command("list")
def list_keys(data_dir: DataDir = None) -> None:
    """List the keys in force.

    Secrets are not kept, so only their first characters are shown.

    Example: callscope key list
    """
    with opened(data_dir) as accounts:
        names = {project.id: project.name for project in accounts.projects.all()}
        rows = [("ID", "NAME", "SECRET", "SCOPES", "PROJECT", "LAST USED")]
        after = 0
        while page := accounts.keys.page(after, PAGE):
            after = page[-1].id
            for key in page:
                project = "all" if key.project_id is None else names.get(key.project_id, "?")
                used = f"{key.last_used_at:%Y-%m-%d %H:%M}Z" if key.last_used_at else "never"
                rows.append((str(key.id), key.name, f"{key.prefix}…", ", ".join(key.scopes), project, used))
    print_table(rows)


@keys.command("revoke")
def revoke_key(
    key_id: Annotated[int, typer.Argument(metavar="ID", help="The key's number, as `key list` shows it.")],
    data_dir: DataDir = None,
) -> None:
    """End a key for good.

    Example: callscope key revoke 3
    """
    with opened(data_dir) as accounts:
        accounts.keys.revoke(accounts.caller, key_id)
    typer.echo(f"Key {key_id} no longer holds.")


def _password() -> str:
    """The password typed twice at a terminal, else the first line of standard input."""
    if sys.stdin.isatty():
        typed: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
        return typed
    return sys.stdin.readline().rstrip("\r\n")


def _yes(value: bool) -> str:
    return "yes" if value else "no"

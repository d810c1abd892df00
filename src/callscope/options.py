"""What the commands share: their common option, the settings that each begins with, and checking what they are given."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel

    from callscope.config import Config

M = TypeVar("M", bound="BaseModel")

DataDir = Annotated[
    Path | None, typer.Option(metavar="FOLDER", help="The data folder, in place of CALLSCOPE_DATA_DIR.")
]


def settings(**given: object) -> "Config":
    """The settings, with what the command line gave in place of theirs; None is what was not given.

    Names that look like settings and are none are told on standard error. Raises ConfigError.
    """
    from callscope.config import load_config, unknown_settings

    config = load_config(**{name: value for name, value in given.items() if value is not None})
    unknown = unknown_settings()
    if unknown:
        typer.echo(f"callscope: warning: no setting has the name {' or '.join(unknown)}; it is ignored", err=True)
    return config


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as they need to be, so that other tools can read them as well."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def checked(schema: type[M], /, **given: object) -> M:
    """What the API would take, else Invalid in its words."""
    from pydantic import ValidationError

    from callscope.api.errors import Invalid, field_errors

    try:
        return schema.model_validate(given)
    except ValidationError as error:
        raise Invalid(*field_errors(error.errors(include_input=False, include_url=False))) from None

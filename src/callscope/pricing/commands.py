"""`callscope prices`: look prices up from a terminal of the server, and fetch newer ones."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from callscope.options import DataDir, print_table, settings

if TYPE_CHECKING:
    from pathlib import Path

    from callscope.pricing.book import PriceBook
    from callscope.pricing.catalogue import Catalogue, CatalogueModel
    from callscope.pricing.price_schemas import Kinds, PriceDetail

prices = typer.Typer(
    help="Prices: what models cost, and since when.",
    no_args_is_help=True, rich_markup_mode=None, suggest_commands=False,
)  # fmt: skip

Row = tuple[str, ...]

_COLUMNS = {
    "input": "INPUT", "cached_input": "CACHED", "cache_write": "WRITE", "cache_write_1h": "WRITE 1H", "output": "OUTPUT",
    "reasoning": "REASONING", "audio_input": "AUDIO IN", "audio_output": "AUDIO OUT", "image_input": "IMAGE IN",
    "image_output": "IMAGE OUT", "request": "REQUEST", "server_tool": "TOOL",
}  # fmt: skip


@prices.command("show")
def show(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model's name, as calls give it.")],
    provider: Annotated[str | None, typer.Option(metavar="PROVIDER", help="Its provider.")] = None,
    at: Annotated[
        str | None, typer.Option(metavar="DATE", help="Only what held then: 2026-11-26, or with a time of the UTC day.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Show what a model has cost, costs and will cost.

    The amounts are dollars per million tokens; those of requests and tools are dollars each.

    Example: callscope prices show claude-opus-4-6 --provider anthropic
    """
    from callscope.pricing.showing import Shower

    moment = None if at is None else _moment(at)
    with _prices(data_dir) as (catalogue, book):
        found = _found(catalogue, model, provider)
        shown = Shower(book).in_full(found, moment or datetime.now(UTC))
        held = [
            price
            for price, period in zip(shown.prices, book.history(found), strict=True)
            if moment is None or period.holds(moment)
        ]
    typer.echo(f"{found.name} at {found.provider}" + ("" if moment is None else f" on {moment:%Y-%m-%d %H:%M}Z"))
    if held:
        _print_table([row for price in held for row in _rows(price)])
    if shown.unpriced_reason is not None:
        typer.echo(shown.unpriced_reason)


@prices.command("update")
def update(data_dir: DataDir = None) -> None:
    """Fetch the newest prices.

    They are those of genai-prices, from where that library has its updates, and are checked before they are used. A
    running server takes them within ten minutes. Calls that are stored keep their cost until they are repriced.

    Example: callscope prices update
    """
    from genai_prices import data
    from genai_prices.update_prices import DEFAULT_UPDATE_URL

    from callscope.pricing import fetched
    from callscope.server import check_folders

    config = settings(data_dir=data_dir)
    content = fetched.download(DEFAULT_UPDATE_URL)
    check_folders(config)
    report = fetched.update(config.prices_file, content, data.providers)
    typer.echo(
        f"The newest prices are in use: {report.priced:,} models, of which {report.new:,} are new and {report.changed:,} "
        "cost something else than in the installed genai-prices."
    )


@contextmanager
def _prices(data_dir: "Path | None") -> "Iterator[tuple[Catalogue, PriceBook]]":
    """The catalogue of the settings' database, which is brought up to date first, and the price book."""
    from callscope.db.engine import Database
    from callscope.db.migrate import upgrade
    from callscope.db.versions import Versions
    from callscope.pricing.book import PriceBook
    from callscope.pricing.catalogue import Catalogue
    from callscope.pricing.seed import seed_catalogue
    from callscope.server import check_database, check_folders

    config = settings(data_dir=data_dir)
    check_database(config)
    check_folders(config)
    db = Database(config.database_url)
    try:
        upgrade(db, seed_catalogue)
        yield Catalogue(db, Versions(db)), PriceBook(config.prices_file)
    finally:
        db.dispose()


def _found(catalogue: "Catalogue", name: str, provider: str | None) -> "CatalogueModel":
    """The model of the catalogue, else one of this name, as a call that named it would be priced."""
    from callscope.pricing.catalogue import UNKNOWN_PROVIDER, CatalogueModel

    found = catalogue.find(name, provider)
    return found or CatalogueModel(0, name, provider or UNKNOWN_PROVIDER, None, True, ())


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("is no date such as 2026-11-26", param_hint="--at") from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _rows(price: "PriceDetail") -> list[Row]:
    """A price, and what longer prompts and service tiers cost."""
    when = " ".join(
        [
            *(
                [["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"][day - 1] for day in price.weekdays]
                if price.weekdays
                else []
            ),
            *(price.hours or []),
        ]
    )
    rows = [(_day(price.valid_from), _day(price.valid_to), when, *_amounts(price), price.source)]
    rows += [("", "", f"above {step.above:,}", *_amounts(step), "") for step in price.steps]
    for tier, special in price.tiers.items():
        rows.append(("", "", tier, *_amounts(special), ""))
        rows += [("", "", f"{tier}, above {step.above:,}", *_amounts(step), "") for step in special.steps]
    return rows


def _amounts(kinds: "Kinds") -> list[str]:
    amounts = (getattr(kinds, kind) for kind in _COLUMNS)
    return ["" if amount is None else f"{amount:.9f}".rstrip("0").rstrip(".") for amount in amounts]


def _day(moment: datetime | None) -> str:
    if moment is None:
        return ""
    return f"{moment:%Y-%m-%d}" if f"{moment:%H:%M}" == "00:00" else f"{moment:%Y-%m-%d %H:%M}Z"


def _print_table(rows: Sequence[Row]) -> None:
    """Under their headings; a column that says nothing is left out."""
    table = [("FROM", "TO", "WHEN", *_COLUMNS.values(), "SOURCE"), *rows]
    used = [index for index in range(len(table[0])) if any(row[index] for row in rows)]
    print_table([[row[index] for index in used] for row in table])

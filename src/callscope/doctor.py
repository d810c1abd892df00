"""`callscope doctor`: runs the store's doctor and shows what it found, as a table or as JSON."""

import json
from dataclasses import asdict

from callscope.config import Config
from callscope.db.engine import Database
from callscope.progress import progress
from callscope.server import current_database
from callscope.store.sql.doctor import CHECKS, Report, examine

SHOWN = 5
"""How many differences of each check the table has."""


def run(config: Config, *, repair: bool, as_json: bool) -> bool:
    """Examine the database and print the report; gives whether nothing is wrong (any more).

    Raises CannotStart for a database that is not up to date, DatabaseUnavailable.
    """
    with current_database(config) as db:
        report = examine(db, repair=repair) if as_json else _examine_visibly(db, repair=repair)
    print(_json(report) if as_json else _sentence(report, repair=repair))  # noqa: T201  # the command's answer
    return report.left == 0


def _examine_visibly(db: Database, *, repair: bool) -> Report:
    with progress("Recounting", "days") as step:
        report = examine(db, repair=repair, progress=step)
    _show(report)
    return report


def _show(report: Report) -> None:
    from rich import box
    from rich.console import Console
    from rich.table import Table

    if not report.found:
        return
    console = Console()
    table = Table(box=box.SIMPLE)
    for title in ("what", "where", "stored", "should be", ""):
        table.add_column(title, overflow="fold")
    shown = [one for check in CHECKS for one in [e for e in report.examples if e.check == check][:SHOWN]]
    for one in shown:
        table.add_row(one.check, one.where, one.stored, one.expected, "mended" if one.mended else "")
    console.print(table)
    more = report.found.total() - len(shown)
    if more:
        console.print(f"  and {more:,} more")


def _sentence(report: Report, *, repair: bool) -> str:
    looked = f"{report.rows:,} rows of calls on {report.days:,} days"
    found = report.found.total()
    if not found:
        return f"{looked}: every total is right."
    counts = ", ".join(f"{check} {report.found[check]:,}" for check in CHECKS if report.found[check])
    differences = "1 difference" if found == 1 else f"{found:,} differences"
    if not repair:
        return f"{looked}: {differences} ({counts}). Run it with --repair to mend what follows from the rows."
    left = f"; {report.left:,} cannot be mended" if report.left else ""
    return f"{looked}: {differences} ({counts}), {report.mended.total():,} mended{left}."


def _json(report: Report) -> str:
    document = {
        "days": report.days, "rows": report.rows, "found": dict(report.found), "mended": dict(report.mended),
        "left": report.left, "examples": [asdict(one) for one in report.examples],
    }  # fmt: skip
    return json.dumps(document, indent=2, ensure_ascii=False)

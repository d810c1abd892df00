"""What may follow a model's name and still be that model: a version, or a date that can be, as its provider writes them."""

import re
from datetime import date

from callscope.pricing.names import GOOGLE

_VERSION = re.compile(
    r"""(?P<preview>-preview|-exp)?(?:
        [-@](?P<y>20\d\d)-?(?P<m>\d\d)-?(?P<d>\d\d)      # -20251001, @20251001, -2024-08-06
      | -(?P<m2>\d\d)-(?P<y2>20\d\d)                     # -09-2025
      | -(?P<m3>\d\d)-(?P<d3>\d\d)                       # -05-20
      | -(?P<four>\d{4})                                 # -2411, -0613
      | (?P<number>[-@]00\d)                             # -001
      | (?P<alias>[-@]latest|@default)
    )""",
    re.VERBOSE,
)
_VERSIONS = {
    "anthropic": ("date", "alias"), "google": ("number", "alias", "preview"), "mistral": ("yymm", "alias"),
    "deepseek": ("mmdd",), "x-ai": ("date", "mmdd", "alias"), "cohere": ("month",),
}  # fmt: skip
"""How a provider writes versions; others write whole dates. `preview` is any that follows `-preview` or `-exp`."""
_FIRST_YEAR = 2023


def is_version(
    stem: str,
    text: str,
    provider: str,
    today: date,
    *,
    known: frozenset[str] = frozenset(),
    newest: date | None = None,
) -> bool:
    """Whether what follows a model's name is a version or a date that can be, written as the provider writes them.

    Args:
        stem: the model's name.
        text: what follows, with its hyphen or `@`.
        provider: whose name it is.
        today: no version is later.
        known: the dates, as eight digits, of the versions that are known to exist.
        newest: when the known ones were listed: an earlier date that is not among them never was.
    """
    found = _VERSION.fullmatch(text)
    if found is None:
        return False
    kinds = _kinds(found.groupdict(), today, known, newest)
    if kinds and (found["preview"] or stem.endswith(("-preview", "-exp"))):
        kinds.add("preview")
    writer = "anthropic" if "claude" in stem and provider in GOOGLE else provider
    return not kinds.isdisjoint(_VERSIONS.get(writer, ("date",)))


def _kinds(part: dict[str, str | None], today: date, known: frozenset[str], newest: date | None) -> set[str]:
    """What kinds of version it may be; none for a date that cannot be."""
    if part["number"] or part["alias"]:
        return {"number" if part["number"] else "alias"}
    if part["y"] and part["m"] and part["d"]:
        day = _day(int(part["y"]), int(part["m"]), int(part["d"]))
        if day is None or not date(_FIRST_YEAR, 1, 1) <= day <= today:
            return set()
        return {"date"} if not known or f"{day:%Y%m%d}" in known or (newest is not None and day > newest) else set()
    if part["y2"] and part["m2"]:
        return {"month"} if _month_has_been(int(part["y2"]), int(part["m2"]), today) else set()
    first, second = (part["four"][:2], part["four"][2:]) if part["four"] else (part["m3"] or "0", part["d3"] or "0")
    kinds = {"mmdd"} if _day(2024, int(first), int(second)) is not None else set()
    if part["four"] and _month_has_been(2000 + int(first), int(second), today):
        kinds.add("yymm")
    return kinds


def split_date(name: str) -> tuple[str, str] | None:
    """A name that ends with a date, as the name and the date's eight digits."""
    found = re.fullmatch(r"(.+?)[-@](20\d\d)-?(\d\d)-?(\d\d)(?:-v\d+(?::\d+)?)?", name)
    return None if found is None else (found[1], found[2] + found[3] + found[4])


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _month_has_been(year: int, month: int, today: date) -> bool:
    return 1 <= month <= 12 and (_FIRST_YEAR, 1) <= (year, month) <= (today.year, today.month)

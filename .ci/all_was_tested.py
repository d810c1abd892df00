"""Fails when a test on PostgreSQL or in a browser was skipped, or when there was none: green must mean all of it."""

import sys
import xml.etree.ElementTree as ET  # reads what pytest has just written
from collections.abc import Callable
from pathlib import Path

KINDS: dict[str, Callable[[ET.Element], bool]] = {
    "on PostgreSQL": lambda case: "postgresql" in case.get("name", ""),
    "in a browser": lambda case: ".browser." in case.get("classname", ""),
}
WITHOUT = {"in a browser": {"tests-long.xml", "tests-newest.xml"}, "on PostgreSQL": {"tests-newest.xml"}}
"""No test in a browser has a long form, and the page and PostgreSQL are the same with each Python."""


def main(reports: list[str]) -> int:
    """Look through pytest's JUnit reports; gives the exit code."""
    failed = not reports
    for report in map(Path, reports):
        cases = list(ET.parse(report).iter("testcase"))  # noqa: S314
        for kind, is_one in KINDS.items():
            if report.name in WITHOUT[kind]:
                continue
            tests = list(filter(is_one, cases))
            skipped = [
                f"{case.get('classname')}::{case.get('name')}" for case in tests if case.find("skipped") is not None
            ]
            print(f"{report.name}: {len(tests)} tests {kind}, {len(skipped)} of them skipped")
            for name in skipped:
                print(f"  skipped: {name}")
            failed = failed or bool(skipped) or not tests
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

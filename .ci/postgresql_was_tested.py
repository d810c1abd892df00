"""Fails when a test on PostgreSQL was skipped, or when a report has none: a green run must mean both databases."""

import sys
import xml.etree.ElementTree as ET  # reads what pytest has just written
from pathlib import Path


def main(reports: list[str]) -> int:
    """Look through pytest's JUnit reports; gives the exit code."""
    failed = not reports
    for report in reports:
        tests = [case for case in ET.parse(report).iter("testcase") if "postgresql" in case.get("name", "")]  # noqa: S314
        skipped = [f"{case.get('classname')}::{case.get('name')}" for case in tests if case.find("skipped") is not None]
        print(f"{Path(report).name}: {len(tests)} tests on PostgreSQL, {len(skipped)} of them skipped")
        for name in skipped:
            print(f"  skipped: {name}")
        failed = failed or bool(skipped) or not tests
    return int(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

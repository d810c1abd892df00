"""Puts the built dashboard into wheels and source distributions; an editable installation gets it from `make serve`.

A source distribution carries the built files, so that installing from it needs no Node, nor does a checkout where the
page was built from what is in web/ now.
"""

import sys
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent / "scripts"))
import web


class DashboardHook(BuildHookInterface[Any]):
    """Hatchling's build hook."""

    def dependencies(self) -> list[str]:
        """What has to be installed for the build."""
        return [] if web.is_current() else [web.NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the page before the package is put together."""
        if version == "editable":
            return
        web.build()
        build_data["artifacts"].append("/src/callscope/dashboard/static/**")
        if self.target_name == "wheel":
            build_data["artifacts"].append(f"!{web.STAMP.name}")

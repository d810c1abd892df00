"""Puts together what `GET /metrics` answers."""

from pathlib import Path

from callscope.monitoring.gauges import PROCESS, SERVER, ProcessGauges, ServerGauges
from callscope.monitoring.measures import Values, state, text
from callscope.monitoring.server import ServerMeasures
from callscope.monitoring.sharing import Sharing


class MonitoringService:
    """The counts of all processes, and the state of the server."""

    def __init__(
        self, measures: ServerMeasures, process: ProcessGauges, server: ServerGauges, folder: Path | None
    ) -> None:
        self._measures = measures
        self._server = server
        self.sharing = Sharing(folder, lambda: (state(measures.all), process()))

    def values(self) -> Values:
        """All measures; reads files and asks the database, so for a thread."""
        values, processes = self.sharing.all()
        values.update(self._server())
        values["callscope_processes", ()] = [processes]
        return values

    def text(self) -> str:
        """All measures in Prometheus' text format; reads files and asks the database, so for a thread."""
        descriptions = (*SERVER, *(one.description for one in self._measures.all), *PROCESS)
        return text(descriptions, self.values())

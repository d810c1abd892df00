"""What of each project is kept no longer: the floors below which nothing is written, read or compared.

A floor is stored with its project and only ever rises. It is committed before anything below it is deleted; so whoever
reads it sees either all that is above it, or does not look.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, or_, select, update

from callscope.accounts.models import Project
from callscope.calls.models import llm_call_logs
from callscope.ingest.row import MICROS_PER_DAY, CallRow
from callscope.store.sql.bulk import among
from callscope.store.sql.payload_tables import MICROS_PER_WEEK

_calls = llm_call_logs.c


@dataclass(frozen=True, slots=True)
class Floors:
    """By project, where there is one: the first UTC day of its calls, the first week of arrival of its payloads.

    `payload_days` is how long payloads that arrive now are kept.
    """

    rows: Mapping[int, int]
    payloads: Mapping[int, int]
    payload_days: Mapping[int, int]

    def is_below(self, call: CallRow) -> bool:
        """Whether a call is no longer kept."""
        floor = self.rows.get(call.project_id)
        return floor is not None and call.day < floor

    def kept(self, connection: Connection) -> ColumnElement[bool] | None:
        """The condition for rows that are still kept; None where all are."""
        by_day: dict[int, list[int]] = defaultdict(list)
        for project_id, day in self.rows.items():
            by_day[day].append(project_id)
        if not by_day:
            return None
        return and_(
            *(
                (_calls.day >= day) | ~among(connection, _calls.project_id, sorted(projects))
                for day, projects in sorted(by_day.items())
            )
        )

    def below_on(self, day: int) -> frozenset[int]:
        """The projects whose calls of a UTC day are no longer kept."""
        return frozenset(project_id for project_id, floor in self.rows.items() if day < floor)


def read(connection: Connection) -> Floors:
    """All floors as they are now."""
    columns = (Project.id, Project.rows_from, Project.payloads_from, Project.payload_days)
    some = or_(*(column.is_not(None) for column in columns[1:]))
    rows = connection.execute(select(*columns).where(some)).all()
    return Floors(
        {row.id: row.rows_from for row in rows if row.rows_from is not None},
        {row.id: row.payloads_from for row in rows if row.payloads_from is not None},
        {row.id: row.payload_days for row in rows if row.payload_days is not None},
    )


def rise(connection: Connection, now_micros: int) -> Floors:
    """Raise all floors to where the projects' settings put them now; gives what they are then."""
    table = Project.__table__.c
    query = select(Project.id, Project.row_days, Project.payload_days, Project.rows_from, Project.payloads_from)
    for row in connection.execute(query.where(or_(Project.row_days.is_not(None), Project.payload_days.is_not(None)))):
        values = {}
        if row.row_days is not None:
            values["rows_from"] = now_micros // MICROS_PER_DAY - row.row_days
        if row.payload_days is not None:
            values["payloads_from"] = (now_micros - row.payload_days * MICROS_PER_DAY) // MICROS_PER_WEEK
        higher = {name: value for name, value in values.items() if value > (getattr(row, name) or -1)}
        if higher:
            connection.execute(update(Project).where(table.id == row.id).values(higher))
    return read(connection)

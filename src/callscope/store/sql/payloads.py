"""Reading payloads, which lie apart from the rows, compressed."""

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import Connection, inspect, select

from callscope.ingest.row import CallRow
from callscope.store.sql.bulk import among
from callscope.store.sql.tables import payload_table


def read(connection: Connection, rows: Iterable[CallRow]) -> dict[int, bytes]:
    """The stored payloads of these calls, by call id; a call without one is left out."""
    wanted: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        if row.payload_table is not None and row.payload_id is not None:
            wanted[row.payload_table][row.payload_id].append(row.id)
    found: dict[int, bytes] = {}
    for number, ids in wanted.items():
        table = payload_table(number)
        if not inspect(connection).has_table(table.name):
            continue
        query = select(table.c.call_id, table.c.body).where(among(connection, table.c.call_id, list(ids)))
        for payload_id, body in connection.execute(query):
            found.update(dict.fromkeys(ids[payload_id], body))
    return found

"""The index of words beside each table of payloads: what it holds, and how it is asked.

On SQLite it is a table of FTS5 that holds no text, on PostgreSQL one of `tsvector` under a GIN index; both are given
words that were told apart here, so that both find the same. Which payloads are in it says `payload_indexes`: those up
to an id, since ids rise in the order of commits. What comes to an older call afterwards waits in `payloads_unindexed`.
"""

import zlib
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import Connection, Table, delete, select, text, update

from callscope.calls import payload
from callscope.calls.models import llm_call_logs
from callscope.search.query import Term, TextQuery
from callscope.search.words import VERSION, words_of
from callscope.store.sql import floors, payload_tables
from callscope.store.sql.bulk import among, is_sqlite, replace_rows
from callscope.store.sql.tables import payload_indexes, payloads_unindexed

PIECE = 512
_calls = llm_call_logs.c


class Hit(NamedTuple):
    """A place in what a search finds: the week in which a payload arrived, and its id. What comes after it is older."""

    week: int
    id: int


def index_name(number: int) -> str:
    """The index of a table of payloads."""
    return f"payload_words_{number:d}"


def ensure(connection: Connection, number: int) -> None:
    """Make the index of a table of payloads, if it is not there."""
    name = index_name(number)
    if is_sqlite(connection):
        # All that is not ASCII is part of a word: the words come with one space between them.
        options = "content='', tokenize=\"ascii tokenchars '_'\""
        connection.exec_driver_sql(f"CREATE VIRTUAL TABLE IF NOT EXISTS {name} USING fts5(words, {options})")
        return
    connection.exec_driver_sql(
        f"CREATE TABLE IF NOT EXISTS {name} (call_id bigint PRIMARY KEY, words tsvector NOT NULL)"
    )
    connection.exec_driver_sql(f"CREATE INDEX IF NOT EXISTS ix_{name} ON {name} USING gin (words)")


def close(connection: Connection, number: int) -> None:
    """From now on nothing is looked for in the index of a table, which is going to be dropped."""
    connection.execute(delete(payload_indexes).where(payload_indexes.c.number == number))


def shrink(connection: Connection, number: int, limit: int) -> int:
    """Delete up to `limit` pages of an index that was closed; gives how many, on PostgreSQL none.

    On SQLite dropping it takes as long as it has pages, while everybody waits.
    """
    name = f"{index_name(number)}_data"
    known = "SELECT count(*) FROM sqlite_master WHERE name = :name"
    if not is_sqlite(connection) or not connection.scalar(text(known), {"name": name}):
        return 0
    some = f"DELETE FROM {name} WHERE id IN (SELECT id FROM {name} WHERE id > 10 LIMIT :limit)"  # noqa: S608  # our names
    return connection.execute(text(some), {"limit": limit}).rowcount


def clear(connection: Connection, number: int) -> None:
    """Drop an index that is going to be made anew, or whose table is going to be dropped."""
    close(connection, number)
    connection.exec_driver_sql(f"DROP TABLE IF EXISTS {index_name(number)}")


def drop(connection: Connection, number: int) -> None:
    """Drop the index of a table of payloads, and what is known of it."""
    clear(connection, number)
    connection.execute(delete(payloads_unindexed).where(payloads_unindexed.c.number == number))


def indexed_to(connection: Connection, number: int) -> int:
    """Up to which id the payloads of a table are in its index; 0 where it was made by another version of the words."""
    query = select(payload_indexes.c.indexed_to).where(
        payload_indexes.c.number == number, payload_indexes.c.words_version == VERSION
    )
    return connection.scalar(query) or 0


def add(connection: Connection, number: int, bodies: Sequence[tuple[int, list[str]]], to: int | None) -> None:
    """Put payloads, as their words, into the index; with `to` it is said that all up to this id are."""
    name = index_name(number)
    if is_sqlite(connection):
        rows = [(call_id, " ".join(words)) for call_id, words in bodies]
        if rows:
            connection.exec_driver_sql(f"INSERT INTO {name} (rowid, words) VALUES (?, ?)", rows)  # noqa: S608  # our names
    elif bodies:
        lines = [{"id": call_id, "words": _tsvector(words)} for call_id, words in bodies]
        insert = f"INSERT INTO {name} (call_id, words) VALUES (:id, CAST(:words AS tsvector)) ON CONFLICT DO NOTHING"  # noqa: S608  # our names
        connection.execute(text(insert), lines)
    if to is not None:
        known = connection.scalar(select(payload_indexes.c.removed).where(payload_indexes.c.number == number)) or 0
        replace_rows(connection, payload_indexes, [(number, to, VERSION, known)])


def remove(connection: Connection, number: int, call_ids: Collection[int]) -> None:
    """Take payloads that are still in their table out of its index, as far as they are in it."""
    to, waiting = indexed_to(connection, number), waiting_among(connection, number, call_ids)
    known = [call_id for call_id in call_ids if call_id <= to and call_id not in waiting]
    wait_no_longer(connection, number, waiting)
    if not known:
        return
    removed = payload_indexes.c.removed + len(known)
    connection.execute(update(payload_indexes).where(payload_indexes.c.number == number).values(removed=removed))
    name = index_name(number)
    if not is_sqlite(connection):
        connection.execute(text(f"DELETE FROM {name} WHERE call_id = ANY(:ids)"), {"ids": known})  # noqa: S608  # our names
        return
    # An index without text must be told the words that it is to forget.
    rows = [(call_id, " ".join(words)) for call_id, words in read(connection, number, known)]
    if rows:
        connection.exec_driver_sql(f"INSERT INTO {name} ({name}, rowid, words) VALUES ('delete', ?, ?)", rows)  # noqa: S608  # our names


def waiting_among(connection: Connection, number: int, call_ids: Collection[int]) -> set[int]:
    """Which of these payloads came late, and wait for their index."""
    here = payloads_unindexed.c
    query = select(here.call_id).where(here.number == number, among(connection, here.call_id, call_ids))
    return set(connection.scalars(query))


def wait_no_longer(connection: Connection, number: int, call_ids: Collection[int]) -> None:
    """Note that these payloads are indexed, or gone."""
    here = payloads_unindexed.c
    connection.execute(
        delete(payloads_unindexed).where(here.number == number, among(connection, here.call_id, call_ids))
    )


def unclean(connection: Connection) -> dict[int, int]:
    """The tables out of whose indexes something was taken whose words may still be in their pages, and how much."""
    query = select(payload_indexes.c.number, payload_indexes.c.removed).where(payload_indexes.c.removed > 0)
    return {row.number: row.removed for row in connection.execute(query)}


def rewrite(connection: Connection, number: int, pages: int) -> int:
    """On SQLite: a step of writing an index anew without what was taken out of it; gives `pages`, or 0 at the end.

    The first step has negative `pages`.
    """
    name = index_name(number)
    before = connection.exec_driver_sql("SELECT total_changes()").scalar_one()
    connection.exec_driver_sql(f"INSERT INTO {name} ({name}, rank) VALUES ('merge', ?)", (pages,))  # noqa: S608  # our names
    changed = connection.exec_driver_sql("SELECT total_changes()").scalar_one() - before
    return abs(pages) if changed >= 2 else 0  # FTS5's own sign that there was nothing to merge


def cleaned(connection: Connection, number: int, removed: int) -> None:
    """Note that an index holds nothing any more of what had been taken out of it by then."""
    left = payload_indexes.c.removed - removed
    connection.execute(update(payload_indexes).where(payload_indexes.c.number == number).values(removed=left))


def forget(connection: Connection, number: int, call_ids: Collection[int]) -> None:
    """Delete payloads, and take them out of the index, as far as they and their table are there."""
    if call_ids and payload_tables.is_there(connection, number):
        remove(connection, number, call_ids)
        payload_tables.delete_from(connection, number, list(call_ids))


def words_in(body: bytes) -> list[str]:
    """What of a stored payload is indexed; nothing of one that cannot be read, which the doctor tells."""
    try:
        return words_of(payload.decode([body]))
    except (zlib.error, ValueError):
        return []


def read(connection: Connection, number: int, call_ids: Collection[int]) -> list[tuple[int, list[str]]]:
    """The words of payloads, as far as these are in their table."""
    of: Table = payload_tables.table(number)
    query = select(of.c.call_id, of.c.body).where(among(connection, of.c.call_id, call_ids)).order_by(of.c.call_id)
    return [(call_id, words_in(body)) for call_id, body in connection.execute(query)]


def found(
    connection: Connection, wanted: TextQuery, after: Hit | None, since: int | None
) -> Iterator[list[tuple[int, Hit]]]:
    """The calls whose text is as wanted, the last that arrived first, some hundreds at a time, each with its place.

    Args:
        since: what arrived before this moment is left out, in microseconds.
    """
    first = 0 if since is None else payload_tables.week_at(since)
    kept_from = floors.read(connection).payloads
    by_week: dict[int, list[int]] = {}
    query = select(payload_indexes.c.number).where(payload_indexes.c.words_version == VERSION)
    for number in connection.scalars(query):
        week = payload_tables.week_of(number)
        if first <= week and (after is None or week <= after.week):
            by_week.setdefault(week, []).append(number)
    for week in sorted(by_week, reverse=True):
        before = after.id if after is not None and week == after.week else 2**63 - 1
        while True:
            asked = (hit for number in by_week[week] for hit in _ask(connection, number, wanted, before))
            hits = sorted(asked, reverse=True)[:PIECE]
            if hits:
                before = hits[-1]
                rows = select(_calls.id, _calls.merged_into, _calls.project_id)
                roots = {
                    call_id: root or call_id
                    for call_id, root, project in connection.execute(rows.where(among(connection, _calls.id, hits)))
                    if week >= kept_from.get(project, 0)
                }
                if kept := [(roots[hit], Hit(week, hit)) for hit in hits if hit in roots]:
                    yield kept
            if len(hits) < PIECE:
                break


def _ask(connection: Connection, number: int, wanted: TextQuery, before: int) -> Sequence[int]:
    name = index_name(number)
    if is_sqlite(connection):
        query = f"SELECT rowid FROM {name} WHERE {name} MATCH :q AND rowid < :before ORDER BY rowid DESC LIMIT {PIECE}"  # noqa: S608  # our names
        asked = _fts5(wanted)
    else:
        query = f"SELECT call_id FROM {name} WHERE words @@ CAST(:q AS tsquery) AND call_id < :before ORDER BY call_id DESC LIMIT {PIECE}"  # noqa: S608  # our names
        asked = _tsquery(wanted)
    return connection.scalars(text(query), {"q": asked, "before": before}).all()


def _fts5(wanted: TextQuery) -> str:
    """Words have no character that means something to FTS5, and stand in quotes."""

    def term(one: Term) -> str:
        return '"' + " ".join(one.words) + '"' + (" *" if one.prefix else "")

    asked = " AND ".join(map(term, wanted.terms))
    return f"({asked}) NOT ({' OR '.join(map(term, wanted.without))})" if wanted.without else asked


def _tsquery(wanted: TextQuery) -> str:
    def term(one: Term) -> str:
        last = len(one.words) - 1
        words = [f"'{word}'{':*' if one.prefix and at == last else ''}" for at, word in enumerate(one.words)]
        return "(" + " <-> ".join(words) + ")"

    return " & ".join([*map(term, wanted.terms), *(f"!{term(one)}" for one in wanted.without)])


def _tsvector(words: Sequence[str]) -> str:
    places: dict[str, list[str]] = {}
    for at, word in enumerate(words, 1):
        places.setdefault(word, []).append(str(at))
    return " ".join(f"'{word}':{','.join(at[:255])}" for word, at in places.items())

"""The tables of the seen archive: its partitions, one per month of fetching.

A partition has a table of texts, one of their contents and, if it is indexed, a word index with the row ids of the
texts. It is dropped as a whole. The row id of a text is its place: the second of its moment, shifted, and a count, so
that the newest texts are the last rows. Contents are in the order of writing, which fills the pages; few bits of a
count keep the differences of row ids short, of which the index has one for each word of a text.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from watcher.seen.file import FileKind, Unusable, check_integers, run_statements
from watcher.seen.word_index import CREATE_INDEX, DROP_INDEX, VERSION

PLACE_BITS = 6
"""Bits of a row id that count the texts of a second; further ones take places of the next seconds."""
MOST_DISPLACED = 3_600
"""Seconds by which a text may be placed too late: 230,000 texts of one second."""

ARCHIVE = FileKind(
    name="the seen archive",
    application_id=0x77746353,  # "wtcS"
    schema=1,
    create="""
    CREATE TABLE partitions (name TEXT PRIMARY KEY, month TEXT NOT NULL, indexed INTEGER NOT NULL);
    CREATE TABLE dictionaries (
        id INTEGER PRIMARY KEY, part TEXT NOT NULL, host TEXT NOT NULL, content BLOB NOT NULL,
        UNIQUE (part, host)
    );
    CREATE TABLE feeds (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
""",
    probe="SELECT 1 FROM partitions, dictionaries, feeds LIMIT 1",
)

_CREATE_TEXTS = """
    CREATE TABLE texts_{name} (
        id INTEGER PRIMARY KEY, second INTEGER NOT NULL, link_key INTEGER NOT NULL, variant INTEGER NOT NULL,
        feed INTEGER NOT NULL, kind INTEGER NOT NULL, dated INTEGER NOT NULL, fetched_at INTEGER NOT NULL,
        content INTEGER NOT NULL
    );
    CREATE TABLE contents_{name} (id INTEGER PRIMARY KEY, dictionary INTEGER NOT NULL, content BLOB NOT NULL);
    CREATE INDEX texts_{name}_by_link ON texts_{name} (link_key);
    CREATE INDEX texts_{name}_by_time ON texts_{name} (fetched_at);
"""
_DROP_TEXTS = """
    DROP TABLE texts_{name};
    DROP TABLE IF EXISTS contents_{name};
    DELETE FROM dictionaries WHERE part = '{name}';
    DELETE FROM partitions WHERE name = '{name}';
"""


_NAME = re.compile("[0-9A-Za-z_]+")
_MONTH = re.compile("[0-9]{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """The texts fetched in one month, `2026-11`. `name`: the end of the names of its tables.

    `index`: the version of its index, 0 without one. Only texts of the latest version are added.
    """

    name: str
    month: str
    index: int

    @property
    def indexed(self) -> bool:
        return self.index > 0

    @property
    def ends_at(self) -> datetime:
        """The first moment of the next month."""
        year, month = map(int, self.month.split("-"))
        return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def partitions(connection: sqlite3.Connection) -> list[Partition]:
    """Returns the partitions, the oldest first. Raises Unusable."""
    rows = connection.execute("SELECT name, month, indexed FROM partitions ORDER BY month, name")
    return [_partition(*row) for row in rows]


def partition_for(connection: sqlite3.Connection, moment: datetime, *, indexed: bool) -> Partition:
    """Returns the partition for texts fetched at a moment; creates it in the open transaction if there is none."""
    month = moment.astimezone(UTC).strftime("%Y-%m")
    version = VERSION if indexed else 0
    known = partitions(connection)
    for partition in known:
        if (partition.month, partition.index) == (month, version):
            return partition
    name = month.replace("-", "_") + "_x" * indexed
    while name in {partition.name for partition in known}:
        name += str(version)
    run_statements(connection, _CREATE_TEXTS.format(name=name))
    if indexed:
        run_statements(connection, CREATE_INDEX.format(name=name))
    connection.execute("INSERT INTO partitions VALUES (?, ?, ?)", (name, month, version))
    return Partition(name=name, month=month, index=version)


def drop(connection: sqlite3.Connection, partition: Partition) -> None:
    """Drops a partition in the open transaction."""
    run_statements(connection, (_DROP_TEXTS + DROP_INDEX).format(name=partition.name))


def _partition(name: Any, month: Any, index: Any) -> Partition:
    for value, form in ((name, _NAME), (month, _MONTH)):
        if not (isinstance(value, str) and form.fullmatch(value)):
            raise Unusable(f"it has a month with the name {str(value)[:20]!r}")
    check_integers(index)
    return Partition(name=name, month=month, index=index)

"""Reads the archive beside a daemon that writes: everything, by link, by day, or the candidates of a search.

A reader sees the archive as of one moment. Each call streams: of a long answer only one text is in memory at a time.
"""

from __future__ import annotations

import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from pathlib import Path
from zoneinfo import ZoneInfo

from watcher.seen import database
from watcher.seen.codec import Codec, UnreadableText, load_text
from watcher.seen.database import MOST_DISPLACED, PLACE_BITS, Partition
from watcher.seen.expressions import expression
from watcher.seen.values import Dated, StoredText, from_second, second_of
from watcher.seen.writing import KINDS
from watcher.text.index import Condition

_MOST_INSIDE = 2_000  # words that contain some letters: with more, reading every text is faster
_MOST_STARTING = 300  # words that start with some letters: looking one up takes 40 µs
_READ_FIRST = 64  # texts, a quarter of a millisecond each
_COLUMNS = (
    "texts.id, texts.second, texts.link_key, texts.variant, texts.feed, texts.kind, texts.fetched_at, "
    "contents.dictionary, contents.content"
)
_CONTENTS = "JOIN contents_{0} AS contents ON contents.id = texts.content"
_SELECT = f"SELECT {_COLUMNS} FROM texts_{{0}} AS texts {_CONTENTS}"
_QUARTER = 900  # seconds
_AHEAD = 10**12  # quarters: integers are divided towards zero
_STEPS = 10_000  # of SQLite's machine between two looks at the clock


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The texts to read: `since` included, `until` not; of one feed; fetched at `kept_since` or later."""

    since: datetime | None = None
    until: datetime | None = None
    feed: str = ""
    kept_since: datetime | None = None


class TimeIsUp(Exception):
    """Reading ended because the function of `stop_when` said so."""


@contextmanager
def _in_time() -> Iterator[None]:
    """Translates the interruption of a statement. Raises TimeIsUp."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorname == "SQLITE_INTERRUPT":
            raise TimeIsUp from error
        raise


class _Vocabulary:
    """The words of a partition. `has_common_prefix`: `starting` was asked for a prefix of too many words.

    Such words are on many pages, and FTS5 would collect all of them first: the newest texts are read without it.
    """

    def __init__(self, connection: sqlite3.Connection, partition: Partition) -> None:
        self._db = connection
        self._table = f"words_{partition.name}"
        self.has_common_prefix = False

    def containing(self, letters: str) -> list[str] | None:
        return self._words("instr(word, ?)", (letters,), _MOST_INSIDE)

    def starting(self, letters: str) -> list[str] | None:
        found = self._words("word >= ? AND word < ?", (letters, f"{letters}{chr(sys.maxunicode)}"), _MOST_STARTING)
        self.has_common_prefix |= found is None
        return found

    def _words(self, where: str, values: tuple[object, ...], most: int) -> list[str] | None:
        found = self._db.execute(f"SELECT word FROM {self._table} WHERE {where} LIMIT {most + 1}", values).fetchall()
        return None if len(found) > most else [word for (word,) in found]


class SeenReader:
    """Reads over one connection. `unreadable`: texts that were left out because they are damaged."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.unreadable = 0
        self._db = connection
        self._codec = Codec(self._dictionary)
        self._feeds: dict[int, str] = dict(connection.execute("SELECT id, name FROM feeds"))
        self._partitions = database.partitions(connection)

    def stop_when(self, is_over: Callable[[], bool]) -> None:
        """Interrupts statements once `is_over`: they raise TimeIsUp then."""
        self._db.set_progress_handler(lambda: int(is_over()), _STEPS)

    def newest(self, window: Window, condition: Condition | None = None) -> Iterator[StoredText]:
        """Yields the texts of a window by their moments, the newest first; only those that may satisfy a condition."""
        with _in_time():
            streams = [self._texts(partition, window, condition) for partition in self._partitions]
            yield from merge(*streams, key=lambda text: text.place, reverse=True)

    def find(self, link_key: int) -> list[StoredText]:
        """Returns the texts of the page with this key, the one fetched last first."""
        rows = (
            row
            for partition in self._partitions
            for row in self._db.execute(f"{_SELECT.format(partition.name)} WHERE link_key = ?", (link_key,))
        )
        return sorted(self._read(rows), key=lambda text: text.fetched_at, reverse=True)

    def count_by_day(self, window: Window, *, zone: ZoneInfo) -> Counter[tuple[str, Dated]]:
        """Counts the texts of a window by the days of their moments in a zone, and by how precisely they are dated."""
        counts: Counter[tuple[str, Dated]] = Counter()
        for partition in self._partitions:
            where, values = self._where(window)
            with _in_time():
                hours = self._db.execute(
                    f"SELECT (second + {_AHEAD * _QUARTER}) / {_QUARTER} - {_AHEAD}, dated, count(*) "
                    f"FROM texts_{partition.name} AS texts WHERE {where} GROUP BY 1, 2",
                    values,
                ).fetchall()
            for quarter, dated, count in hours:  # zones differ by quarters of an hour
                day = from_second(quarter * _QUARTER).astimezone(zone).date().isoformat()
                counts[day, Dated(dated)] += count
        return counts

    # -- rows ----------------------------------------------------------------------------------------------------------

    def _texts(self, partition: Partition, window: Window, condition: Condition | None) -> Iterator[StoredText]:
        vocabulary = _Vocabulary(self._db, partition)
        matched = expression(condition, vocabulary) if condition is not None and partition.indexed else None
        where, values = self._where(window)
        if matched is None:
            yield from self._all(partition, where, values)
            return
        if vocabulary.has_common_prefix:
            newest = f"SELECT texts.id FROM texts_{partition.name} AS texts WHERE {where} ORDER BY texts.id DESC"
            cut = self._db.execute(f"{newest} LIMIT 1 OFFSET {_READ_FIRST}", values).fetchone()
            if cut is None:
                yield from self._all(partition, where, values)
                return
            yield from self._all(partition, f"{where} AND texts.id > ?", (*values, cut[0]))
            where, values = f"{where} AND texts.id <= ?", (*values, cut[0])
        yield from self._indexed(partition, where, values, matched)

    def _all(self, partition: Partition, where: str, values: tuple[object, ...]) -> Iterator[StoredText]:
        statement = f"{_SELECT.format(partition.name)} WHERE {where} ORDER BY texts.id DESC"
        return self._read(self._db.execute(statement, values))

    def _indexed(
        self, partition: Partition, where: str, values: tuple[object, ...], matched: str
    ) -> Iterator[StoredText]:
        name = partition.name
        statement = (
            f"SELECT {_COLUMNS} FROM index_{name} AS found CROSS JOIN texts_{name} AS texts ON texts.id = found.rowid "
            f"{_CONTENTS.format(name)} "
            f"WHERE found.index_{name} MATCH ? AND {where.replace('texts.id', 'found.rowid')} "
            "ORDER BY found.rowid DESC"
        )
        return self._read(self._db.execute(statement, (matched, *values)))

    def _where(self, window: Window) -> tuple[str, tuple[object, ...]]:
        conditions, values = ["1"], list[object]()
        if window.since is not None:
            conditions.append("texts.id >= ?")
            values.append(second_of(window.since) << PLACE_BITS)
            conditions.append("texts.second >= ?")
            values.append(second_of(window.since))
        if window.until is not None:
            conditions.append("texts.id < ?")
            values.append((second_of(window.until) + MOST_DISPLACED) << PLACE_BITS)
            conditions.append("texts.second < ?")
            values.append(second_of(window.until))
        if window.feed:
            conditions.append("texts.feed = ?")
            values.append(next((number for number, name in self._feeds.items() if name == window.feed), -1))
        if window.kept_since is not None:
            conditions.append("texts.fetched_at >= ?")
            values.append(second_of(window.kept_since))
        return " AND ".join(conditions), tuple(values)

    def _read(
        self, rows: Iterator[tuple[int, int, int, int, int, int, int, int, bytes]] | sqlite3.Cursor
    ) -> Iterator[StoredText]:
        for place, second, link_key, variant, feed, number, fetched_at, dictionary, content in rows:
            try:
                link, feed_text, article = load_text(self._codec.unpack(content, dictionary))
                kind = KINDS[number]
            except (UnreadableText, IndexError):
                self.unreadable += 1
                continue
            yield StoredText(
                place=place,
                second=second,
                link=link,
                link_key=link_key,
                variant=variant,
                feed=self._feeds.get(feed, ""),
                feed_text=feed_text,
                article=article,
                kind=kind,
                fetched_at=from_second(fetched_at),
            )

    def _dictionary(self, number: int) -> bytes | None:
        found = self._db.execute("SELECT content FROM dictionaries WHERE id = ?", (number,)).fetchone()
        return found[0] if found else None


@contextmanager
def open_reader(path: Path) -> Iterator[SeenReader]:
    """Opens the archive for reading. Raises SeenError if there is none, or if it is damaged."""
    with database.reading_connection(path) as connection, database.explained(path):
        yield SeenReader(connection)

"""Reads the archive beside a daemon that writes: everything, by link, by day, or the candidates of a search.

A reader sees the archive as of one moment. Each call streams: of a long answer only one text is in memory at a time.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from pathlib import Path
from typing import TypeAlias
from zoneinfo import ZoneInfo

from watcher.seen import database
from watcher.seen.codec import Codec, UnreadableText, load_text, unescaped
from watcher.seen.database import ARCHIVE, MOST_DISPLACED, PLACE_BITS, Partition
from watcher.seen.expressions import expression
from watcher.seen.file import Unusable, check_integers, in_time, stop_when
from watcher.seen.values import Dated, StoredText, day_of, from_second, second_of
from watcher.seen.word_index import IndexVocabulary
from watcher.seen.writing import KINDS
from watcher.text.index import Condition

_READ_FIRST = 64  # texts, that are read without the index between two looks at how many may match
_MOST_READ_FIRST = 512
_FREQUENT = 24  # one text in so many: finding it without the index takes less time than collecting all places
_COLUMNS = (
    "texts.id, texts.second, texts.link_key, texts.variant, texts.feed, texts.kind, texts.fetched_at, "
    "contents.dictionary, CAST(contents.content AS BLOB)"  # a damaged one may be a text that cannot be decoded
)
_CONTENTS = "JOIN contents_{0} AS contents ON contents.id = texts.content"
_SELECT = f"SELECT {_COLUMNS} FROM texts_{{0}} AS texts {_CONTENTS}"
_IMPOSSIBLE = (ValueError, TypeError, OverflowError, OSError)  # a number in a row is not one of a moment or a kind
_QUARTER = 900  # seconds
_AHEAD = 10**12  # quarters: integers are divided towards zero


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The texts to read: `since` included, `until` not; of one feed; fetched at `kept_since` or later."""

    since: datetime | None = None
    until: datetime | None = None
    feed: str = ""
    kept_since: datetime | None = None


_Row: TypeAlias = tuple[int, int, int, int, int, int, int, int, bytes]
MayMatch: TypeAlias = Callable[[str, str], bool]
"""Returns False if a text need not be read: of a string with all of its letters, and the name of its feed."""


class SeenReader:
    """Reads the archive at `path`. `unreadable`: texts that were left out because they are damaged."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self.unreadable = 0
        self._path = path
        self._db = connection
        self._codec = Codec(self._dictionary)
        self._feeds = _feeds(connection)
        self._partitions = database.partitions(connection)

    def stop_when(self, is_over: Callable[[], bool]) -> None:
        """Interrupts statements once `is_over`: they raise TimeIsUp then."""
        stop_when(self._db, is_over)

    def newest(
        self, window: Window, condition: Condition | None = None, may_match: MayMatch | None = None
    ) -> Iterator[StoredText]:
        """Yields the texts of a window by their moments, the newest first; only those that may satisfy a condition.

        `may_match` is asked before a text is read that the index did not propose. Raises SeenError, TimeIsUp.
        """
        with ARCHIVE.explained(self._path), in_time():
            streams = [self._texts(partition, window, condition, may_match) for partition in self._partitions]
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
            with in_time():
                hours = self._db.execute(
                    f"SELECT (second + {_AHEAD * _QUARTER}) / {_QUARTER} - {_AHEAD}, dated, count(*) "
                    f"FROM texts_{partition.name} AS texts WHERE {where} GROUP BY 1, 2",
                    values,
                ).fetchall()
            for quarter, dated, count in hours:  # zones differ by quarters of an hour
                try:
                    counts[day_of(quarter * _QUARTER, zone), Dated(dated)] += count
                except _IMPOSSIBLE as error:
                    raise Unusable(f"it has a text with an impossible date: {error}") from error
        return counts

    # -- rows ----------------------------------------------------------------------------------------------------------

    def _texts(
        self, partition: Partition, window: Window, condition: Condition | None, may_match: MayMatch | None
    ) -> Iterator[StoredText]:
        vocabulary = IndexVocabulary(self._db, partition.name, version=partition.index)
        matched = expression(condition, vocabulary) if condition is not None and partition.indexed else None
        where, values = self._where(window)
        if matched is None:
            yield from self._read(self._all(partition, where, values), may_match)
        elif matched:
            if vocabulary.has_common_prefix:
                last = yield from self._while_frequent(self._all(partition, where, values), may_match)
                if last is None:
                    return
                where, values = f"{where} AND texts.id < ?", (*values, last)
            yield from self._read(self._indexed(partition, where, values, matched))

    def _while_frequent(
        self, rows: Iterable[_Row], may_match: MayMatch | None
    ) -> Generator[StoredText, None, int | None]:
        """Yields texts as long as many of them may match. Returns the place of the last one, None if it is the end."""
        found = 0
        for number, row in enumerate(rows, start=1):
            text = self._text(row, may_match)
            if text is not None:
                found += 1
                yield text
            is_rare = may_match is None or found * _FREQUENT < number
            if number % _READ_FIRST == 0 and (is_rare or number >= _MOST_READ_FIRST):
                return row[0]
        return None

    def _all(self, partition: Partition, where: str, values: tuple[object, ...]) -> Iterator[_Row]:
        statement = f"{_SELECT.format(partition.name)} WHERE {where} ORDER BY texts.id DESC"
        return self._db.execute(statement, values)

    def _indexed(self, partition: Partition, where: str, values: tuple[object, ...], matched: str) -> Iterator[_Row]:
        name = partition.name
        statement = (
            f"SELECT {_COLUMNS} FROM index_{name} AS found CROSS JOIN texts_{name} AS texts ON texts.id = found.rowid "
            f"{_CONTENTS.format(name)} "
            f"WHERE found.index_{name} MATCH ? AND {where.replace('texts.id', 'found.rowid')} "
            "ORDER BY found.rowid DESC"
        )
        return self._db.execute(statement, (matched, *values))

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

    def _read(self, rows: Iterable[_Row], may_match: MayMatch | None = None) -> Iterator[StoredText]:
        return (text for row in rows if (text := self._text(row, may_match)) is not None)

    def _text(self, row: _Row, may_match: MayMatch | None) -> StoredText | None:
        """Reads a text; None if it is damaged, or need not be read."""
        place, second, link_key, variant, feed, number, fetched_at, dictionary, content = row
        name = self._feeds.get(feed, "")
        try:
            data = self._codec.unpack(content, dictionary)
            if may_match is not None and not may_match(unescaped(data), name):
                return None
            link, feed_text, article = load_text(data)
            kind = KINDS[number]
            check_integers(second, link_key, variant)
            seen_at = from_second(fetched_at)
        except (UnreadableText, Unusable, IndexError, *_IMPOSSIBLE):
            self.unreadable += 1
            return None
        return StoredText(
            place=place,
            second=second,
            link=link,
            link_key=link_key,
            variant=variant,
            feed=name,
            feed_text=feed_text,
            article=article,
            kind=kind,
            fetched_at=seen_at,
        )

    def _dictionary(self, number: int) -> bytes | None:
        found = self._db.execute("SELECT content FROM dictionaries WHERE id = ?", (number,)).fetchone()
        return found[0] if found else None


def _feeds(connection: sqlite3.Connection) -> dict[int, str]:
    """Returns the names of the feeds by their numbers. Raises Unusable."""
    feeds = dict(connection.execute("SELECT id, name FROM feeds").fetchall())
    if not all(isinstance(name, str) for name in feeds.values()):
        raise Unusable("it has a feed whose name is not a text")
    return feeds


@contextmanager
def open_reader(path: Path) -> Iterator[SeenReader]:
    """Opens the archive for reading. Raises SeenError if there is none, or if it is damaged."""
    with ARCHIVE.reading(path) as connection, ARCHIVE.explained(path):
        yield SeenReader(connection, path)

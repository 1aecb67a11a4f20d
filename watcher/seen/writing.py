"""Writes one batch of texts in one transaction, and deletes texts that are too old.

A text replaces the former one of the same entry, unless it says that it does not. The first articles of a month are
compressed without a dictionary; then one is trained on them, and they are compressed again. The visible text of a page
is the dictionary of the other pages of its host in that month.
"""

from __future__ import annotations

import sqlite3
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from watcher.model import TextKind
from watcher.seen import database
from watcher.seen.codec import Codec, UnreadableText, dump_text, load_text, pack_dictionary, trained_dictionary
from watcher.seen.database import PLACE_BITS, Partition
from watcher.seen.file import transaction
from watcher.seen.values import SeenText, moment_of, precision_of, second_of
from watcher.seen.word_index import WordIndexWriter
from watcher.text.index import IndexedText, index_texts

KINDS = (TextKind.ARTICLE, TextKind.VISIBLE)
"""The kinds of texts by their numbers in the tables."""

_TEXTS_TO_TRAIN_ON = 100
_FARTHEST = 2**42  # seconds: a row id has room for these
_ROWS_AT_ONCE = 500
_PAGES_AT_ONCE = 2_000  # of free space, given back to the disk
_REMEMBERED_PLACES = 1_000  # free ones behind a second that many texts share
_LONGEST_DICTIONARY = 64 * 1024
_TRAINED = ""  # the host of the dictionary of articles


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    place: int
    number: int
    dictionary: int
    content: bytes


class Writer:
    """Writes over one connection. `zone`: in which a date has its beginning."""

    def __init__(self, connection: sqlite3.Connection, *, indexed: bool, zone: ZoneInfo) -> None:
        self._db = connection
        self._indexed = indexed
        self._zone = zone
        self._codec = Codec(self._dictionary)
        self._dictionaries: dict[tuple[str, str], int] = {}
        self._feeds: dict[str, int] = {}
        self._words = WordIndexWriter(connection)
        self._hosts: set[tuple[str, str]] = set()
        self._articles: dict[str, int] = {}
        self._places: OrderedDict[tuple[str, int], int] = OrderedDict()

    def write(self, texts: Sequence[SeenText]) -> None:
        """Writes texts, all or none. Raises sqlite3.Error."""
        latest = {(text.link_key, text.variant): text for text in texts}
        with transaction(self._db, self._forget):
            for former in [keys for keys, text in latest.items() if not text.replaces and self._has(text)]:
                del latest[former]
            for text in latest.values():
                self._delete_former(text)
            placed = ((self._second(text), text) for text in latest.values())
            for second, text in sorted(placed, key=lambda pair: pair[0]):  # FTS5 is fastest in the order of row ids
                self._insert(second, text)
        for partition in database.partitions(self._db):
            if partition.name in self._articles:
                self._train(partition)

    def delete_before(self, moment: datetime) -> None:
        """Drops the months that ended before a moment, and deletes the texts of others that were fetched before."""
        for partition in database.partitions(self._db):
            if partition.ends_at <= moment:
                with transaction(self._db, self._forget):
                    database.drop(self._db, partition)
                self._forget()  # a month of the same name may be created again
            else:
                self._delete_texts(partition, before=second_of(moment))
        self._db.execute(f"PRAGMA incremental_vacuum({_PAGES_AT_ONCE})").fetchall()

    # -- one text ------------------------------------------------------------------------------------------------------

    def _insert(self, second: int, text: SeenText) -> None:
        partition = database.partition_for(self._db, text.fetched_at, indexed=self._indexed)
        if partition.name not in self._articles:
            self._articles[partition.name] = self._count_articles(partition)
        self._articles[partition.name] += text.kind is TextKind.ARTICLE
        data = dump_text(text)
        dictionary = self._dictionary_for(partition, text, data)
        place = self._free_place(partition, second)
        self._db.execute(
            f"INSERT INTO texts_{partition.name} VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                place,
                second,
                text.link_key,
                text.variant,
                self._feed(text.feed),
                KINDS.index(text.kind),
                precision_of(published_at=text.article.published_at, date=text.article.date),
                second_of(text.fetched_at),
                self._add_content(partition, data, dictionary),
            ),
        )
        if partition.indexed:
            self._words.add(partition.name, place, _indexed(data))

    def _add_content(self, partition: Partition, data: bytes, dictionary: int) -> int:
        added = self._db.execute(
            f"INSERT INTO contents_{partition.name} (dictionary, content) VALUES (?, ?)",
            (dictionary, self._codec.pack(data, dictionary)),
        )
        return added.lastrowid or 0

    def _has(self, text: SeenText) -> bool:
        """Whether there is a text of the same entry."""
        return any(
            self._db.execute(
                f"SELECT 1 FROM texts_{partition.name} WHERE link_key = ? AND variant = ?",
                (text.link_key, text.variant),
            ).fetchone()
            for partition in database.partitions(self._db)
        )

    def _delete_former(self, text: SeenText) -> None:
        for partition in database.partitions(self._db):
            found = self._db.execute(
                "SELECT texts.id, contents.id, contents.dictionary, CAST(contents.content AS BLOB) "
                f"FROM texts_{partition.name} AS texts JOIN contents_{partition.name} AS contents "
                "ON contents.id = texts.content WHERE link_key = ? AND variant = ?",
                (text.link_key, text.variant),
            ).fetchall()
            for place, number, dictionary, content in found:
                row = _Row(place=place, number=number, dictionary=dictionary, content=content)
                self._delete(row, partition)

    def _delete(self, row: _Row, partition: Partition) -> None:
        """Deletes a text and its words. Words of a text that cannot be read stay: the search ignores them."""
        self._db.execute(f"DELETE FROM texts_{partition.name} WHERE id = ?", (row.place,))
        self._db.execute(f"DELETE FROM contents_{partition.name} WHERE id = ?", (row.number,))
        if not partition.indexed:
            return
        try:
            words = _indexed(self._codec.unpack(row.content, row.dictionary))
        except UnreadableText:
            return
        self._words.remove(partition.name, row.place, words, version=partition.index)

    def _second(self, text: SeenText) -> int:
        article = text.article
        moment = moment_of(
            published_at=article.published_at, date=article.date, otherwise=text.fetched_at, zone=self._zone
        )
        return max(-_FARTHEST, min(second_of(moment), _FARTHEST))

    def _free_place(self, partition: Partition, second: int) -> int:
        """Returns the first place of a second, or the next one that is free."""
        key = (partition.name, second)
        place = self._places.get(key, second << PLACE_BITS)
        taken = self._db.execute(f"SELECT id FROM texts_{partition.name} WHERE id >= ? ORDER BY id", (place,))
        for (each,) in taken:
            if each > place:
                break
            place = each + 1
        self._places[key] = place + 1
        self._places.move_to_end(key)
        if len(self._places) > _REMEMBERED_PLACES:
            self._places.popitem(last=False)
        return place

    def _feed(self, name: str) -> int:
        if name not in self._feeds:
            self._db.execute("INSERT OR IGNORE INTO feeds (name) VALUES (?)", (name,))
            self._feeds[name] = self._db.execute("SELECT id FROM feeds WHERE name = ?", (name,)).fetchone()[0]
        return self._feeds[name]

    # -- dictionaries --------------------------------------------------------------------------------------------------

    def _dictionary(self, number: int) -> bytes | None:
        found = self._db.execute("SELECT content FROM dictionaries WHERE id = ?", (number,)).fetchone()
        return found[0] if found else None

    def _dictionary_for(self, partition: Partition, text: SeenText, data: bytes) -> int:
        """Returns the number of the dictionary for a text: that of its host for a visible one, else the trained one."""
        trained = self._known_dictionary(partition, _TRAINED)
        if text.kind is TextKind.ARTICLE or not text.article.hosts:
            return trained
        host = text.article.hosts[-1]
        if known := self._known_dictionary(partition, host):
            return known
        if (partition.name, host) in self._hosts:  # a dictionary for a single page would only take room
            return self._add_dictionary(partition, host, data[:_LONGEST_DICTIONARY])
        self._hosts.add((partition.name, host))
        return trained

    def _known_dictionary(self, partition: Partition, host: str) -> int:
        key = (partition.name, host)
        if key not in self._dictionaries:
            found = self._db.execute("SELECT id FROM dictionaries WHERE part = ? AND host = ?", key).fetchone()
            if not found:
                return 0
            self._dictionaries[key] = found[0]
        return self._dictionaries[key]

    def _add_dictionary(self, partition: Partition, host: str, content: bytes) -> int:
        added = self._db.execute(
            "INSERT INTO dictionaries (part, host, content) VALUES (?, ?, ?)",
            (partition.name, host, pack_dictionary(content)),
        )
        return added.lastrowid or 0

    def _train(self, partition: Partition) -> None:
        """Trains the dictionary of a month once it has enough articles."""
        if self._articles[partition.name] < _TEXTS_TO_TRAIN_ON or self._known_dictionary(partition, _TRAINED):
            return
        rows = self._db.execute(
            "SELECT texts.id, contents.id, contents.dictionary, contents.content "
            f"FROM texts_{partition.name} AS texts JOIN contents_{partition.name} AS contents "
            "ON contents.id = texts.content WHERE kind = 0 ORDER BY contents.id LIMIT ?",
            (2 * _TEXTS_TO_TRAIN_ON,),
        ).fetchall()
        samples = [self._codec.unpack(content, dictionary) for _, _, dictionary, content in rows]
        if trained := trained_dictionary(samples):
            with transaction(self._db, self._forget):
                dictionary = self._add_dictionary(partition, _TRAINED, trained)
                # Shorter ones at the same places would leave holes.
                former = ((number,) for _, number, _, _ in rows)
                self._db.executemany(f"DELETE FROM contents_{partition.name} WHERE id = ?", former)
                for (place, *_), data in zip(rows, samples, strict=True):
                    number = self._add_content(partition, data, dictionary)
                    self._db.execute(f"UPDATE texts_{partition.name} SET content = ? WHERE id = ?", (number, place))
        self._articles[partition.name] = 0

    def _count_articles(self, partition: Partition) -> int:
        if self._known_dictionary(partition, _TRAINED):
            return 0
        found = self._db.execute(f"SELECT count(*) FROM texts_{partition.name} WHERE kind = 0").fetchone()
        return int(found[0])

    # -- retention -----------------------------------------------------------------------------------------------------

    def _delete_texts(self, partition: Partition, *, before: int) -> None:
        """Deletes the texts that were fetched before. Their words stay in the index until the month is dropped."""
        while True:
            with transaction(self._db, self._forget):
                old = self._db.execute(
                    f"SELECT id, content FROM texts_{partition.name} WHERE fetched_at < ? LIMIT ?",
                    (before, _ROWS_AT_ONCE),
                ).fetchall()
                for table, column in (("texts", 0), ("contents", 1)):
                    self._db.executemany(
                        f"DELETE FROM {table}_{partition.name} WHERE id = ?", ((row[column],) for row in old)
                    )
            if len(old) < _ROWS_AT_ONCE:
                return

    def _forget(self) -> None:
        """Forgets what the file may not have any more: a transaction failed, or a month was dropped."""
        self._dictionaries.clear()
        self._feeds.clear()
        self._words.forget()
        self._hosts.clear()
        self._articles.clear()
        self._places.clear()
        self._codec = Codec(self._dictionary)


def _indexed(data: bytes) -> IndexedText:
    """Returns the words of a serialised text, so that those that are deleted are those that were added."""
    _, feed_text, article = load_text(data)
    return index_texts(article.text, feed_text)

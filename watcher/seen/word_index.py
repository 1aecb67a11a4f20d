"""An index of words, in tables `index_NAME` and `words_NAME` of a file: which rows may satisfy a condition.

The first is a contentless FTS5 table, the second has all its words: FTS5 knows no substrings.
"""

from __future__ import annotations

import sqlite3
import sys

from watcher.text.index import IndexedText

_FTS5 = "content='', columnsize=0, tokenize=\"ascii tokenchars '_'\""
CREATE_INDEX = f"""
    CREATE VIRTUAL TABLE index_{{name}} USING fts5(words, joined, {_FTS5});
    CREATE TABLE words_{{name}} (word TEXT PRIMARY KEY) WITHOUT ROWID;
"""
DROP_INDEX = """
    DROP TABLE IF EXISTS index_{name};
    DROP TABLE IF EXISTS words_{name};
"""
_REMEMBERED_WORDS = 50_000  # so that common words are not written again and again
_MOST_INSIDE = 2_000  # words that contain some letters: with more, reading every text is faster
_MOST_STARTING = 300  # words that start with some letters: looking one up takes 40 µs


class WordIndexWriter:
    """Adds rows to the indexes of one file, in the open transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._words: set[str] = set()

    def add(self, name: str, place: int, words: IndexedText) -> None:
        """Indexes the words of a text under the row id `place`."""
        self._db.execute(
            f"INSERT INTO index_{name} (rowid, words, joined) VALUES (?, ?, ?)", (place, words.words, words.joined)
        )
        new = words.vocabulary() - self._words
        self._db.executemany(f"INSERT OR IGNORE INTO words_{name} VALUES (?)", ((word,) for word in sorted(new)))
        if len(self._words) + len(new) > _REMEMBERED_WORDS:
            self._words.clear()
        self._words |= new

    def remove(self, name: str, place: int, words: IndexedText) -> None:
        """Removes the words of a text, which must be those that were added."""
        self._db.execute(
            f"INSERT INTO index_{name} (index_{name}, rowid, words, joined) VALUES (?, ?, ?, ?)",
            ("delete", place, words.words, words.joined),
        )

    def forget(self) -> None:
        """Forgets what a transaction that failed may have added."""
        self._words.clear()


class IndexVocabulary:
    """The words of an index. `has_common_prefix`: `starting` was asked for a prefix of too many words.

    Such words are in many texts, and FTS5 would collect all of them first: the newest texts are read without it.
    """

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._db = connection
        self._table = f"words_{name}"
        self.has_common_prefix = False

    def containing(self, letters: str) -> list[str] | None:
        """Returns the words with these letters inside; None if they are too many."""
        return self._words("instr(word, ?)", (letters,), _MOST_INSIDE)

    def starting(self, letters: str) -> list[str] | None:
        """Returns the words that start with these letters; None if they are too many."""
        found = self._words("word >= ? AND word < ?", (letters, f"{letters}{chr(sys.maxunicode)}"), _MOST_STARTING)
        self.has_common_prefix |= found is None
        return found

    def _words(self, where: str, values: tuple[object, ...], most: int) -> list[str] | None:
        found = self._db.execute(f"SELECT word FROM {self._table} WHERE {where} LIMIT {most + 1}", values).fetchall()
        return None if len(found) > most else [word for (word,) in found]

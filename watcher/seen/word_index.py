"""An index of words, in tables `index_NAME` and `words_NAME` of a file: which rows may satisfy a condition.

The first is a contentless FTS5 table, the second has all its words: FTS5 knows no substrings.
"""

from __future__ import annotations

import sqlite3
import sys
from collections import defaultdict
from collections.abc import Iterable

from watcher.text.index import BETWEEN, DENSE, MARKS, IndexedText

_FTS5 = "content='', columnsize=0, tokenize=\"ascii tokenchars '_'\""
CREATE_INDEX = f"""
    CREATE VIRTUAL TABLE index_{{name}} USING fts5(words, joined, {_FTS5});
    CREATE TABLE words_{{name}} (word TEXT PRIMARY KEY) WITHOUT ROWID;
"""
DROP_INDEX = """
    DROP TABLE IF EXISTS index_{name};
    DROP TABLE IF EXISTS words_{name};
"""
_REMEMBERED_WORDS = 2**14  # of 60 bytes each, so that common words are not written again and again
_MOST_INSIDE = 2_000  # words that contain some letters: with more, reading every text is faster
_MOST_LOOKED_UP = 5_000  # words, 5 µs each
_MOST_STARTING = 300  # words that start with some letters: looking one up takes 40 µs


VERSION = 2
"""The version of an index that is written.

The first had no sign of joined words and no mark of `DENSE` texts, and its table of words may lack some.
"""

_WITH_SIGNS = 2
_JOINED = "\u00b7"  # begins a joined word; without it FTS5 reads all places of the word to find those that are joined


class WordIndexWriter:
    """Adds rows to the indexes of one file, in the open transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection
        self._remembered: defaultdict[str, _RememberedWords] = defaultdict(_RememberedWords)

    def add(self, name: str, place: int, words: IndexedText) -> None:
        """Indexes the words of a text under the row id `place`."""
        joined = _joined_words(words, VERSION)
        self._db.execute(
            f"INSERT INTO index_{name} (rowid, words, joined) VALUES (?, ?, ?)", (place, words.words, " ".join(joined))
        )
        new = self._remembered[name].add({*words.words.split(), *joined} - {BETWEEN})
        self._db.executemany(f"INSERT OR IGNORE INTO words_{name} VALUES (?)", ((word,) for word in sorted(new)))

    def remove(self, name: str, place: int, words: IndexedText, *, version: int) -> None:
        """Removes the words of a text, which must be those that were added, from an index of this version."""
        self._db.execute(
            f"INSERT INTO index_{name} (index_{name}, rowid, words, joined) VALUES (?, ?, ?, ?)",
            ("delete", place, words.words, " ".join(_joined_words(words, version))),
        )

    def forget(self) -> None:
        """Forgets what a transaction that failed may have added."""
        self._remembered.clear()


class _RememberedWords:
    """Remembers one word for each place, which its hash decides: the latest, so that common words stay."""

    def __init__(self) -> None:
        self._places: list[str | None] = [None] * _REMEMBERED_WORDS

    def add(self, words: Iterable[str]) -> list[str]:
        """Remembers words. Returns those that were not remembered."""
        places, new = self._places, list[str]()
        for word in words:
            place = hash(word) % _REMEMBERED_WORDS
            if places[place] != word:
                places[place] = word
                new.append(word)
        return new


def _joined_words(words: IndexedText, version: int) -> list[str]:
    """Returns the joined words and marks as an index of a version has them."""
    if version < _WITH_SIGNS:
        return [word for word in words.joined.split() if word != DENSE]
    return [word if word in MARKS else _JOINED + word for word in words.joined.split()]


class IndexVocabulary:
    """The words of an index. `has_common_prefix`: `starting` was asked for a prefix of too many words.

    Such words are in many texts, and FTS5 would collect all of them first: the newest texts are read without it.
    `marks_dense`: whether texts that are `DENSE` have this mark.
    """

    def __init__(self, connection: sqlite3.Connection, name: str, *, version: int) -> None:
        self.marks_dense = self._is_complete = version >= _WITH_SIGNS
        self.has_common_prefix = False
        self._db = connection
        self._table = f"words_{name}"
        self._known: dict[str, bool] = {}

    def joined(self, word: str) -> str:
        """Returns a joined word as the index has it."""
        return f"{_JOINED}{word}" if self._is_complete and word not in MARKS else word

    def has(self, word: str) -> bool:
        """Whether a text may have this word, or this mark."""
        if not self._is_complete or len(self._known) >= _MOST_LOOKED_UP:
            return True
        if word not in self._known:
            self._known[word] = bool(self._words("word = ?", (word,), 1))
        return self._known[word]

    def containing(self, letters: str) -> list[str] | None:
        """Returns the words with these letters inside; None if they are too many, or not known."""
        return self._words("instr(word, ?)", (letters,), _MOST_INSIDE) if self._is_complete else None

    def starting(self, letters: str) -> list[str] | None:
        """Returns the words that start with these letters; None if they are too many, or not known."""
        if not self._is_complete:
            found = None
        else:
            found = self._words("word >= ? AND word < ?", (letters, f"{letters}{chr(sys.maxunicode)}"), _MOST_STARTING)
        self.has_common_prefix |= found is None
        return found

    def _words(self, where: str, values: tuple[object, ...], most: int) -> list[str] | None:
        found = self._db.execute(f"SELECT word FROM {self._table} WHERE {where} LIMIT {most + 1}", values).fetchall()
        return None if len(found) > most else [word for (word,) in found]

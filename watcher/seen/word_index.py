"""An index of words, in tables `index_NAME` and `words_NAME` of a file: which rows may satisfy a condition.

The first is a contentless FTS5 table, the second has all its words: FTS5 knows no substrings.
"""

from __future__ import annotations

import sqlite3

from watcher.seen.expressions import expression
from watcher.text.index import Condition, IndexedText

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
_MOST_WORDS = 2_000  # that contain some letters: with more, reading every text is faster


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


def match_expression(connection: sqlite3.Connection, name: str, condition: Condition) -> str | None:
    """Returns an expression for MATCH that every row satisfies if the condition holds for it; None: read all rows."""
    return expression(condition, lambda letters: _words_with(connection, name, letters))


def _words_with(connection: sqlite3.Connection, name: str, letters: str) -> list[str] | None:
    found = connection.execute(
        f"SELECT word FROM words_{name} WHERE instr(word, ?) LIMIT ?", (letters, _MOST_WORDS + 1)
    ).fetchall()
    return None if len(found) > _MOST_WORDS else [word for (word,) in found]

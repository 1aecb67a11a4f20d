"""The index of the words of documents, in a file of its own: it proposes documents to a search, and holds no texts.

Each document is indexed under a place. One whose text changed gets another place; what the index has at the former one
is not found any more, and a file with too many of these is rebuilt.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from watcher.errors import SeenError
from watcher.seen.expressions import expression
from watcher.seen.file import (
    FileKind,
    check_integers,
    decoded,
    in_time,
    is_damage,
    is_same_file,
    remove,
    remove_logs,
    stop_when,
    transaction,
)
from watcher.seen.word_index import CREATE_INDEX, VERSION, IndexVocabulary, WordIndexWriter
from watcher.text.index import Condition, IndexedText

_NAME = "documents"
_WASTE = 1_000  # former places are kept if they are fewer, or fewer than half
INDEX = FileKind(
    name="the index of documents",
    application_id=0x77746349,  # "wtcI"
    schema=VERSION,
    create=f"""
    CREATE TABLE documents (
        place INTEGER PRIMARY KEY AUTOINCREMENT, number INTEGER NOT NULL UNIQUE, recorded INTEGER NOT NULL,
        matches INTEGER NOT NULL, feed_length INTEGER NOT NULL
    );
{CREATE_INDEX.format(name=_NAME)}""",
    probe=f"SELECT 1 FROM documents, words_{_NAME}, index_{_NAME} WHERE index_{_NAME} MATCH '\"a\"' LIMIT 1",
    cache=500,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexedDocument:
    """A document as it was indexed. `recorded`: when it was recorded, in microseconds since 1970.

    `matches`: how many watches it matched; `feed_length`: characters of the feed's text of it. The text of a document
    stays; only the feed's text grows, when it matches further watches.
    """

    number: int
    recorded: int
    matches: int
    feed_length: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """What an index covers: how many documents and matches, the highest number, -1 without any, and when recorded."""

    highest: int = -1
    documents: int = 0
    matches: int = 0
    recorded: int = 0


class IndexDamaged(SeenError):
    """The file was damaged and is deleted."""


class DocumentIndexWriter:
    """Writes the index over one connection. `replaced`: why the file was replaced when it was opened, else ""."""

    def __init__(self, path: Path) -> None:
        """Raises SeenError."""
        self._path = path
        self._db, self.replaced = INDEX.open_for_writing(path)
        self._file = path.stat()
        self._words = WordIndexWriter(self._db)

    @property
    def is_in_place(self) -> bool:
        """Whether the file is still the one at its path."""
        return is_same_file(self._file, self._path)

    @property
    def is_wasteful(self) -> bool:
        """Whether more of the index is of former places than of documents."""
        with self._explained():
            used, places = self._db.execute(
                "SELECT (SELECT count(*) FROM documents), coalesce((SELECT seq FROM sqlite_sequence), 0)"
            ).fetchone()
            check_integers(places)
        return bool(places - used > max(_WASTE, used))

    def extent(self) -> Extent:
        """Returns what the index covers. Raises SeenError."""
        with self._explained():
            return _extent(self._db)

    def between(self, after: int, last: int) -> Mapping[int, IndexedDocument]:
        """Returns the indexed documents with numbers above `after` up to `last`. Raises SeenError."""
        with self._explained():
            rows = self._db.execute(
                "SELECT number, recorded, matches, feed_length FROM documents WHERE number > ? AND number <= ?",
                (after, last),
            ).fetchall()
        return {
            number: IndexedDocument(number=number, recorded=recorded, matches=matches, feed_length=feed_length)
            for number, recorded, matches, feed_length in rows
        }

    def write(
        self,
        new: Sequence[tuple[IndexedDocument, IndexedText]],
        *,
        same: Sequence[IndexedDocument] = (),
        gone: Collection[int] = (),
    ) -> None:
        """Indexes new and changed documents, notes other counts of matches, and removes documents, all or none.

        `same`: documents whose words stay. Raises SeenError.
        """
        with self._explained(), transaction(self._db, self._words.forget):
            former = ((number,) for number in (*gone, *(document.number for document, _ in new)))
            self._db.executemany("DELETE FROM documents WHERE number = ?", former)
            self._db.executemany(
                "UPDATE documents SET matches = ? WHERE number = ?", ((each.matches, each.number) for each in same)
            )
            for document, words in new:
                added = self._db.execute(
                    "INSERT INTO documents (number, recorded, matches, feed_length) VALUES (?, ?, ?, ?)",
                    (document.number, document.recorded, document.matches, document.feed_length),
                )
                self._words.add(_NAME, added.lastrowid or 0, words)

    def remove(self) -> None:
        """Closes the file and deletes it. Raises SeenError."""
        self.close()
        try:
            remove(self._path)
        except OSError as error:
            raise SeenError(f"cannot delete {INDEX.name} {self._path}: {error.strerror}") from error

    def close(self, *, deleted: bool = False) -> None:
        """Closes the file; `deleted`: it is not at its path any more, and its logs are removed."""
        with suppress(sqlite3.Error):
            self._db.close()
        if deleted:
            remove_logs(self._path)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Translates errors; deletes a file that is damaged."""
        try:
            with decoded():
                yield
        except sqlite3.Error as error:
            if not is_damage(error):
                raise SeenError(f"{INDEX.name} {self._path} cannot be written: {error}") from error
            self.remove()
            raise IndexDamaged(str(error)) from error


class DocumentIndexReader:
    """Reads over one connection, as of one moment."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._db = connection

    def extent(self) -> Extent:
        """Returns what the index covers."""
        return _extent(self._db)

    def numbers(self, condition: Condition) -> list[int] | None:
        """Returns the documents that may satisfy a condition, in no order; None: any may. Raises TimeIsUp."""
        with in_time():
            matched = expression(condition, IndexVocabulary(self._db, _NAME, version=VERSION))
            if not matched:
                return None if matched is None else []
            rows = self._db.execute(
                f"SELECT documents.number FROM index_{_NAME} AS found "
                "CROSS JOIN documents ON documents.place = found.rowid "
                f"WHERE found.index_{_NAME} MATCH ?",
                (matched,),
            )
            return [number for (number,) in rows]


@contextmanager
def open_index(path: Path, is_over: Callable[[], bool]) -> Iterator[DocumentIndexReader]:
    """Opens the index for reading until `is_over`. Raises SeenError if there is none, or if it is damaged."""
    with INDEX.reading(path) as connection, INDEX.explained(path):
        stop_when(connection, is_over)
        yield DocumentIndexReader(connection)


def delete_index(path: Path) -> None:
    """Deletes the index of an earlier start. Raises SeenError."""
    if path.exists():
        INDEX.delete(path)


def _extent(connection: sqlite3.Connection) -> Extent:
    """Raises Unusable."""
    documents, highest, matches = connection.execute(
        "SELECT count(*), coalesce(max(number), -1), coalesce(sum(matches), 0) FROM documents"
    ).fetchone()
    last = connection.execute("SELECT recorded FROM documents WHERE number = ?", (highest,)).fetchone()
    check_integers(highest, matches, *(last or ()))
    return Extent(highest=highest, documents=documents, matches=matches, recorded=last[0] if last else 0)

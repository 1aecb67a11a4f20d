"""The seen archive: the text of every ingested entry, matched or not, in a SQLite file of its own; and the index of the
words of documents, in another. No policy.

    values.py      a text of the archive, and the moment by which it is sorted
    archive.py     SeenArchive: takes texts from the daemon without waiting, and writes them on its own thread
    writing.py     one batch in one transaction: replaces, indexes, trains dictionaries; retention
    reading.py     SeenReader: iterates, searches and counts, beside a daemon that writes
    database.py    the tables of the archive: its partitions, one per month
    document_index.py  the index of documents: written by the daemon, read by searches
    file.py        either file: opened, checked, and replaced if it is damaged
    word_index.py  the index of words that both have
    codec.py       a text <-> compressed bytes
    expressions.py a condition on indexed words -> an expression of FTS5

Both files may be deleted at any time: nothing of the state depends on them, and the daemon rebuilds them.
"""

from watcher.seen.archive import SeenArchive, delete_archive
from watcher.seen.document_index import (
    DocumentIndexWriter,
    IndexDamaged,
    IndexedDocument,
    delete_index,
    open_index,
)
from watcher.seen.file import TimeIsUp
from watcher.seen.reading import SeenReader, Window, open_reader
from watcher.seen.values import Dated, SeenText, StoredText, day_of, moment_of, second_of

__all__ = [
    "Dated",
    "DocumentIndexWriter",
    "IndexDamaged",
    "IndexedDocument",
    "SeenArchive",
    "SeenReader",
    "SeenText",
    "StoredText",
    "TimeIsUp",
    "Window",
    "day_of",
    "delete_archive",
    "delete_index",
    "moment_of",
    "open_index",
    "open_reader",
    "second_of",
]

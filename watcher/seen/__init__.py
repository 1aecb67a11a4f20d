"""The seen archive: the text of every ingested entry, matched or not, in a SQLite file of its own. No policy.

    values.py      a text of the archive, and the moment by which it is sorted
    archive.py     SeenArchive: takes texts from the daemon without waiting, and writes them on its own thread
    writing.py     one batch in one transaction: replaces, indexes, trains dictionaries; retention
    reading.py     SeenReader: iterates, searches and counts, beside a daemon that writes
    database.py    the file: opened, checked and replaced if it is damaged; its partitions, one per month
    codec.py       a text <-> compressed bytes
    expressions.py a condition on indexed words -> an expression of FTS5

The archive may be deleted at any time: nothing of the state depends on it, and the daemon rebuilds it.
"""

from watcher.seen.archive import SeenArchive, delete_archive
from watcher.seen.reading import SeenReader, TimeIsUp, Window, open_reader
from watcher.seen.values import Dated, SeenText, StoredText, from_second, moment_of, second_of

__all__ = [
    "Dated",
    "SeenArchive",
    "SeenReader",
    "SeenText",
    "StoredText",
    "TimeIsUp",
    "Window",
    "delete_archive",
    "from_second",
    "moment_of",
    "open_reader",
    "second_of",
]

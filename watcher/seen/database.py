"""The file of the seen archive: opened and checked, and its partitions, one per month of fetching.

A partition has a table of texts, one of their contents and, if it is indexed, a contentless FTS5 table with the row ids
of the texts and a table of all its words. It is dropped as a whole. The row id of a text is its place: the second of
its moment, shifted, and a count, so that the newest texts are the last rows. Contents are in the order of writing,
which fills the pages; few bits of a count keep the differences of row ids short, of which the index has one for each
word of a text.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from watcher.errors import SeenError

APPLICATION_ID = 0x77746353  # "wtcS", in SQLite's header
SCHEMA = 1  # another one is rebuilt
PLACE_BITS = 6
"""Bits of a row id that count the texts of a second; further ones take places of the next seconds."""
MOST_DISPLACED = 3_600
"""Seconds by which a text may be placed too late: 230,000 texts of one second."""

_MAGIC = b"SQLite format 3\0"
_LOGS = ("-wal", "-shm", "-journal")
_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_TOOBIG")  # a schema of random bytes; texts are bounded
_PAGE_SIZE = 16 * 1024  # contents of 2 kB leave less of a page empty
_PATIENCE = 5.0  # seconds
_FTS5 = "content='', columnsize=0, tokenize=\"ascii tokenchars '_'\""
_CREATE = f"""
    CREATE TABLE partitions (name TEXT PRIMARY KEY, month TEXT NOT NULL, indexed INTEGER NOT NULL);
    CREATE TABLE dictionaries (
        id INTEGER PRIMARY KEY, part TEXT NOT NULL, host TEXT NOT NULL, content BLOB NOT NULL,
        UNIQUE (part, host)
    );
    CREATE TABLE feeds (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    PRAGMA application_id={APPLICATION_ID};
    PRAGMA user_version={SCHEMA};
"""
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
_CREATE_INDEX = f"""
    CREATE VIRTUAL TABLE index_{{name}} USING fts5(words, joined, {_FTS5});
    CREATE TABLE words_{{name}} (word TEXT PRIMARY KEY) WITHOUT ROWID;
"""
_DROP = """
    DROP TABLE texts_{name};
    DROP TABLE IF EXISTS contents_{name};
    DROP TABLE IF EXISTS index_{name};
    DROP TABLE IF EXISTS words_{name};
    DELETE FROM dictionaries WHERE part = '{name}';
    DELETE FROM partitions WHERE name = '{name}';
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """The texts fetched in one month, `2026-11`. `name`: the end of the names of its tables."""

    name: str
    month: str
    indexed: bool

    @property
    def ends_at(self) -> datetime:
        """The first moment of the next month."""
        year, month = map(int, self.month.split("-"))
        return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)


def open_for_writing(path: Path) -> tuple[sqlite3.Connection, str]:
    """Opens the archive, creates it if missing, and replaces it if it cannot be used.

    Returns the connection, and why the file was replaced, "" if it was not. Raises SeenError.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return _open_or_create(path), ""
    except sqlite3.DatabaseError as error:
        if not _is_unusable(error):
            raise SeenError(f"cannot open the seen archive {path}: {error}") from error
        reason = str(error)
    except OSError as error:
        raise SeenError(f"cannot open the seen archive {path}: {error.strerror}") from error
    try:
        remove(path)
        return _open_or_create(path), reason
    except (OSError, sqlite3.DatabaseError) as error:
        raise SeenError(f"the seen archive {path} is damaged ({reason}) and cannot be replaced: {error}") from error


@contextmanager
def reading_connection(path: Path) -> Iterator[sqlite3.Connection]:
    """Opens the archive for reading, as of one moment. Raises SeenError."""
    missing = SeenError(f"the seen archive {path} does not exist yet")
    if not path.exists():
        raise missing
    with explained(path):
        connection = _connect(f"{path.absolute().as_uri()}?mode=ro")
        with closing(connection):
            if not _has_tables(connection):  # the daemon is creating it
                raise missing
            if problem := _problem(connection, path):
                raise SeenError(f"the seen archive {path} cannot be read: {problem}; the daemon replaces it")
            connection.execute("BEGIN")
            yield connection


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Translates errors of the database into a SeenError that says what to do."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        advice = "; delete it, and the daemon rebuilds it" if is_damage(error) else ""
        raise SeenError(f"cannot read the seen archive {path}: {error}{advice}") from error


def is_damage(error: sqlite3.Error) -> bool:
    """Whether an error means that the file is damaged."""
    return getattr(error, "sqlite_errorname", "").startswith(_DAMAGE) or str(error).startswith("no such table")


def remove(path: Path) -> None:
    """Deletes the archive. Raises OSError."""
    path.unlink(missing_ok=True)
    for suffix in _LOGS:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def remove_logs(path: Path) -> None:
    """Deletes the files with the latest changes of an archive that is not there any more, as far as possible."""
    for suffix in _LOGS:
        with suppress(OSError):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def delete(path: Path) -> None:
    """Deletes the archive, but no other file at its path. Raises SeenError."""
    try:
        with path.open("rb") as file:
            head = file.read(100)
        if head.startswith(_MAGIC) and int.from_bytes(head[68:72], "big") != APPLICATION_ID:
            raise SeenError(f"{path} is a database of another program; move it away")
        remove(path)
    except OSError as error:
        raise SeenError(f"cannot delete the seen archive {path}: {error.strerror}") from error


def is_same_file(connection_file: os.stat_result, path: Path) -> bool:
    """Whether the file that was opened is still the one at the path."""
    try:
        return os.path.samestat(connection_file, path.stat())
    except OSError:
        return False


# -- partitions --------------------------------------------------------------------------------------------------------


def partitions(connection: sqlite3.Connection) -> list[Partition]:
    """Returns the partitions, the oldest first."""
    rows = connection.execute("SELECT name, month, indexed FROM partitions ORDER BY month, name")
    return [Partition(name=name, month=month, indexed=bool(indexed)) for name, month, indexed in rows if _is_name(name)]


def partition_for(connection: sqlite3.Connection, moment: datetime, *, indexed: bool) -> Partition:
    """Returns the partition for texts fetched at a moment; creates it in the open transaction if there is none."""
    month = moment.astimezone(UTC).strftime("%Y-%m")
    known = partitions(connection)
    for partition in known:
        if (partition.month, partition.indexed) == (month, indexed):
            return partition
    partition = Partition(name=month.replace("-", "_") + "_x" * indexed, month=month, indexed=indexed)
    _run(connection, _CREATE_TEXTS.format(name=partition.name))
    if indexed:
        _run(connection, _CREATE_INDEX.format(name=partition.name))
    connection.execute("INSERT INTO partitions VALUES (?, ?, ?)", (partition.name, month, indexed))
    return partition


def drop(connection: sqlite3.Connection, partition: Partition) -> None:
    """Drops a partition in the open transaction."""
    _run(connection, _DROP.format(name=partition.name))


def _is_name(name: str) -> bool:
    return name.replace("_", "").isalnum() and name.isascii()


def _run(connection: sqlite3.Connection, script: str) -> None:
    """Runs statements in the open transaction; `executescript` would commit it."""
    for statement in filter(str.strip, script.split(";\n")):
        connection.execute(statement)


# -- opening -----------------------------------------------------------------------------------------------------------


class _Unusable(sqlite3.DatabaseError):
    """The file is not an archive of this version."""


def _open_or_create(path: Path) -> sqlite3.Connection:
    connection = _connect(path.absolute().as_uri())
    try:
        is_new = not _has_tables(connection)
        if not is_new and (problem := _problem(connection, path)):
            raise _Unusable(problem)
        connection.execute(f"PRAGMA page_size={_PAGE_SIZE}")
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")  # effective in a new file only
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")  # a power cut costs the last texts, never the file
        connection.execute("PRAGMA journal_size_limit=16777216")
        connection.execute("PRAGMA cache_size=-8000")
        if is_new:
            connection.execute("BEGIN IMMEDIATE")
            _run(connection, _CREATE)
            connection.execute("COMMIT")
    except BaseException:
        connection.close()
        raise
    return connection


def _has_tables(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def _problem(connection: sqlite3.Connection, path: Path) -> str:
    """Returns what is wrong with the file, "" if nothing is on first sight."""
    if connection.execute("PRAGMA application_id").fetchone()[0] != APPLICATION_ID:
        raise SeenError(f"{path} is a database of another program; move it away, the seen archive belongs there")
    if (version := connection.execute("PRAGMA user_version").fetchone()[0]) != SCHEMA:
        return f"it has schema {version}, not {SCHEMA}"
    pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
    if not path.with_name(f"{path.name}-wal").exists() and path.stat().st_size < pages * size:
        return "its end is missing"
    connection.execute("SELECT 1 FROM partitions, dictionaries, feeds LIMIT 1").fetchall()
    return ""


def _is_unusable(error: sqlite3.DatabaseError) -> bool:
    return isinstance(error, _Unusable) or is_damage(error)


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)

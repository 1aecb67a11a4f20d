"""A SQLite file that may be deleted at any time: opened and checked, and replaced if it cannot be used."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from watcher.errors import SeenError

_MAGIC = b"SQLite format 3\0"
_LOGS = ("-wal", "-shm", "-journal")
_DAMAGE = ("SQLITE_CORRUPT", "SQLITE_NOTADB", "SQLITE_TOOBIG")  # a schema of random bytes; texts are bounded
_CHANGED = ("SQLITE_ERROR", "SQLITE_MISMATCH")  # of statements that are always the same: the tables are not ours
_VIOLATED = "SQLITE_CONSTRAINT"  # what is written never violates one of the tables that are created
_UNDECODABLE = "Could not decode to UTF-8"  # a text; an error that Python makes itself
_PAGE_SIZE = 16 * 1024  # contents of 2 kB leave less of a page empty
_PATIENCE = 5.0  # seconds
_SHOWN = 40  # letters of a value
_STEPS = 10_000  # of SQLite's machine between two looks at the clock


@dataclass(frozen=True, slots=True, kw_only=True)
class FileKind:
    """A kind of file, by its `name` in sentences: "the seen archive".

    `application_id`: in SQLite's header. `schema`: the version of the tables; a file with another one is rebuilt.
    `create`: the statements that make the tables. `probe`: a query of the tables that every file has. `cache`: KiB of
    pages that the writer keeps in memory.
    """

    name: str
    application_id: int
    schema: int
    create: str
    probe: str
    cache: int = 1_000

    def open_for_writing(self, path: Path) -> tuple[sqlite3.Connection, str]:
        """Opens the file, creates it if missing, and replaces it if it cannot be used.

        Returns the connection, and why the file was replaced, "" if it was not. Raises SeenError.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return self._open_or_create(path), ""
        except sqlite3.DatabaseError as error:
            if not is_damage(error):
                raise SeenError(f"cannot open {self.name} {path}: {error}") from error
            reason = str(error)
        except OSError as error:
            raise SeenError(f"cannot open {self.name} {path}: {error.strerror}") from error
        try:
            remove(path)
            return self._open_or_create(path), reason
        except (OSError, sqlite3.DatabaseError) as error:
            raise SeenError(f"{self.name} {path} is damaged ({reason}) and cannot be replaced: {error}") from error

    @contextmanager
    def reading(self, path: Path) -> Iterator[sqlite3.Connection]:
        """Opens the file for reading, as of one moment. Raises SeenError."""
        missing = SeenError(f"{self.name} {path} does not exist yet")
        if not path.exists():
            raise missing
        with self.explained(path):
            connection = _connect(f"{path.absolute().as_uri()}?mode=ro")
            with closing(connection):
                if not _has_tables(connection):  # the daemon is creating it
                    raise missing
                if problem := self._problem(connection, path):
                    raise SeenError(f"{self.name} {path} cannot be read: {problem}; the daemon replaces it")
                connection.execute("BEGIN")
                yield connection

    @contextmanager
    def explained(self, path: Path) -> Iterator[None]:
        """Translates errors of the database into a SeenError that says what to do."""
        try:
            with decoded():
                yield
        except sqlite3.DatabaseError as error:
            advice = "; delete it, and the daemon rebuilds it" if is_damage(error) else ""
            raise SeenError(f"cannot read {self.name} {path}: {error}{advice}") from error

    def delete(self, path: Path) -> None:
        """Deletes the file, but no other one at its path. Raises SeenError."""
        try:
            with path.open("rb") as file:
                head = file.read(100)
            if head.startswith(_MAGIC) and int.from_bytes(head[68:72], "big") != self.application_id:
                raise SeenError(f"{path} is a database of another program; move it away")
            remove(path)
        except OSError as error:
            raise SeenError(f"cannot delete {self.name} {path}: {error.strerror}") from error

    # -- opening -------------------------------------------------------------------------------------------------------

    def _open_or_create(self, path: Path) -> sqlite3.Connection:
        connection = _connect(path.absolute().as_uri())
        try:
            with decoded():
                self._prepare(connection, path)
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, connection: sqlite3.Connection, path: Path) -> None:
        """Checks the file, sets up the connection for writing, and creates the tables if there are none."""
        is_new = not _has_tables(connection)
        if not is_new and (problem := self._problem(connection, path)):
            raise Unusable(problem)
        connection.execute(f"PRAGMA page_size={_PAGE_SIZE}")
        connection.execute("PRAGMA auto_vacuum=INCREMENTAL")  # effective in a new file only
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")  # a power cut costs the last texts, never the file
        connection.execute("PRAGMA journal_size_limit=16777216")
        connection.execute(f"PRAGMA cache_size=-{self.cache}")
        if is_new:
            connection.execute("BEGIN IMMEDIATE")
            run_statements(connection, self.create)
            connection.execute(f"PRAGMA application_id={self.application_id}")
            connection.execute(f"PRAGMA user_version={self.schema}")
            connection.execute("COMMIT")

    def _problem(self, connection: sqlite3.Connection, path: Path) -> str:
        """Returns what is wrong with the file, "" if nothing is on first sight."""
        if connection.execute("PRAGMA application_id").fetchone()[0] != self.application_id:
            raise SeenError(f"{path} is a database of another program; move it away, {self.name} belongs there")
        if (version := connection.execute("PRAGMA user_version").fetchone()[0]) != self.schema:
            return f"it has schema {version}, not {self.schema}"
        pages, size = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "page_size"))
        if not path.with_name(f"{path.name}-wal").exists() and path.stat().st_size < pages * size:
            return "its end is missing"
        connection.execute(self.probe).fetchall()
        return ""


class Unusable(sqlite3.DatabaseError):
    """The file is not of this kind and version, or has values that were never written."""


def is_damage(error: Exception) -> bool:
    """Whether an error means that the file is damaged and is to be replaced."""
    if isinstance(error, Unusable):
        return True
    name = getattr(error, "sqlite_errorname", "")  # missing on errors that Python makes itself
    return name in _CHANGED or name.startswith((*_DAMAGE, _VIOLATED))


@contextmanager
def decoded() -> Iterator[None]:
    """Translates what happens if a schema, which SQLite quotes in its messages, or a text is not UTF-8.

    Raises Unusable.
    """
    try:
        yield
    except UnicodeDecodeError as error:
        raise Unusable("its schema is not UTF-8") from error
    except sqlite3.OperationalError as error:
        if str(error).startswith(_UNDECODABLE):
            raise Unusable("it has a text that is not UTF-8") from error
        raise


def check_integers(*values: object) -> None:
    """Checks values that were written as integers. Raises Unusable if one is not."""
    for value in values:
        if not isinstance(value, int):
            raise Unusable(f"it has {str(value)[:_SHOWN]!r} where a number belongs")


def remove(path: Path) -> None:
    """Deletes a file and those of its latest changes. Raises OSError."""
    path.unlink(missing_ok=True)
    for suffix in _LOGS:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def remove_logs(path: Path) -> None:
    """Deletes the files with the latest changes of one that is not there any more, as far as possible."""
    for suffix in _LOGS:
        with suppress(OSError):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def is_same_file(connection_file: os.stat_result, path: Path) -> bool:
    """Whether the file that was opened is still the one at the path."""
    try:
        return os.path.samestat(connection_file, path.stat())
    except OSError:
        return False


def run_statements(connection: sqlite3.Connection, script: str) -> None:
    """Runs statements in the open transaction; `executescript` would commit it."""
    for statement in filter(str.strip, script.split(";\n")):
        connection.execute(statement)


class TimeIsUp(Exception):
    """Reading ended because the function of `stop_when` said so."""


def stop_when(connection: sqlite3.Connection, is_over: Callable[[], bool]) -> None:
    """Interrupts statements once `is_over`."""
    connection.set_progress_handler(lambda: int(is_over()), _STEPS)


@contextmanager
def in_time() -> Iterator[None]:
    """Translates the interruption of a statement. Raises TimeIsUp."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorname", "") == "SQLITE_INTERRUPT":
            raise TimeIsUp from error
        raise


def _has_tables(connection: sqlite3.Connection) -> bool:
    return bool(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])


def _connect(uri: str) -> sqlite3.Connection:
    return sqlite3.connect(uri, uri=True, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)


@contextmanager
def transaction(connection: sqlite3.Connection, on_failure: Callable[[], None]) -> Iterator[None]:
    """Commits what the block writes, or rolls it back and calls `on_failure`, which forgets what was added."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        on_failure()
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise

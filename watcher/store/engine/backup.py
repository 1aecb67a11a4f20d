"""Makes a consistent copy of the state in one file while a daemon works on it, and finds such copies again."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from watcher.errors import StateDamaged, StateError
from watcher.files import state_exists
from watcher.store.engine.sqlite import APPLICATION_ID

_MAGIC = b"SQLite format 3\0"
_ID_AT = 68  # https://www.sqlite.org/fileformat.html#the_database_header
_STAMP = "%Y%m%dT%H%M%SZ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Backup:
    """A whole copy of a state. `as_of`: the moment of its last poll or document, None if it has none."""

    path: Path
    size: int
    documents: int
    as_of: datetime | None


def default_backup(database: Path, *, now: datetime) -> Path:
    """The path of a backup without a given name: beside the database, where `good_backups` finds it."""
    return database.with_name(f"{database.name}.backup-{now.astimezone(UTC).strftime(_STAMP)}")


def back_up(database: Path, target: Path, *, overwrite: bool = False) -> Backup:
    """Copies the state as of one moment to `target`, whole and durably, or not at all. Writers do not wait.

    Raises StateDamaged, or StateError, also if `target` exists and must not be overwritten.
    """
    if not state_exists(database):
        raise StateError(f"the state at {database} does not exist yet")
    try:
        is_in_the_way = target.exists() and (not overwrite or target.samefile(database))
    except OSError as error:
        raise StateError(f"cannot write the backup {target}: {error.strerror}") from error
    if is_in_the_way:
        raise StateError(f"{target} exists already; name another file, or overwrite it with --force")
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        _copy(database, unfinished)
        backup = examine(unfinished)
        _put_in_place(unfinished, target, overwrite=overwrite)
    except FileExistsError as error:
        raise StateError(f"{target} has just been created by another program; name another file") from error
    except OSError as error:
        raise StateError(f"cannot write the backup {target}: {error.strerror}") from error
    except sqlite3.DatabaseError as error:
        raise StateError(f"cannot copy {database} to {target}: {error}") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return Backup(path=target, size=backup.size, documents=backup.documents, as_of=backup.as_of)


def examine(path: Path) -> Backup:
    """Checks a copy. Raises StateDamaged if it is not whole, sqlite3.DatabaseError if it cannot be read."""
    with closing(_connect(path)) as connection:
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise StateDamaged(f"{path} is damaged: {verdict}")
        (documents,) = connection.execute("SELECT count(*) FROM documents").fetchone()
        moments = [
            connection.execute(query).fetchone()[0]
            for query in ("SELECT max(last_polled_at) FROM feeds", "SELECT max(recorded_at) FROM documents")
        ]
    known = [moment for moment in moments if moment is not None]
    as_of = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=max(known)) if known else None
    return Backup(path=path, size=path.stat().st_size, documents=documents, as_of=as_of)


def good_backups(database: Path) -> list[Backup]:
    """Finds the whole backups beside a database, the one with the latest poll or document first."""
    found = []
    for path in _candidates(database):
        try:
            found.append(examine(path))
        except (StateDamaged, sqlite3.DatabaseError, OSError):
            continue
    oldest = datetime.min.replace(tzinfo=UTC)
    return sorted(found, key=lambda backup: (backup.as_of or oldest, backup.path.name), reverse=True)


def restore(backup: Path, database: Path) -> None:
    """Copies a backup to the path of a missing database. Raises OSError, sqlite3.DatabaseError."""
    unfinished = database.with_name(f".{database.name}.{os.getpid()}.tmp")
    try:
        _copy(backup, unfinished)
        _put_in_place(unfinished, database, overwrite=False)
    finally:
        unfinished.unlink(missing_ok=True)


def is_watcher_database(path: Path) -> bool:
    """Whether a file has the header of a watcher database. Raises OSError."""
    with path.open("rb") as file:
        head = file.read(100)
    return head.startswith(_MAGIC) and int.from_bytes(head[_ID_AT : _ID_AT + 4], "big") == APPLICATION_ID


def is_of_another_program(path: Path) -> bool:
    """Whether a file has the header of another program's SQLite database. Raises OSError."""
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC and not is_watcher_database(path)


def _candidates(database: Path) -> Iterator[Path]:
    for path in database.parent.iterdir():
        other = path.name == database.name or path.name.startswith((f"{database.name}.damaged-", "."))
        if other or not path.is_file() or path.name.endswith(("-wal", "-shm")):
            continue
        try:
            if is_watcher_database(path):
                yield path
        except OSError:
            continue


def _copy(source: Path, target: Path) -> None:
    """Copies in one step: a copy in several steps would restart at every write. In WAL mode no writer waits."""
    target.unlink(missing_ok=True)
    with closing(_connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
        new.execute("PRAGMA journal_mode=DELETE")  # one file, readable on a read-only medium
    owned = source.stat()
    target.chmod(owned.st_mode & 0o777)
    if os.geteuid() == 0:  # the daemon, which is not root, must be able to read it
        os.chown(target, owned.st_uid, owned.st_gid)


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=30)


def _put_in_place(unfinished: Path, target: Path, *, overwrite: bool) -> None:
    with unfinished.open("rb") as file:
        os.fsync(file.fileno())
    if overwrite:
        unfinished.replace(target)
    else:
        os.link(unfinished, target)  # fails if the target is there
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

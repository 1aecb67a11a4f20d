"""Opens a state that may be damaged: sets it aside, never deletes it, and puts a backup or an empty state in its place.

The files of the corpus are not touched here; the caller adopts them.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import DatabaseError

from watcher.errors import StateDamaged, StateError, StateForeign
from watcher.store.engine.backup import Backup, good_backups, is_of_another_program, restore
from watcher.store.engine.database import Location, open_alone, open_database
from watcher.store.engine.lock import LastEnd
from watcher.store.engine.sqlite import explained


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """The recovery of a damaged state. `reason`: the message of SQLite. `backup`: None if the state begins empty."""

    set_aside: Path
    reason: str
    backup: Backup | None


def open_or_recover(location: Location, *, last_end: LastEnd, now: datetime) -> tuple[Engine, Recovery | None]:
    """Opens a state like `open_database`. Returns it with the recovery that it needed, if any.

    After an unclean end a file is checked page by page first; a server does that itself. Raises StateForeign,
    StateTooNew, StateError.
    """
    damage = _damage(location, last_end) if isinstance(location, Path) else ""
    if damage and isinstance(location, Path):
        recovery = _recover(location, damage, now=now)
        return open_alone(location), recovery
    return open_alone(location), None


def set_aside(path: Path, *, now: datetime) -> Path:
    """Renames a database with its WAL files, so that it can still be examined. Raises StateError."""
    aside = path.with_name(f"{path.name}.damaged-{now.astimezone(UTC):%Y%m%dT%H%M%SZ}")
    while aside.exists():
        aside = aside.with_name(aside.name + "x")
    try:
        for suffix in ("-wal", "-shm", ""):  # the database last: until then a crash finds it damaged again
            part = path.with_name(path.name + suffix)
            if part.exists():
                part.rename(aside.with_name(aside.name + suffix))
    except OSError as error:
        raise StateError(f"cannot set the damaged {path} aside: {error.strerror}") from error
    return aside


def _damage(path: Path, last_end: LastEnd) -> str:
    """The damage of the database in a sentence, "" if there is none."""
    if not path.exists():
        return ""
    if last_end is not LastEnd.NONE and os.path.getsize(path) == 0:  # noqa: PTH202 - a read, nothing to build on
        return "the file is empty"
    try:
        engine = open_database(path)
        try:
            return _check(engine, path) if last_end is LastEnd.UNCLEAN else ""
        finally:
            engine.dispose()
    except StateDamaged as error:
        return _cause(error)
    except StateForeign as error:
        if last_end is LastEnd.NONE or is_of_another_program(path):
            raise
        return _cause(error)


def _check(engine: Engine, path: Path) -> str:
    try:
        with engine.connect() as connection:
            verdict = str(connection.execute(text("PRAGMA quick_check(1)")).scalar_one())
    except DatabaseError as error:
        raise explained(error, path) from error
    return "" if verdict == "ok" else verdict.replace("\n", " ")


def _recover(path: Path, reason: str, *, now: datetime) -> Recovery:
    backups = good_backups(path)
    aside = set_aside(path, now=now)
    for backup in backups:
        try:
            restore(backup.path, path)
            open_database(path).dispose()
        except (OSError, sqlite3.DatabaseError, StateError):
            for suffix in ("", "-wal", "-shm"):
                path.with_name(path.name + suffix).unlink(missing_ok=True)
            continue
        return Recovery(set_aside=aside, reason=reason, backup=backup)
    return Recovery(set_aside=aside, reason=reason, backup=None)


def _cause(error: StateError) -> str:
    return str(error.__cause__.orig) if isinstance(error.__cause__, DatabaseError) else str(error)

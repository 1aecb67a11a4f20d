"""The lock that lets one `run` or `once` at a time work on a state, with a sign of life and the end of the last one."""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from types import TracebackType

from watcher.errors import StateError, StateLocked

_CLEAN = "ended"


class LastEnd(StrEnum):
    """The end of the process that held the lock last."""

    NONE = "none"  # there was no such process
    CLEAN = "clean"
    UNCLEAN = "unclean"  # killed, or ended by an error that makes the state doubtful


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """The content of the lock file: the process that holds it, None after a clean end, and its last sign of life."""

    process: int | None
    seen_at: datetime


class StateLock:
    """The lock of the process that works on a state; the kernel releases it when the process dies.

    The file holds the process number, and a word after a clean end; its modification time is the sign of life.
    """

    def __init__(self, database: Path) -> None:
        self._path = lock_file(database)
        self._descriptor = -1
        self._before = ""
        self.doubtful = False  # the next start checks the database, though no error ends this process

    def __enter__(self) -> StateLock:
        """Raises StateLocked if another process holds it."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        except OSError as error:
            raise StateError(f"cannot open the lock file {self._path}: {error.strerror}") from error
        self._before = _content(self._descriptor)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._descriptor)
            raise StateLocked(
                f"another watcher (process {self._before or 'unknown'}) works on this state ({self._path}); "
                "stop it first"
            ) from None
        self._before = _content(self._descriptor)  # again: no other process can write it now
        self._write(str(os.getpid()))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and not self.doubtful:
            self._write(_CLEAN)
        os.close(self._descriptor)

    @property
    def last_end(self) -> LastEnd:
        """The end of the previous holder."""
        if not self._before:
            return LastEnd.NONE
        return LastEnd.CLEAN if self._before == _CLEAN else LastEnd.UNCLEAN

    def restore_content(self) -> None:
        """Writes the previous content back, for a start that ends before it used the state."""
        self._write(self._before)

    def show_life(self, now: datetime) -> None:
        """Updates the sign of life. Needs no space on the disk."""
        os.utime(self._descriptor, (now.timestamp(), now.timestamp()))

    def _write(self, content: str) -> None:
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, content.encode(), 0)


def lock_file(database: Path) -> Path:
    """The path of a state's lock file."""
    return database.with_name(database.name + ".lock")


def look_for_life(database: Path) -> Life | None:
    """Reads the sign of life of a state's process, None if there never was one. Raises StateError."""
    path = lock_file(database)
    try:
        content = path.read_text(encoding="utf-8", errors="replace").strip()
        changed = path.stat().st_mtime
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StateError(f"cannot read {path}: {error.strerror}") from error
    process = int(content) if content.isascii() and content.isdigit() else None
    return Life(process=process, seen_at=datetime.fromtimestamp(changed, UTC))


def _content(descriptor: int) -> str:
    return os.pread(descriptor, 20, 0).decode(errors="replace").strip()

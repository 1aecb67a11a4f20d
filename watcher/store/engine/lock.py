"""One `run` or `once` at a time works on a state; and how others see that it is alive, and how the last one ended."""

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
    """How the one that held a state last has ended."""

    NONE = "none"  # there was none
    CLEAN = "clean"
    UNCLEAN = "unclean"  # killed, or ended by an error that makes the state doubtful


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """What the lock file tells beside a daemon: whether one means to be running, and when it last showed itself."""

    process: int | None
    seen_at: datetime


class StateLock:
    """Held by the one that works on a state; the kernel drops it when the process dies.

    The file holds the process number, and a word once that ended cleanly; its time of change is the sign of life.
    """

    def __init__(self, database: Path) -> None:
        self._path = lock_file(database)
        self._descriptor = -1
        self._before = ""
        self.doubtful = False  # to be checked at the next start, though no error ends this one

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
        self._before = _content(self._descriptor)  # now that nobody else writes it
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
        """How the one before us ended."""
        if not self._before:
            return LastEnd.NONE
        return LastEnd.CLEAN if self._before == _CLEAN else LastEnd.UNCLEAN

    def keep_as_it_was(self) -> None:
        """Forgets that we were here: for a start that ends before it touched the state."""
        self._write(self._before)

    def show_life(self, now: datetime) -> None:
        """Says that we are at work. Needs no space on the disk."""
        os.utime(self._descriptor, (now.timestamp(), now.timestamp()))

    def _write(self, content: str) -> None:
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, content.encode(), 0)


def lock_file(database: Path) -> Path:
    """The lock file of a state."""
    return database.with_name(database.name + ".lock")


def look_for_life(database: Path) -> Life | None:
    """What is to be seen of the one that works on a state; None if none ever did. Raises StateError."""
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

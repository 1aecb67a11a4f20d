"""Writes a file into a folder, whole or not at all, and explains errors of the system. No document format, no listing.

A file is written without a name, synced, linked into the folder, and the folder is synced. On a file system without
unnamed files it is a dot-file first; without hard links that dot-file is renamed.
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from watcher.errors import CorpusError

LARGEST_FILE = 64 * 2**20
"""The largest file that is read, in bytes; a document has some kilobytes."""

_MODE = 0o644
_LEFTOVER = re.compile(r"\.[0-9]{3,9}_[0-9a-f]{16}\.txt\.[0-9a-f]{16}\.tmp")
_PROBE = "000_0000000000000000.txt"
_NO_UNNAMED_FILES = frozenset({errno.EOPNOTSUPP, errno.EISDIR, errno.EINVAL, errno.ENOSYS})
# ENOENT: there is no /proc to reach the unnamed file through.
_NO_LINK = frozenset({errno.EOPNOTSUPP, errno.EPERM, errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.ENOENT})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_ADVICE = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "the disk quota is used up; free some space or raise the quota",
    errno.EROFS: "its file system is read-only; mount it writable or choose another folder",
    errno.EACCES: "no permission; let the user that runs watcher read and write this folder",
    errno.EPERM: "no permission; let the user that runs watcher read and write this folder",
    errno.ENOENT: "it does not exist; make it or correct `folder` under [corpus]",
    errno.ENOTDIR: "it, or a part of its path, is a file, not a folder; correct `folder` under [corpus]",
    errno.EEXIST: "a file is in the place of the folder; correct `folder` under [corpus]",
    errno.ELOOP: "its symbolic links go in circles; correct `folder` under [corpus]",
    errno.EIO: "the disk reports an error; see the system's log",
    errno.EMFILE: "too many files are open; raise the limit (LimitNOFILE)",
}


class FsyncFailed(CorpusError):
    """The disk did not confirm a write. The kernel may show data that the disk does not have, and a second fsync would
    wrongly succeed: the process must end and restart from the contents of the disk."""


@contextmanager
def as_corpus_error(what: str) -> Iterator[None]:
    """Turns an OSError into the CorpusError `WHAT: reason; advice`."""
    try:
        yield
    except OSError as error:
        raise CorpusError(f"{what}: {_ADVICE.get(error.errno or 0) or error.strerror or error}") from error


def create_file(folder: Path, name: str, data: bytes) -> None:
    """Creates a file in the folder, durably: once this returns, a power cut does not remove it.

    Raises FileExistsError if the name is taken, FsyncFailed, OSError.
    """
    with open_folder(folder) as folder_fd:
        if not _create_unnamed(folder_fd, name, data):
            _create_by_dot_file(folder_fd, name, data)
        _sync(folder_fd, what=str(folder))


def confirm_file(folder: Path, name: str, data: bytes) -> bool:
    """Checks whether a file has exactly these bytes, and if so syncs it to the disk.

    Its writer may have died between linking and syncing. Raises FileNotFoundError, FsyncFailed, OSError, CorpusError.
    """
    if read_file(folder, name) != data:
        return False
    with open_folder(folder) as folder_fd:
        fd = os.open(name, os.O_RDONLY, dir_fd=folder_fd)
        try:
            _sync(fd, what=name)
        finally:
            os.close(fd)
        _sync(folder_fd, what=str(folder))
    return True


def read_file(folder: Path, name: str) -> bytes:
    """Reads a plain file of at most `LARGEST_FILE` bytes. Raises OSError, CorpusError if it is anything else."""
    # O_NONBLOCK: opening a named pipe would wait for its writer.
    fd = os.open(folder / name, os.O_RDONLY | os.O_NONBLOCK)
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise CorpusError(f"{folder / name} is not a plain file; move it out of the folder")
        if status.st_size > LARGEST_FILE:
            raise CorpusError(f"{folder / name} is larger than {LARGEST_FILE // 2**20} MB; move it out of the folder")
        return file.read()


def is_leftover(name: str) -> bool:
    """Whether this is the name of a temporary file of `create_file`."""
    return _LEFTOVER.fullmatch(name) is not None


def sweep_leftovers(folder: Path) -> tuple[str, ...]:
    """Removes the temporary files of dead writers and returns their names; live writers keep theirs. Raises OSError."""
    with open_folder(folder) as folder_fd:
        with os.scandir(folder_fd) as found:
            # Files only: opening a named pipe would wait for its reader, and a link may lead anywhere.
            names = [entry.name for entry in found if is_leftover(entry.name) and entry.is_file(follow_symlinks=False)]
        return tuple(sorted(name for name in names if _sweep(folder_fd, name)))


def probe_folder(folder: Path) -> None:
    """Checks that a file can be created in the folder, without leaving one. Raises OSError."""
    with open_folder(folder) as folder_fd:
        fd = _open_unnamed(folder_fd)
        try:
            if fd is None:
                name, fd = _open_dot_file(folder_fd, _PROBE)
                os.unlink(name, dir_fd=folder_fd)
        finally:
            if fd is not None:
                os.close(fd)


@contextmanager
def open_folder(folder: Path) -> Iterator[int]:
    """Opens the folder, so that all of one write happens in the same folder even if its path is moved."""
    fd = os.open(folder, os.O_DIRECTORY)
    try:
        yield fd
    finally:
        os.close(fd)


def _create_unnamed(folder_fd: int, name: str, data: bytes) -> bool:
    """Creates by an unnamed file; False if the file system has none, or without /proc."""
    fd = _open_unnamed(folder_fd)
    if fd is None:
        return False
    try:
        _fill(fd, data, what=name)
        # With a folder descriptor Python calls linkat(AT_SYMLINK_FOLLOW), the documented way to name such a file.
        os.link(f"/proc/self/fd/{fd}", name, dst_dir_fd=folder_fd)
    except OSError as error:
        if error.errno in _NO_LINK:
            return False
        raise
    finally:
        os.close(fd)
    return True


def _open_unnamed(folder_fd: int) -> int | None:
    try:
        return os.open(".", os.O_TMPFILE | os.O_WRONLY, _MODE, dir_fd=folder_fd)
    except OSError as error:
        if error.errno in _NO_UNNAMED_FILES:
            return None
        raise


def _create_by_dot_file(folder_fd: int, name: str, data: bytes) -> None:
    temporary, fd = _open_dot_file(folder_fd, name)
    try:
        _fill(fd, data, what=name)
        _link_or_rename(folder_fd, temporary, name)
    finally:
        try:
            with suppress(FileNotFoundError):
                os.unlink(temporary, dir_fd=folder_fd)
        finally:
            os.close(fd)  # releases the lock as well, or the file would never be swept


def _open_dot_file(folder_fd: int, name: str) -> tuple[str, int]:
    """Opens a locked temporary file; the lock ends with its process, so that `sweep_leftovers` knows dead writers."""
    for _ in range(3):
        temporary = f".{name}.{secrets.token_hex(8)}.tmp"
        fd = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _MODE, dir_fd=folder_fd)
        with suppress(OSError):  # a file system without locks: its leftovers are swept unconditionally
            fcntl.flock(fd, fcntl.LOCK_EX)
        if os.fstat(fd).st_nlink:
            return temporary, fd
        os.close(fd)  # swept between creating and locking
    raise OSError("temporary files vanish from the folder")


def _link_or_rename(folder_fd: int, temporary: str, name: str) -> None:
    try:
        os.link(temporary, name, src_dir_fd=folder_fd, dst_dir_fd=folder_fd)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        if name in os.listdir(folder_fd):
            raise FileExistsError from error
        os.rename(temporary, name, src_dir_fd=folder_fd, dst_dir_fd=folder_fd)


def _fill(fd: int, data: bytes, *, what: str) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]
    _sync(fd, what=what)


def _sync(fd: int, *, what: str) -> None:
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno in _FULL:  # the file has no name yet: the same as a write to a full disk
            raise
        if error.errno == errno.EINVAL:  # some network file systems cannot sync a folder
            return
        raise FsyncFailed(f"{what}: the disk did not confirm the write ({error.strerror}); check the disk") from error


def _sweep(folder_fd: int, name: str) -> bool:
    with suppress(FileNotFoundError):
        fd = os.open(name, os.O_WRONLY, dir_fd=folder_fd)
        try:
            if not _has_living_writer(fd):
                os.unlink(name, dir_fd=folder_fd)
                return True
        finally:
            os.close(fd)
    return False


def _has_living_writer(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:  # another one: a file system without locks
        return isinstance(error, BlockingIOError)
    return False

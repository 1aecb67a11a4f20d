"""One file into a folder, whole or not at all; and what the system's refusals mean. No document format, no listing.

Written without a name, synced, linked into the folder, the folder synced. Where a file system has no unnamed files, a
dot-file stands in; where it has no hard links either, that dot-file is renamed.
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
"""Bytes of the largest file that is read; a document is some kilobytes."""

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
    errno.ENOENT: "it is not there (any more); make it again or correct `folder` under [corpus]",
    errno.ENOTDIR: "it, or a part of its path, is a file and no folder; correct `folder` under [corpus]",
    errno.EEXIST: "a file stands where the folder should be; correct `folder` under [corpus]",
    errno.ELOOP: "its symbolic links go in circles; correct `folder` under [corpus]",
    errno.EIO: "the disk reports an error; check it, the system's log says more",
    errno.EMFILE: "too many files are open; raise the limit (LimitNOFILE)",
}


class FsyncFailed(CorpusError):
    """The disk did not confirm a write. What the kernel still shows may not be on the disk, and a second fsync would
    wrongly succeed: the process must end, and start again from what the disk holds."""


@contextmanager
def explained(what: str) -> Iterator[None]:
    """Turn an OSError into the CorpusError `WHAT: reason; what to do`."""
    try:
        yield
    except OSError as error:
        raise CorpusError(f"{what}: {_ADVICE.get(error.errno or 0) or error.strerror or error}") from error


def create_file(folder: Path, name: str, data: bytes) -> None:
    """Put a file that does not exist yet into the folder, durably: when this returns, a power cut can't take it away.

    Raises FileExistsError if the name is taken, FsyncFailed, OSError.
    """
    with open_folder(folder) as folder_fd:
        if not _create_unnamed(folder_fd, name, data):
            _create_by_dot_file(folder_fd, name, data)
        _sync(folder_fd, what=str(folder))


def confirm_file(folder: Path, name: str, data: bytes) -> bool:
    """Is this file there with these very bytes? If so, make sure that it is on the disk too.

    Its writer may have died between linking and syncing. Raises FileNotFoundError, FsyncFailed, OSError, CorpusError.
    """
    if read_file(folder, name) != data:
        return False
    with open_folder(folder) as folder_fd:
        fd = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=folder_fd)
        try:
            _sync(fd, what=name)
        finally:
            os.close(fd)
        _sync(folder_fd, what=str(folder))
    return True


def read_file(folder: Path, name: str) -> bytes:
    """The bytes of a plain file of at most `LARGEST_FILE`. Raises OSError, CorpusError if it is anything else."""
    # O_NONBLOCK: opening a pipe that somebody put here would wait for its writer.
    fd = os.open(folder / name, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(fd, "rb") as file:
        status = os.fstat(fd)
        if not stat.S_ISREG(status.st_mode):
            raise CorpusError(f"{folder / name} is not a plain file; take it out of the folder")
        if status.st_size > LARGEST_FILE:
            raise CorpusError(f"{folder / name} is larger than {LARGEST_FILE // 2**20} MB; take it out of the folder")
        return file.read()


def is_leftover(name: str) -> bool:
    """Is this the name of a temporary file of `create_file`?"""
    return _LEFTOVER.fullmatch(name) is not None


def sweep_leftovers(folder: Path) -> tuple[str, ...]:
    """Remove the temporary files of writers that died, and say which; those of living writers stay. Raises OSError."""
    with open_folder(folder) as folder_fd:
        return tuple(sorted(name for name in _names(folder_fd) if is_leftover(name) and _sweep(folder_fd, name)))


def probe_folder(folder: Path) -> None:
    """Find out whether a file could be created here, without leaving one. Raises OSError."""
    with open_folder(folder) as folder_fd:
        fd = _open_unnamed(folder_fd)
        if fd is None:
            name, fd = _open_dot_file(folder_fd, _PROBE)
            os.unlink(name, dir_fd=folder_fd)
        os.close(fd)


@contextmanager
def open_folder(folder: Path) -> Iterator[int]:
    """A descriptor of the folder, so that all of one write happens in the same folder even if its path is moved."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield fd
    finally:
        os.close(fd)


def _create_unnamed(folder_fd: int, name: str, data: bytes) -> bool:
    """Create by an unnamed file; False if this file system, or a missing /proc, does not let us."""
    fd = _open_unnamed(folder_fd)
    if fd is None:
        return False
    try:
        _fill(fd, data, what=name)
        # A folder descriptor makes Python call linkat(AT_SYMLINK_FOLLOW), the documented way to name such a file.
        os.link(f"/proc/self/fd/{fd}", name, dst_dir_fd=folder_fd, follow_symlinks=True)
    except OSError as error:
        if error.errno in _NO_LINK:
            return False
        raise
    finally:
        os.close(fd)
    return True


def _open_unnamed(folder_fd: int) -> int | None:
    try:
        return os.open(".", os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC, _MODE, dir_fd=folder_fd)
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
            os.close(fd)  # and with it the lock, or nobody would ever sweep the file


def _open_dot_file(folder_fd: int, name: str) -> tuple[str, int]:
    """A locked temporary file; the lock dies with its process, so that `sweep_leftovers` can tell."""
    for _ in range(3):
        temporary = f".{name}.{secrets.token_hex(8)}.tmp"
        fd = os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, _MODE, dir_fd=folder_fd)
        with suppress(OSError):  # a file system without locks: then its leftovers are swept without asking
            fcntl.flock(fd, fcntl.LOCK_EX)
        if os.fstat(fd).st_nlink:
            return temporary, fd
        os.close(fd)  # swept between creating and locking
    raise OSError(errno.EAGAIN, "temporary files vanish from the folder")


def _link_or_rename(folder_fd: int, temporary: str, name: str) -> None:
    try:
        os.link(temporary, name, src_dir_fd=folder_fd, dst_dir_fd=folder_fd)
    except OSError as error:
        if error.errno not in _NO_LINK:
            raise
        if name in _names(folder_fd):
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), name) from error
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
        if error.errno in _FULL:  # nothing bears a name yet: as harmless as a write that found the disk full
            raise
        if error.errno == errno.EINVAL:  # some network file systems cannot sync a folder
            return
        raise FsyncFailed(f"{what}: the disk did not confirm the write ({error.strerror}); check the disk") from error


def _names(folder_fd: int) -> list[str]:
    with os.scandir(folder_fd) as found:
        return [entry.name for entry in found]


def _sweep(folder_fd: int, name: str) -> bool:
    with suppress(FileNotFoundError):
        fd = os.open(name, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder_fd)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            return _unlink(folder_fd, name)
        else:
            return _unlink(folder_fd, name)
        finally:
            os.close(fd)
    return False


def _unlink(folder_fd: int, name: str) -> bool:
    os.unlink(name, dir_fd=folder_fd)
    return True

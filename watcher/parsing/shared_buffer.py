"""Memory that the pool shares with one child: a page is laid there, and only its place and length are sent.

Through a socket 200 KB are copied twice, in pieces, and each end waits for the other in between. There are two places:
the next page lies there before the child is done with one. The pool writes and never reads here, and the size is
sealed: a child that was taken over can neither tell it anything nor take the ground from under its writing (SIGBUS).
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
from typing import Self

ROOM = 2**20
"""Bytes of the largest payload that is laid here; a larger one is sent."""

PLACES = 2
_SIZE = PLACES * ROOM

_FLAGS = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
_NO_EXECUTION = 0x0008  # MFD_NOEXEC_SEAL, Linux 6.3: where vm.memfd_noexec is 2, nothing else is given


class SharedBuffer:
    """One end's view of the memory."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory

    @classmethod
    def make(cls) -> tuple[Self, int]:
        """The pool's end, and a descriptor for the child's, to be closed once the child has it. Raises OSError."""
        descriptor = _make_memory()
        try:
            os.ftruncate(descriptor, _SIZE)
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
            return cls(mmap.mmap(descriptor, _SIZE)), descriptor
        except BaseException:
            os.close(descriptor)
            raise

    @classmethod
    def open(cls, descriptor: int) -> Self:
        """The child's end. Raises OSError."""
        try:
            return cls(mmap.mmap(descriptor, _SIZE, prot=mmap.PROT_READ))
        finally:
            os.close(descriptor)

    def lay(self, place: int, payload: bytes) -> None:
        """Lays it, at most ROOM bytes, on one of the places 1 to PLACES, at which the child may not be busy."""
        start = (place - 1) * ROOM
        self._memory[start : start + len(payload)] = payload

    def take(self, place: int, length: int) -> bytes:
        """What was laid on that place last, which has that length."""
        start = (place - 1) * ROOM
        return self._memory[start : start + length]

    def close(self) -> None:
        self._memory.close()


def _make_memory() -> int:
    """A descriptor of memory that can be shared, and never run. Raises OSError."""
    try:
        return os.memfd_create("watcher-tray", _FLAGS | _NO_EXECUTION)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return os.memfd_create("watcher-tray", _FLAGS)  # an older kernel knows no such flag

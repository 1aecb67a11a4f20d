"""Memory that the parent shares with one child: the parent writes a payload there and sends only its slot and length.

Through a socket, 200 KB are copied twice, in pieces, and each end waits for the other in between. There are two slots,
so that the parent can write the next page while the child has not read one yet. The parent never reads here, and the
size is sealed: a child that was taken over can neither send anything this way nor shrink the memory, which would kill
the parent as it writes (SIGBUS).
"""

from __future__ import annotations

import errno
import fcntl
import mmap
import os
from typing import Self

SLOTS = 2
SLOT_SIZE = 2**20
"""Bytes of the largest payload that fits; a larger one goes through the socket."""

_SIZE = SLOTS * SLOT_SIZE
_FLAGS = os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING
_NOEXEC_SEAL = 0x0008  # MFD_NOEXEC_SEAL, Linux 6.3; memfd_create fails without it where vm.memfd_noexec is 2


class SharedBuffer:
    """One end's mapping of the memory: writable for the parent, read-only for the child. Slots count from 1."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory

    @classmethod
    def create(cls) -> tuple[Self, int]:
        """Returns the parent's end, and a descriptor for the child, to be closed when the child has it.

        Raises OSError.
        """
        descriptor = _create_memory()
        try:
            os.ftruncate(descriptor, _SIZE)
            fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
            return cls(mmap.mmap(descriptor, _SIZE)), descriptor
        except BaseException:
            os.close(descriptor)
            raise

    @classmethod
    def open(cls, descriptor: int) -> Self:
        """Returns the child's end, and closes the descriptor. Raises OSError."""
        try:
            return cls(mmap.mmap(descriptor, _SIZE, prot=mmap.PROT_READ))
        finally:
            os.close(descriptor)

    def write(self, slot: int, payload: bytes) -> None:
        """Writes at most SLOT_SIZE bytes. The child must have read the slot's former payload."""
        start = (slot - 1) * SLOT_SIZE
        self._memory[start : start + len(payload)] = payload

    def read(self, slot: int, length: int) -> bytes:
        """Returns a copy of the first bytes of the slot."""
        start = (slot - 1) * SLOT_SIZE
        return self._memory[start : start + length]

    def close(self) -> None:
        self._memory.close()


def _create_memory() -> int:
    """Returns a descriptor of memory that can be shared but not executed. Raises OSError."""
    try:
        return os.memfd_create("watcher-parsing", _FLAGS | _NOEXEC_SEAL)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return os.memfd_create("watcher-parsing", _FLAGS)  # a kernel older than the flag

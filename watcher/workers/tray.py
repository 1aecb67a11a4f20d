"""Memory that the pool shares with one child: a page is laid there, and only its length is sent.

Through a socket 200 KB are copied twice, in pieces, and each end waits for the other in between. The pool writes and
never reads here, so that a child that was taken over gains nothing by it.
"""

from __future__ import annotations

import mmap
import os
from typing import Self

ROOM = 2**20
"""Bytes of the largest payload that is laid here; a larger one is sent."""


class Tray:
    """One end's view of the memory."""

    def __init__(self, memory: mmap.mmap) -> None:
        self._memory = memory

    @classmethod
    def make(cls) -> tuple[Self, int]:
        """The pool's end, and a descriptor for the child's, to be closed once the child has it. Raises OSError."""
        descriptor = os.memfd_create("watcher-tray")
        try:
            os.ftruncate(descriptor, ROOM)
            return cls(mmap.mmap(descriptor, ROOM)), descriptor
        except BaseException:
            os.close(descriptor)
            raise

    @classmethod
    def open(cls, descriptor: int) -> Self:
        """The child's end. Raises OSError."""
        try:
            return cls(mmap.mmap(descriptor, ROOM, prot=mmap.PROT_READ))
        finally:
            os.close(descriptor)

    def lay(self, payload: bytes) -> bool:
        """Lays it down for the child, who must not be busy; False if there is no room for it."""
        if len(payload) > ROOM:
            return False
        self._memory[: len(payload)] = payload
        return True

    def take(self, length: int) -> bytes:
        """What was laid down last, which has that length."""
        return self._memory[:length]

    def close(self) -> None:
        self._memory.close()

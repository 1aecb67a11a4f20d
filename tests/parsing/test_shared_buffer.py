"""The shared buffer: payloads of every size arrive, and a child cannot harm its parent through it."""

from __future__ import annotations

import errno
import os

import pytest

from tests.parsing.conftest import MakePool
from tests.parsing.test_pool import LONG
from watcher.parsing.shared_buffer import SLOT_SIZE, SLOTS, SharedBuffer


@pytest.mark.parametrize("size", [1, 65_537, SLOT_SIZE - 1, SLOT_SIZE, SLOT_SIZE + 1, 3 * SLOT_SIZE])
async def test_payloads_of_every_size_arrive(make_pool: MakePool, size: int) -> None:
    """A short payload after a long one has nothing of the long one in it."""
    pool = make_pool()
    payload = bytes(range(251)) * (size // 251 + 1)
    for data in (payload[:size], payload[: size // 3]):
        assert await pool.run("reverse", {}, data, LONG) == data[::-1]


def test_the_child_cannot_write_to_the_buffer() -> None:
    """The child's mapping is read-only, and it closes its descriptor."""
    ours, descriptor = SharedBuffer.create()
    theirs = SharedBuffer.open(descriptor)
    ours.write(1, b"Seite")
    with pytest.raises(TypeError, match=r"read-?only"):
        theirs.write(1, b"Zettel")
    assert theirs.read(1, 5) == b"Seite"
    ours.close()
    theirs.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


@pytest.mark.parametrize("size", [0, SLOT_SIZE, SLOTS * SLOT_SIZE - 1, 2 * SLOTS * SLOT_SIZE])
def test_the_child_cannot_resize_the_buffer(size: int) -> None:
    """A child that was taken over cannot shrink the memory, which would kill the parent as it writes."""
    buffer, descriptor = SharedBuffer.create()
    with pytest.raises(PermissionError):
        os.ftruncate(descriptor, size)
    for slot in range(1, SLOTS + 1):
        buffer.write(slot, bytes(SLOT_SIZE))
    buffer.close()
    os.close(descriptor)


def test_older_kernels_create_a_buffer_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before Linux 6.3 the flag that forbids execution is an invalid argument."""
    real = os.memfd_create

    def old(name: str, flags: int) -> int:
        if flags & ~(os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING):
            raise OSError(errno.EINVAL, "Invalid argument")
        return real(name, flags)

    monkeypatch.setattr(os, "memfd_create", old)
    buffer, descriptor = SharedBuffer.create()
    buffer.write(1, b"Seite")
    buffer.close()
    os.close(descriptor)

"""The tray: what is laid on it arrives, whatever its size; what is too large for it goes the other way."""

from __future__ import annotations

import errno
import os

import pytest

from tests.parsing.conftest import MakePool
from tests.parsing.test_pool import LONG
from watcher.parsing.shared_buffer import PLACES, ROOM, SharedBuffer


@pytest.mark.parametrize("size", [1, 65_537, ROOM - 1, ROOM, ROOM + 1, 3 * ROOM])
async def test_payloads_of_every_size_arrive(make_pool: MakePool, size: int) -> None:
    """One after the other, a short one after a long one too: nothing of the one before is left in it."""
    pool = make_pool()
    payload = bytes(range(251)) * (size // 251 + 1)
    for data in (payload[:size], payload[: size // 3]):
        assert await pool.run("reverse", {}, data, LONG) == data[::-1]


def test_the_child_cannot_write_on_its_tray() -> None:
    """It takes what lies there; the memory is the pool's to write."""
    ours, descriptor = SharedBuffer.make()
    theirs = SharedBuffer.open(descriptor)
    ours.lay(1, b"Seite")
    with pytest.raises(TypeError, match=r"read-?only"):
        theirs.lay(1, b"Zettel")
    assert theirs.take(1, 5) == b"Seite"
    ours.close()
    theirs.close()
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)


@pytest.mark.parametrize("size", [0, ROOM, PLACES * ROOM - 1, 2 * PLACES * ROOM])
def test_the_child_cannot_take_the_memory_away(size: int) -> None:
    """A child that was taken over cannot shorten it, which would kill the pool as it writes."""
    tray, descriptor = SharedBuffer.make()
    with pytest.raises(PermissionError):
        os.ftruncate(descriptor, size)
    for place in range(PLACES):
        tray.lay(1 + place, bytes(ROOM))
    tray.close()
    os.close(descriptor)


def test_a_kernel_that_knows_no_flag_gives_memory_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before Linux 6.3 the flag that forbids execution is an invalid argument."""
    real = os.memfd_create

    def old(name: str, flags: int) -> int:
        if flags & ~(os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING):
            raise OSError(errno.EINVAL, "Invalid argument")
        return real(name, flags)

    monkeypatch.setattr(os, "memfd_create", old)
    tray, descriptor = SharedBuffer.make()
    tray.lay(1, b"Seite")
    tray.close()
    os.close(descriptor)

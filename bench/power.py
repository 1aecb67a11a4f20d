"""A disk whose power can be cut: ext4 in a file, on a loop device, shut down by ioctl without flushing. Root only.

EXT4_IOC_SHUTDOWN (fs/ext4/ioctl.c; the same as xfstests' `src/godown`): with flag 2 the journal is not written out
either, so that exactly what was synced is there after the next mount.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import struct
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Self

_SHUTDOWN = 0x8004587D
_NO_LOG_FLUSH = 2
_TOOLS = ("mkfs.ext4", "mount", "umount", "losetup")


def obstacle() -> str:
    """Why power can't be cut here, "" if it can."""
    if os.geteuid() != 0:
        return "cutting power needs root"
    if missing := [tool for tool in _TOOLS if shutil.which(tool) is None]:
        return f"cutting power needs {', '.join(missing)} (Debian: e2fsprogs, mount)"
    free = subprocess.run(["losetup", "--find"], capture_output=True, check=False)
    return "" if free.returncode == 0 else "cutting power needs a loop device"


class LoopDisk:
    """An ext4 of some megabytes, mounted at `mount` while the block runs."""

    def __init__(self, folder: Path, *, megabytes: int = 96) -> None:
        self._image = folder / "disk.img"
        self.mount = folder / "disk"
        self._megabytes = megabytes

    def __enter__(self) -> Self:
        self.mount.mkdir(parents=True)
        with self._image.open("wb") as image:
            image.truncate(self._megabytes * 2**20)
        _call("mkfs.ext4", "-q", "-F", "-E", "lazy_itable_init=0,lazy_journal_init=0", str(self._image))
        self._attach()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._detach()
        self._image.unlink()

    def cut_power(self) -> None:
        """From now on nothing reaches the disk; what was not synced is gone. A write fails with EIO."""
        folder = os.open(self.mount, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(folder, _SHUTDOWN, struct.pack("I", _NO_LOG_FLUSH))
        finally:
            os.close(folder)

    def power_on(self) -> None:
        """Mounts what stands on the disk; its journal is replayed. Nobody may have files open on it.

        A copy, since a mount namespace that was made meanwhile keeps the dead file system, and the kernel would hand
        that out again for the same image.
        """
        self._detach()
        dead = self._image
        self._image = dead.with_name(f"{dead.name}+")
        _call("cp", "--sparse=always", str(dead), str(self._image))
        dead.unlink()
        self._attach()

    def _attach(self) -> None:
        _call("mount", "-o", "loop", str(self._image), str(self.mount))

    def _detach(self) -> None:
        """Unmounts; a killed process may need a moment to close its files."""
        deadline = time.monotonic() + 10
        while subprocess.run(["umount", str(self.mount)], capture_output=True, check=False).returncode:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.mount} stays busy")
            time.sleep(0.05)


def _call(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)

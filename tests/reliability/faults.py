"""An `os` whose calls fail on order: the n-th call of the write path ends as the test wants. No assertions here."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from typing import Any

CALLS = ("open", "write", "fsync", "link", "rename", "unlink")
FAULTS = ("ENOSPC", "EIO", "EIO afterwards", "short write")
FILE_SYSTEMS = ("unnamed files", "links", "renames")


class FaultyOs:
    """Replaces the module `os`. `calls` lists what was called, the fault strikes call number `strike`.

    `file_system`: what it can do. "unnamed files" is ext4 and most others; "links" has no O_TMPFILE; "renames" neither.
    """

    def __init__(self, *, strike: int = -1, fault: str = "", file_system: str = "unnamed files") -> None:
        self.calls: list[str] = []
        self._strike = strike
        self._fault = fault
        self._file_system = file_system

    def __getattr__(self, name: str) -> Any:
        real = getattr(os, name)
        if name not in CALLS:
            return real

        def call(*args: Any, **kwargs: Any) -> Any:
            self._refuse_what_it_lacks(name, args)
            self.calls.append(name)
            if len(self.calls) - 1 != self._strike:
                return real(*args, **kwargs)
            return self._fail(name, lambda: real(*args, **kwargs), args)

        return call

    def _refuse_what_it_lacks(self, name: str, args: tuple[Any, ...]) -> None:
        if self._file_system != "unnamed files" and name == "open" and args[1] & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, "no unnamed files here")
        if self._file_system == "renames" and name == "link":
            raise OSError(errno.EPERM, "no links here")

    def _fail(self, name: str, real: Callable[[], Any], args: tuple[Any, ...]) -> Any:
        match self._fault:
            case "ENOSPC":
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            case "EIO":
                raise OSError(errno.EIO, os.strerror(errno.EIO))
            case "EIO afterwards":
                real()
                raise OSError(errno.EIO, os.strerror(errno.EIO))
        if name == "write":  # short: half of it, and success
            return os.write(args[0], bytes(args[1])[: len(args[1]) // 2])
        return real()

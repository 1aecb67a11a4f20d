"""System calls that fail, and what some file systems do not have."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable
from typing import Any

import pytest


def failing(code: int) -> Callable[..., None]:
    """A system call that always fails with this code."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    return fail


def make_poor(monkeypatch: pytest.MonkeyPatch, poverty: str) -> None:
    """Take from this process what some file systems do not have."""
    real_open, real_link = os.open, os.link

    def poor_open(path: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if flags & os.O_TMPFILE == os.O_TMPFILE:
            raise OSError(errno.EOPNOTSUPP, "Operation not supported")
        return real_open(path, flags, mode, dir_fd=dir_fd)

    def link_without_proc(source: str, target: str, **where: Any) -> None:
        if source.startswith("/proc"):
            raise OSError(errno.ENOENT, "No such file or directory")
        real_link(source, target, **where)

    if poverty != "no /proc":
        monkeypatch.setattr(os, "open", poor_open)
    if poverty == "no locks":
        monkeypatch.setattr(fcntl, "flock", failing(errno.ENOLCK))
    elif poverty != "no unnamed files":
        monkeypatch.setattr(os, "link", link_without_proc if poverty == "no /proc" else failing(errno.EPERM))

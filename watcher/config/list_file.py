"""Reads the OPML file of a followed list. No parsing."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from watcher.errors import WatcherError


def read_list_file(file: Path, *, limit: int) -> bytes:
    """Reads a regular file, at most one byte more than `limit`. Raises WatcherError, also for pipes and devices."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise WatcherError(f"{file} cannot be read: it is not a regular file")
            return stream.read(limit + 1)
    except OSError as error:
        raise WatcherError(f"{file} cannot be read: {error.strerror}") from error

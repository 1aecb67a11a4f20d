"""The wall clock of programs under test, moved by libfaketime; their monotonic clock is left alone."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest

from tests.needs import stop_at

LIBRARIES = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))


class Clock:
    """The wall clock of programs that are started next: seconds beside the real one."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        stop_at("" if LIBRARIES else "libfaketime is missing: apt-get install faketime")
        self._file = _folder() / "clock"
        self.set(0)
        patch.setenv("LD_PRELOAD", str(LIBRARIES[0]))
        patch.setenv("FAKETIME_TIMESTAMP_FILE", str(self._file))
        patch.setenv("FAKETIME_DONT_FAKE_MONOTONIC", "1")
        patch.setenv("FAKETIME_CACHE_DURATION", "1")
        patch.setenv("TZ", "Europe/Berlin")

    def set(self, offset: float) -> None:
        replacement = self._file.with_name("clock.new")
        replacement.write_text(f"{offset:+.3f}")
        replacement.replace(self._file)

    def set_to(self, moment: datetime) -> None:
        self.set((moment - datetime.now(UTC)).total_seconds())


@cache
def _folder() -> Path:
    """One file for all tests of this process: `tests.acceptance.fork_server` serves them all with it."""
    folder = tempfile.mkdtemp(prefix="clock-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)
